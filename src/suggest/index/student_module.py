"""The student as a PyTorch module, in the shape that sentence-transformers expects of one.

``modules.json`` of the model folder names this class. It hands over to onnxruntime, so the vectors are
those of :class:`~suggest.index.student_embedder.StudentEmbedder`; it cannot be trained (``training/``
does that). From version 6 on sentence-transformers loads classes of other packages only when told to;
handing it the module needs no such permission::

    SentenceTransformer(modules=[StudentModule.load(folder)])
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from suggest.index.student_embedder import StudentEmbedder


class StudentModule(torch.nn.Module):
    """Embeds texts as documents: the mean of their windows."""

    modalities = ("text",)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._embedder = StudentEmbedder(folder)

    def preprocess(
        self, inputs: Sequence[str], prompt: str | None = None, **_: Any
    ) -> dict[str, torch.Tensor]:
        """Tokenise texts: ids of all windows end to end, tokens of each window, windows of each text."""
        windows = [self._embedder.windows((prompt or "") + text) for text in inputs]
        flat = [ids for parts in windows for ids in parts]
        return {
            "input_ids": torch.tensor([i for ids in flat for i in ids], dtype=torch.int64),
            "window_lengths": torch.tensor([len(ids) for ids in flat], dtype=torch.int64),
            "window_counts": torch.tensor([len(parts) for parts in windows], dtype=torch.int64),
        }

    def forward(self, features: dict[str, torch.Tensor], **_: Any) -> dict[str, torch.Tensor]:
        """Add ``sentence_embedding`` (texts, dimension) to ``features``; zeros without a letter or digit."""
        ends = features["window_lengths"].cumsum(0).numpy()
        windows = iter([part.tolist() for part in np.split(features["input_ids"].numpy(), ends)])
        texts = [[next(windows) for _ in range(count)] for count in features["window_counts"].tolist()]
        features["sentence_embedding"] = torch.from_numpy(self._embedder.embed_windows(texts))
        return features

    def get_embedding_dimension(self) -> int:
        """Return the number of columns of the vectors."""
        return self._embedder.dimension

    @property
    def max_seq_length(self) -> None:
        """No limit; see the embedder for how many windows are read."""
        return

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Write the model folder."""
        shutil.copytree(self._folder, output_path, dirs_exist_ok=True)

    @classmethod
    def load(cls, model_name_or_path: str | Path, subfolder: str = "", **_: Any) -> Self:
        """Load the model folder; raises :class:`~suggest.errors.ModelError`."""
        return cls(Path(model_name_or_path) / subfolder)
