"""Other entries that a reply could be made from, so that an agent can read them before choosing one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from suggest.records import Entry, Match, Suggestion
from suggest.review.console.item_view import SourceView, Stretch, source_view
from suggest.review.console.words import Words
from suggest.text import detect_language, tokens, tokens_with_surfaces
from suggest.understand.layout import body_of

_EXCERPT = 280
_READ = 2_000


@dataclass(frozen=True)
class OtherEntry:
    """An entry that was found and is not in the draft."""

    source: SourceView
    language: str
    excerpt: tuple[Stretch, ...]
    """The part that matches best, words of the inquiry marked."""
    obstacle: str
    """Why no reply can be made from it: ``language``, ``internal``, or nothing."""
    confidence: float | None


def other_entries(
    suggestion: Suggestion, entries: Mapping[str, Entry], used: Collection[str], words: Words
) -> list[OtherEntry]:
    """Return what was found and is not used yet, best first; what cannot be quoted comes last."""
    asked = {term for concern in suggestion.concerns for term in tokens(concern.text)}
    found = [
        _other(entries[match.entry_id], match, suggestion.language, asked, words)
        for match in suggestion.matches
        if match.entry_id not in used and match.entry_id in entries
    ]
    return sorted(found, key=lambda other: bool(other.obstacle))


def _other(entry: Entry, match: Match, language: str, asked: set[str], words: Words) -> OtherEntry:
    own = entry.lang or detect_language(_text(entry)[:_READ])
    obstacle = "language" if own != language else "internal" if entry.visibility == "internal" else ""
    view = source_view(entry, entry.id, words)
    return OtherEntry(view, own, _excerpt(view, match, asked), obstacle, match.confidence)


def _text(entry: Entry) -> str:
    return f"{entry.title}\n{entry.body}" if entry.kind == "faq" else entry.reply


def _excerpt(view: SourceView, match: Match, asked: set[str]) -> tuple[Stretch, ...]:
    """Return some lines from where the match says it is nearest; personal data is covered in ``view``."""
    texts = ["".join(part.text for part in parts) for name, parts in view.fields if name != "inquiry"]
    head = match.snippet[:12]
    text = next((text for text in texts if head and head in text), max(texts, key=len, default=""))
    start = max(0, text.find(head)) if head else 0
    if start == 0:
        text = body_of(text)  # without the greeting
    piece = text[start : start + _EXCERPT].strip()
    if start + _EXCERPT < len(text):
        piece += "…"
    return tuple(_marked(piece, asked))


def _marked(text: str, asked: set[str]) -> Sequence[Stretch]:
    hits = {surface for term, surface in tokens_with_surfaces(text) if term in asked and len(surface) > 1}
    if not hits:
        return [Stretch(text)]
    pattern = re.compile("|".join(map(re.escape, sorted(hits, key=len, reverse=True))), re.IGNORECASE)
    found: list[Stretch] = []
    at = 0
    for hit in pattern.finditer(text):
        found += [Stretch(text[at : hit.start()]), Stretch(hit.group(), hit=True)]
        at = hit.end()
    found.append(Stretch(text[at:]))
    return [stretch for stretch in found if stretch.text]
