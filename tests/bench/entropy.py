"""How many bits of perceptual hashes are set, on photographs and on drawings out of Debian's packages.

`upload_guard/lists/gate/junk.py` calls entries with fewer of them low in entropy.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from tests.debian import pictures_of
from upload_guard.containers.analyse import analyse
from upload_guard.imaging.budget import ScanLimits
from upload_guard.records import SignalType

PACKAGES = {
    "photographs": ("mate-backgrounds",),
    "drawings": ("tuxpaint-stamps-default", "tango-icon-theme"),
    "WordPress": ("wordpress",),
}


def main() -> None:
    for name, packages in PACKAGES.items():
        files = [file for package in packages for file in pictures_of(package)]
        ones: defaultdict[SignalType, list[int]] = defaultdict(list)
        for file in files:
            with file.open("rb") as stream:
                for signal in analyse(stream, ScanLimits()).signals:
                    ones[signal.type].append(int.from_bytes(signal.value).bit_count())
        print(f"{name}: {len(files)} files")
        for kind in (SignalType.PDQ, SignalType.PHASH, SignalType.DHASH):
            least, thousandth, middle, most = np.percentile(ones[kind], [0, 0.1, 50, 100])
            print(
                f"  {kind}: {len(ones[kind])} hashes, bits set: least {least:.0f}, one in a thousand under "
                f"{thousandth:.0f}, middle {middle:.0f}, most {most:.0f}"
            )


if __name__ == "__main__":
    main()
