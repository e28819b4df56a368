"""Where the token vectors start: chiVe's word vectors, and for other tokens the company they keep."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from suggest.text import tokens

SIF = 1e-3
"""Smoothing of the weight of frequent tokens, SIF / (SIF + share of the token)."""

Table = NDArray[np.float32]
Rows = NDArray[np.int64]


def chive_folder() -> Path:
    """Return the folder of the word vectors inside the installed package ja-ginza."""
    spec = find_spec("ja_ginza")
    if spec is None or spec.origin is None:
        raise SystemExit("the word vectors are missing: pip install --no-deps ja-ginza==5.2.0")
    return next(Path(spec.origin).parent.glob("*/vocab"))


def read_chive(folder: Path) -> tuple[dict[str, int], Table]:
    """Return the row of each word, as our analysis writes it, and the rows.

    Words that our analysis splits or drops are left out; a word written as the token itself wins.
    """
    import srsly
    from spacy.strings import hash_string

    rows = np.load(folder / "vectors", allow_pickle=False)
    row_of = srsly.msgpack_loads((folder / "key2row").read_bytes())
    found: dict[str, int] = {}
    for word in json.loads((folder / "strings.json").read_text(encoding="utf-8")):
        row = row_of.get(hash_string(word), -1)
        if row < 0:
            continue
        terms = tokens(word)
        if len(terms) == 1 and (terms[0] not in found or terms[0] == word.lower()):
            found[terms[0]] = int(row)
    return found, rows


def choose_vocabulary(counts: Counter[str], chive: dict[str, int], least: int, size: int) -> list[str]:
    """Return the tokens seen ``least`` times or more, most frequent first, then words that only chiVe knows."""
    seen = sorted((t for t, n in counts.items() if n >= least), key=lambda t: (-counts[t], t))[:size]
    others = sorted((t for t in chive if counts[t] < least), key=lambda t: (-counts[t], chive[t], t))
    return seen + others[: size - len(seen)]


def start_vectors(
    vocabulary: Sequence[str],
    counts: Counter[str],
    chive: tuple[dict[str, int], Table],
    parallel: tuple[Sequence[Rows], Sequence[Rows]],
    texts: Sequence[Rows],
    dimension: int,
    rng: np.random.Generator,
) -> Table:
    """Return the first vector of each token, scaled by its weight.

    chiVe's vectors are centred and reduced by principal components weighted by frequency. A token
    that chiVe does not know starts at the mean direction of the texts that translate its texts, or
    else of the texts that hold it.
    """
    row_of, rows = chive
    share = np.array([counts[t] + 0.5 for t in vocabulary]) / max(1, counts.total())
    weights = (SIF / (SIF + share)).astype(np.float32)
    known = np.array([t in row_of for t in vocabulary])
    words = _unit(rows[[row_of[t] for t in vocabulary if t in row_of]])
    importance = np.sqrt(share[known])[:, None]
    words = words - (words * importance).sum(0) / importance.sum()
    _, axes = np.linalg.eigh((words * importance).T @ words)
    vectors = np.zeros((len(vocabulary), dimension), np.float32)
    vectors[known] = _unit(words @ axes[:, ::-1][:, :dimension])

    left, right = (_bags(side, len(vocabulary)) for side in parallel)
    holding = _bags(texts, len(vocabulary))
    translated = left.T @ _centred(right @ (vectors * weights[:, None]))
    company = holding.T @ _centred(holding @ (vectors * weights[:, None]))
    aligned = np.linalg.norm(translated, axis=1, keepdims=True) > 0
    vectors = np.where(known[:, None], vectors, _unit(np.where(aligned, translated, company)))
    alone = np.linalg.norm(vectors, axis=1) < 0.1
    vectors[alone] = _unit(rng.standard_normal((int(alone.sum()), dimension)))
    return (vectors * weights[:, None]).astype(np.float32)


def _bags(texts: Sequence[Rows], width: int) -> sparse.csr_matrix:
    ends = np.cumsum([0, *map(len, texts)])
    flat = np.concatenate(texts)
    bags = sparse.csr_matrix((np.ones(len(flat), np.float32), flat, ends), shape=(len(texts), width))
    bags.sum_duplicates()
    bags.data[:] = 1
    return bags


def _centred(vectors: Table) -> Table:
    return _unit(vectors - vectors.mean(axis=0))


def _unit(vectors: NDArray[np.floating]) -> Table:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-6)).astype(np.float32)
