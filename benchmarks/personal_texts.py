"""Makes labelled Japanese and English support texts with personal data in them, for benchmarks/personal_data.py.

``texts("tuning", 500, seed=1)`` gives the same texts every time. Sentences, names and places stand in
personal_texts.toml; values are drawn here, in the formats that people write: full width, blanks between digits, other
dashes, eras, mail addresses written around.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

WIDE = str.maketrans({chr(n): chr(n + 0xFEE0) for n in range(0x21, 0x7F)})
_FIELD = re.compile(r"\{(\w+)\}")


class Label(NamedTuple):
    """A planted value: ``text[start:end]``."""

    type: str
    start: int
    end: int


class Text(NamedTuple):
    """A text and everything personal in it."""

    text: str
    language: str
    labels: tuple[Label, ...]


def texts(split: str, count: int, *, seed: int) -> list[Text]:
    """Return ``count`` texts of ``split`` ("tuning" or "held_out"), seven of ten in Japanese."""
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))[split]
    rng = random.Random(seed)
    return [_text(rng, tables, "ja" if rng.random() < 0.7 else "en") for _ in range(count)]


def _text(rng: random.Random, tables: dict[str, Any], language: str) -> Text:
    table = tables[language]
    parts = [rng.choice(table["opening"])]
    body = rng.sample(table["line"], rng.randint(1, 3)) + rng.sample(table["distractor"], rng.randint(1, 2))
    rng.shuffle(body)
    parts += [*body, rng.choice(table["signature"])]
    template = ("\n" if rng.random() < 0.5 else "\n\n").join(part for part in parts if part)
    pieces: list[str] = []
    labels: list[Label] = []
    at = length = 0
    for match in _FIELD.finditer(template):
        pieces.append(template[at : match.start()])
        length += len(pieces[-1])
        kind, value = Values(rng, table).draw(match.group(1))
        if kind:
            labels.append(Label(kind, length, length + len(value)))
        pieces.append(value)
        length += len(value)
        at = match.end()
    return Text("".join([*pieces, template[at:]]), language, tuple(labels))


class Values:
    """Draws values; the ones that carry check digits carry right ones."""

    def __init__(self, rng: random.Random, table: dict[str, Any]) -> None:
        self.rng = rng
        self.table = table

    def draw(self, field: str) -> tuple[str, str]:
        """Return type (empty: not personal) and value for a field of a template."""
        kinds = {
            "name": "name", "family": "name", "given": "name", "kana": "name", "foreign": "name", "email_around": "email",
            "phone_en": "phone", "address_en": "address", "address_plain": "address", "birth": "date_of_birth", "birth_en": "date_of_birth",
            "order": "order_number", "customer": "customer_number", "mynumber": "national_id", "ssn": "national_id", "bank": "bank_account",
            "iban": "bank_account", "post_symbol": "bank_account", "post_number": "bank_account", "ip": "ip_address", "expiry": "card_expiry", "org": "",
        }  # fmt: skip
        make: Callable[[], str] = getattr(self, f"_{field}")
        return kinds.get(field, field), make()

    def _pick(self, key: str) -> str:
        words = self.table[key]
        return self.rng.choice(words.split("|") if "|" in words else words.split())

    def _digits(self, count: int) -> str:
        return "".join(self.rng.choice("0123456789") for _ in range(count))

    def _written(self, value: str, share: float = 0.25) -> str:
        """Write a value with another width or another dash now and then."""
        draw = self.rng.random()
        if draw < share:
            return value.translate(WIDE)
        if draw < share * 1.4 and "-" in value:
            return value.replace("-", self.rng.choice("‐－ー−–"))
        return value

    def _name(self) -> str:
        return (
            f"{self._pick('family')}{self.rng.choice(['', ' ', '　'])}{self._pick('given')}"
            if "kana" in self.table
            else f"{self._pick('given')} {self._pick('family')}"
        )

    def _family(self) -> str:
        return self._pick("family")

    def _given(self) -> str:
        return self._pick("given")

    def _kana(self) -> str:
        return self._pick("kana")

    def _foreign(self) -> str:
        return self._pick("foreign")

    def _org(self) -> str:
        return self._pick("org")

    def _phone(self) -> str:
        shapes = [
            f"{self.rng.choice(['090', '080', '070'])}-{self._digits(4)}-{self._digits(4)}", f"03-{self.rng.randint(3000, 6999)}-{self._digits(4)}",
            f"06-{self.rng.randint(4000, 7999)}-{self._digits(4)}", f"045-{self.rng.randint(200, 999)}-{self._digits(4)}", f"0120-{self._digits(3)}-{self._digits(3)}",
        ]  # fmt: skip
        value = self.rng.choice(shapes)
        style = self.rng.randint(0, 9)
        if style == 0:
            return value.replace("-", "")
        if style == 1:
            return value.replace("-", " ")
        if style == 2:
            first, rest = value.split("-", 1)
            return f"{first}({rest.replace('-', ')')}"
        if style == 3:
            return f"+81-{value[1:]}"
        if style == 4:
            return " ".join(value.replace("-", ""))
        return self._written(value)

    def _phone_en(self) -> str:
        area, office, line = self.rng.randint(201, 989), self.rng.randint(201, 989), self._digits(4)
        return self.rng.choice([
            f"({area}) {office}-{line}", f"{area}-{office}-{line}", f"+1 {area} {office} {line}", f"+44 20 7{self._digits(3)} {self._digits(4)}", f"+81 3 {self.rng.randint(3000, 6999)} {line}",
            f"{area}.{office}.{line}",
        ])  # fmt: skip

    def _email(self) -> str:
        local = self.rng.choice(
            ["taro.y", "hanako_s", "info-k", "m.sato88", "yuki", "j.smith", "o_wilson", "k2.tanaka"]
        )
        domain = self.rng.choice(
            ["example.co.jp", "example.jp", "example.com", "mail.example.org", "example.ne.jp"]
        )
        return self._written(f"{local}@{domain}", 0.15)

    def _email_around(self) -> str:
        local, domain = self._email().translate({n + 0xFEE0: n for n in range(0x21, 0x7F)}).split("@")
        return self.rng.choice([f"{local} @ {domain}", f"{local}(at){domain}", f"{local}＠{domain}", f"{local}[at]{domain}", f"{local}あっと{domain}" if "kana" in self.table else f"{local} at {domain}"])  # fmt: skip

    def _address(self) -> str:
        place, numbers = (
            self._pick("place"),
            [self.rng.randint(1, 9), self.rng.randint(1, 30), self.rng.randint(1, 30)],
        )
        block = self.rng.choice([
            "-".join(map(str, numbers)), f"{numbers[0]}丁目{numbers[1]}番{numbers[2]}号", f"{numbers[0]}丁目{numbers[1]}-{numbers[2]}", f"{numbers[0]}-{numbers[1]}",
            f"{'一二三四五六七八九'[numbers[0] - 1]}丁目{numbers[1]}番地{numbers[2]}",
        ])  # fmt: skip
        code = self.rng.choice(
            [f"〒{self._digits(3)}-{self._digits(4)} ", f"〒{self._digits(3)}-{self._digits(4)}\n", "", ""]
        )
        building = self._pick("building")
        return code + self._written(f"{place}{block}{' ' + building if building else ''}", 0.2)

    def _address_plain(self) -> str:
        return f"{self._digits(3)}-{self._digits(4)} {self._pick('place')}{self.rng.randint(1, 9)}-{self.rng.randint(1, 30)}-{self.rng.randint(1, 30)}"

    def _address_en(self) -> str:
        street = f"{self.rng.randint(1, 9999)} {self._pick('street')}"
        unit = self.rng.choice(
            [
                "",
                f", Apt {self.rng.randint(1, 40)}{self.rng.choice('ABC')}",
                f", Suite {self.rng.randint(100, 900)}",
            ]
        )
        return f"{street}{unit}, {self._pick('town')}"

    def _day(self) -> tuple[int, int, int]:
        return self.rng.randint(1945, 2006), self.rng.randint(1, 12), self.rng.randint(1, 28)

    def _birth(self) -> str:
        y, m, d = self._day()
        era = f"昭和{y - 1925}年" if y < 1989 else f"平成{y - 1988}年"
        short = f"S{y - 1925}" if y < 1989 else f"H{y - 1988}"
        return self._written(self.rng.choice([f"{y}年{m}月{d}日", f"{era}{m}月{d}日", f"{y}/{m:02}/{d:02}", f"{y}-{m:02}-{d:02}", f"{short}.{m}.{d}", f"{y}{m:02}{d:02}", f"{y}.{m}.{d}"]))  # fmt: skip

    def _birth_en(self) -> str:
        y, m, d = self._day()
        month = (
            "January February March April May June July August September October November December".split()[
                m - 1
            ]
        )
        return self.rng.choice(
            [
                f"{d} {month} {y}",
                f"{month} {d}, {y}",
                f"{m:02}/{d:02}/{y}",
                f"{y}-{m:02}-{d:02}",
                f"{month[:3]} {d}, {y}",
            ]
        )

    def _order(self) -> str:
        return self._written(self.rng.choice([f"ORD-{self._digits(4)}-{self._digits(4)}", self._digits(8), f"A{self._digits(7)}", f"{self._digits(3)}-{self._digits(7)}-{self._digits(7)}", f"JP{self._digits(6)}"]))  # fmt: skip

    def _customer(self) -> str:
        return self._written(self.rng.choice([f"C{self._digits(7)}", self._digits(10), f"{self._digits(4)}-{self._digits(4)}", f"MB-{self._digits(6)}", f"K{self._digits(3)}-{self._digits(5)}"]))  # fmt: skip

    def _card(self) -> str:
        digits = self.rng.choice(["4", "51", "35"]) + self._digits(14)
        digits = digits[:15]
        digits += _luhn_digit(digits)
        groups = [digits[i : i + 4] for i in range(0, 16, 4)]
        return self._written(self.rng.choice(["-", " ", "", " "]).join(groups))

    def _expiry(self) -> str:
        return f"{self.rng.randint(1, 12):02}/{self.rng.randint(27, 33)}"

    def _mynumber(self) -> str:
        digits = self._digits(11)
        weights = [n + 1 if n <= 6 else n - 5 for n in range(1, 12)]
        rest = sum(int(c) * w for c, w in zip(reversed(digits), weights, strict=True)) % 11
        digits += str(0 if rest <= 1 else 11 - rest)
        return self._written(self.rng.choice([digits, " ".join((digits[:4], digits[4:8], digits[8:])), "-".join((digits[:4], digits[4:8], digits[8:]))]))  # fmt: skip

    def _ssn(self) -> str:
        return f"{self.rng.randint(100, 665)}-{self.rng.randint(10, 99)}-{self.rng.randint(1000, 9999)}"

    def _bank(self) -> str:
        return self._written(self._digits(7))

    def _post_symbol(self) -> str:
        return f"1{self._digits(3)}0"

    def _post_number(self) -> str:
        return f"{self._digits(7)}1"

    def _iban(self) -> str:
        value = f"GB{self._digits(2)}MIHO{self._digits(14)}"
        return self.rng.choice([value, " ".join(value[i : i + 4] for i in range(0, len(value), 4))])

    def _ip(self) -> str:
        four = ".".join(str(self.rng.randint(1, 254)) for _ in range(4))
        six = ":".join(f"{self.rng.randint(0, 65535):x}" for _ in range(8))
        return self.rng.choice([four, self._written(four), f"2001:db8::{self.rng.randint(1, 65535):x}", six])


def _luhn_digit(digits: str) -> str:
    total = sum(d if i % 2 else (d * 2 - 9 * (d > 4)) for i, d in enumerate(map(int, reversed(digits))))
    return str(-total % 10)
