"""Mask personal data: every value is replaced by a placeholder that names its kind, such as 〔氏名〕.

Past cases go through :func:`mask_case` before anything of them is stored. A text that could not be examined
in time becomes one placeholder as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from suggest.records import PersonalData, ResolvedCase
from suggest.text import Language, detect_language
from suggest.understand.personal_data import find_personal_data

MASKING_VERSION = 1
"""Raise it when past cases should be masked anew: the next sync does so, for all of them."""

PLACEHOLDERS: dict[str, tuple[str, str]] = {
    "address": ("住所", "address"),
    "age": ("年齢", "age"),
    "bank_account": ("口座番号", "bank account"),
    "card": ("カード番号", "card number"),
    "card_expiry": ("有効期限", "card expiry"),
    "card_security_code": ("セキュリティコード", "card security code"),
    "customer_number": ("お客様番号", "customer number"),
    "date_of_birth": ("生年月日", "date of birth"),
    "email": ("メールアドレス", "email"),
    "employee_number": ("社員番号", "employee number"),
    "ip_address": ("IPアドレス", "IP address"),
    "name": ("氏名", "name"),
    "national_id": ("公的番号", "national ID"),
    "order_number": ("注文番号", "order number"),
    "password": ("パスワード", "password"),
    "phone": ("電話番号", "phone"),
    "serial_number": ("シリアル番号", "serial number"),
    "tracking_number": ("伝票番号", "tracking number"),
    "unread": ("未確認", "unread"),
}
"""What stands for each kind of personal data, in Japanese and English; always between 〔 and 〕."""

_TEXTS = ("inquiry", "reply", "point", "reason", "example")
_LABELS = ("product", "department", "url")
_FIELDS = tuple(
    (kind, re.compile(words, re.IGNORECASE))
    for kind, words in (
        ("email", r"e?mail|メール"),
        ("phone", r"phone|mobile|(?:^|_)(?:tel|fax)(?:$|_)|電話|携帯"),
        ("date_of_birth", r"birth|(?:^|_)dob(?:$|_)|生年月日"),
        ("address", r"address|post_?code|zip|住所|郵便番号"),
        ("ip_address", r"(?:^|_)ip(?:$|_)"),
        ("order_number", r"order|注文|受注"),
        ("name", r"(?:customer|user|client|contact|first|last|full|family|given|sender|requester|agent)_?name|^name$"
         r"|customer$|requester$|assignee|sender|氏名|お名前|名前|顧客名|担当者|フリガナ|ふりがな"),
        ("customer_number", r"(?:customer|member|user|account|client|contract)_?(?:id|no|number|code)|(?:顧客|会員|お?客様|契約)"),
    )
)  # fmt: skip
"""Names of fields that schemas of helpdesks give to personal data."""

_PLACEHOLDER = re.compile(
    "〔(?:" + "|".join(re.escape(w) for both in PLACEHOLDERS.values() for w in both) + ")〕"
)


class Masked(NamedTuple):
    """A masked text, and what was masked."""

    text: str
    spans: tuple[PersonalData, ...]
    """Offsets into the text as it was before."""


def mask(text: str, language: Language | None = None, *, strict: bool = False) -> Masked:
    """Mask the personal data of ``text``; ``language`` (of the placeholders) is told from the text when absent.

    ``strict`` masks whatever may be a name as well: for what is shown and not kept.
    """
    spans = find_personal_data(text, strict=strict)
    return Masked(replaced(text, spans, language), spans)


def replaced(text: str, spans: Iterable[PersonalData], language: Language | None = None) -> str:
    """Replace each span of ``text`` by its placeholder; overlapping spans become one."""
    japanese = (language or detect_language(text)) == "ja"
    pieces: list[str] = []
    at = 0
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if span.start >= at:
            names = PLACEHOLDERS.get(span.type, PLACEHOLDERS["unread"])
            pieces += [text[at : span.start], f"〔{names[0 if japanese else 1]}〕"]
        at = max(at, span.end)
    return "".join([*pieces, text[at:]])


def has_placeholder(text: str) -> bool:
    """Tell whether something was masked in ``text``."""
    return "〔" in text and _PLACEHOLDER.search(text) is not None


def without_placeholders(text: str) -> str:
    """Return ``text`` with a blank for each placeholder: nobody should find a case by the word 氏名."""
    return _PLACEHOLDER.sub(" ", text) if "〔" in text else text


class MaskedCase(NamedTuple):
    """A case without personal data, and how many values of each type were masked."""

    case: ResolvedCase
    counts: Counter[str]


def mask_case(case: ResolvedCase) -> MaskedCase:
    """Mask a past case: its texts, and whatever personal data its other fields hold.

    A name that one text gives away is masked in the others too. The product's own name stays.
    """
    counts: Counter[str] = Counter()
    texts = {name: getattr(case, name) for name in _TEXTS}
    found = {name: find_personal_data(text) for name, text in texts.items()}
    names = {texts[name][s.start : s.end] for name, spans in found.items() for s in spans if s.type == "name"}
    ours = {case.product, *case.product.split(), *case.tags}
    changed: dict[str, Any] = {}
    for name, text in texts.items():
        spans = find_personal_data(text, known=names) if names else found[name]
        spans = tuple(span for span in spans if text[span.start : span.end] not in ours)
        counts.update(span.type for span in spans)
        changed[name] = replaced(text, spans)
    for name in _LABELS:
        changed[name] = _masked_value(getattr(case, name), counts)
    changed["tags"] = tuple(_masked_value(tag, counts) for tag in case.tags)
    changed["extra"] = {key: _masked_field(key, value, counts) for key, value in case.extra.items()}
    return MaskedCase(
        case.model_copy(update={k: v for k, v in changed.items() if v != getattr(case, k)}), counts
    )


def _masked_field(key: str, value: Any, counts: Counter[str]) -> Any:
    """Mask a field that the schema does not know; one whose name says that it is personal goes as a whole."""
    kind = next((kind for kind, words in _FIELDS if words.search(key)), None)
    if kind is None or value in (None, "", [], {}) or isinstance(value, bool):
        return _masked_value(value, counts)
    counts[kind] += 1
    return f"〔{PLACEHOLDERS[kind][0]}〕"


def _masked_value(value: Any, counts: Counter[str]) -> Any:
    if isinstance(value, str):
        masked = mask(value)
        counts.update(span.type for span in masked.spans)
        return masked.text
    if isinstance(value, int) and not isinstance(value, bool):
        masked_number = _masked_value(str(value), counts)
        return value if masked_number == str(value) else masked_number
    if isinstance(value, list):
        return [_masked_value(item, counts) for item in value]
    if isinstance(value, dict):
        return {key: _masked_field(key, item, counts) for key, item in value.items()}
    return value
