"""Motions kept on disk, read and prepared once: a folder that is mapped into memory, so that none is held.

layout.py is what lies on disk, filling.py how it comes there, keys.py what it depends on, place.py where it lies and
how it is deleted.
"""

from __future__ import annotations

from motion2language.data.store.filling import Contents, open_or_count, open_or_make
from motion2language.data.store.layout import TABLE, Made, Store
from motion2language.data.store.place import VARIABLE, Kept, default_folder, delete, kept, store_name

__all__ = [
    "TABLE",
    "VARIABLE",
    "Contents",
    "Kept",
    "Made",
    "Store",
    "default_folder",
    "delete",
    "kept",
    "open_or_count",
    "open_or_make",
    "store_name",
]
