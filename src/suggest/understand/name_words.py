"""Words that may name somebody, by Sudachi's 人名 and word lists."""

from __future__ import annotations

import re
from functools import lru_cache

from suggest.text import Morpheme, Sought, morphemes
from suggest.understand.lexicon import lexicon

JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff々]")
NOT_NAMES = frozenset(lexicon("words")["not_names"])
SURNAMES = frozenset(lexicon("words")["short_surnames"])
"""Family names of one character; they need a cue."""
_SURE_SURNAMES = frozenset("星丸土王")
_KANJI = re.compile("[\u3400-\u4dbf\u4e00-\u9fff々ヶケノ]{1,4}")
_HIRAGANA = re.compile("[ぁ-ん]{2,4}")
_PROBES = ("{}さん", "{}と申します", "田中{}", "{}太郎")


def is_person(m: Morpheme) -> bool:
    """Tell whether Sudachi has a word as a person's name."""
    return m.pos[:3] == ("名詞", "固有名詞", "人名")


def is_family(m: Morpheme) -> bool:
    """Tell whether Sudachi has a word as a family name."""
    return is_person(m) and m.pos[3] == "姓"


def may_be_family(m: Morpheme) -> bool:
    """Tell whether a word is a family name, or a place that is one too."""
    return is_family(m) or m.surface in SURNAMES or (is_place(m) and may_name(m.surface))


def is_place(m: Morpheme) -> bool:
    """Tell whether a word is a place with a name as short as a family name."""
    return m.pos[:3] == ("名詞", "固有名詞", "地名") and len(m.surface) <= 3


def nameish(m: Morpheme) -> bool:
    """Tell whether a word is a part of a name, or a place that may be one."""
    return is_person(m) or is_place(m)


def may_begin(m: Morpheme) -> bool:
    """Tell whether a name may begin with a word."""
    return nameish(m) or (m.pos[0] == "名詞" and m.surface in SURNAMES)


BEGINNINGS = Sought(lambda pos: pos[1] == "固有名詞" and pos[2] in ("人名", "地名"), SURNAMES)
"""A text without any of these holds no name that :func:`may_begin`."""


@lru_cache(maxsize=20_000)
def may_name(word: str, *, shortest: int = 3) -> bool:
    """Tell whether the dictionary also has ``word`` as a name: in a name's place it is read as one.

    ``shortest`` is the length from which a word in hiragana may be one.
    """
    if not _KANJI.fullmatch(word) and not (_HIRAGANA.fullmatch(word) and len(word) >= shortest):
        return False
    if word in _SURE_SURNAMES:
        return True
    for probe in _PROBES:
        start = probe.index("{")
        if any(
            m.pos[2] == "人名" and (m.start, m.end) == (start, start + len(word))
            for m in morphemes(probe.format(word))
        ):
            return True
    return False
