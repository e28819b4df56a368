"""What to look at in a reply while it is typed: facts that the draft did not hold, blanks, style."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from suggest.compose import check_rewrite, lint
from suggest.review import ReviewItem
from suggest.review.console.words import Words

_BLANK = re.compile(r"【ご確認ください[^】]*】|\[Please check[^\]]*\]")
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


def hints_for(item: ReviewItem, text: str, words: Words) -> list[Hint]:
    """Return hints for ``text`` as the reply to ``item``: blanks first, then facts, then style; at most twelve."""
    text = text[:_MOST_CHARS]
    found = [
        Hint("blank", "error", words("hint.blank"), words("hint.blank_remedy"), match.group())
        for match in _BLANK.finditer(text)
    ]
    draft = None if item.suggestion is None else item.suggestion.draft
    if draft is not None and text.strip() and text != draft.text:
        for change in check_rewrite(draft, text):
            found.append(
                Hint(
                    "fact",
                    "error" if change.change != "dropped" else "warning",
                    words(
                        f"hint.fact_{change.change}",
                        kind=words.known("fact", change.kind),
                        before=change.before or "",
                    ),
                    words(f"hint.fact_{change.change}_remedy"),
                    change.value,
                )
            )
    for finding in lint(text, language=item.language):
        found.append(
            Hint("style", finding.severity, finding.message, finding.remedy, text[finding.start : finding.end][:60])
        )
    return found[:_MOST]
