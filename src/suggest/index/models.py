"""Chooses the embedding model that the settings name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from suggest.index.embedding import Embedder
from suggest.settings import Retrieval

BUNDLED = Path(__file__).parent / "models" / "static-ja-en"


def load_embedder(retrieval: Retrieval) -> Embedder:
    """Load the bundled model, or a sentence-transformers model by name or path.

    Raises :class:`~suggest.errors.ModelError`.
    """
    if retrieval.model == "bundled":
        return _bundled()
    from suggest.index.transformer_embedder import TransformerEmbedder

    return TransformerEmbedder(
        retrieval.model, query_prompt=retrieval.query_prompt, document_prompt=retrieval.document_prompt
    )


@lru_cache(maxsize=1)
def _bundled() -> Embedder:
    from suggest.index.static_embedder import StaticEmbedder

    return StaticEmbedder(BUNDLED)
