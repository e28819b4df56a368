"""Find personal data that has a shape of its own: addresses of mail and network, phones, cards, numbers.

Every function takes folded text and yields ``(type, start, end)``. All repetition is bounded, so the
time is linear in the text, whatever it holds.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache

from suggest.understand.lexicon import alternatives, lexicon

Found = tuple[str, int, int]

DASH = "[-\u2010-\u2015\u2212\u30fc]"
_SEPARATOR = "[-\u2010-\u2015\u2212\u30fc. ]"

_DOMAIN = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
_LOCAL = re.compile(r"[A-Za-z0-9._%+'-]{1,80}\Z")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)", re.ASCII)
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])", re.ASCII)
_VERSION_BEFORE = re.compile(r"(?:ver(?:sion)?\.?|v|バージョン|ビルド|build)[ :は]{0,3}\Z", re.IGNORECASE)

_PHONE_JP = re.compile(
    rf"(?<![A-Za-z0-9])(?<!\d[-.])(?:\+81|\(?\+81\)?[ -]?\(?0?\)?|0)\d{{0,4}}\)?{_SEPARATOR}?"
    rf"\(?\d{{1,4}}\)?{_SEPARATOR}?\d{{3,4}}(?!\d|{DASH}\d)",
    re.ASCII,
)
_PHONE_WORLD = re.compile(r"(?<![A-Za-z0-9+])\+\d{1,3}(?:[-. ]?\(?\d{1,5}\)?){2,6}(?!\d)", re.ASCII)
_PHONE_US = re.compile(r"(?<![\w-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\w-])", re.ASCII)
_PHONE_WORD = re.compile(
    r"(?:電話|携帯|ケータイ|tel|phone|mobile|連絡先|fax|内線)[^\d\n]{0,12}\Z", re.IGNORECASE
)
_MOBILE = re.compile(r"0[5789]0\d{8}")

_CARD = re.compile(r"(?<![A-Za-z0-9])\d(?:[ \u2010-\u2015-]?\d){12,18}(?![A-Za-z0-9])", re.ASCII)
_CARD_WORD = re.compile(r"(?:カード|クレカ|card|visa|master|jcb|amex)[^\n]{0,20}\Z", re.IGNORECASE)
_EXPIRY = re.compile(
    r"(?:有効期限|期限|exp(?:iry|ires|\.)?)[^\d\n]{0,8}(\d{1,2} ?/ ?\d{2,4})(?![\d/])", re.IGNORECASE
)
_CVV = re.compile(r"(?:CVV2?|CVC2?|セキュリティ(?:コード|番号))[^\d\n]{0,6}(\d{3,4})(?!\d)", re.IGNORECASE)
_PASSWORD = re.compile(
    r"(?:パスワード|passwords?|暗証番号|PIN(?:コード| code)?)[ 「『\"']{0,2}(?:は|:|=| is )[ 「『\"']{0,2}([!-~]{4,64})",
    re.IGNORECASE,
)

_DATE = (
    r"(?:(?:19|20)\d{2} ?[年/.-] ?\d{1,2} ?[月/.-] ?\d{1,2}日?|(?:明治|大正|昭和|平成|令和|[MTSHR])\.? ?"
    r"(?:\d{1,2}|元) ?[年/.] ?\d{1,2} ?[月/.] ?\d{1,2}日?|\d{1,2}/\d{1,2}/(?:19|20)\d{2}|(?:19|20)\d{6}|"
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2}|"
    r"\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6} (?:19|20)\d{2})"
)
_BIRTH = re.compile(
    rf"(?:生年月日|誕生日|生まれ|DOB|date of birth|birth ?(?:day|date)|born(?: on)?)[^\d\n]{{0,10}}?({_DATE})",
    re.IGNORECASE,
)
_BORN = re.compile(rf"({_DATE}) ?(?:生まれ|生(?![ぁ-ん一-龥]))", re.IGNORECASE)


def find_numbers(text: str) -> Iterator[Found]:
    """Yield all of this module's kinds; they may overlap."""
    yield from _mails(text)
    yield from _cards(text)
    yield from _identifiers(text)
    yield from _births(text)
    yield from _networks(text)
    yield from _phones(text)


