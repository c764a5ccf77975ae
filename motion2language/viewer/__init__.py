"""The player: recordings with what was said of them, as one HTML file that opens from disk and needs no network.

`Take` is what is shown, `page` the file's text, `write` the file,
`allowed` what a page that frames it must allow. `assets/` holds the page's own HTML, CSS and
JavaScript, which `document.py` puts into one; `assets/three/` says where the 3D library comes from.
"""

from __future__ import annotations

from motion2language.viewer.document import MOST_TAKES, allowed, page, write
from motion2language.viewer.take import Take

__all__ = ["MOST_TAKES", "Take", "allowed", "page", "write"]
