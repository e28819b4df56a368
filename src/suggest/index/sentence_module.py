"""The static model as a PyTorch module, in the shape that sentence-transformers expects of one.

``modules.json`` of the model folder names this class, so a model folder is also a
sentence-transformers model. From version 6 on that library loads classes of other packages only
when told to; handing it the module needs no such permission::

    SentenceTransformer(modules=[StaticModule.load(folder)])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from suggest.index.static_embedder import StaticTable, bag, read_table, write_table
from suggest.text import tokens


class StaticModule(torch.nn.Module):
    """Sums the vectors of a text's tokens and normalises the sum."""

    modalities = ("text",)

    def __init__(self, table: StaticTable) -> None:
        super().__init__()
        self._config = table.config
        self._row_of = table.row_of
        vectors = torch.from_numpy(table.dequantised())
        self.embedding = torch.nn.EmbeddingBag.from_pretrained(vectors, freeze=False, mode="sum")

    def preprocess(
        self, inputs: Sequence[str], prompt: str | None = None, **_: Any
    ) -> dict[str, torch.Tensor]:
        """Analyse texts into rows and weights, laid end to end, and the offset where each text starts."""
        bags = [bag(tokens((prompt or "") + text), self._row_of) for text in inputs]
        lengths = torch.tensor([0, *(len(rows) for rows, _ in bags[:-1])])
        return {
            "input_ids": torch.from_numpy(np.concatenate([rows for rows, _ in bags])),
            "token_weights": torch.from_numpy(np.concatenate([weights for _, weights in bags])),
            "offsets": lengths.cumsum(0),
        }

    def forward(self, features: dict[str, torch.Tensor], **_: Any) -> dict[str, torch.Tensor]:
        """Add ``sentence_embedding`` (texts, dimension) to ``features``; zeros without a known token."""
        summed = self.embedding(features["input_ids"], features["offsets"], features["token_weights"])
        features["sentence_embedding"] = torch.nn.functional.normalize(summed, dim=1)
        return features

    def get_embedding_dimension(self) -> int:
        """Return the number of columns of the vectors."""
        return self.embedding.embedding_dim

    @property
    def max_seq_length(self) -> None:
        """No limit."""
        return

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Write the model folder."""
        vectors = self.embedding.weight.detach().cpu().numpy()
        write_table(Path(output_path), list(self._row_of), vectors, self._config)

    @classmethod
    def load(cls, model_name_or_path: str | Path, subfolder: str = "", **_: Any) -> Self:
        """Load the model folder; raises :class:`~suggest.errors.ModelError`."""
        return cls(read_table(Path(model_name_or_path) / subfolder))
