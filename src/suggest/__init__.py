"""Suggest replies to customer-support inquiries from what the team already knows.

::

    inquiry ──► understand ──► retrieve ──► judge ──► compose ──► a human reviews and sends
                 language        by words    how sure?   PREP draft,
                 concerns        and by      which       a source for
                 signals         meaning     lane?       every sentence
    knowledge base ◄── sync ◄── FAQ articles and resolved inquiries

>>> from suggest import Inquiry, KnowledgeBase, Suggester, read_entries    # doctest: +SKIP
>>> kb = KnowledgeBase.open("kb/")                                         # doctest: +SKIP
>>> kb.sync(read_entries("data/sample_faq"))                               # doctest: +SKIP
>>> Suggester(kb).suggest(Inquiry(text="ログインできません")).draft.text   # doctest: +SKIP

Heavy packages are imported when first used, never by ``import suggest``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suggest.compose import check_rewrite, lint
    from suggest.errors import SuggestError
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.pipeline import Suggester
    from suggest.records import Article, Entry, Inquiry, Match, ResolvedCase, Suggestion, SyncReport
    from suggest.review import ReviewDecision, ReviewQueue
    from suggest.settings import Settings
    from suggest.sources import read_entries

try:
    __version__ = version("reply-suggest")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0+unknown"

_HOME = {
    "Article": "suggest.records",
    "Entry": "suggest.records",
    "Inquiry": "suggest.records",
    "KnowledgeBase": "suggest.index.knowledge_base",
    "Match": "suggest.records",
    "ResolvedCase": "suggest.records",
    "ReviewDecision": "suggest.review.records",
    "ReviewQueue": "suggest.review.queue",
    "Settings": "suggest.settings",
    "SuggestError": "suggest.errors",
    "Suggester": "suggest.pipeline",
    "Suggestion": "suggest.records",
    "SyncReport": "suggest.records",
    "check_rewrite": "suggest.compose",
    "lint": "suggest.compose",
    "read_entries": "suggest.sources",
}

__all__ = [
    "Article",
    "Entry",
    "Inquiry",
    "KnowledgeBase",
    "Match",
    "ResolvedCase",
    "ReviewDecision",
    "ReviewQueue",
    "Settings",
    "SuggestError",
    "Suggester",
    "Suggestion",
    "SyncReport",
    "__version__",
    "check_rewrite",
    "lint",
    "read_entries",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'suggest' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
