"""Find personal data in a text, and mask it.

A first line of defence, not a promise: patterns and part-of-speech analysis miss some names. Nothing
found is ever reported twice, and time is linear in the text.
"""

from __future__ import annotations

from collections.abc import Iterable

from suggest.records import PersonalData
from suggest.text import Language, detect_language
from suggest.understand.names import find_names
from suggest.understand.names_strangers import find_strangers
from suggest.understand.numbers import Found, find_numbers
from suggest.understand.postal import find_addresses
from suggest.understand.widths import fold

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
}
"""What stands for each kind of personal data, in Japanese and English."""

# Where two kinds claim the same characters, the first one has them.
_PRECEDENCE = (
    "email", "password", "card", "card_expiry", "card_security_code", "national_id", "bank_account", "tracking_number",
    "order_number", "customer_number", "employee_number", "serial_number", "date_of_birth", "address", "phone",
    "ip_address", "name", "age",
)  # fmt: skip
_RANK = {kind: rank for rank, kind in enumerate(_PRECEDENCE)}


def find_personal_data(text: str, *, strict: bool = False) -> tuple[PersonalData, ...]:
    """Return the personal data in ``text``, in order, without overlaps; offsets are into ``text``.

    ``strict`` is for text of past cases, which another customer may see: whatever may be a name is one.
    """
    folded = fold(text)
    found = {*find_numbers(folded.text), *find_addresses(folded.text), *find_names(folded.text)}
    if strict:
        found.update(find_strangers(folded.text))
    return tuple(
        PersonalData(type=kind, start=source[0], end=source[1])
        for kind, start, end in _without_overlaps(found)
        for source in [folded.source(start, end)]
    )


def mask(text: str, spans: Iterable[PersonalData], language: Language | None = None) -> str:
    """Replace each span of ``text`` by a placeholder: ``〔氏名〕`` in Japanese, ``[name]`` in English.

    ``language`` is told from the text when absent. Overlapping spans become one placeholder.
    """
    japanese = (language or detect_language(text)) == "ja"
    pieces: list[str] = []
    at = 0
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if span.start >= at:
            names = PLACEHOLDERS.get(span.type, (span.type, span.type.replace("_", " ")))
            pieces += [text[at : span.start], f"〔{names[0]}〕" if japanese else f"[{names[1]}]"]
        at = max(at, span.end)
    return "".join([*pieces, text[at:]])


def _without_overlaps(found: Iterable[Found]) -> list[Found]:
    """Give every character to the strongest claim on it; weaker claims are trimmed."""
    claims = [f for f in found if f[1] < f[2]]
    taken = bytearray(max((end for _, _, end in claims), default=0))
    kept: list[Found] = []
    for kind, start, end in sorted(claims, key=lambda f: (_RANK.get(f[0], 99), f[1] - f[2], f[1])):
        low, high = start, end
        while low < high and taken[low]:
            low += 1
        while high > low and taken[high - 1]:
            high -= 1
        if low < high and not any(taken[low:high]):
            kept.append((kind, low, high))
            taken[low:high] = b"\x01" * (high - low)
    return sorted(kept, key=lambda f: f[1])
