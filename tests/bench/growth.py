"""How a search grows with the number of entries, ours and faiss's, as a drawing: `make bench ARGS=growth`.

It writes docs/matching.svg, or what `--to` names. Medians of processor time with cold caches. Each index is
alone in memory while it is asked, beside the mapped snapshot.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib import pyplot

from tests.bench.hashes import MANY, REACH, Ask, RandomEntries, built, find_in, opened, timed
from tests.bench.matching import faiss, faiss_indexes, search_in
from tests.bench.measure import Junk, print_head
from upload_guard.matching.snapshot import Snapshot

DRAWING = Path(__file__).parents[2] / "docs" / "matching.svg"
COUNTS = (100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000)
OURS = "upload_guard (plain numpy)"
QUERIES = 100
TICKS = (0.2, 0.5, 1, 2, 5, 10, 20, 50)


def asks_of(folder: Path, entries: RandomEntries) -> Iterator[tuple[str, Ask]]:
    """One after the other, so that none holds caches and memory while another is measured."""
    files, _ = opened(built(folder, entries)[0])
    yield OURS, find_in(Snapshot("bench", files))
    if faiss is not None:
        for name, index in faiss_indexes(entries.values()):
            yield f"faiss {name}", search_in(index)


def measured(folder: Path, counts: Sequence[int]) -> Mapping[str, list[float]]:
    """Milliseconds by name, one for each of `counts`."""
    lines: dict[str, list[float]] = {}
    for count in counts:
        for name, ask in asks_of(folder, RandomEntries(count)):
            took = timed(ask, QUERIES, before=Junk().touch).processor_median * 1e3
            lines.setdefault(name, []).append(took)
            print(f"{count:>12,}  {name:34} {took:8.3f} ms", flush=True)
        gc.collect()
    return lines


def draw(counts: Sequence[int], lines: Mapping[str, list[float]], target: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(7.5, 4.5))
    for (name, line), marker in zip(lines.items(), "os^", strict=False):
        axes.loglog(counts, line, marker=marker, label=name)
    axes.set(
        title=f"One PDQ hash, every entry within {REACH} bits: median time, one thread",
        xlabel="entries (random hashes; logarithmic)",
        ylabel="milliseconds of processor time, caches cold\n(logarithmic)",
    )
    axes.set_xticks(counts, [_short(count) for count in counts])
    axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.minorticks_off()
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(target)


def _short(count: int) -> str:
    return f"{count // 1000} k" if count < 1_000_000 else f"{count // 1_000_000} M"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=MANY, help="the most")
    parser.add_argument("--to", type=Path, nargs="+", default=[DRAWING])
    arguments = parser.parse_args()
    print_head("Growth of a search against faiss IndexBinaryFlat and IndexBinaryMultiHash 16x16, one thread")
    counts = [count for count in COUNTS if count <= arguments.entries]
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        lines = measured(Path(folder), counts)
    for target in arguments.to:
        draw(counts, lines, target)


if __name__ == "__main__":
    main()
