"""Tell what a sentence wants: nothing, help with a problem, or an answer."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from suggest.text import Morpheme, codes, morphemes
from suggest.understand.layout import is_greeting, is_pleasantry
from suggest.understand.lexicon import alternatives, lexicon

Kind = Literal["none", "problem", "ask"]

_WORDS = lexicon("words")["requests"]
_ASK_LEMMAS = frozenset(
    {
        "教える",
        "下さる",
        "欲しい",
        "御願い",
        "願う",
        "知る",
        "伺う",
        "尋ねる",
        "頂く",
        "貰う",
        "呉れる",
        "頼む",
    }
)
_TROUBLE = frozenset(
    {
        "困る",
        "消える",
        "止まる",
        "壊れる",
        "失敗",
        "エラー",
        "弾く",
        "おかしい",
        "変",
        "切れる",
        "遅い",
        "固まる",
        "落ちる",
        "忘れる",
    }
)
_NOUN_END = re.compile(
    alternatives(_WORDS["nouns"]) + r"(?:も|を|は|と|など|について|に関して|だけ)?[。.!、 ]*\Z"
)
_COUNT = re.compile(alternatives(_WORDS["counts"]), re.IGNORECASE)
_ENGLISH_ASK = re.compile(
    r"\?|\b(?:how (?:do|can|to|should)|what(?:'s| is| are| do)|where|could you|can (?:i|you|we)|please|would like|i'd like|"
    r"(?:i|we) (?:want|need|wish)|tell me|let me know|is there|is it possible|looking for)\b",
    re.IGNORECASE,
)
_ENGLISH_PROBLEM = re.compile(
    r"\b(?:can(?:no|')t|doesn't|does not|won't|isn't|is not|not working|fail(?:s|ed|ing)?|errors?|stuck|unable|broken|missing)\b",
    re.IGNORECASE,
)
_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_PRODUCT = re.compile(
    r"(?<![A-Za-z0-9])[A-Z][A-Za-z]*[a-z][A-Za-z0-9]*(?: (?:[A-Z][A-Za-z0-9]*|\d{1,4})(?![A-Za-z0-9.-]))*",
    re.ASCII,
)
_NOT_PRODUCTS = frozenset(
    "I'm The This That How What When Where Why Who Is Are Can Could Do Does Did Please My Our We You Also Another Second Hi Hello Thanks And But If In On For To It".split()
)


class Said(NamedTuple):
    """A sentence and what it wants."""

    text: str
    start: int
    end: int
    kind: Kind


@lru_cache(maxsize=512)
def kind_of(sentence: str) -> Kind:
    """Tell what ``sentence`` wants; greetings and pleasantries want nothing."""
    if is_greeting(sentence) or is_pleasantry(sentence):
        return "none"
    if not _JAPANESE.search(sentence):
        if _ENGLISH_ASK.search(sentence):
            return "ask"
        return "problem" if _ENGLISH_PROBLEM.search(sentence) else "none"
    found = [m for m in morphemes(sentence) if m.pos[0] not in ("補助記号", "空白")]
    if sentence.rstrip("」』) 笑").endswith(("?", "?")) or _NOUN_END.search(sentence):
        return "ask"
    if _asks(found):
        return "ask"
    return "problem" if _troubled(found) else "none"


def _asks(found: list[Morpheme]) -> bool:
    for i, m in enumerate(found):
        late = i >= len(found) - 8
        if late and m.pos[1] == "終助詞" and m.normalized in ("か", "かしら"):
            return True
        if late and m.pos[0] == "助動詞" and (m.normalized == "たい" or m.surface == "でしょう"):
            return True
        if late and m.normalized in _ASK_LEMMAS and (m.normalized != "頂く" or _wishes(found[i:])):
            return True
    return False


def _wishes(found: list[Morpheme]) -> bool:
    return any(m.normalized in ("たい", "か", "ます") and m.surface != "まし" for m in found[1:4])


def _troubled(found: list[Morpheme]) -> bool:
    late = found[-8:]
    negated = any(m.pos[0] in ("助動詞", "形容詞") and m.normalized in ("ない", "ず", "無い") for m in late)
    return negated or any(m.normalized in _TROUBLE for m in found)


def announces_several(text: str) -> bool:
    """Tell whether ``text`` counts its matters (「2点」「どちらも」「both」)."""
    return bool(_COUNT.search(text))


@lru_cache(maxsize=512)
def topics(text: str) -> frozenset[str]:
    """Return the normalised nouns of ``text`` that can be the topic of a matter of its own."""
    general = frozenset(_WORDS["general"])
    found = {
        m.normalized.lower()
        for m in morphemes(text)
        if m.pos[0] == "名詞"
        and m.pos[1] not in ("数詞",)
        and m.normalized not in general
        and m.surface not in general
        and any(c.isalnum() for c in m.surface)
        and not re.fullmatch("[ぁ-ん]", m.surface)
    }
    return frozenset(found | {span.text.lower() for span in codes(text)})


def products(text: str) -> tuple[str, ...]:
    """Return names that look like products (Latin words with a capital), in order, once each."""
    names = (m.group() for m in _PRODUCT.finditer(text))
    return tuple(dict.fromkeys(n for n in names if n not in _NOT_PRODUCTS))
