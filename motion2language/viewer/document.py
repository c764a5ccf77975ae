"""The player's file: template, style, scripts and data put into one text.

The page forbids itself every request by a content security policy, and every script but its own by their hashes.
Names and words of users reach it as JSON in which no character can end a script, and from there only as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from pathlib import Path

from motion2language.files import write_text
from motion2language.viewer.take import Take

ASSETS = Path(__file__).parent / "assets"
#: Joined in this order into one script.
SCRIPTS = (
    "data.js",
    "clock.js",
    "body.js",
    "view.js",
    "stage.js",
    "sentence.js",
    "timeline.js",
    "controls.js",
    "main.js",
)
MOST_TAKES = 8  # each takes a 3D context, of which browsers allow about 16; chosen


def page(takes: Sequence[Take]) -> str:
    """The HTML file that plays the takes side by side on one clock; ValueError for none or more than MOST_TAKES."""
    if not 1 <= len(takes) <= MOST_TAKES:
        raise ValueError(f"the player shows 1 to {MOST_TAKES} recordings side by side, found {len(takes)}; give fewer")
    style = _asset("player.css")
    library = _asset("three/three.min.js")
    script = "\n".join(_asset(name) for name in SCRIPTS)
    title = " · ".join(take.motion.label for take in takes)
    return _fill(
        _asset("player.html"),
        {
            "title": html.escape(title),
            "policy": html.escape(_policy(style, library, script)),
            "style": style,
            "data": _json([take.to_dict() for take in takes]),
            "spoken": "\n".join(f"<p>{html.escape(take.transcript.text)}</p>" for take in takes),
            "library": library,
            "script": script,
        },
    )


def write(takes: Sequence[Take], path: str | Path) -> None:
    """Write the player's file, whole or not at all."""
    write_text(path, page(takes))


def allowed() -> tuple[str, str]:
    """The scripts and the style of every player, as sources of a content security policy: for pages that frame one."""
    library, script = _asset("three/three.min.js"), "\n".join(_asset(name) for name in SCRIPTS)
    return f"{_hash(library)} {_hash(script)}", _hash(_asset("player.css"))


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _fill(template: str, values: dict[str, str]) -> str:
    """The template with each {{name}} replaced, in one pass, so that no value is searched for names again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


def _policy(style: str, *scripts: str) -> str:
    """Nothing is loaded from anywhere; the styles and scripts allowed are those of this page."""
    allowed = " ".join(map(_hash, scripts))
    return f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; img-src data:"


def _hash(text: str) -> str:
    """The hash of an inline element that holds `text`, as a content security policy writes it."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode() + "'"


def _json(data: object) -> str:
    """JSON that is inert inside a script element."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
