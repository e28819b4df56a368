"""The bundled student: a small Japanese and English transformer, run by onnxruntime without torch.

The only file that imports onnxruntime. A model folder holds ``model.onnx`` (int8, one text a run, no
padding), ``tokenizer.json`` and ``student.json`` (``max_tokens``, ``width``, ``rows``). Its activations are
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
from typing import Any

import numpy as np

from suggest.errors import ModelError
from suggest.index.embedding import Vectors
from suggest.text import clean

_FILES = ("student.json", "tokenizer.json", "model.onnx")
_WINDOW = 128
"""Tokens of one window; a longer text is the mean of its windows."""
_QUERY_WINDOWS = 2
_FEW = 4
"""Fewer texts than this are not worth a pool of threads."""
_RECENT = 256
"""Questions whose vectors are kept: the classifier of escalations and the search ask for the same."""
_DOCUMENT_WINDOWS = 4
"""A document's windows beyond this are not read."""


class StudentEmbedder:
    """Embeds with the student. Safe to share between threads."""

    def __init__(self, folder: str | Path) -> None:
        """Load the model in ``folder``; raises :class:`~suggest.errors.ModelError`."""
        import onnxruntime
        from tokenizers import Tokenizer

        self._folder = Path(folder)
        try:
            config = json.loads((self._folder / "student.json").read_text(encoding="utf-8"))
            self._width = int(config["width"])
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
        digest = hashlib.sha256(f"{_WINDOW} {_QUERY_WINDOWS} {_DOCUMENT_WINDOWS}".encode())
        for name in _FILES:
            digest.update((self._folder / name).read_bytes())
        return digest.hexdigest()

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed what customers ask."""
        if len(texts) < _FEW:
            return np.stack([self._recent(text) for text in texts]) if texts else self.embed_windows([])
        return self.embed_windows([self.windows(text, _QUERY_WINDOWS) for text in texts])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed what the team knows."""
        return self.embed_windows([self.windows(text) for text in texts])

    def embed_windows(self, windows: Sequence[Sequence[Sequence[int]]]) -> Vectors:
        """Return a unit vector for each text, shape (n, d), from its windows; zeros for one without any."""
        flat = [ids for parts in windows for ids in parts]
        if len(flat) < _FEW:
            found = [self._run(ids) for ids in flat]
        else:
            with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
                found = list(pool.map(self._run, flat))
        vectors = np.zeros((len(windows), self._width), np.float32)
        at = 0
        for row, parts in enumerate(windows):
            if parts:
                mean = np.mean(found[at : at + len(parts)], axis=0)
                vectors[row] = mean / np.linalg.norm(mean)
            at += len(parts)
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

    def _query(self, text: str) -> Vectors:
        row: Vectors = self.embed_windows([self.windows(text, _QUERY_WINDOWS)])[0]
        row.setflags(write=False)
        return row

    def _run(self, ids: Sequence[int]) -> Vectors:
        [found] = self._session.run(None, {"input_ids": np.asarray([ids], dtype=np.int64)})
        row: Vectors = found[0]
        return row
