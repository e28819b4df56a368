"""Style lint: rules of polite Japanese and plain English held against a reply.

Patterns and wording stand in ``style.toml``; what needs more than a pattern (style of sentence ends, lists,
lengths, repetition) is found here. Entry texts, titles in brackets and addresses are judged like the rest: what
is sent is sent in the team's name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, cast

from suggest.compose.lines import Line, read_lines
from suggest.compose.polite import polite
from suggest.compose.roles import introduces, is_polite
from suggest.records import Finding
from suggest.templates import Language
from suggest.text import Span, detect_language, sentences

_MOST_CHARS = 120
_MOST_WORDS = 40
_URL = re.compile(r"https?://\S+|「[^「」\n]*」|\[[^\[\]\n]*\]")
_ANNOUNCES = re.compile(
    r"(?:以下|次|下記)の(?:手順|操作|順|方法)[^。\n]{0,20}(?:ください|ます|です|ましょう)|\b(?:following steps|as follows|these steps)\b[^.\n]{0,20}[:：]?$",
    re.IGNORECASE,
)
_BRACKETS = (("「", "」"), ("『", "』"), ("【", "】"), ("（", "）"))
_BLANK = re.compile(r"【ご確認ください[^】]*】|\[Please check[^\]]*\]")
_SORRY = re.compile(
    r"申し訳|お詫び|おわび|すみません|ご不便を|ご迷惑を|ご心配を|恐縮|\b(?:sorry|apolog\w+|regret)\b",
    re.IGNORECASE,
)
_BROKEN_END = re.compile(r"(?:、|，|,|て|で|し|り|び|き|み|い|、」)$")
_WORD = re.compile(r"[A-Za-z0-9'’-]+")
_PLAIN_ENDS = ("だ", "る", "た", "い", "う", "く", "す", "つ", "ぬ", "ぶ", "む", "ぐ", "ん")
_SHORT = 12

_ANCHOR = re.compile(r"(?<!\[)\^|\$|\(\?<|\\[AZ]")


class _Rule(NamedTuple):
    severity: Literal["error", "warning"]
    message: str
    remedy: str
    patterns: tuple[re.Pattern[str], ...] = ()
    unless: tuple[re.Pattern[str], ...] = ()


def lint(
    text: str, *, language: Language | None = None, apology_due: bool = False, forbidden: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Return what breaks a rule of style in ``text``, by place; empty when all is well.

    ``language`` is found from the text when absent. ``apology_due`` says that the reply goes to a customer with a
    problem. ``forbidden`` are phrases that the team does not use.
    """
    language = language or detect_language(text)
    said = sentences(text)
    found: list[tuple[str, int, int]] = [*_by_pattern(text, said, language)]
    found += _lengths(said, language)
    found += _lists(text, language)
    found += _repeated(said)
    found += [("open_blank", m.start(), m.end()) for m in _BLANK.finditer(text)]
    found += [
        ("forbidden_phrase", m.start(), m.end())
        for phrase in forbidden
        if phrase.strip()
        for m in re.finditer(re.escape(phrase.strip()), text, re.IGNORECASE)
    ]
    if language == "ja":
        found += _mixed(said)
    if apology_due and not _SORRY.search(text):
        found.append(("missing_apology", 0, min(len(text), said[0].end if said else 0)))
    rules = _rules(language)
    return tuple(
        Finding(
            rule=rule,
            start=start,
            end=end,
            message=rules[rule].message,
            remedy=rules[rule].remedy,
            severity=rules[rule].severity,
        )
        for rule, start, end in sorted(set(found), key=lambda f: (f[1], f[2], f[0]))
    )


@cache
def _rules(language: Language) -> dict[str, _Rule]:
    path = Path(__file__).with_name("style.toml")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))[language]
    return {
        name: _Rule(
            cast(Literal["error", "warning"], rule["severity"]),
            rule["message"],
            rule["remedy"],
            tuple(re.compile(pattern, re.IGNORECASE) for pattern in rule.get("patterns", ())),
            tuple(re.compile(pattern, re.IGNORECASE) for pattern in rule.get("unless", ())),
        )
        for name, rule in tables.items()
    }


def _by_pattern(text: str, said: Sequence[Span], language: Language) -> Iterator[tuple[str, int, int]]:
    for name, rule in _rules(language).items():
        patterns = [p for p in rule.patterns if _anchored(p) or p.search(text)]
        for sentence in said if patterns else ():
            match = next(filter(None, (pattern.search(sentence.text) for pattern in patterns)), None)
            if match and not any(pattern.search(sentence.text) for pattern in rule.unless):
                yield name, sentence.start + match.start(), sentence.start + match.end()


@cache
def _anchored(pattern: re.Pattern[str]) -> bool:
    """Tell whether a pattern may find in a sentence what it does not find in the whole text."""
    return _ANCHOR.search(pattern.pattern) is not None


def _lengths(said: Sequence[Span], language: Language) -> Iterator[tuple[str, int, int]]:
    for sentence in said:
        plain = _URL.sub("", sentence.text)
        length = len(plain) if language == "ja" else len(_WORD.findall(plain))
        if length > (_MOST_CHARS if language == "ja" else _MOST_WORDS):
            yield "long_sentence", sentence.start, sentence.end


def _lists(text: str, language: Language) -> Iterator[tuple[str, int, int]]:
    """Find numbering with gaps, steps that break off, announced steps that do not come, brackets left open."""
    lines = list(read_lines(text))
    expected = 0
    for i, line in enumerate(lines):
        if line.number is not None:
            if line.number not in (1, expected + 1):
                yield "unclosed_steps", line.start, line.end
            expected = line.number
            last = i + 1 == len(lines) or lines[i + 1].number == 1 or not lines[i + 1].marked
            if last and language == "ja" and _BROKEN_END.search(line.text) and not is_polite(line.text):
                yield "unclosed_steps", line.start, line.end
        elif _ANNOUNCES.search(line.text) and not _follows(lines, i):
            yield "unclosed_steps", line.start, line.end
        for opening, closing in _BRACKETS:
            if line.text.count(opening) > line.text.count(closing):
                yield "unclosed_steps", line.start + line.text.rindex(opening), line.end


def _follows(lines: Sequence[Line], i: int) -> bool:
    """Tell whether what line ``i`` announces stands below it: a list, or lines right under it."""
    below = lines[i + 1 : i + 4]
    return any(line.marked for line in below) or bool(below and not below[0].after_blank)


def _repeated(said: Sequence[Span]) -> Iterator[tuple[str, int, int]]:
    met: set[str] = set()
    for sentence in said:
        plain = re.sub(r"\W", "", sentence.text)
        if len(plain) >= _SHORT and plain in met:
            yield "repetition", sentence.start, sentence.end
        met.add(plain)


def _mixed(said: Sequence[Span]) -> Iterator[tuple[str, int, int]]:
    """Find plain sentences in a polite text."""
    ended = [s for s in said if s.text.endswith("。")]
    if not any(is_polite(s.text) for s in ended):
        return
    for sentence in ended:
        words = sentence.text.rstrip("。")
        if words.endswith(_PLAIN_ENDS) and not is_polite(sentence.text) and not introduces(sentence.text):
            found = polite(sentence.text)
            if found is not None and found.keep < len(words):
                yield "mixed_style", sentence.start + found.keep, sentence.end
