"""Negated predicates: what a text says does not hold, cannot or must not be done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from suggest.text import Morpheme, morphemes, sentences

_NEGATIONS = frozenset("ない ぬ ず まい 兼ねる かねる 無い".split())
_LIGHT = frozenset(
    "為る 居る 有る 成る 出来る 致す 居る 頂く 下さる 御座る おる 得る 可能 事 物 様 方 所 場合 こと れる られる せる させる".split()
)
_SKIPPED_POS = ("助動詞", "助詞", "補助記号", "空白", "接尾辞", "接頭辞")
_IDIOM = re.compile(
    r"(?:なければ|ねば|なくては|ないと)(?:なりません|ならない|いけません|いけない|な)|(?:ざる|ず)を得|かもしれ(?:ま|ない)|に(?:ほかなら|過ぎ)|だけでなく|のみならず|"
    r"ではなく|(?:少なからず|必ず|まず|とりあえず|みず|相変わらず|にかかわらず|に関わらず|のみならず|思わず)|問題(?:は)?(?:あり|ござい)ません|"
    r"申し訳(?:は)?(?:あり|ござい)ません|すみません|(?:いただけ|くださ[いり]|願え|もらえ)ません(?:でしょう)?か|ではありませんか|ませんでしょうか|"
    r"ご不明な|しか[^。、]{1,24}(?:ません|ない)|ほかない|限らない|構い?ません|差し支え(?:あり)?ません|限りません"
)
_WORD = re.compile(
    r"(?P<dis>不可(?!欠)|非対応|未対応|禁止|不要|無効|対象外|使用不可|厳禁)|"
    r"(?P<en>\b(?:cannot|can't|can’t|can not|don't|don’t|do not|doesn't|doesn’t|does not|didn't|did not|won't|will not|"
    r"isn't|is not|aren't|are not|must not|mustn't|should not|shouldn't|never|unable|no longer|without|not)\b)",
    re.IGNORECASE,
)


def negations(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each negated predicate of ``text`` (NFKC) with the place of the words that negate it."""
    for sentence in sentences(text):
        words = sentence.text
        idioms = [match.span() for match in _IDIOM.finditer(words)]
        for match in _WORD.finditer(words):
            after = re.match(r"\W*([A-Za-z]+)", words[match.end() :]) if match["en"] else None
            value = f"not {after.group(1).lower()}" if after else match.group().lower()
            yield value, sentence.start + match.start(), sentence.start + match.end()
        if not re.search(r"[なぬずんまか]", words):
            continue
        found = morphemes(words)
        for i, morpheme in enumerate(found):
            negates = morpheme.normalized in _NEGATIONS and morpheme.pos[0] in (
                "助動詞",
                "形容詞",
                "動詞",
                "接尾辞",
            )
            if not negates or any(a <= morpheme.start < b for a, b in idioms):
                continue
            predicate = _predicate(found[:i])
            if predicate:
                yield predicate, sentence.start + morpheme.start, sentence.start + morpheme.end


def _predicate(before: list[Morpheme]) -> str:
    """Return the word that is negated: the noun of 「変更はできません」, or the verb."""
    for morpheme in reversed(before[-10:]):
        if (
            morpheme.pos[0] in _SKIPPED_POS
            or morpheme.normalized in _LIGHT
            or morpheme.pos[1] == "非自立可能"
        ):
            if morpheme.surface in "、。":
                break
            continue
        if morpheme.pos[0] in ("名詞", "動詞", "形容詞", "形状詞", "代名詞"):
            return morpheme.normalized
    return ""
