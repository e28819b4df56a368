"""What is looked at in an entry: the terms it is found by, and the text that stands for it in the vector leg."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from suggest.records import Entry
from suggest.text import ANALYSIS_VERSION, tokens
from suggest.understand.placeholders import without_placeholders


class Parts(NamedTuple):
    """The texts of an entry that are analysed."""

    question: str
    answer: str
    more: str
    """Found by words only: ready-made parts, product and tags."""


class Terms(NamedTuple):
    """The index terms of an entry, space-joined."""

    title: str
    body: str
    read: int
    """How many terms of ``body``, from the first on, the vector leg reads too."""


def parts_of(entry: Entry) -> Parts:
    """Return the texts by which ``entry`` is found: its question as title, its answer as body."""
    if entry.kind == "faq":
        main = entry.body or entry.point
        ready = [entry.point if entry.body else "", entry.reason, entry.example]
        question = entry.title
    else:
        return parts_of_case(entry.inquiry, entry.reply, entry.product, entry.tags)
    return Parts(question, main, "\n".join(filter(None, [*ready, entry.product, *entry.tags])))


def parts_of_case(inquiry: str, reply: str, product: str, tags: Iterable[str]) -> Parts:
    """Return the texts by which a past case is found."""
    more = "\n".join(filter(None, [product, *tags]))
    return Parts(without_placeholders(inquiry), without_placeholders(reply), more)


def embedding_text(entry: Entry) -> str:
    """Return the text that stands for an entry in the vector leg."""
    if entry.kind == "faq":
        return "\n".join(filter(None, [entry.title, entry.body or entry.point]))
    return without_placeholders(f"{entry.inquiry}\n{entry.reply}")


def text_hash(parts: Parts) -> str:
    """Return the key of the token cache: equal texts have equal terms and vectors, whatever else differs."""
    digest = hashlib.sha256(str(ANALYSIS_VERSION).encode())
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:32]


def analyse(parts: Parts) -> Terms:
    """Return the terms of an entry."""
    question, answer, more = (tokens(part) for part in parts)
    return Terms(" ".join(question), " ".join([*answer, *more]), len(answer))


def embedding_tokens(terms: Terms) -> list[str]:
    """Return the tokens of :func:`embedding_text`, already analysed."""
    return [*terms.title.split(), *terms.body.split()[: terms.read]]
