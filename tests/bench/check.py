"""What a whole check costs, as users run it, against only decoding the same file; and what each part costs.

`make bench ARGS=check`. The guard checks in this process with its sandbox: three digests, every view, both
forms of PDQ in eight positions, borders trimmed, pHash, dHash, what is hidden behind the picture, and the
search for all of it among ten million pictures (`--entries`), listed by PDQ and SHA-256.
Targets are for processor time, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from tests.bench.drawn import Sample, samples
from tests.bench.hashes import MANY, RandomEntries, activated
from tests.bench.measure import ROUNDS, Cost, Junk, Run, costs, print_columns, print_head, print_row
from tests.support import settings_in
from upload_guard.checkers.local import LocalChecker
from upload_guard.compose import Station, build_station
from upload_guard.containers.appended import Appended
from upload_guard.containers.base import read_at
from upload_guard.digests import digest_of, digest_stream
from upload_guard.imaging.borders import trimmed
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.dihedral import dihedral
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.imaging.pdq import hash_of, spectrum_of, squashed
from upload_guard.imaging.signals import coarse_signals, image_signals
from upload_guard.imaging.views import views
from upload_guard.list_settings import BenignSettings
from upload_guard.lists.formats import ListedHash
from upload_guard.records import Signal, SignalType, Upload
from upload_guard.settings import CacheSettings, Settings
from upload_guard.spans import FileContent

RARE = (SignalType.MD5, SignalType.SHA1)
IN_PARTS = ("PNG 4 MP", "WebP 4 MP", "JPEG 12 MP")

Peer = Callable[[bytes], object]


def checking(station: Station, file: Path) -> Run:
    """A whole check of the file."""

    def check() -> None:
        with file.open("rb") as stream:
            digest = digest_of(stream)
        station.guard.check([Upload(FileContent(file), digest)])

    return check


def found_peer() -> Peer | None:
    """The PDQ signal of python-threatexchange, which HMA uses, if it is installed."""
    try:
        from threatexchange.signal_type.pdq.signal import PdqSignal
    except ImportError as error:
        print(f"(without threatexchange: {error}; pip install 'upload-guard[bench]')\n")
        return None
    return PdqSignal.hash_from_bytes


def bench_whole(station: Station, sample: Sample, file: Path, peer: Peer | None) -> Cost:
    """Prints a line of the table; returns what the check costs."""

    def bare() -> None:
        # To red, green and blue, as it is stored; `convert` would copy all of it once more.
        with Image.open(file) as image:
            image.load()

    theirs = [lambda: peer(sample.data)] if peer else []
    decode, whole, *others = costs(bare, checking(station, file), *theirs)
    print_row(
        sample.name,
        f"{len(sample.data) / 1e6:.1f}",
        f"{decode.wall:.1f}",
        f"{whole.wall:.1f}",
        f"{whole.wall / decode.wall:.2f}",
        f"{whole.cpu / decode.cpu:.2f}",
        sample.target,
        "yes" if whole.cpu / decode.cpu <= sample.target else "NO",
        f"{others[0].cpu / whole.cpu:.1f}" if others else "-",
    )
    return whole


def parts_of(sample: Sample) -> dict[str, Run]:
    """What is done with the file, each part by itself, in this process."""
    limits = ScanLimits()
    image_format = sniff(sample.data)
    assert image_format is not None

    def read() -> list[object]:
        return list(views(io.BytesIO(sample.data), image_format, Budget(limits)))

    view = next(views(io.BytesIO(sample.data), image_format, Budget(limits)))
    luma = np.asarray(view.image)
    spectrum = spectrum_of(luma)
    assert spectrum is not None
    stream, appended = io.BytesIO(sample.data), Appended()

    def hidden() -> list[object]:
        holds = appended.holds(read_at(stream, 0, HEAD), stream)
        return list(appended.files(stream, Budget(limits))) if holds else []

    return {
        "three digests": lambda: digest_stream(io.BytesIO(sample.data)),
        "views: decode, grey, thumbnails": read,
        "PDQ, full form, eight positions": lambda: dihedral(luma),
        "PDQ, squashed form, eight positions": lambda: dihedral(squashed(luma)),  # type: ignore[arg-type]
        "of both, the seven positions beside the first": lambda: [hash_of(spectrum) for _ in range(14)],
        "pHash and dHash": lambda: list(coarse_signals(view)),
        "borders looked for": lambda: trimmed(luma),
        "what is hidden behind the picture or in its chunks": hidden,
        "all signals of the image (what is above but digests and hidden)": lambda: image_signals(
            io.BytesIO(sample.data), image_format, Budget(limits)
        ),
    }


def searches_of(station: Station, sample: Sample) -> dict[str, Run]:
    """What is asked of the lists once the file has been read."""
    checker = station.guard.checker
    assert isinstance(checker, LocalChecker)
    image_format = sniff(sample.data)
    assert image_format is not None
    found = image_signals(io.BytesIO(sample.data), image_format, Budget(ScanLimits())).signals
    plain = [one for one in found if one.type is SignalType.PDQ and one.variant in {"", "squashed"}]
    digests = digest_stream(io.BytesIO(sample.data)).signals()

    def searching(signals: Sequence[Signal]) -> Run:
        return lambda: station.snapshot().find(signals, checker.distances)

    return {
        "search for all its signals": searching(found),
        "of these, the two forms of PDQ as they stand": searching(plain),
        "look-up of its digests": searching(digests),
    }


def bench_parts(station: Station, whole: Mapping[Sample, Cost]) -> None:
    """For each sample: what a part takes by itself, and what is left of its whole check without it."""
    print(
        "\nWhat a check consists of, each part by itself: processor ms, and the whole check less it; searches"
    )
    print("with cold caches\n")
    print_columns("part", *(text for sample in whole for text in (sample.name, "less it")))
    rows: dict[str, list[str]] = {"the whole check": []}
    for sample, all_of_it in whole.items():
        rows["the whole check"] += [f"{all_of_it.cpu:.1f}", ""]
        parts, searches = parts_of(sample), searches_of(station, sample)
        taken = [*costs(*parts.values()), *costs(*searches.values(), before=Junk().touch)]
        for name, cost in zip([*parts, *searches], taken, strict=True):
            rows.setdefault(name, []).extend((f"{cost.cpu:.2f}", f"{all_of_it.cpu - cost.cpu:.1f}"))
    for name, cells in rows.items():
        print_row(name, *cells)


def bench_cheap(settings: Settings, station: Station, folder: Path, sample: Sample) -> None:
    """The way to the sandbox and back for a file that is no image; and the ways around decoding."""
    print("\nBeside decoding\n")
    print_columns("", "ms")
    text, picture = folder / "text", folder / "picture"
    text.write_bytes(b"nothing to see")
    picture.write_bytes(sample.data)
    (cost,) = costs(checking(station, text))
    print_row(
        f"a file of {text.stat().st_size} bytes through everything, sandbox included", f"{cost.wall:.2f}"
    )
    caching = build_station(settings.model_copy(update={"cache": CacheSettings()}))
    (cost,) = costs(checking(caching, picture))
    caching.sandbox.close()
    print_row("the same file again, from the cache (its digests are taken)", f"{cost.wall:.2f}")
    upload = Upload(FileContent(picture), digest_of(io.BytesIO(sample.data)))
    listed = ListedHash(SignalType.SHA256, upload.digest.sha256)
    station.lists.add("random", [listed], "baseline", "bench")
    # With a bank of views it would be opened.
    exact = build_station(settings.model_copy(update={"benign": BenignSettings(shipped=False)}))
    (cost,) = costs(lambda: exact.guard.inspect(upload))
    print_row("settled by an exact digest (taken before; nothing is kept)", f"{cost.wall:.2f}")


def bench(folder: Path, entries: int) -> None:
    settings = settings_in(folder, cache={"entries": 0})
    seconds = activated(settings, RandomEntries(entries, (SignalType.PDQ, SignalType.SHA256), rare=RARE))
    station = build_station(settings)
    size = station.snapshot().size
    print(
        f"{size:,} hashes in force: {entries:,} PDQ, as many SHA-256, a thousand of MD5 and of SHA-1 each, so"
    )
    print(f"that these digests are taken as well; built in {seconds:.0f} s\n")
    drawn, peer = samples(), found_peer()
    print_columns(
        "file", "MB", "decode ms", "check ms", "wall", "processor", "target", "met", "threatexchange / check"
    )
    whole: dict[Sample, Cost] = {}
    for number, sample in enumerate(drawn):
        file = folder / f"sample {number}"
        file.write_bytes(sample.data)
        whole[sample] = bench_whole(station, sample, file, peer)
    chosen = {sample: cost for sample, cost in whole.items() if sample.name in IN_PARTS}
    bench_parts(station, chosen)
    bench_cheap(settings, station, folder, next(sample for sample in drawn if sample.name == "JPEG 12 MP"))
    station.sandbox.close()


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--entries", type=int, default=MANY)
    entries = reader.parse_args().entries
    print_head(
        f"A check against a bare decode by Pillow and one PDQ of threatexchange, best of {ROUNDS} rounds"
    )
    with TemporaryDirectory(dir=Path.cwd()) as name:
        bench(Path(name), entries)


if __name__ == "__main__":
    main()
