"""Writes the plugin's upload-guard.pot and the .mo of each .po, by wp-cli: run it after words change.

python scripts/wordpress_languages.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.live.wordpress.languages import make_mo, make_pot
from tests.live.wordpress.sites import BRIDGE

if __name__ == "__main__":
    folder = BRIDGE / "languages"
    make_pot(folder / "upload-guard.pot")
    for translation in folder.glob("*.po"):
        make_mo(translation, folder)
