"""What a whole check costs, as users run it, against only decoding the same file; and what each part costs.

Run by `make bench`. The guard checks in this process with its sandbox: three digests, every view, both forms
of PDQ in eight positions, borders trimmed, pHash, dHash, what is hidden behind the picture, and the lists.
Targets are for processor time, which other work on the machine disturbs less. `--entries` is how many hashes
the list has.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from tests.bench.drawn import Sample, samples
from tests.support import activate_list, settings_in
from upload_guard.compose import build_station
from upload_guard.containers.appended import Appended
from upload_guard.containers.base import read_at
from upload_guard.digests import digest_stream
from upload_guard.imaging.borders import trimmed
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.dihedral import dihedral
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.imaging.pdq import hash_of, spectrum_of, squashed
from upload_guard.imaging.signals import coarse_signals, image_signals
from upload_guard.imaging.views import views
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType, Upload
from upload_guard.settings import Settings
from upload_guard.spans import FileContent

ROUNDS = 9

Run = Callable[[], object]
Peer = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of the least disturbed round, by the clock and of processor time."""

    wall: float
    cpu: float


def descendants(root: int) -> Iterator[int]:
    for task in Path(f"/proc/{root}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from descendants(int(child))


def processor_time() -> float:
    """Seconds that this process and those below it have used; clock_getcpuclockid(3)."""
    children = (time.clock_gettime(~pid << 3 | 2) for pid in descendants(os.getpid()))
    return time.process_time() + sum(children)


def costs(*runs: Run) -> list[Cost]:
    """Of each run, in turns: what disturbs one round disturbs all of them."""
    for run in runs:
        run()
    taken: list[list[tuple[float, float]]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for run, found in zip(runs, taken, strict=True):
            wall, cpu = time.perf_counter(), processor_time()
            run()
            found.append((time.perf_counter() - wall, processor_time() - cpu))
    return [Cost(*(min(each) * 1e3 for each in zip(*found, strict=True))) for found in taken]


def listed(count: int) -> list[ListedHash]:
    rng = np.random.default_rng(7)
    return [ListedHash(SignalType.PDQ, rng.bytes(32)) for _ in range(count // 2)] + [
        ListedHash(SignalType.SHA256, rng.bytes(32)) for _ in range(count - count // 2)
    ]


def settings_without_cache(folder: Path) -> Settings:
    return settings_in(folder, cache={"entries": 0})


def checking(settings: Settings, file: Path) -> tuple[Run, Run]:
    """A whole check of the file, and what ends the processes that it needs."""
    station = build_station(settings)

    def check() -> None:
        with file.open("rb") as stream:
            digests = digest_stream(stream)
        station.guard.check([Upload(FileContent(file), digests)])

    return check, station.sandbox.close


def found_peer() -> Peer | None:
    """The PDQ signal of python-threatexchange, which HMA uses, if it is installed."""
    try:
        from threatexchange.signal_type.pdq.signal import PdqSignal
    except ImportError as error:
        print(f"(without threatexchange: {error}; pip install 'upload-guard[bench]')\n")
        return None
    return PdqSignal.hash_from_bytes


def bench_whole(settings: Settings, sample: Sample, file: Path, peer: Peer | None) -> Cost:
    """Prints a line of the table; returns what the check costs."""

    def bare() -> None:
        # To red, green and blue, as it is stored; `convert` would copy all of it once more.
        with Image.open(file) as image:
            image.load()

    check, close = checking(settings, file)
    theirs = [lambda: peer(sample.data)] if peer else []
    decode, whole, *others = costs(bare, check, *theirs)
    close()
    cells = [
        sample.name,
        f"{len(sample.data) / 1e6:.1f}",
        f"{decode.wall:.1f}",
        f"{whole.wall:.1f}",
        f"{whole.wall / decode.wall:.2f}",
        f"{whole.cpu / decode.cpu:.2f}",
        f"{sample.target}",
        "yes" if whole.cpu / decode.cpu <= sample.target else "NO",
        f"{others[0].cpu / whole.cpu:.1f}" if others else "-",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)
    return whole


def parts_of(sample: Sample) -> dict[str, Run]:
    """What the check is made of, each by itself, in this process."""
    limits = ScanLimits()
    image_format = sniff(sample.data)
    assert image_format is not None

    def read() -> list[object]:
        return list(views(io.BytesIO(sample.data), image_format, Budget(limits)))

    view = next(views(io.BytesIO(sample.data), image_format, Budget(limits)))
    luma = np.asarray(view.image)
    spectrum = spectrum_of(luma)
    assert spectrum is not None
    stream = io.BytesIO(sample.data)
    return {
        "three digests": lambda: digest_stream(io.BytesIO(sample.data)),
        "views: decode, grey, thumbnails": read,
        "PDQ, full form, eight positions": lambda: dihedral(luma),
        "PDQ, squashed form, eight positions": lambda: dihedral(squashed(luma)),  # type: ignore[arg-type]
        "of both, the seven positions beside the first": lambda: [hash_of(spectrum) for _ in range(14)],
        "pHash and dHash": lambda: list(coarse_signals(view)),
        "borders looked for": lambda: trimmed(luma),
        "what hangs behind the picture": lambda: Appended().holds(read_at(stream, 0, HEAD), stream),
        "all signals of the image": lambda: image_signals(
            io.BytesIO(sample.data), image_format, Budget(limits)
        ),
    }


def bench_parts(sample: Sample, whole: Cost) -> None:
    parts = parts_of(sample)
    for name, cost in zip(parts, costs(*parts.values()), strict=True):
        print(f"| {name} | {cost.cpu:.2f} | {whole.cpu - cost.cpu:.1f} |")


def bench_handover(settings: Settings, folder: Path) -> None:
    """A file that is no image: what is left is the way to the sandbox and back, lists, policy."""
    file = folder / "text"
    file.write_bytes(b"nothing to see")
    check, close = checking(settings, file)
    (cost,) = costs(check)
    close()
    print(f"| a file of 14 bytes through everything, sandbox included | {cost.wall:.2f} |")


def bench_cheap(folder: Path, sample: Sample) -> None:
    """The two ways around decoding."""
    file = folder / "picture"
    file.write_bytes(sample.data)
    cached = settings_in(folder / "cached")
    activate_list(cached, listed(100))
    # With a bank of views it would be opened.
    exact = settings_in(folder / "exact", cache={"entries": 0}, benign={"shipped": False})
    with file.open("rb") as stream:
        activate_list(exact, [ListedHash(SignalType.SHA256, digest_stream(stream).sha256)])
    again, close = checking(cached, file)
    (cost,) = costs(again)
    close()
    print(f"| the same file again, from the cache (its digests are taken) | {cost.wall:.2f} |")
    station = build_station(exact)
    with file.open("rb") as stream:
        upload = Upload(FileContent(file), digest_stream(stream))
    (cost,) = costs(lambda: station.guard.inspect(upload))
    print(f"| settled by an exact digest (taken before; nothing is kept) | {cost.wall:.2f} |")


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--entries", type=int, default=1000)
    entries = reader.parse_args().entries
    with TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        settings = settings_without_cache(folder)
        activate_list(settings, listed(entries))
        drawn, peer = samples(), found_peer()
        print(f"A check against a bare decode, one list of {entries} hashes, best of {ROUNDS} rounds\n")
        print(
            "| file | MB | decode ms | check ms | wall | processor | target | met | threatexchange / check |"
        )
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        whole: dict[str, Cost] = {}
        for number, sample in enumerate(drawn):
            file = folder / f"sample {number}"
            file.write_bytes(sample.data)
            whole[sample.name] = bench_whole(settings, sample, file, peer)
        middle = next(sample for sample in drawn if sample.name == "JPEG 12 MP")
        print(f"\n| part of {middle.name} | processor ms | the check less it |\n| --- | --- | --- |")
        bench_parts(middle, whole[middle.name])
        print("\n| beside decoding | ms |\n| --- | --- |")
        bench_handover(settings, folder)
        bench_cheap(folder, middle)


if __name__ == "__main__":
    main()
