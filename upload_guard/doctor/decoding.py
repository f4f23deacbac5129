"""The sandbox: whether workers start, which walls they have, and whether they read what uploads come as."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial

from upload_guard.compose import sandbox_of
from upload_guard.doctor.pictures import FORMATS, Innocent
from upload_guard.doctor.steps import Said, State, Step, broken, odd, taken, well
from upload_guard.doctor.uploads import InMemory
from upload_guard.records import Analysis, SignalType
from upload_guard.sandbox.pool import Sandbox
from upload_guard.settings import Settings

# The least that a copy of a picture in another format must be alike: the limit of the field.
_ALIKE = 31
_WALLS = {
    "rlimits": "limits of processes are not to be had here: run it on Linux",
    "seccomp": "install libseccomp (Debian: apt install libseccomp2) and pyseccomp",
    "landlock": "a kernel from 5.13 on has Landlock; some container engines switch it off",
}
_START = (
    "see the log for why no worker starts; too little memory is common ([sandbox] memory, container limits)"
)
_HEIF = "pip install 'upload-guard[heif]': telephones take such pictures, and they are held as unscannable"
_PILLOW = (
    "install Pillow from its wheels, which bring the format along; such pictures are held as unscannable"
)


def decoding_steps(settings: Settings) -> Iterator[Step]:
    """Walls first, then each format, then a picture in an archive."""
    with closing(sandbox_of(settings)) as sandbox:
        started = taken("sandbox", lambda: _walls(sandbox), _START)
        yield started
        if started.said.state is State.BROKEN:
            return
        picture = Innocent.draw()
        for file_format in FORMATS:
            look = partial(_decodes, sandbox, picture, file_format)
            yield taken(f"decoder {file_format}", look, _START)
        if "zip" in settings.containers.enabled:
            yield taken("archive", lambda: _opens(sandbox, picture), _START)


def _walls(sandbox: Sandbox) -> Said:
    sandbox.start()
    walls = sandbox.status()
    missing = [name for name in _WALLS if not getattr(walls, name)]
    if missing:
        return odd(
            f"workers open strangers' files without {', '.join(missing)}",
            "; ".join(_WALLS[name] for name in missing),
        )
    return well(f"workers start, behind {', '.join(_WALLS)}")


def _decodes(sandbox: Sandbox, picture: Innocent, file_format: str) -> Said:
    advice = _HEIF if file_format == "HEIC" else _PILLOW
    try:
        data = picture.encoded(file_format)
    except (ValueError, OSError) as fault:
        return odd(f"cannot be tried: {fault}", advice)
    return _seen(sandbox.analyse(InMemory(data)), picture, advice)


def _opens(sandbox: Sandbox, picture: Innocent) -> Said:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("picture.png", picture.encoded("PNG"))
    return _seen(
        sandbox.analyse(InMemory(out.getvalue())), picture, "see the log: files inside a ZIP are not read"
    )


def _seen(analysis: Analysis, picture: Innocent, advice: str) -> Said:
    """Whether the picture was seen as it is."""
    if fault := analysis.unscannable or analysis.unreadable:
        return broken(f"is not read ({fault})", advice)
    wanted = int.from_bytes(picture.look, "big")
    bits = [
        (int.from_bytes(signal.value, "big") ^ wanted).bit_count()
        for signal in analysis.signals
        if signal.type is SignalType.PDQ
    ]
    nearest = min(bits, default=256)
    if nearest > _ALIKE:
        return broken(f"another picture is seen than was drawn ({nearest} bits of PDQ away)", advice)
    return well(f"is seen as it was drawn ({nearest} bits of PDQ away)")
