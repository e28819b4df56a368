"""What stands for personal data that was masked: its kind between 〔 and 〕, which no reply ever holds."""

from __future__ import annotations

import re

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

_PLACEHOLDER = re.compile(
    "〔(?:" + "|".join(re.escape(w) for both in PLACEHOLDERS.values() for w in both) + ")〕"
)


def placeholder(kind: str, *, japanese: bool) -> str:
    """Return what stands for personal data of type ``kind``."""
    names = PLACEHOLDERS.get(kind, PLACEHOLDERS["unread"])
    return f"〔{names[0 if japanese else 1]}〕"


def placeholder_spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of every placeholder in ``text``."""
    return [match.span() for match in _PLACEHOLDER.finditer(text)] if "〔" in text else []


def has_placeholder(text: str) -> bool:
    """Tell whether something was masked in ``text``."""
    return "〔" in text and _PLACEHOLDER.search(text) is not None


def without_placeholders(text: str) -> str:
    """Return ``text`` with a blank for each placeholder: nobody should find a case by the word 氏名."""
    return _PLACEHOLDER.sub(" ", text) if "〔" in text else text
