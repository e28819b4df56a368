"""Split an inquiry into the questions it asks.

Most inquiries ask one thing over several sentences; cutting those apart does more harm than leaving
two questions together. So the text is cut only where the customer shows it: numbered or bulleted
requests, a word that brings up another matter before a request with a topic of its own, a count
(「2点」), or two requests that name different products.
"""

from __future__ import annotations

import re
from itertools import pairwise

from suggest.records import Concern
from suggest.text import codes, sentences
from suggest.understand.layout import is_greeting, is_pleasantry
from suggest.understand.lexicon import alternatives, lexicon
from suggest.understand.lists import list_items
from suggest.understand.requests import Said, announces_several, kind_of, products, topics

_MAX_SENTENCES = 150  # longer texts are not cut: they are logs, contracts or hostile
_MAX_CUTS = 12
_MAX_SHARED = 100  # longer introductions stay with the first concern
_WORDS = lexicon("words")["connectives"]
_STRONG = re.compile(r"(?:以上です。)?" + alternatives(_WORDS["strong"]), re.IGNORECASE)
_WEAK = re.compile(alternatives(_WORDS["weak"]), re.IGNORECASE)
_INNER = re.compile(
    r"(?<=たい)(?:ん)?の(?:と|に加えて|、(?:それ)?と)[、,]?|(?<=ほしい)のと[、,]?|(?<=欲しい)のと[、,]?|(?<=たい) ?\+ ?|(?<=て) ?\+ ?|と[、,](?=あと)|(?<=ですが)[、,](?=あと)"
)
_COUNTED = re.compile(
    alternatives(
        [
            f"(?<={word})"
            for word in (
                "方法",
                "手順",
                "やり方",
                "仕方",
                "件",
                r"件\)",
                r"\)",
                "一覧",
                "場所",
                "理由",
                "条件",
            )
        ]
    )
    + r"と[、,]"
)
_QUOTES = re.compile(r"(?:「[^「」\n]{2,80}」(?:[、,や]|と(?!い))?[ ]?){2,5}")
_REFERS = re.compile(r"(?:その|この|それ|これ|そこ|同じ|前者|後者)|\b(?:it|this|that|same)\b", re.IGNORECASE)


def find_concerns(body: str, *, limit: int = 6) -> tuple[Concern, ...]:
    """Return the concerns of ``body`` in the order asked; empty when nothing is asked.

    At most ``limit + 1`` are returned; the last of them holds all that follows, so that a caller can
    see that there are more than ``limit``.
    """
    parts = _split(body)
    if len(parts) > limit + 1:
        parts = [*parts[:limit], "\n".join(parts[limit:])]
    return tuple(
        Concern(text=part, codes=tuple(dict.fromkeys(span.text for span in codes(part))))
        for part in parts
        if part
    )


def _split(body: str) -> list[str]:
    said = [Said(s.text, s.start, s.end, kind_of(s.text)) for s in sentences(body)]
    said = [s for s in said if not is_greeting(s.text) and not is_pleasantry(s.text)]
    if not said:
        return []
    listed = list_items(body)
    if listed is not None:
        lead, items, tail = listed
        lead = " ".join(s.text for s in sentences(lead) if not announces_several(s.text))
        return [_with_context(item, [lead, tail], items[0]) for item in items]
    segments = _segments(said)
    shared = _leading_context(segments[0]) if len(segments) > 1 else ""
    texts = ["\n".join(s.text for s in segment) for segment in segments]
    if len(texts) == 1:
        return texts
    return [texts[0], *(_with_context(_head_off(text), [shared], texts[0]) for text in texts[1:])]


def _segments(said: list[Said]) -> list[list[Said]]:
    if len(said) > _MAX_SENTENCES:
        return [said]
    counted = any(announces_several(s.text) for s in said if len(s.text) < 30)
    pieces = [piece for s in said for piece in _inside(s, counted=counted)]
    segments: list[list[Said]] = [[]]
    for i, piece in enumerate(pieces):
        if _asked(segments[-1]) and _opens(segments[-1], pieces[i:], cut=isinstance(piece, _Cut)):
            segments.append([])
        segments[-1].append(piece)
    return segments


