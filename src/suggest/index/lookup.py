"""What judging asks of an open knowledge base beyond search."""

from __future__ import annotations

from typing import NamedTuple

from suggest.index.knowledge_base import KnowledgeBase
from suggest.text import tokens


class Identity(NamedTuple):
    """What a calibration belongs to: it holds for this very index and no other."""

    generation: int
    model: str
    """Fingerprint of the embedding model."""


def identity(kb: KnowledgeBase) -> Identity:
    """Return the identity of the generation in use; ``(0, "")`` before the first sync."""
    if kb._generation is None:
        return Identity(0, "")
    return Identity(kb.generation, kb._generation.manifest["model"]["fingerprint"])


def unknown_share(kb: KnowledgeBase, text: str) -> float:
    """Return the share of the terms of ``text``, 0..1, that no entry holds; 1 for a text without terms."""
    terms = set(tokens(text))
    if kb._generation is None or not terms:
        return 1.0
    lexical = kb._generation.lexical
    rarest = lexical.rarest
    return sum(rarity >= rarest for rarity in lexical.rarity(terms).values()) / len(terms)
