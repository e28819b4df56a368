"""The bundled parts: SQLite, tantivy and FAISS."""

from __future__ import annotations

from suggest.index import lexical, vectors
from suggest.index.store import EntryStore
from suggest.index.stores import Backends

BUNDLED = Backends(EntryStore, lexical, vectors)
