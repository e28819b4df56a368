"""The bundled static model: one vector per token; a text is the weighted sum of its tokens' vectors.

A model folder (format 1) holds

``config.json``
    ``format`` 1, ``name``, ``dimension``, ``tokens`` (rows), ``analysis_version``, ``license``.
``vocabulary.txt``
    One token a line, in the order of the rows.
``model.safetensors``
    ``embeddings`` int8 (tokens, dimension) and ``weights`` float32 (tokens): a token's vector is
    ``embeddings[i] * weights[i]``; its length is how much the token matters.

NumPy only. The same folder can be loaded by sentence-transformers, see
:mod:`suggest.index.sentence_module`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.errors import ModelError
from suggest.index.embedding import Vectors
from suggest.text import ANALYSIS_VERSION, tokens

FORMAT = 1
_REMEDY = "reinstall reply-suggest, or name another model in the settings"


class StaticTable(NamedTuple):
    """What a model folder holds."""

    config: dict[str, Any]
    row_of: dict[str, int]
    """Row of each token, in order."""
    rows: NDArray[np.int8]
    scales: NDArray[np.float32]
    """One per row: ``rows[i] * scales[i]`` is the vector of token ``i``."""

    def dequantised(self) -> Vectors:
        """Return all vectors as float32 (tokens, dimension); training starts from these."""
        return self.rows.astype(np.float32) * self.scales[:, None]


class StaticEmbedder:
    """Embeds with a static model, in NumPy. Safe to use from several threads: nothing changes after loading."""

    def __init__(self, folder: str | Path) -> None:
        """Load the model in ``folder``; raises :class:`~suggest.errors.ModelError`."""
        self._table = read_table(Path(folder))

    @property
    def name(self) -> str:
        """What people call the model."""
        return str(self._table.config["name"])

    @property
    def dimension(self) -> int:
        """Columns of the vectors."""
        return int(self._table.rows.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over weights, vocabulary, config and the version of the text analysis."""
        table = self._table
        digest = hashlib.sha256()
        for part in (
            json.dumps(table.config, sort_keys=True, ensure_ascii=False).encode(),
            "\n".join(table.row_of).encode(),
            str(table.rows.shape).encode(),
            table.rows.data,
            table.scales.data,
            str(ANALYSIS_VERSION).encode(),
        ):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.hexdigest()

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed what customers ask."""
        return self.embed_tokens([tokens(text) for text in texts])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed what the team knows (with a static model, the same as queries)."""
        return self.embed_tokens([tokens(text) for text in texts])

    def embed_tokens(self, texts: Sequence[Sequence[str]]) -> Vectors:
        """Embed texts that :func:`suggest.text.tokens` has already analysed."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for i, terms in enumerate(texts):
            rows, weights = bag(terms, self._table.row_of)
            if len(rows) == 0:
                continue
            weights *= self._table.scales[rows]
            # A sum over this text's rows alone, in their order: no batch can change it.
            total = np.add.reduce(self._table.rows[rows] * weights[:, None], axis=0)
            length = float(np.linalg.norm(total))
            if length > 0:
                vectors[i] = total / length
        return vectors


def bag(terms: Sequence[str], row_of: Mapping[str, int]) -> tuple[NDArray[np.int64], Vectors]:
    """Return the rows of the known ``terms``, each once, and the weight √n of a term that occurs n times.

    Counting plainly, a word that a long text repeats drowns the others.
    """
    counts = Counter(map(row_of.get, terms))
    counts.pop(None, None)
    rows = np.fromiter(counts.keys(), np.int64, len(counts))
    return rows, np.sqrt(np.fromiter(counts.values(), np.float32, len(counts)))


def read_table(folder: Path) -> StaticTable:
    """Read a model folder and check that its parts fit; raises :class:`~suggest.errors.ModelError`."""
    from safetensors import SafetensorError, safe_open

    config = _config(folder / "config.json")
    path = folder / "vocabulary.txt"
    try:
        vocabulary = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(path, f"cannot be read ({error})") from error
    path = folder / "model.safetensors"
    try:
        with safe_open(path, framework="numpy") as tensors:
            rows, scales = tensors.get_tensor("embeddings"), tensors.get_tensor("weights")
    except (OSError, SafetensorError) as error:
        raise _broken(path, f"cannot be read ({error})") from error
    shape = (config["tokens"], config["dimension"])
    if (
        rows.dtype != np.int8
        or rows.shape != shape
        or scales.dtype != np.float32
        or scales.shape != shape[:1]
    ):
        found = f"{rows.dtype}{list(rows.shape)} and {scales.dtype}{list(scales.shape)}"
        raise _broken(path, f"expected int8{list(shape)} and float32[{shape[0]}], found {found}")
    if not np.isfinite(scales).all():
        raise _broken(path, "weights hold values that are not finite")
    row_of = dict(zip(vocabulary, range(len(vocabulary)), strict=True))
    if len(vocabulary) != shape[0] or len(row_of) != shape[0]:
        problem = f"expected {shape[0]} different tokens, found {len(row_of)} in {len(vocabulary)} lines"
        raise _broken(folder / "vocabulary.txt", problem)
    return StaticTable(config, row_of, rows, scales)


def write_table(folder: Path, vocabulary: Sequence[str], vectors: Vectors, config: Mapping[str, Any]) -> None:
    """Write ``vectors`` (tokens, dimension) to ``folder`` in int8; ``config`` gives name, licence and the like."""
    from safetensors.numpy import save

    scales = (np.abs(vectors).max(axis=1) / 127).astype(np.float32)
    divisors = np.where(scales > 0, scales, 1)[:, None]
    rows = np.rint(vectors / divisors).clip(-127, 127).astype(np.int8)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(save({"embeddings": rows, "weights": scales}))
    (folder / "vocabulary.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    sizes = {"format": FORMAT, "tokens": len(vocabulary), "dimension": int(vectors.shape[1])}
    whole = {**sizes, "analysis_version": ANALYSIS_VERSION, **config}
    text = json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")


def _config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _broken(path, f"cannot be read ({error})") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        given = config.get("format") if isinstance(config, dict) else config
        raise _broken(path, f"expected a static model of format {FORMAT}, found {given!r}")
    for key, kind in (("name", str), ("tokens", int), ("dimension", int)):
        if not isinstance(config.get(key), kind):
            raise _broken(path, f"field {key!r}: expected {kind.__name__}, found {config.get(key)!r}")
    return config


def _broken(path: Path, problem: str) -> ModelError:
    return ModelError(f"static model file {path}: {problem}; {_REMEDY}")
