"""What the page of one suggestion shows, worked out beforehand so that the template only lays it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from suggest.records import Article, Claim, Entry, Inquiry, PersonalData, ResolvedCase, Suggestion
from suggest.review.console.drafts import Block, blocks_of, sources_of, span_name
from suggest.review.console.words import Words
from suggest.understand.headline import headline
from suggest.understand.personal_data import find_personal_data
from suggest.understand.placeholders import PLACEHOLDERS

_TITLE = 60
_FIELD_ORDER = ("point", "body", "reason", "example", "inquiry", "reply")


class Stretch(NamedTuple):
    """Part of a text; ``label`` says what kind of personal data it is, ``mark`` names the words that the draft quotes."""

    text: str
    label: str = ""
    mark: str = ""
    hit: bool = False
    """Whether it is a word of the inquiry."""


@dataclass(frozen=True)
class SourceView:
    """An entry that the draft quotes, with the quoted words marked."""

    number: int | None
    entry_id: str
    kind: str
    title: str
    fields: tuple[tuple[str, tuple[Stretch, ...]], ...]
    url: str
    trust: str
    visibility: str
    updated: str
    missing: bool = False


@dataclass(frozen=True)
class ConfidenceView:
    """A confidence in words."""

    percent: int | None
    tenths: int | None
    state: str
    """``known``, ``provisional``, ``stale`` (was known, is not now), ``none`` or ``person`` (escalations have none)."""


def confidence_view(suggestion: Suggestion) -> ConfidenceView:
    """Say what is known about how likely the suggestion is right."""
    codes = {reason.code for reason in suggestion.reasons}
    value = suggestion.confidence
    if suggestion.lane == "escalate":
        return ConfidenceView(None, None, "person")
    if value is None:
        return ConfidenceView(None, None, "stale" if "calibration_stale" in codes else "none")
    state = "provisional" if "provisional" in codes else "known"
    return ConfidenceView(round(100 * value), round(10 * value), state)


def inquiry_stretches(inquiry: Inquiry, spans: Iterable[PersonalData], words: Words) -> list[Stretch]:
    """Cut an inquiry where personal data begins and ends."""
    found: list[Stretch] = []
    at = 0
    for span in sorted(spans, key=lambda item: item.start):
        if span.start < at or span.end > len(inquiry.text):
            continue
        found += [
            Stretch(inquiry.text[at : span.start]),
            Stretch(inquiry.text[span.start : span.end], kind(span, words)),
        ]
        at = span.end
    found.append(Stretch(inquiry.text[at:]))
    return [stretch for stretch in found if stretch.text]


def kind(span: PersonalData, words: Words) -> str:
    """Name a kind of personal data."""
    names = PLACEHOLDERS.get(span.type)
    if names is None:
        return span.type
    return names[0] if words.language == "ja" else names[1]


def reasons_view(
    suggestion: Suggestion, told: Mapping[str, str], inquiry: str
) -> tuple[tuple[str, str], ...]:
    """Return message and quotation of each reason once; ``told`` has short forms for entries and questions."""
    found = []
    for reason in suggestion.reasons:
        hidden = reason.code.startswith("style_") or reason.evidence in ("", inquiry)
        found.append((reason.message, "" if hidden else told.get(reason.evidence, reason.evidence)))
    return tuple(dict.fromkeys(found))


def draft_blocks(suggestion: Suggestion) -> list[Block]:
    """Return the blocks of the draft; none when there is no draft."""
    return [] if suggestion.draft is None else blocks_of(suggestion.draft)


def source_views(blocks: Sequence[Block], entries: dict[str, Entry], words: Words) -> list[SourceView]:
    """Return the draft's sources in the order of their numbers."""
    return [
        source_view(entries.get(entry_id), entry_id, words, number=number, claims=claims)
        for number, entry_id, claims in sources_of(blocks)
    ]


def source_view(
    entry: Entry | None,
    entry_id: str,
    words: Words,
    *,
    number: int | None = None,
    claims: Sequence[Claim] = (),
) -> SourceView:
    """Return what is shown of an entry: its texts, quoted words marked, strangers' personal data covered."""
    if entry is None:
        return SourceView(number, entry_id, "faq", "", (), "", "", "", "", missing=True)
    texts = [(name, str(getattr(entry, name, ""))) for name in _FIELD_ORDER if getattr(entry, name, "")]
    fields = tuple(
        (
            name,
            tuple(
                _stretches(
                    text,
                    [c for c in claims if c.source.field == name],
                    _covered(entry, text),
                    words,
                )
            ),
        )
        for name, text in texts
    )
    title = "".join(s.text for s in _stretches(entry.title, [], _covered(entry, entry.title), words))
    if entry.kind == "case":  # its title begins with the greeting
        asked = next((parts for name, parts in fields if name == "inquiry"), ())
        title = headline("".join(part.text for part in asked))[:_TITLE]
    return SourceView(
        number=number,
        entry_id=entry.id,
        kind=entry.kind,
        title=title,
        fields=fields,
        url=_link(entry),
        trust=entry.trust,
        visibility=entry.visibility,
        updated="" if entry.updated_at is None else entry.updated_at.date().isoformat(),
    )


def _covered(entry: Article | ResolvedCase, text: str) -> tuple[PersonalData, ...]:
    return find_personal_data(text, strict=True) if entry.kind == "case" else ()


def _link(entry: Article | ResolvedCase) -> str:
    return entry.url if entry.url.startswith(("https://", "http://")) else ""


def _stretches(
    text: str, claims: Sequence[Claim], covered: Sequence[PersonalData], words: Words
) -> list[Stretch]:
    quoted = sorted(
        {
            (c.source.start, c.source.end, span_name(c.source))
            for c in claims
            if c.source.start is not None and c.source.end is not None
        }
    )
    found: list[Stretch] = []
    at = 0
    for start, end, name in quoted:
        if start < at or end > len(text):
            continue
        found += _cover(text, at, start, covered, words)
        found.append(Stretch(text[start:end], mark=name))
        at = end
    return found + _cover(text, at, len(text), covered, words)


def _cover(text: str, start: int, end: int, covered: Sequence[PersonalData], words: Words) -> list[Stretch]:
    found: list[Stretch] = []
    at = start
    for span in covered:
        if span.end <= at or span.start >= end:
            continue
        left, right = max(span.start, at), min(span.end, end)
        label = kind(span, words)
        found += [Stretch(text[at:left]), Stretch(f"〔{label}〕", label)]
        at = right
    found.append(Stretch(text[at:end]))
    return [stretch for stretch in found if stretch.text]
