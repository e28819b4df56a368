"""Runs the exported student with onnxruntime and tokenizers, without torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


class OnnxStudent:
    """Normalised vectors of texts, without torch."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.folder = folder
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        about = json.loads((folder / "student.json").read_text("utf-8"))
        self.longest, self.width = int(about["max_tokens"]), int(about["width"])

    @classmethod
    def load(cls, folder: str, **_: Any) -> OnnxStudent:
        """Return the student in ``folder``."""
        return cls(Path(folder))

    def vectors(self, texts: Sequence[str], longest: int | None = None) -> np.ndarray:
        """Return one vector a text.

        Each text runs alone: int8 steps are scaled by what runs together, and a text's vector must not
        depend on its company.
        """
        self.tokenizer.enable_truncation(longest or self.longest)
        found = np.zeros((len(texts), self.width), np.float32)
        for i, encoded in enumerate(self.tokenizer.encode_batch(list(texts))):
            found[i] = self.session.run(None, {"input_ids": np.array([encoded.ids], np.int64)})[0][0]
        return found
