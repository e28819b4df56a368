"""The bundled student: a small Japanese and English transformer, run by onnxruntime without torch.

The only file that imports onnxruntime. A model folder holds ``model.onnx`` (int8, one text a run, no
padding; a vector for the whole text and one for each word piece), ``tokenizer.json`` and ``student.json`` (``max_tokens``,
``width``, ``piece_width``, ``rows``). Its activations are
quantised over everything in one run, so each window is a run of its own: a text's vector never depends on
its batch.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from suggest.errors import ModelError
from suggest.index.embedding import Vectors
from suggest.index.late import Packed, pack
from suggest.text import clean

_FILES = ("student.json", "tokenizer.json", "model.onnx")
_WINDOW = 128
"""Tokens of one window; a longer text is the mean of its windows."""
_QUERY_WINDOWS = 2
_OUTPUTS = ("sentence_embedding", "tokens")
_FEW = 4
"""Fewer questions than this are read and remembered one by one."""
_RECENT = 256
"""Questions whose vectors are kept: the classifier of escalations and the search ask for the same."""
_DOCUMENT_WINDOWS = 4
"""A document's windows beyond this are not read."""
_NEIGHBOURS = 2
"""Word pieces of a document side by side that are kept as one vector, their mean: half the space."""


class _Read(NamedTuple):
    """What the model says of one window."""

    vector: Vectors
    """Of the whole, shape (d,)."""
    pieces: Vectors
    """Of each word piece, unit vectors of shape (n, w)."""


class StudentEmbedder:
    """Embeds with the student. Safe to share between threads."""

    def __init__(self, folder: str | Path) -> None:
        """Load the model in ``folder``; raises :class:`~suggest.errors.ModelError`."""
        import onnxruntime
        from tokenizers import Tokenizer

        self._folder = Path(folder)
        try:
            config = json.loads((self._folder / "student.json").read_text(encoding="utf-8"))
            self._width, self._piece_width = int(config["width"]), int(config["piece_width"])
            self._recent = lru_cache(maxsize=_RECENT)(self._query)
            tokenizer: Any = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
            self._tokenizer = tokenizer
            self._ends = tuple(int(self._tokenizer.token_to_id(mark)) for mark in ("[CLS]", "[SEP]"))
            self._tokenizer.no_truncation()
            self._tokenizer.no_padding()
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            options.inter_op_num_threads = 1
            self._session: Any = onnxruntime.InferenceSession(
                str(self._folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # tokenizers and onnxruntime raise bare Exceptions of many kinds
            raise ModelError(
                f"student model {self._folder}: cannot be loaded ({error}); reinstall reply-suggest, or set "
                "another model in the settings"
            ) from error

    @property
    def name(self) -> str:
        """What people call the model."""
        return "suggest-student-ja-en"

    @property
    def dimension(self) -> int:
        """Columns of the vectors."""
        return self._width

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over the files of the model and how texts are cut."""
        digest = hashlib.sha256(f"{_WINDOW} {_QUERY_WINDOWS} {_DOCUMENT_WINDOWS} {_NEIGHBOURS}".encode())
        for name in _FILES:
            digest.update((self._folder / name).read_bytes())
        return digest.hexdigest()

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed what customers ask."""
        if len(texts) < _FEW:
            return (
                np.stack([self._recent(text).vector for text in texts]) if texts else self.embed_windows([])
            )
        return self.embed_windows([self.windows(text, _QUERY_WINDOWS) for text in texts])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed what the team knows."""
        return self.embed_windows([self.windows(text) for text in texts])

    def embed_windows(self, windows: Sequence[Sequence[Sequence[int]]]) -> Vectors:
        """Return a unit vector for each text, shape (n, d), from its windows; zeros for one without any."""
        return self._joined(self._read(windows))

    def embed_question(self, text: str) -> Vectors:
        """Return the word pieces of what a customer asks."""
        return self._recent(text).pieces

    def embed_entries(self, texts: Sequence[str]) -> tuple[Vectors, list[Packed]]:
        """Return what :meth:`embed_documents` does, and the word pieces of each text, from one reading."""
        read = self._read([self.windows(text) for text in texts])
        return self._joined(read), [pack(_halved(_pieces(parts, self._piece_width))) for parts in read]

    @property
    def piece_width(self) -> int:
        """Columns of a word piece's vector."""
        return self._piece_width

    def _read(self, windows: Sequence[Sequence[Sequence[int]]]) -> list[list[_Read]]:
        flat = [ids for parts in windows for ids in parts]
        if len(flat) < 2:
            found = iter([self._run(ids) for ids in flat])
        else:
            with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
                found = iter(list(pool.map(self._run, flat)))
        return [[next(found) for _ in parts] for parts in windows]

    def _joined(self, read: Sequence[Sequence[_Read]]) -> Vectors:
        vectors = np.zeros((len(read), self._width), np.float32)
        for row, parts in enumerate(read):
            if parts:
                mean = np.mean([part.vector for part in parts], axis=0)
                vectors[row] = mean / np.linalg.norm(mean)
        return vectors

    def windows(self, text: str, most: int = _DOCUMENT_WINDOWS) -> list[list[int]]:
        """Return the token ids of at most ``most`` windows of ``text``."""
        cleaned = clean(text)
        if not any(c.isalnum() for c in cleaned):
            return []
        ids = self._tokenizer.encode(cleaned[: most * _WINDOW * 8], add_special_tokens=False).ids
        cut = [ids[i : i + _WINDOW] for i in range(0, min(len(ids), most * _WINDOW), _WINDOW)]
        if len(cut) > 1 and len(cut[-1]) < _WINDOW // 4:
            cut.pop()
        return [[self._ends[0], *part, self._ends[1]] for part in cut]

    def _query(self, text: str) -> _Read:
        parts = self._read([self.windows(text, _QUERY_WINDOWS)])
        row: Vectors = self._joined(parts)[0]
        row.setflags(write=False)
        return _Read(row, _pieces(parts[0], self._piece_width))

    def _run(self, ids: Sequence[int]) -> _Read:
        vectors, pieces = self._session.run(_OUTPUTS, {"input_ids": np.asarray([ids], dtype=np.int64)})
        return _Read(vectors[0], _unit(pieces[0][1:-1]))  # without the marks at both ends


def _pieces(parts: Sequence[_Read], width: int) -> Vectors:
    return np.concatenate([part.pieces for part in parts]) if parts else np.zeros((0, width), np.float32)


def _unit(pieces: Vectors) -> Vectors:
    found: Vectors = pieces / np.maximum(np.linalg.norm(pieces, axis=1, keepdims=True), 1e-9)
    return found


def _halved(pieces: Vectors) -> Vectors:
    """Return the unit means of neighbours; a last one without a neighbour is left out, unless it is alone."""
    whole = len(pieces) // _NEIGHBOURS * _NEIGHBOURS
    return _unit(pieces[:whole].reshape(-1, _NEIGHBOURS, pieces.shape[1]).mean(axis=1)) if whole else pieces
