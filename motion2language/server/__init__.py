"""The local web app: recordings dropped on a page or posted, described in turn, nothing kept.

`create_app` makes it; `m2l serve` runs it. Needs the extra `serve`.
"""

from __future__ import annotations

from motion2language.server.app import create_app
from motion2language.server.limits import Limits

__all__ = ["Limits", "create_app"]
