"""The player: recordings with their transcripts, as one HTML file that opens from disk and needs no network.

`Take` is one recording, `page` makes the file's text, `write` writes it; `Editing` says how its takes are corrected;
`policy_sources` is for pages that embed a player. `assets/` holds the page's own HTML, CSS and JavaScript, which
`document.py` joins into one text; `assets/three/README.md` describes the 3D library.
"""

from __future__ import annotations

from motion2language.viewer.document import MOST_TAKES, Editing, page, policy_sources, write
from motion2language.viewer.take import Take

__all__ = ["MOST_TAKES", "Editing", "Take", "page", "policy_sources", "write"]
