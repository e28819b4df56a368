"""The Example of a reply: what solved the same problem before, without anything of that customer.

A past reply also holds greetings, names, promises and particulars of its customer. Only sentences that
hold for everyone are quoted; a list of steps is quoted whole or not at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from suggest.compose.outline import Listing, Sentence, outline
from suggest.compose.quoting import depends_on_previous, needs_steps, quotable, steers, without_connective
from suggest.compose.relevance import Relevance, similarity, terms
from suggest.compose.roles import introduces, is_polite
from suggest.compose.units import whole_list
from suggest.records import PersonalData, ResolvedCase
from suggest.text import codes, sentences
from suggest.understand.placeholders import has_placeholder


class Detector(Protocol):
    """Finds personal data; ``strict`` takes whatever may be a name for one."""

    def __call__(self, text: str, /, *, strict: bool = False) -> Sequence[PersonalData]:
        """Return what was found, in order."""


_PARTICULAR = re.compile(
    r"様|さま(?=[、。\s]|$)|ありがとうござい|お世話に|お疲れ|(?:で|に|と)ございます。?$|申し訳|お詫び|恐れ入りますが[^。]*お待ち|ご不便|ご迷惑|ご安心|ご利用ですので|お使いですので|心配|ご不安"
    r"|よろしくお願い|お待ちして|お待ちください|失礼いた|サポート(?:チーム|窓口|センター|担当)?(?:です|でございます|より|の)|担当の|担当者より"
    r"|(?:いた|し|され|なり|でき|られ|あり|おり)ました|ましたら?(?:、|。|$)|でした|ところ、|とのこと|お知らせいただ|ご連絡いただ|お送りいただ|ご指摘"
    r"|(?:ご連絡|お知らせ|ご返信|お送り|お教え|お聞かせ|ご返答|ご記入|お問い合わせ)(?:を)?(?:ください|いただ|くださ|お願い|いたします|します|差し上げ)"
    r"|でしょうか|(?:こちら|弊社|当社|私ども|サポート)(?:で|にて|から|では)[^。]*(?:ます|ください)|折り返し|後ほど|改めて|あらためてご"
    r"|今回|このたび|この度|本日|昨日|明日|先日|先週|先月|今週|今月|来月|来週|今朝|いまの|残りの|別のメール|添付の|以前の"
    r"|[0-9０-９]+月[0-9０-９]+日|20[0-9]{2}年"
    r"|おすすめして(?:おります|います)。?$|大変で|さすが|(?:♪|！|💦|😊)"
)
_PARTICULAR_EN = re.compile(
    r"\b(?:thank|thanks|hello|hi|dear|regards|sincerely|sorry|apolog\w*|we have|we've|i have|i've|i'm|i am|we are|we're|"
    r"i can see|i checked|we checked|your (?:account|order|ticket|message|case|team|company)|today|yesterday|tomorrow|"
    r"last week|this week|this month|next month|let (?:us|me) know|reply|get back to|attached|glad|happy|"
    r"mr|ms|mrs|support team|afraid|understand how|great question|this time|the new (?:iphone|phone|one)|nothing is broken)\b|\?$|!",
    re.IGNORECASE,
)
_NOT_SOLVED = re.compile(
    r"解決(?:せず|しな|しません|に(?:は)?至ら)|改善(?:せず|しな|しません|され(?:ず|な|ませ))|直ら(?:ず|な)|直りません|変わ(?:らず|らな|りません)"
    r"|\b(?:did(?:n['\u2019]t| not)|does(?:n['\u2019]t| not)) (?:help|work|solve|fix)|\bno luck\b|\bwithout success\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"[0-9]+(?:[:.,][0-9]+)*")
_MIN_CHARS = 20
_MIN_SHARE = 0.25
_READ = 8_000  # characters of a past inquiry that are looked at


@dataclass(frozen=True, slots=True)
class Example:
    """What is quoted of a case: steps, or a few sentences."""

    steps: Listing | None = None
    sentences: tuple[Sentence, ...] = ()
    same: bool = False
    """The case says what the draft already says."""
    left_out: bool = False
    """Something was left out because of personal data."""


def example_of(
    case: ResolvedCase,
    relevance: Relevance,
    concern: str,
    *,
    japanese: bool,
    said: Sequence[str],
    quoted_steps: Sequence[str],
    budget: int,
    personal_data: Detector,
) -> Example:
    """Take from a past reply the steps, or up to two sentences, that hold for other customers too.

    ``said`` holds the sentences and steps that the draft already has, ``quoted_steps`` the steps alone.
    """
    reply = case.reply
    private = tuple(_private(case, reply, personal_data))
    told = _private_words(case, personal_data)
    own_figures = _figures(case.inquiry) - _figures(concern)
    left_out = False
    pattern = _PARTICULAR if japanese else _PARTICULAR_EN

    def fit(sentence: Sentence) -> bool:
        nonlocal left_out
        if (
            has_placeholder(sentence.text)
            or any(start < sentence.end and sentence.start < end for start, end in private)
            or (told is not None and told.search(sentence.text))
        ):
            left_out = True
            return False
        return (
            quotable(sentence, japanese=japanese)
            and not steers(sentence.text)
            and not pattern.search(sentence.text)
            and not (_figures(sentence.text) & own_figures)
        )

    steps: Listing | None = None
    loose: list[Sentence] = []
    for section in outline(reply):
        for block in section.blocks:
            if isinstance(block, Listing):
                whole = whole_list(block, japanese)
                if (
                    whole
                    and whole.procedure
                    and all(fit(s) for item in whole.items for line in item.lines for s in line)
                ):
                    steps = steps or Listing(None, whole.items, procedure=True, numbered=whole.numbered)
            else:
                loose += [s for s in block if s.role in ("conclusion", "cause") and fit(s)]
    if steps is not None:
        if _covered([item.text for item in steps.items], said):
            return Example(same=_same_steps(reply, quoted_steps), left_out=left_out)
        if steps.length <= 2 * budget:
            return Example(steps=steps, left_out=left_out)
    chosen = _advice(loose, relevance, said, budget)
    same = not chosen and steps is None and _same_steps(reply, quoted_steps)
    return Example(sentences=chosen, same=same, left_out=left_out)


def _private(case: ResolvedCase, text: str, personal_data: Detector) -> Iterator[tuple[int, int]]:
    """Yield the stretches of ``text`` that may tell of a person; the product's own name does not."""
    known = {case.product, *case.product.split(), *case.tags}
    for found in personal_data(text, strict=True):
        if text[found.start : found.end] not in known:
            yield found.start, found.end


