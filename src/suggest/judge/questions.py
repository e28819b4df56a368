"""Vague inquiries: what to ask back, and only what was not said.

When the best candidates treat the same matter and differ in one fact (device, version, account, error code,
product), that fact is asked for. The words and facts are data (``understand/facets.toml``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from suggest.records import Concern, ConcernJudgement, Entry, Evidence, Understanding
from suggest.text import clean, codes, detect_language, morphemes, tokens, tokens_with_surfaces
from suggest.understand.facets import Facet, facet_data, facets

_MOST = 2
_NEAR = 1.0
"""Candidates whose score lies so little below the best (log-odds) compete with it."""
_ALIKE = 0.4
"""From this share of common title terms on, two entries treat the same matter."""
_VAGUE_TERMS = 6
"""A concern with more terms than this is never called vague for saying nothing."""
_OPEN_TERMS = 14
"""A concern with more terms than this is taken to have said what matters."""
_WANTS = re.compile(
    r"[?？]|か[。.\s]*$|教え|知りた|下さい|ください|欲し|ほしい|たい|願い|\b(?:how|what|where|please|want|would like)\b",
    re.IGNORECASE | re.MULTILINE,
)
"""Words of a question or a request: it says what it wants, however short."""
_SAYS_NOTHING = frozenset(
    "エラー トラブル 問題 質問 方法 手順 対応 対処 表示 画面 状態 件 場合 今日 昨日 今朝 さっき 最近 急 至急 原因 理由 "
    "error problem issue question help thing today yesterday work".split()
)
"""Nouns that do not tell what an inquiry is about."""
_COMPETING = 4
"""So many articles must exist, and no product may have more than half of them, before it is asked which is meant."""
_NAME = re.compile(r"(?<![A-Za-z0-9])[A-Z][A-Za-z]*[a-z][A-Za-z0-9]*(?![A-Za-z0-9])")
"""A name in Latin letters: Outlook, OneDrive, SharePoint."""
_ORDER = re.compile(
    r"(?:ご?注文|受注|ご?契約|お?申込)番号|order (?:number|id)|contract number", re.IGNORECASE
)
_NUMBER = re.compile(r"\d{4,}")
_QUOTED = re.compile(
    r"「[^」]{6,}」|『[^』]{6,}』|\"[^\"]{6,}\"|メッセージ|エラー(?:コード|番号)|error code|message",
    re.IGNORECASE,
)


def is_vague(concern: Concern) -> bool:
    """Tell whether a short concern names nothing that it could be about: 「入れません。どうしたらいいですか」."""
    words = {surface for _, surface in tokens_with_surfaces(concern.text)}
    if concern.codes or len(words) > _VAGUE_TERMS:
        return False
    return all(
        m.surface in _SAYS_NOTHING or m.normalized in _SAYS_NOTHING
        for m in morphemes(clean(concern.text).lower())
        if m.pos[0] == "名詞" and m.surface in words and m.surface.isalpha()
    )


def says_too_little(understanding: Understanding, judged: Sequence[ConcernJudgement]) -> bool:
    """Tell whether nothing answers an inquiry that is so short that asking back is all that helps.

    Troubles in few words and without a code or a question (「連携できません。」), or no concern, only a plea (「至急お願いします」, "help"); thanks
    alone want no answer.
    """
    if understanding.problem is not None or any(item.answerable for item in judged):
        return False
    words = facet_data()["plea"]
    said = [
        clean(text).lower() for text in ([c.text for c in understanding.concerns] or [understanding.body])
    ]
    if any(word in text for text in said for word in words["thanks"]):
        return False
    if not understanding.concerns:
        return any(word in said[0] for word in words["asks"])
    return all(
        not concern.codes
        and len(set(tokens(concern.text))) <= _VAGUE_TERMS
        and not _WANTS.search(concern.text)
        for concern in understanding.concerns
    )


def leaves_open(concern: Concern, candidates: Sequence[Evidence], scores: Sequence[float]) -> bool:
    """Tell whether the candidates leave open what is meant.

    Either the best two treat the same matter and differ in a fact that ``concern`` does not give, or the best
    ones belong to different products and ``concern`` names none.
    """
    if concern.codes or len(set(tokens(concern.text))) > _OPEN_TERMS:
        return False
    if _separating(concern.text, _rivals(candidates, scores)):
        return True
    return bool(_rival_products(concern.text, candidates, scores))


def questions_for(
    understanding: Understanding,
    evidence: Sequence[Sequence[Evidence]],
    scores: Sequence[Sequence[float]],
) -> tuple[str, ...]:
    """Return at most two questions about what separates the candidates, in the inquiry's language.

    Never asks for what the inquiry gives, and never with words of internal entries.
    """
    told = [
        [
            (item, score)
            for item, score in zip(candidates, rated, strict=True)
            if item.entry.visibility == "public"
        ]
        for candidates, rated in zip(evidence, scores, strict=True)
    ]
    evidence = [[item for item, _ in pairs] for pairs in told]
    scores = [[score for _, score in pairs] for pairs in told]
    japanese = understanding.language == "ja"
    own = understanding.body
    asked: dict[str, str] = {}
    for candidates, rated in zip(evidence, scores, strict=True):
        rivals = _rivals(candidates, rated)
        for facet, options in _separating(own, rivals) or _separating(own, rivals, alike=False):
            shown = ("、" if japanese else ", ").join(_in_language(options, japanese=japanese))
            asked.setdefault(facet.name, (facet.ja if japanese else facet.en).format(options=shown))
    for name, text in _general(own, evidence, scores, japanese=japanese):
        asked.setdefault(name, text)
    return tuple(asked.values())[:_MOST]


def _rivals(candidates: Sequence[Evidence], scores: Sequence[float]) -> Sequence[Entry]:
    """Return the articles that compete for the first place, best first."""
    if not candidates:
        return []
    best = max(scores)
    ranked = sorted(zip(candidates, scores, strict=True), key=lambda pair: -pair[1])
    return [item.entry for item, score in ranked if score >= best - _NEAR and item.entry.kind == "faq"][:4]


def _separating(
    text: str, rivals: Sequence[Entry], *, alike: bool = True
) -> list[tuple[Facet, tuple[str, ...]]]:
    """Return the facets in which the rivals differ and which ``text`` does not name, with the values."""
    if len(rivals) < 2 or (alike and not _same_matter(rivals[0], rivals[1])):
        return []
    said = clean(text).lower()
    found = []
    for facet in facets():
        if facet.found_in(said):
            continue
        values = [facet.found_in(_head(entry)) for entry in rivals[: 2 if alike else 4]]
        named = [value for value in values if len(value) == 1]
        options = tuple(dict.fromkeys(value[0] for value in named))
        if len(options) >= 2:
            found.append((facet, options[:3]))
    return found


def _same_matter(first: Entry, second: Entry) -> bool:
    a, b = set(tokens(first.title)), set(tokens(second.title))
    return bool(a and b) and len(a & b) / len(a | b) >= _ALIKE


def _head(entry: Entry) -> str:
    """Return what says for whom an entry is meant."""
    return clean(f"{entry.title}\n{entry.product}\n{' '.join(entry.tags)}").lower()


def _rival_products(text: str, candidates: Sequence[Evidence], scores: Sequence[float]) -> tuple[str, ...]:
    """Return the products that the best articles are about, when they disagree and ``text`` names none."""
    ranked = sorted(zip(candidates, scores, strict=True), key=lambda pair: -pair[1])
    language = detect_language(text)
    articles = [
        item.entry
        for item, _ in ranked
        if item.entry.kind == "faq" and item.entry.lang in (None, language)  # one product has a name in each
    ]
    of = [_products(entry) for entry in articles[:_COMPETING]]
    counts = Counter(name for names in of for name in names)
    if len(of) < _COMPETING or len(counts) < 2 or counts.most_common(1)[0][1] > _COMPETING // 2:
        return ()
    if _names_product(text, candidates):
        return ()
    return tuple(name for name, _ in counts.most_common(3))


def _names_product(text: str, candidates: Sequence[Evidence]) -> bool:
    """Tell whether ``text`` names a product of a candidate, or, in Japanese, anything in Latin letters."""
    said = set(tokens(text))
    known = {name for item in candidates if item.entry.kind == "faq" for name in _products(item.entry)}
    if any(set(tokens(name)) & said for name in known):
        return True
    return detect_language(text) == "ja" and bool(_NAME.search(clean(text)))


def _products(entry: Entry) -> tuple[str, ...]:
    """Return the product of an entry: its field, or the first name written in Latin letters in its title."""
    if entry.product:
        return (entry.product,)
    names = [
        name for name in _NAME.findall(clean(entry.title)) if name not in facet_data()["makers"]["names"]
    ]
    return tuple(names[:1])


def _general(
    own: str,
    evidence: Sequence[Sequence[Evidence]],
    scores: Sequence[Sequence[float]],
    *,
    japanese: bool,
) -> list[tuple[str, str]]:
    """Return the questions that fit every vague inquiry, without those that it answers."""
    language = "ja" if japanese else "en"
    general = facet_data()["general"]
    found: list[tuple[str, str]] = []
    said = clean(own).lower()
    named = [
        _rival_products(own, *_written_in(language, candidates, rated))
        for candidates, rated in zip(evidence, scores, strict=True)
    ]
    products = tuple(dict.fromkeys(name for names in named for name in names))
    if not any(_names_product(own, found) for found in evidence):
        if 2 <= len(products) <= 3:
            shown = ("、" if japanese else ", ").join(products)
            found.append(("product", general["product_of"][language].format(options=shown)))
        else:
            found.append(("product", general["product"][language]))
    best = evidence[0][0].entry if evidence and evidence[0] else None
    text = "" if best is None else (best.body if best.kind == "faq" else best.reply)
    if _ORDER.search(text) and not _NUMBER.search(said):
        found.append(("order", general["order"][language]))
    if not (_QUOTED.search(own) or codes(own)):
        found.append(("message", general["message"][language]))
    return found


def _written_in(
    language: str, candidates: Sequence[Evidence], scores: Sequence[float]
) -> tuple[list[Evidence], list[float]]:
    """Return the candidates in a language, with their scores: a product has another name in another language."""
    kept = [pair for pair in zip(candidates, scores, strict=True) if pair[0].entry.lang in (None, language)]
    return [item for item, _ in kept], [score for _, score in kept]


def _in_language(options: Sequence[str], *, japanese: bool) -> list[str]:
    names = {} if japanese else facet_data()["english"]
    return [str(names.get(option, option)) for option in options]
