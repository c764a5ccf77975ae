"""Motions kept on disk, read and prepared once: a folder that is mapped into memory, so that none is held.

layout.py is what lies on disk, filling.py how it comes there, keys.py what it depends on, place.py where it lies and
how it is deleted; numbers.py keeps what must be known of each file before a store can be opened.
"""

from __future__ import annotations

from motion2language.data.store.filling import Contents, open_or_make
from motion2language.data.store.layout import TABLE, Made, Store
from motion2language.data.store.numbers import open_or_count
from motion2language.data.store.place import VARIABLE, Kept, default_folder, delete, kept

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
]
