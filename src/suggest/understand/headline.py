"""What an inquiry is about, at a glance: for a row of a list, and for the label of one of its questions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from suggest.text import sentences
from suggest.understand.layout import body_of, is_greeting, is_pleasantry, subject_of, tidy
from suggest.understand.requests import announces_several, kind_of

_READ = 2_000
_LENGTH = 120
_ANNOUNCEMENT = 30
"""A sentence that only counts what follows (「2点質問があります」) is no longer than this."""
_TELLING = 12
"""Sentences that ask in fewer characters (「戻し方も」) do not say what about."""
_SAYS_NOTHING = re.compile(
    r"[\W_]*(?:(?:お|ご)?(?:問い?合わ?せ|質問|相談|願い|連絡|確認|無題|至急|緊急|急ぎ|重要)|(?:の|に)?(?:件|つい)て?|です|"
    r"(?:no )?subject|question|inquiry|enquiry|support|help|urgent|request|hello|hi|[\W_])*",
    re.IGNORECASE,
)


def headline(text: str) -> str:
    """Return what a list shows of an inquiry, one line of at most 120 characters.

    The subject where there is one that says something; else the text from its first sentence on that is no greeting,
    introduction or announcement. Nothing of a text without words is lost: it is shown as it is.
    """
    tidied = tidy(text[:_READ])
    subject = subject_of(tidied)
    if not _SAYS_NOTHING.fullmatch(subject[:_LENGTH]):
        return _line(subject)
    body = body_of(tidied)
    start = next((span.start for span in sentences(body)[:8] if _says_something(span.text)), 0)
    return _line(body[start:] or tidied)


def questions_alone(concerns: Sequence[str]) -> tuple[str, ...]:
    """Return the questions of an inquiry's concerns without what they share (greeting, context, product).

    Of a question that comes with its story only the sentences that ask are kept, else those that name a problem.
    """
    whole = [_line(text, len(text)) for text in concerns]
    found = []
    for i, text in enumerate(concerns):
        lines = [line for line in map(str.strip, text.split("\n")) if line]
        others = [other for j, other in enumerate(whole) if j != i]
        while len(lines) > 1 and any(_line(lines[0], len(lines[0])) in other for other in others):
            lines.pop(0)
        found.append(_asking("\n".join(lines)))
    return tuple(found)


def _asking(text: str) -> str:
    said = [span.text for span in sentences(text)]
    for kind in ("ask", "problem"):
        kept = [sentence for sentence in said if kind_of(sentence) == kind and not _announces(sentence)]
        if sum(map(len, kept)) >= _TELLING:
            return _line(" ".join(kept), len(text))
    return _line(text, len(text))


def _says_something(sentence: str) -> bool:
    return not (
        is_greeting(sentence)
        or is_pleasantry(sentence)
        or _announces(sentence)
        or _SAYS_NOTHING.fullmatch(sentence[:_LENGTH])
    )


def _announces(sentence: str) -> bool:
    return len(sentence) <= _ANNOUNCEMENT and announces_several(sentence)


def _line(text: str, length: int = _LENGTH) -> str:
    return " ".join(text.split())[:length]