def _private_words(case: ResolvedCase, personal_data: Detector) -> re.Pattern[str] | None:
    """Return a pattern of what the customer told about persons: a reply may repeat it without a cue."""
    inquiry = case.inquiry[:_READ]
    told = {inquiry[start:end] for start, end in _private(case, inquiry, personal_data)}
    words = {word for value in told for word in (value, *value.split()) if len(word) >= 2}
    return re.compile("|".join(map(re.escape, sorted(words)))) if words else None


def _advice(
    loose: Sequence[Sentence], relevance: Relevance, said: Sequence[str], budget: int
) -> tuple[Sentence, ...]:
    fit = [
        without_connective(s)
        for s in loose
        if is_polite(s.text) and not depends_on_previous(s) and not needs_steps(s) and not introduces(s.text)
    ]
    known = frozenset[str]().union(*(terms(other) for other in said))
    fresh = [s for s in fit if len(terms(s.text) & known) < 0.55 * len(terms(s.text))]
    long_enough = [s for s in fresh if len(s.text) >= _MIN_CHARS]
    if not long_enough:
        return ()
    best = max(long_enough, key=lambda s: (relevance.share(s.text), -s.start))
    if relevance.share(best.text) < _MIN_SHARE or len(best.text) > budget:
        return ()
    following = next((s for s in loose if 0 <= s.start - best.end <= 1), None)
    if following is None or following not in fresh or len(best.text) + len(following.text) > budget:
        return (best,)
    return (best, following)


def _covered(steps: Sequence[str], said: Sequence[str]) -> bool:
    """Tell whether most steps say what the draft already says."""
    alike = sum(max((similarity(step, other) for other in said), default=0.0) >= 0.4 for step in steps)
    return alike * 2 >= len(steps)


def _same_steps(reply: str, steps: Sequence[str]) -> bool:
    """Tell whether a reply gives most of ``steps``, and does not say that they were of no use."""
    wanted = [words for words in map(terms, steps) if words]
    if not wanted or _NOT_SOLVED.search(reply):
        return False
    given = [terms(sentence.text) for sentence in sentences(reply[:_READ])]
    found = sum(any(len(words & other) >= 0.6 * len(words) for other in given) for words in wanted)
    return found * 3 >= len(wanted) * 2


def _figures(text: str) -> set[str]:
    plain = unicodedata.normalize("NFKC", text[:4_000])
    kept = {code.text for code in codes(plain)}
    for code in kept:
        plain = plain.replace(code, " ")
    return {figure for figure in _FIGURE.findall(plain) if len(figure) > 1}
