"""What to look at in a reply while it is typed: facts that the draft did not hold, blanks, style."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from suggest.compose import check_rewrite, lint
from suggest.compose.facts import facts_of
from suggest.records import Entry, FactChange, Finding
from suggest.review import ReviewItem
from suggest.review.console.words import Words

_BLANK = re.compile(r"【ご確認ください[^】]*】|\[Please check[^\]]*\]")
_FIELDS = ("title", "body", "inquiry", "reply", "point", "reason", "example", "url")
_MOST = 12
_MOST_CHARS = 20_000


@dataclass(frozen=True)
class Hint:
    """One thing to look at."""

    kind: Literal["blank", "fact", "style"]
    severity: Literal["error", "warning"]
    message: str
    remedy: str
    quote: str


def hints_for(
    item: ReviewItem,
    text: str,
    words: Words,
    *,
    entries: Iterable[Entry] = (),
    forbidden: Sequence[str] = (),
) -> list[Hint]:
    """Return hints for ``text`` as the reply to ``item``: blanks first, then facts, then style; at most twelve.

    A fact that the draft does not hold is no news when one of the ``entries`` that it cites, or the inquiry, does.
    ``forbidden`` are phrases that the team does not use.
    """
    text = text[:_MOST_CHARS]
    draft = None if item.suggestion is None else item.suggestion.draft
    found = [
        Hint("blank", "error", words("hint.blank"), words("hint.blank_remedy"), match.group())
        for match in _BLANK.finditer(text)
    ]
    if draft is not None and text.strip() and text != draft.text:
        known = _facts(item, entries)
        found += [
            _of_fact(change, words)
            for change in check_rewrite(draft, text)
            if change.change != "added" or (change.kind, _plain(change.value)) not in known
        ]
    found += [_of_style(finding, text) for finding in lint(text, language=item.language, forbidden=forbidden)]
    return found[:_MOST]


def _facts(item: ReviewItem, entries: Iterable[Entry]) -> set[tuple[str, str]]:
    texts = [] if item.inquiry is None else [item.inquiry.text]
    for entry in entries:
        texts += [str(getattr(entry, name, "")) for name in _FIELDS]
    return {(fact.kind, _plain(fact.value)) for text in texts for fact in facts_of(text)}


def _plain(value: str) -> str:
    return value.strip("「」『』[]").casefold()


def _of_fact(change: FactChange, words: Words) -> Hint:
    kind = words.known("fact", change.kind)
    return Hint(
        "fact",
        "warning" if change.change == "dropped" else "error",
        words(f"hint.fact_{change.change}", kind=kind, before=change.before or ""),
        words(f"hint.fact_{change.change}_remedy"),
        change.value,
    )


def _of_style(finding: Finding, text: str) -> Hint:
    quote = text[finding.start : finding.end][:60]
    return Hint("style", finding.severity, finding.message, finding.remedy, quote)
