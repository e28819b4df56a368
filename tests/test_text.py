from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suggest.text import clean, codes, detect_language, morphemes, sentences, tokens


def test_one_analysis_unifies_spellings() -> None:
    assert tokens("ﾛｸﾞｲﾝできません") == tokens("ログイン出来ません") == ["ログイン"]
    assert tokens("２０１３年") == tokens("2013年")
    assert tokens("打込む") == tokens("打ち込む")


def test_english_goes_through_the_same_function() -> None:
    assert tokens("The invoices were exported") == tokens("export an invoice")[::-1]
    assert tokens("mail") == tokens("メール")


@pytest.mark.parametrize(
    "code", ["AADSTS50034", "R123-78", "5.1.90", "30015-4", "0x80070005", "MD-1005", "PRX4"]
)
def test_codes_are_kept_whole(code: str) -> None:
    text = f"画面に{code}と出ます。"
    assert [span.text for span in codes(text)] == [code]
    assert code.lower() in tokens(text)


@pytest.mark.parametrize("text", ["365", "3.5", "taro@example.com", "password", "2026年", "①Office", "100MB"])
def test_what_is_no_code(text: str) -> None:
    assert codes(clean(text)) == []


def test_invisible_characters_do_not_change_terms() -> None:
    hidden = "パス\u200bワー\u2060ド\u202eを忘れた\U000e0041😀"
    assert tokens(hidden) == tokens("パスワードを忘れた")


def test_clean_keeps_lines_and_narrows_width() -> None:
    assert clean("ｱｲｳ\r\nＡ１\x00\tB") == "アイウ\nA1 B"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ログインできません", "ja"),
        ("AADSTS50034 エラー", "ja"),
        ("Microsoft Teams の会議 URL がわからない", "ja"),
        ("My password expired", "en"),
        ("The button says 保存 but nothing happens when I press it", "en"),
        ("???", "ja"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_sentences_keep_offsets_quotes_and_step_numbers() -> None:
    text = "1. 「保存。」を押します。\n2. 完了ですか？はい。\nUse v1.2 (e.g. now). Then stop."
    found = sentences(text)
    assert [s.text for s in found] == [
        "1. 「保存。」を押します。",
        "2. 完了ですか？",
        "はい。",
        "Use v1.2 (e.g. now).",
        "Then stop.",
    ]
    assert all(text[s.start : s.end] == s.text for s in found)


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_analysed_with_true_offsets(text: str) -> None:
    tokens(text)
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    for m in morphemes(cleaned):
        assert cleaned[m.start : m.end] == m.surface
    for s in sentences(text):
        assert text[s.start : s.end] == s.text


def test_texts_longer_than_sudachi_takes() -> None:
    text = "パスワードを忘れた場合は再設定します。" * 5_000
    found = morphemes(text)
    assert found[-1].end == len(text)
    assert tokens(text)[:3] == ["パスワード", "忘れる", "場合"]


def test_hostile_text_takes_linear_time() -> None:
    started = time.process_time()
    for text in ("-" * 200_000, "a-" * 100_000, "1." * 100_000, "「" * 100_000, "\u200b" * 300_000):
        codes(text)
        sentences(text)
    assert time.process_time() - started < 20
