"""The player's file: template, style, scripts and data joined into one text.

The page's content security policy blocks every request, and every script except its own, which it lists by hash.
Users' names and words enter the page as JSON in which no character can end a script, and are shown only as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from motion2language.files import write_text
from motion2language.viewer.take import Take

ASSETS = Path(__file__).parent / "assets"
#: Joined in this order into one script.
SCRIPTS = (
    "data.js",
    "said.js",
    "clock.js",
    "body.js",
    "view.js",
    "traces.js",
    "stage.js",
    "sentence.js",
    "cycles.js",
    "heat.js",
    "timeline.js",
    "controls.js",
    "zoom.js",
    "edits.js",
    "history.js",
    "likely.js",
    "tiers.js",
    "exports.js",
    "keeping.js",
    "editor.js",
    "dragging.js",
    "panel.js",
    "main.js",
)
STYLES = ("player.css", "editor.css")
MOST_TAKES = 8  # each needs a 3D context, and browsers allow about 16; chosen


@dataclass(frozen=True)
class Editing:
    """How the page's takes are corrected.

    actions  names that are offered for a segment's action
    address  of the server that keeps the corrections of the one take, on the page's own origin; "" for the browser
    person   who corrects; "" to ask
    next, previous, list  addresses of other takes' pages and of the list of all; "" for none
    open     whether the page opens with the corrections on
    """

    actions: tuple[str, ...] = ()
    address: str = ""
    person: str = ""
    next: str = ""
    previous: str = ""
    list: str = ""
    open: bool = False


def page(takes: Sequence[Take], editing: Editing = Editing()) -> str:
    """The HTML page that plays 1 to MOST_TAKES takes side by side on one clock; ValueError for other numbers."""
    if not 1 <= len(takes) <= MOST_TAKES:
        raise ValueError(f"the player shows 1 to {MOST_TAKES} recordings side by side, found {len(takes)}; give fewer")
    style = _style()
    library = _asset("three/three.min.js")
    script = "\n".join(_asset(name) for name in SCRIPTS)
    title = " · ".join(take.motion.label for take in takes)
    return _fill(
        _asset("player.html"),
        {
            "title": html.escape(title),
            "policy": html.escape(_policy(bool(editing.address), style, library, script)),
            "style": style,
            "data": _json([take.to_dict() for take in takes]),
            "editing": _json(asdict(editing)),
            "sentences": "\n".join(f"<p>{html.escape(take.transcript.text)}</p>" for take in takes),
            "library": library,
            "script": script,
        },
    )


def write(takes: Sequence[Take], path: str | Path, editing: Editing = Editing()) -> None:
    """Write the player's file, whole or not at all."""
    write_text(path, page(takes, editing))


def policy_sources() -> tuple[str, str]:
    """Sources of script and style in every player, for the content security policy of a page that embeds one."""
    library, script = _asset("three/three.min.js"), "\n".join(_asset(name) for name in SCRIPTS)
    return f"{_hash(library)} {_hash(script)}", _hash(_style())


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _style() -> str:
    return "\n".join(_asset(name) for name in STYLES)


def _fill(template: str, values: dict[str, str]) -> str:
    """The template with each {{name}} replaced, in one pass, so that names inside values stay as they are."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


def _policy(served: bool, style: str, *scripts: str) -> str:
    """The policy that blocks all loading, except from the page's own server, and allows only its style and scripts."""
    hashes = " ".join(map(_hash, scripts))
    connect = " connect-src 'self';" if served else ""
    return f"default-src 'none'; script-src {hashes}; style-src {_hash(style)};{connect} img-src data:"


def _hash(text: str) -> str:
    """The hash of an inline element's `text`, in the notation of a content security policy."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode() + "'"


def _json(data: object) -> str:
    """JSON that is inert inside a script element."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
