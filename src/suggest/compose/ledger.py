"""The evidence ledger: nothing in a draft that its evidence does not hold.

Guards against our own mistakes: every entry claim must be its span, the text must consist of the claims and
layout marks only, and each number, date, price, duration, URL, code and mail address must stand in the evidence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from suggest.compose.facts import facts_of
from suggest.compose.polite import is_ending
from suggest.compose.quoting import ENDING
from suggest.records import Article, Draft, ResolvedCase
from suggest.settings import Voice
from suggest.text import codes

_WATCHED = frozenset({"url", "email", "code", "date", "number"})
_LAYOUT_NUMBER = re.compile(r"^(?:■ )?\d{1,3}[.)] ", re.MULTILINE)
_LAYOUT = re.compile(r"(?:[\s\d.)■・＜＞※:\-]|Note: )*")
_FIELDS = ("title", "body", "inquiry", "reply", "point", "reason", "example", "url", "id")


def facts(text: str) -> frozenset[str]:
    """Return the facts of a text that need evidence: addresses, codes, dates, numbers with units."""
    return frozenset(fact.value for fact in facts_of(text) if fact.kind in _WATCHED)


def unsupported(
    draft: Draft,
    entries: Iterable[Article | ResolvedCase],
    inquiry: str,
    voice: Voice,
    named: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return what the draft holds without evidence; empty when all is well.

    ``entries`` are those that the draft was made from. The agent's blanks may name what stands in ``inquiry``
    and the ids in ``named``; codes may come from the inquiry.
    """
    known = {entry.id: entry for entry in entries}
    identifiers = facts(" ".join(named))
    problems: list[str] = []
    rest = draft.text
    bare = draft.text
    for claim in sorted(draft.claims, key=lambda c: -len(c.text)):
        source = claim.source
        if source.kind == "entry":
            entry = known.get(source.entry_id or "")
            field = source.field or ""
            text = getattr(entry, field, "") if entry is not None and field in _FIELDS else ""
            if not claim.text or text[source.start : source.end] != claim.text:
                problems.append(claim.text)
        if source.template == ENDING and not is_ending(claim.text):
            problems.append(claim.text)
        if claim.text not in rest:
            problems.append(claim.text)
        rest = rest.replace(claim.text, "\n", 1)
        if source.kind == "agent":
            problems += sorted(_beyond(claim.text, known, facts(inquiry) | identifiers))
            bare = bare.replace(claim.text, " ", 1)
    if not _LAYOUT.fullmatch(rest):
        problems += [line.strip() for line in rest.splitlines() if not _LAYOUT.fullmatch(line)]
    allowed = facts(
        "\n".join(
            (
                voice.company,
                voice.team,
                voice.signature,
                voice.address,
                *voice.glossary.values(),
                *voice.glossary,
            )
        )
    )
    asked = frozenset(span.text.upper() for span in codes(unicodedata.normalize("NFKC", inquiry[:40_000])))
    problems += sorted(_beyond(_LAYOUT_NUMBER.sub("", bare), known, allowed | asked))
    return tuple(dict.fromkeys(problems))


def _beyond(text: str, known: dict[str, Article | ResolvedCase], allowed: frozenset[str]) -> frozenset[str]:
    """Return the facts of ``text`` that neither the entries nor ``allowed`` hold."""
    found = facts(text) - allowed
    for entry in known.values():
        if not found:
            break
        for name in _FIELDS:
            if value := getattr(entry, name, ""):
                found -= facts(value)
    return found
