"""Understand an inquiry before anything is looked up."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from suggest.records import Inquiry, PersonalData, Signal, Understanding
from suggest.text import Language, codes, detect_language, sentences
from suggest.understand.concerns import find_concerns
from suggest.understand.free_wording import pieces_of
from suggest.understand.layout import body_of, own_words, tidy
from suggest.understand.personal_data import find_personal_data
from suggest.understand.signals import find_signals

_UNREADABLE_SHARE = 0.3
_MAX_SENTENCES = 60
_NOT_ALARMING = frozenset({"injection", "follow_up"})
_LETTER = re.compile(r"[^\W_]")
_BROKEN = re.compile("[\ufffd\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff]")


Classify = Callable[[list[str]], Sequence[Signal]]
"""Gives signals for pieces of a text, by meaning."""


def understand(
    inquiry: Inquiry,
    *,
    default_language: Language = "ja",
    max_chars: int = 20_000,
    max_concerns: int = 6,
    classify: Classify | None = None,
) -> Understanding:
    """Return language, body, concerns, signals and personal data of ``inquiry``. Never raises for its text.

    Of a text longer than ``max_chars`` only the beginning is read; what follows counts as personal data of
    type ``unread``, since nobody looked. With more than ``max_concerns`` concerns, ``max_concerns + 1`` are returned and
    the last one holds the rest. ``classify`` is asked when no word pattern gives a reason to escalate.
    """
    tidied = tidy(inquiry.text[:max_chars])
    problem = _problem(inquiry.text, tidied, max_chars)
    body = body_of(tidied) if problem in (None, "too_long") else tidied
    readable = problem in (None, "too_long")
    concerns = find_concerns(body, limit=max_concerns) if readable else ()
    signals = find_signals(tidied, own_words(tidied), previous_contacts=inquiry.previous_contacts)
    if classify is not None and readable and all(signal.code in _NOT_ALARMING for signal in signals):
        asked = [concern.text for concern in concerns] or [body]
        if any(signal.code == "injection" for signal in signals):
            for rest in _without_attempts(body):
                asked += [concern.text for concern in find_concerns(rest, limit=max_concerns)]
        signals = (*signals, *classify([piece for text in asked for piece in pieces_of(text)]))
    return Understanding(
        inquiry=inquiry,
        language=inquiry.lang or _language(body or tidied, default_language),
        body=body,
        concerns=concerns,
        signals=signals,
        personal_data=_personal_data(inquiry.text, max_chars),
        problem=problem,
    )


def _without_attempts(body: str) -> tuple[str, str]:
    """Return ``body`` without the sentences and without the lines that try to steer: they cannot drown out the rest."""
    found = [s.text for s in sentences(body)], body.splitlines()
    by_sentence, by_line = ("\n".join(filter(_does_not_steer, parts[:_MAX_SENTENCES])) for parts in found)
    return by_sentence, by_line


def _does_not_steer(text: str) -> bool:
    return all(signal.code != "injection" for signal in find_signals(text, text))


def _personal_data(text: str, max_chars: int) -> tuple[PersonalData, ...]:
    found = find_personal_data(text[:max_chars])
    if len(text) > max_chars:
        found += (PersonalData(type="unread", start=max_chars, end=len(text)),)
    return found


def _language(text: str, default: Language) -> Language:
    """Detect the language from the words; codes have none."""
    words = text
    for code in codes(text):
        words = words.replace(code.text, " ")
    return detect_language(words) if any(c.isalpha() for c in words) else default


def _problem(text: str, tidied: str, max_chars: int) -> Literal["empty", "too_long", "unreadable"] | None:
    if not text.strip() or (not tidied and not _BROKEN.search(text[:max_chars])):
        return "empty"
    read = text[:max_chars]
    visible = sum(not c.isspace() for c in read)
    broken = len(_BROKEN.findall(read))
    if not _LETTER.search(tidied) or broken > _UNREADABLE_SHARE * visible:
        return "unreadable"
    return "too_long" if len(text) > max_chars else None