class _Cut(Said):
    """A piece that follows a cut inside a sentence."""


def _inside(s: Said, *, counted: bool) -> list[Said]:
    """Cut one sentence where it joins two requests (「…したいのと、…」, 「…方法と、…の件、2つ」)."""
    several = counted or announces_several(s.text)
    quotes = _QUOTES.search(s.text)
    if quotes and several:
        parts = re.findall(r"「[^「」\n]{2,80}」", quotes.group())
        rest = s.text[quotes.end() :]
        first = Said(s.text[: quotes.start()] + parts[0] + rest, s.start, s.end, "ask")
        return [first, *(_Cut(part + rest, s.start, s.end, "ask") for part in parts[1:])]
    cuts = [m.end() for m in _INNER.finditer(s.text)]
    if several:
        cuts += [m.end() for m in _COUNTED.finditer(s.text)]
    cuts = [c for c in sorted(set(cuts))[:_MAX_CUTS] if c < len(s.text) - 4 and topics(s.text[c : c + 300])]
    if not cuts:
        return [s]
    edges = [0, *cuts, len(s.text)]
    texts = [s.text[a:b].strip(" +、,") for a, b in pairwise(edges)]
    return [Said(texts[0], s.start, s.end, "ask"), *(_Cut(text, s.start, s.end, "ask") for text in texts[1:])]


def _asked(segment: list[Said]) -> bool:
    return any(s.kind != "none" for s in segment)


def _opens(before: list[Said], rest: list[Said], *, cut: bool) -> bool:
    """Tell whether ``rest[0]`` brings up another matter than ``before``."""
    if cut:
        return True
    text = rest[0].text
    strong, weak = _STRONG.match(text), _WEAK.match(text)
    if strong or weak:
        match = strong or weak
        until_next = rest[:1]
        for s in rest[1:3]:
            if _STRONG.match(s.text) or _WEAK.match(s.text):
                break
            until_next.append(s)
        wanted = ("ask", "problem") if strong else ("ask",)
        own = text[match.end() :] if match else text
        asked = any(s.kind == "ask" for s in before)
        begun = asked or rest[0].kind == "ask" or (bool(strong) and rest[0].kind == "problem")
        return begun and any(s.kind in wanted for s in until_next) and bool(topics(own))
    return _other_product(before, rest[0])


def _other_product(before: list[Said], s: Said) -> bool:
    if s.kind != "ask" or not any(b.kind == "ask" for b in before) or _REFERS.search(s.text):
        return False
    here = set(products(s.text))
    there = {p for b in before for p in products(b.text)}
    return bool(
        here
        and there
        and not here & there
        and not topics(s.text) & {t for b in before for t in topics(b.text)}
    )


def _leading_context(segment: list[Said]) -> str:
    """Return the sentences before the first request of ``segment``, when they are short."""
    lead: list[str] = []
    for s in segment:
        if s.kind != "none":
            break
        lead.append(s.text)
    text = " ".join(lead)
    return text if len(text) <= _MAX_SHARED and len(lead) < len(segment) else ""


def _head_off(text: str) -> str:
    match = _STRONG.match(text) or _WEAK.match(text)
    return text[match.end() :] if match and len(text) - match.end() >= 4 else text


def _with_context(text: str, context: list[str], first: str) -> str:
    """Put shared context before ``text``, and the product of the first concern where it names none."""
    shared = [c for c in context if c and len(c) <= _MAX_SHARED and c != text]
    known = " ".join([*shared, text])
    if not products(known) or (_REFERS.match(text) and text is not first):
        named = [p for p in products(first) if p not in known][:1]
        shared = [*named, *shared]
    return "\n".join([*shared, text])
