"""Makes docs/pictures anew, out of the pages as they are: `make screenshots`."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests.live.browser.chromium import chromium
from tests.live.browser.furnished import Furnished, furnish
from tests.live.browser.tour import LOOKS, STOPS, Look, Stop, touring
from tests.serving import sidecar

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
# What docs/review.md shows, by look; a test run keeps all of them as artefacts.
SHOWN = {
    "light": {"queue", "queue-decide", "case", "case-glimpse", "lists", "list-version", "statistics"},
    "dark": {"case-alike"},
    "dutch-phone": {"queue"},
}
_TALLEST = 1500
_COLOURS = 64


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        furnished = furnish(Path(folder))
        with sidecar(furnished.config) as url:
            for look in LOOKS:
                stops = [stop for stop in STOPS if stop.name in SHOWN.get(look.name, ())]
                if stops:
                    _take(browser, url, furnished, look, stops)


def _take(browser: Browser, url: str, furnished: Furnished, look: Look, stops: list[Stop]) -> None:
    with touring(browser, url, look) as visit:
        for stop in stops:
            page = visit.open(stop.path(furnished))
            stop.then(page)
            file = PICTURES / f"{stop.name}-{look.name}.png"
            file.write_bytes(_small(page.screenshot(full_page=True)))
            print(f"{file.relative_to(PICTURES.parents[1])}: {file.stat().st_size / 1000:.0f} kB")


def _small(png: bytes) -> bytes:
    """The upper part, in few colours: pages have no more."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    out = io.BytesIO()
    upper = image.crop((0, 0, image.width, min(image.height, _TALLEST)))
    upper.quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
