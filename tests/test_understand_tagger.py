from __future__ import annotations

import json
from pathlib import Path

import pytest

from suggest.understand import find_personal_data
from suggest.understand.personal_data import find_by_patterns
from suggest.understand.tagger import find_by_model, may_be
from suggest.understand.tagger_features import BUCKETS, buckets, words_in
from suggest.understand.widths import fold

LETTERS = Path(__file__).parent / "data" / "letters.jsonl"


def found_in(text: str) -> set[tuple[str, str]]:
    folded = fold(text).text
    return {(kind, folded[start:end]) for kind, start, end in find_by_model(folded)}


# None of these stands in the letters, and no pattern finds the value.
@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("整理券のない予約です。確認No.:K-55210、名前は出してません", "customer_number", "K-55210"),
        (
            "Booking ref 4471-2290, two nights, under Okonkwo. Could you add breakfast?",
            "name",
            "Okonkwo",
        ),
        (
            "Fwd: 請求の件\n> 山際様\n> 受付No. 2201-77 でお預かりしています。\n\nこれ、いつ終わりますか",
            "customer_number",
            "2201-77",
        ),
    ],
)
def test_what_no_pattern_has(text: str, kind: str, value: str) -> None:
    folded = fold(text).text
    assert not any(value in folded[start:end] for _, start, end in find_by_patterns(folded))
    assert (kind, value) in found_in(text)
    assert (kind, value) in {(s.type, text[s.start : s.end]) for s in find_personal_data(text)}


@pytest.mark.parametrize(
    "text",
    [
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4 の画像が表示されません。",
        "5月1日(金・祝)は休みですか。",
        "みほん商事の製品 LX-2200 とファームウェア 1.4.2 の組み合わせで止まります。",
        "エラー 50126 が 2024/03/18 10:02 に出ました。Windows 11 23H2 です。",
        "税理士さんに見てもらうための権限を教えてください。",
        "Kano",
        "",
        "。。。!!!",
    ],
)
def test_look_alikes(text: str) -> None:
    assert found_in(text) == set()


def test_nothing_that_the_patterns_find_is_lost() -> None:
    for line in LETTERS.read_text(encoding="utf-8").splitlines()[::5]:
        text = fold(json.loads(line)["text"]).text
        covered = {i for span in find_personal_data(text) for i in range(span.start, span.end)}
        for kind, start, end in find_by_patterns(text):
            assert {i for i in range(start, end) if text[i].isalnum()} <= covered, (kind, text[start:end])


def test_offsets_are_those_of_the_text_as_written() -> None:
    text = "整理券のない予約です。確認Ｎｏ．：Ｋ－５５２１０、名前は出してません"
    assert "Ｋ－５５２１０" in {text[s.start : s.end] for s in find_personal_data(text)}


def test_features_are_of_the_text_alone() -> None:
    text = "予約番号は\nQX7T2M です。\n\n菅生 瑛斗"
    words = words_in(text)
    found = buckets(text, words)
    assert found.shape[0] == len(words)
    assert found.min() >= 0
    assert found.max() < BUCKETS
    assert (found == buckets(text, words)).all()
    moved = buckets(text + "\n\n\n\n\n以上です。\n\n\n\n\n\n", words)
    assert moved.shape == found.shape


@pytest.mark.parametrize(
    ("kind", "value", "may"),
    [
        ("name", "岡部", True),
        ("name", "税理士", False),
        ("name", "Operations Director", False),
        ("name", "Grace Baker", True),
        ("name", "R2D2", False),
        ("customer_number", "ABC", False),
        ("customer_number", "A1", False),
        ("customer_number", "A112", True),
        ("address", " ", False),
    ],
)
def test_what_a_value_can_be(kind: str, value: str, may: bool) -> None:
    assert may_be(kind, value) is may
