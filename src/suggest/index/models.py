"""Chooses the embedding model that the settings name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from suggest.index.embedding import Embedder, TokenEmbedder
from suggest.settings import Retrieval

_MODELS = Path(__file__).parent / "models"
BUNDLED = _MODELS / "static-ja-en"
STUDENT = _MODELS / "student-ja-en"
_STUDENT_SHARE = 2 / 3
"""Share of the student in the cosine of the balanced profile; see benchmarks/README.md."""


def load_embedder(retrieval: Retrieval) -> Embedder:
    """Load the bundled models of a profile, or a sentence-transformers model by name or path.

    Raises :class:`~suggest.errors.ModelError`.
    """
    if retrieval.model == "bundled":
        return _balanced() if retrieval.profile == "balanced" else static_embedder()
    from suggest.index.transformer_embedder import TransformerEmbedder

    return TransformerEmbedder(
        retrieval.model, query_prompt=retrieval.query_prompt, document_prompt=retrieval.document_prompt
    )


@lru_cache(maxsize=1)
def static_embedder() -> TokenEmbedder:
    """Return the bundled static model, loaded once."""
    from suggest.index.static_embedder import StaticEmbedder

    return StaticEmbedder(BUNDLED)


@lru_cache(maxsize=1)
def _balanced() -> Embedder:
    from suggest.index.combined_embedder import CombinedEmbedder
    from suggest.index.student_embedder import StudentEmbedder

    return CombinedEmbedder(
        "suggest-balanced-ja-en",
        [(static_embedder(), 1 - _STUDENT_SHARE), (StudentEmbedder(STUDENT), _STUDENT_SHARE)],
    )
