"""The C++ hasher of files out of ThreatExchange, built once into a cache of the user's.

Its sources lie in the source package of `pdqhash`, which itself binds only the filter behind it. Where it
cannot be fetched or built the tests that it judges are skipped; in CI they fail.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.debian import CACHE, give_up, patiently, run_in

VERSION = "0.2.8"
_SOURCES = ("bin/pdq-photo-hasher.cpp", "io/*.cpp", "hashing/*.cpp", "downscaling/*.cpp", "common/*.cpp")


def cpp_hasher() -> Path:
    """The program: it prints hash and quality of each file that it is given; PGM files need no decoder."""
    program = CACHE / f"pdq-photo-hasher-{VERSION}"
    if not program.exists():
        _build(program)
    return program


def _build(program: Path) -> None:
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        give_up("the C++ hasher needs a C++ compiler")
    CACHE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pdqhash"]
        if not patiently(lambda: run_in([*fetch, f"pdqhash=={VERSION}"], folder)):
            give_up("the sources of pdqhash could not be downloaded")
        with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
            archive.extractall(folder, filter="data")
        root = next(folder.glob("pdqhash-*/ThreatExchange"))
        files = [str(file) for pattern in _SOURCES for file in sorted(root.glob(f"pdq/cpp/{pattern}"))]
        options = ["-O1", "-w", "-std=c++14", "-Dcimg_display=0", "-I.", "-Ipdq/cpp"]
        if not run_in([compiler or "", *options, "-o", str(folder / "hasher"), *files, "-lpthread"], root):
            give_up("the C++ hasher could not be built")
        (folder / "hasher").rename(program)
