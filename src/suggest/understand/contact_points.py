"""Find how somebody is reached: phones, mail addresses (also written around), network addresses.

Every function takes folded text and yields ``(type, start, end)``. Repetition is bounded, so time is linear.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache

from suggest.understand.numbers import DASH, Found

_SEPARATOR = rf"(?: ?{DASH} ?|[. ]|(?<=\d)の(?=\d))"

_DOMAIN = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
_NAME_PART = r"(?<![\w.@])[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}"
_DOT = r"(?:\.| ?[(\[]dot[)\]] ?| dot |ドット)"
_AROUND = re.compile(
    rf"{_NAME_PART}(?: ?@ ?| ?[(\[<] ?(?:at|アット(?:マーク)?|あっと(?:まーく)?) ?[)\]>] ?| ?(?:アット(?:マーク)?|あっと(?:まーく)?) ?| ?[☆★◎●] ?)"
    rf"(?:[A-Za-z0-9-]{{1,40}}{_DOT}){{1,4}}[A-Za-z]{{2,10}}(?![\w@])"
    rf"|{_NAME_PART} at (?:[A-Za-z0-9-]{{1,40}}{_DOT}){{1,3}}(?:com|net|org|jp|co|info|biz|io|uk|us|edu|gov|de|fr)(?![\w@])",
    re.ASCII | re.IGNORECASE,
)
_LOCAL = re.compile(r"[A-Za-z0-9._%+'-]{1,80}\Z")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)", re.ASCII)
_IPV6 = re.compile(r"(?<!\w)(?<![0-9A-Fa-f:]:)(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])", re.ASCII)
_NOBODYS = frozenset("8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 0.0.0.0 127.0.0.1 255.255.255.0".split())
_VERSION_BEFORE = re.compile(
    r"(?:ver(?:sion)?\.?|v|バージョン|ビルド|build|release|\bfw|リリース|firmware|ファームウェア|(?:up|down)grad(?:e|ed|ing) (?:from|to)|updat(?:e|ed|ing) (?:from|to)|(?<![\d.])\d{1,2}(?:\.\d{1,5}){1,3} ?(?:to|から|→|->)|クライアント|ドライバー?|エージェント|ソフト(?:ウェア)?|アプリ|プラグイン|client|driver|agent|component|plug-?in|app)[ :は]{0,3}\Z",
    re.IGNORECASE,
)

_PHONE_JP = re.compile(
    rf"(?<![A-Za-z0-9])(?<!\d[-.])(?:\+81|\(?\+81\)?[ -]?\(?0?\)?|0)\d{{0,4}}\)?{_SEPARATOR}?"
    rf"\(?\d{{1,4}}\)?{_SEPARATOR}?\d{{3,4}}(?!\d|{DASH}\d)",
    re.ASCII,
)
_DIGITS = re.compile(rf"(?<![A-Za-z0-9])(?<!\d[-.])0(?:{_SEPARATOR}?\d){{9,10}}(?!\d|{DASH}\d)", re.ASCII)
_PHONE_WORLD = re.compile(r"(?<![A-Za-z0-9+])\+\d{1,3}(?:[-. ]?\(?\d{1,5}\)?){2,6}(?!\d)", re.ASCII)
_PHONE_UK = re.compile(r"(?<![\w-])(?:\(?0\d{4}\)?|\(?0\d{3}\)?) \d{3} ?\d{3,4}(?![\w-])", re.ASCII)
_PHONE_US = re.compile(r"(?<![\w-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\w-])", re.ASCII)
_PHONE_WORD = re.compile(
    r"(?:電話|携帯|ケータイ|tel|phone|mobile|連絡先|fax|内線)[^\d\n]{0,12}\Z", re.IGNORECASE
)
_PHONE_ALONE = re.compile(r"(?:^|(?<=\n))[ ]{0,2}(\d{3}[-.]\d{4})[ ]{0,2}(?=\n|\Z)")
_EXTENSION = re.compile(r"(?:内線(?:番号)?|\bext(?:ension|\.)?)[ :は#]{0,2}(\d{2,6})(?!\d)", re.IGNORECASE)
_MOBILE = re.compile(r"0[5789]0\d{8}")


def find_contact_points(text: str) -> Iterator[Found]:
    """Yield mail addresses, network addresses and phones; they may overlap."""
    yield from _mails(text)
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
    for match in _AROUND.finditer(text):
        yield "email", *match.span()


def _networks(text: str) -> Iterator[Found]:
    for match in _IPV4.finditer(text):
        named_version = _VERSION_BEFORE.search(text, max(0, match.start() - 20), match.start())
        if (
            match.group() not in _NOBODYS
            and not named_version
            and all(int(part) < 256 for part in match.group().split("."))
        ):
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
    for match in _DIGITS.finditer(text):
        if _is_phone("".join(c for c in match.group() if c.isdigit())):
            yield "phone", *match.span()
    for pattern in (_PHONE_ALONE, _EXTENSION):
        for match in pattern.finditer(text):
            yield "phone", *match.span(1)
    for pattern in (_PHONE_WORLD, _PHONE_US, _PHONE_UK):
        for match in pattern.finditer(text):
            if 8 <= sum(c.isdigit() for c in match.group()) <= 15:
                yield "phone", *match.span()


@lru_cache(maxsize=4_096)
def _is_phone(digits: str) -> bool:
    """Tell whether the numbering plan of Japan has such a number."""
    import phonenumbers

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, "JP"))
    except phonenumbers.NumberParseException:
        return False
