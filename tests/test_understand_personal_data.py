"""Personal data: values, offsets, look-alikes, masking, and hostile text."""

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suggest.records import PersonalData
from suggest.understand import find_personal_data, mask
from suggest.understand.masking import replaced
from suggest.understand.widths import fold


def found(text: str) -> set[tuple[str, str]]:
    return {(p.type, text[p.start : p.end]) for p in find_personal_data(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("連絡先はtaro@example.co.jpです", {("email", "taro@example.co.jp")}),
        ("電話０９０－００００－１２３４まで", {("phone", "０９０－００００－１２３４")}),
        ("call +81 90-0000-1234", {("phone", "+81 90-0000-1234")}),
        ("カード 4242 4242 4242 4242 です", {("card", "4242 4242 4242 4242")}),
        ("〒000-0000 架空県見本市本町1-2-3", {("address", "〒000-0000 架空県見本市本町1-2-3")}),
        ("住所は見本県架空市仮町3-4-5 メゾンサンプル101、穂積です。", {("address", "見本県架空市仮町3-4-5 メゾンサンプル101"), ("name", "穂積")}),
        ("生年月日：1990年1月1日", {("date_of_birth", "1990年1月1日")}),
        ("注文番号：ORD-0000-4411", {("order_number", "ORD-0000-4411")}),
        ("伝票番号 0000-1111-2222", {("tracking_number", "0000-1111-2222")}),
        ("社員番号は12345です", {("employee_number", "12345")}),
        ("IPは192.0.2.10です", {("ip_address", "192.0.2.10")}),
        ("社会保険労務士の柚木と申します", {("name", "柚木")}),
        ("契約者：鳴海 汐里", {("name", "鳴海 汐里")}),
        ("鈴木様に伺いました", {("name", "鈴木")}),
        ("My name is John Smith.", {("name", "John Smith")}),
        ("It fails.\n\nRegards,\nMary Jones", {("name", "Mary Jones")}),
        ("パスワードは Abc12345 です", {("password", "Abc12345")}),
    ],
)  # fmt: skip
def test_found(text: str, expected: set[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "エラー 5.1.90 と 30015-4 が出ます", "2026年3月4日 10:00に開始", "バージョン 16.0.1.5 です", "お客様の担当者様", "税理士さんからだけ届きません",
        "東京です", "Teamsが使えません", "生年月日の入力欄を追加したい", "名前を変更したい", "0x80070005", "1234567890123", "パスワードは絶対合ってる",
    ],
)  # fmt: skip
def test_look_alikes(text: str) -> None:
    assert found(text) == set()


def test_other_mentions_of_a_name() -> None:
    text = "大槻と申します。先週も大槻から連絡しました。"
    assert [text[p.start : p.end] for p in find_personal_data(text)] == ["大槻", "大槻"]


def test_mask() -> None:
    text = "鈴木様 090-0000-1234"
    assert mask(text).text == "〔氏名〕様 〔電話番号〕"
    assert replaced("a b", [PersonalData(type="name", start=0, end=1)]) == "〔name〕 b"
    overlapping = [PersonalData(type="name", start=0, end=3), PersonalData(type="age", start=2, end=4)]
    assert replaced("abcdef", overlapping) == "〔name〕ef"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120) | st.text(alphabet="ｶﾞﾊﾟ㍿①０9-@.a １\u0301\u200b\r\n𠮷\ud800", max_size=60))
def test_fold_maps_back(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    for i in range(len(folded.text)):
        start, end = folded.source(i, i + 1)
        assert 0 <= start < end <= len(text)
    assert list(folded.starts) == sorted(folded.starts)


@settings(max_examples=100, deadline=None)
@given(
    st.text(alphabet="ｶﾞ㍿①あ \u200b\u3000\n。", max_size=30),
    st.text(alphabet="ｶﾞ㍿①あ \u200b\u3000\n。", max_size=30),
)
def test_offsets_are_into_the_text_as_written(before: str, after: str) -> None:
    text = f"{before} ｔａｒｏ＠example.com {after}"
    assert "ｔａｒｏ＠example.com" in {text[p.start : p.end] for p in find_personal_data(text)}
    spans = find_personal_data(text)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert "＠" not in replaced(text, spans)


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "a@", "0-", "市1", "さん", "田中さん", ":", "ｶﾞ", "注文番号", "\u0301", "Aa "]
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece.encode()))
    begun = time.thread_time()
    find_personal_data(text)
    assert time.thread_time() - begun < 10  # half a second


@pytest.mark.parametrize(
    "text",
    [
        "前任の総務課長（能見）が退職しました。",
        "教えてください。\n（能見）",
        "電話は明日です。\n(能見)\n以上",
    ],
)
def test_a_name_in_brackets_is_found(text: str) -> None:
    assert [text[p.start : p.end] for p in find_personal_data(text) if p.type == "name"] == ["能見"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("社員の髙橋さんのアカウントです。", "name", "髙橋"),
        ("いつもの宮﨑と申します。", "name", "宮﨑"),
        ("長谷川の代理でご連絡しています、秘書の東海林です。", "name", "東海林"),
        ("電話は 03 - 1234 - 5678 です。", "phone", "03 - 1234 - 5678"),
        ("北海道札幌市中央区北1条西2丁目に送ってください。", "address", "北海道札幌市中央区北1条西2丁目"),
        ("郵便番号は1500002です。", "address", "1500002"),
    ],
)
def test_rarer_ways_of_writing_are_found(text: str, kind: str, value: str) -> None:
    assert any(p.type == kind and value in text[p.start : p.end] for p in find_personal_data(text)), (
        find_personal_data(text)
    )


LETTERS = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "letters.jsonl").read_text(encoding="utf-8").splitlines()
]


# Bars stand just below what was reached on these letters, from which the model learns: 1,118 of 1,124, names 451 of 453.
# How that generalises this does not tell: benchmarks/README.md says what was found in letters as first met.
@pytest.mark.parametrize(("kind", "bar"), [("", 0.99), ("name", 0.99)])
def test_letters_of_other_writers(kind: str, bar: float) -> None:
    missed, count = [], 0
    for letter in LETTERS:
        if letter["split"] != "tuning":
            continue
        covered = {i for span in find_personal_data(letter["text"]) for i in range(span.start, span.end)}
        for item in letter["pii"]:
            if kind in ("", item["type"]):
                at = letter["text"].index(item["text"])
                own = {i for i in range(at, at + len(item["text"])) if letter["text"][i].isalnum()}
                count += 1
                missed += [] if own <= covered else [item]
    assert 1 - len(missed) / count >= bar, missed


@pytest.mark.parametrize(
    "text",
    [
        "オファー番号: MS-AZR-0017P を選択します。",
        "エラー番号 12345678 と出ます。",
        "バージョン番号が 19045 以降です。",
        "登録番号 T9999999999999 の書き方を教えてください。",
        "管理者はハブ サイトを作成します。",
        "クライアントは5.0.1.16です。",
        "そうです。まだです。いつですか。",
        "キャンペーンの期限は12/31 23:59です。",
        "担当者：お電話代わりました。",
        "設定を変えたところです。届いた大きい箱です。",
        "It's Windows 11. This is Teams Premium.\n- Excel",
        "account for 2024 is closed",
    ],
)
def test_what_only_looks_like_personal_data(text: str) -> None:
    assert found(text) == set()
