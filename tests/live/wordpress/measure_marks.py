"""How long the plugin looks for the attachments of one upload, in MariaDB, in both forms of its marks.

    python -m tests.live.wordpress.measure_marks [MARKS]

Old marks have one key for all; the new form has the upload in the key. Both find the same, or this fails.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.live.wordpress.php import php
from tests.live.wordpress.sites import WordPress, old_wordpress

MARKS = 300_000
LOOKS = 9
# As WordPress has them: two more rows of metadata beside each mark.
FILL = """
INSERT INTO wp_postmeta (post_id, meta_key, meta_value)
SELECT 1000 + seq, '_wp_attached_file', CONCAT('2026/11/picture-', seq, '.jpg') FROM seq_1_to_{marks};
INSERT INTO wp_postmeta (post_id, meta_key, meta_value)
SELECT 1000 + seq, '_wp_attachment_metadata', REPEAT('x', 900) FROM seq_1_to_{marks};
INSERT INTO wp_postmeta (post_id, meta_key, meta_value)
SELECT 1000 + seq, '_upload_guard_upload', CONCAT(SHA2(seq, 256), ' ', MD5(seq)) FROM seq_1_to_{marks};
ANALYZE TABLE wp_postmeta;
"""
LOOK = """
$took = array();
foreach ( range( 1, %d ) as $number ) {
    $begun  = hrtime( true );
    $found  = Upload_Guard_Marks::attachments_of( md5( (string) ( $number * 1000 ) ) );
    $took[] = ( hrtime( true ) - $begun ) / 1e6;
    $right  = array( 1000 + $number * 1000 => hash( 'sha256', (string) ( $number * 1000 ) ) );
    if ( $right !== $found ) { return $found; }
}
sort( $took );
return $took[ intdiv( count( $took ), 2 ) ];
"""
RENEW = """
$begun = hrtime( true );
Upload_Guard_Marks::renew();
return array( ( hrtime( true ) - $begun ) / 1e9, false !== wp_next_scheduled( Upload_Guard_Queue::EVENT ) );
"""
OLD_ONES = "SELECT COUNT(*) FROM wp_postmeta WHERE meta_key = '_upload_guard_upload'"


def look(site: WordPress, name: str) -> float:
    """Milliseconds, the median."""
    took = site.eval(LOOK % LOOKS)
    assert isinstance(took, (int, float)), took
    print(f"{name:<32} {took:9.2f} ms for one upload (median of {LOOKS})")
    return float(took)


def renew(site: WordPress, marks: int) -> None:
    """Run by run, as cron does it."""
    left = marks
    while left:
        said = site.eval(RENEW)
        assert isinstance(said, list)
        before, left = left, int(site.database.rows(OLD_ONES)[0][0])
        print(f"a run of cron renewed            {before - left:9d} marks in {said[0]:.1f} s; {left} left")
        assert before > left, "nothing was renewed"
        assert said[1] or not left, "the next run is not arranged"


def main(marks: int) -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {marks} marks, {3 * marks} rows")
    with (
        tempfile.TemporaryDirectory() as folder,
        old_wordpress(Path(folder), php(), {"URL": "http://127.0.0.1:9"}) as site,
    ):
        site.database.rows(FILL.format(marks=marks))
        before = look(site, "old marks")
        renew(site, marks)
        after = look(site, "new marks")
        print(f"{before / after:.0f} times faster")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MARKS)
