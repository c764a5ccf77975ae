"""Motions kept on disk, read and prepared once: a folder that is mapped into memory, so that none is held.

layout.py is what lies on disk, filling.py how it comes there, keys.py what it depends on, place.py where it lies and
how it is deleted.
"""

from __future__ import annotations

from motion2language.store.filling import Contents, open_or_make
from motion2language.store.layout import Made, Store
from motion2language.store.place import VARIABLE, Kept, default_folder, delete, kept

__all__ = ["VARIABLE", "Contents", "Kept", "Made", "Store", "default_folder", "delete", "kept", "open_or_make"]
