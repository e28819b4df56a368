"""chiVe's word vectors, as carried by the package ja-ginza (needed for training only)."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np


def chive_folder() -> Path:
    """Return the folder of the vectors inside the installed package."""
    spec = find_spec("ja_ginza")
    if spec is None or spec.origin is None:
        raise SystemExit("the word vectors are missing: pip install --no-deps ja-ginza==5.2.0")
    return next(Path(spec.origin).parent.glob("*/vocab"))


def load_chive(folder: Path) -> tuple[dict[str, int], np.ndarray]:
    """Return the row of each word, and the rows."""
    import srsly
    from spacy.strings import hash_string

    rows = np.load(folder / "vectors", allow_pickle=False)
    key2row = srsly.msgpack_loads((folder / "key2row").read_bytes())
    words = json.loads((folder / "strings.json").read_text(encoding="utf-8"))
    found: dict[str, int] = {}
    for word in words:
        row = key2row.get(hash_string(word), -1)
        if row >= 0:
            found[word] = int(row)
    return found, rows
