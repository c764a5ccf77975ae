"""The on-disk cache of corpora: motions that are read once, then mapped into memory instead of loaded.

layout.py defines the files, filling.py makes them, keys.py hashes what they depend on, location.py finds, lists and
deletes them.
"""

from __future__ import annotations

from motion2language.data.store.filling import StoreSpec, open_or_count, open_or_make
from motion2language.data.store.layout import TABLE, Record, Store
from motion2language.data.store.location import VARIABLE, StoreInfo, default_folder, delete, list_stores, store_name

__all__ = [
    "TABLE",
    "VARIABLE",
    "Record",
    "Store",
    "StoreInfo",
    "StoreSpec",
    "default_folder",
    "delete",
    "list_stores",
    "open_or_count",
    "open_or_make",
    "store_name",
]