def _mails(text: str) -> Iterator[Found]:
    for match in _DOMAIN.finditer(text):
        local = _LOCAL.search(text, max(0, match.start() - 80), match.start())
        if local:
            start = local.start()
            while text[start] in ".'-" and start < match.start() - 1:
                start += 1
            yield "email", start, match.end()


def _cards(text: str) -> Iterator[Found]:
    for match in _CARD.finditer(text):
        digits = [int(c) for c in match.group() if c.isdigit()]
        named = _CARD_WORD.search(text, max(0, match.start() - 40), match.start())
        if (_luhn(digits) and len(set(digits)) > 1) or (named and len(digits) in (14, 15, 16)):
            yield "card", match.start(), match.end()
    for kind, pattern in (("card_expiry", _EXPIRY), ("card_security_code", _CVV)):
        for match in pattern.finditer(text):
            yield kind, *match.span(1)
    for match in _PASSWORD.finditer(text):
        if not match.group(1).isalpha():
            yield "password", *match.span(1)


def _luhn(digits: list[int]) -> bool:
    doubled = [d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


@lru_cache(maxsize=1)
def _identifier_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    value = rf"((?:[A-Za-z]{{1,8}}{DASH}?){{0,2}}\d[0-9A-Za-z]{{2,20}}(?:{DASH}[0-9A-Za-z]{{1,12}}){{0,5}})"
    between = r"[ 」)\]]{0,2}(?:は|が|:|=|#|/| is )?[ #「(\[]{0,3}(?:No\.?|#|:)?[ ]{0,2}"
    return tuple(
        (item["type"], re.compile(alternatives(item["words"]) + between + value, re.IGNORECASE))
        for item in lexicon("identifiers")["identifier"]
    )


def _identifiers(text: str) -> Iterator[Found]:
    for kind, pattern in _identifier_patterns():
        for match in pattern.finditer(text):
            if sum(c.isdigit() for c in match.group(1)) >= 3:
                yield kind, *match.span(1)


def _births(text: str) -> Iterator[Found]:
    for pattern in (_BIRTH, _BORN):
        for match in pattern.finditer(text):
            yield "date_of_birth", *match.span(1)


def _networks(text: str) -> Iterator[Found]:
    for match in _IPV4.finditer(text):
        named_version = _VERSION_BEFORE.search(text, max(0, match.start() - 12), match.start())
        if not named_version and all(int(part) < 256 for part in match.group().split(".")):
            yield "ip_address", *match.span()
    for match in _IPV6.finditer(text):
        if sum(c.isalnum() for c in match.group()) >= 4 and _is_ipv6(match.group()):
            yield "ip_address", *match.span()


def _is_ipv6(shape: str) -> bool:
    try:
        ipaddress.IPv6Address(shape)
    except ValueError:
        return False
    return ":" in shape and not re.fullmatch(r"\d{1,2}:\d{2}:\d{2}", shape)


def _phones(text: str) -> Iterator[Found]:
    for match in _PHONE_JP.finditer(text):
        shape = match.group()
        digits = "".join(c for c in shape if c.isdigit())
        if shape.startswith(("+", "(+")):
            if len(digits) in (11, 12, 13):
                yield "phone", *match.span()
        elif len(digits) in (10, 11) and (
            _MOBILE.fullmatch(digits)
            or len(re.findall(rf"{_SEPARATOR}|[()]", shape)) >= 2
            or _PHONE_WORD.search(text, max(0, match.start() - 24), match.start())
        ):
            yield "phone", *match.span()
    for pattern in (_PHONE_WORLD, _PHONE_US):
        for match in pattern.finditer(text):
            if 8 <= sum(c.isdigit() for c in match.group()) <= 15:
                yield "phone", *match.span()
