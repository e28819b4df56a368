"""Names in past cases: found without any cue, while product and UI words stay."""

from __future__ import annotations

import json
import time

import pytest

from suggest.pipeline import without_personal_data
from suggest.records import Match, ResolvedCase
from suggest.text import sentences
from suggest.understand import find_personal_data, mask
from suggest.understand.masking import replaced
from tests.conftest import SAMPLE


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("清水健太のパソコンでは、再起動で直りました。", "清水健太"),
        ("営業部の井上の端末では、再起動で直りました。", "井上"),
        ("木村花の席では有線に替えて直りました。", "木村花"),
        ("三菱商事の林の機器では設定を替えました。", "林"),
        ("高梨翔の機器では設定を替えました。", "高梨翔"),
        ("Ken Watanabeの機器では設定を替えました。", "Ken Watanabe"),
        ("マンション青葉302号室では電波が届きます。", "青葉302号室"),
        ("田中太郎 〔電話番号〕", "田中太郎"),
        ("吉田美咲 〔電話番号〕", "吉田美咲"),
        ("伊藤健一です", "伊藤健一"),
        ("渡辺（経理）", "渡辺"),
        ("小林です", "小林"),
        ("みほん堂 佐々木", "佐々木"),
        ("折り返しは総務の鈴木まで", "鈴木"),
        ("三菱商事の林です", "林"),
        ("takahashi_k でログインします", "takahashi_k"),
        ("k.takahashi でログインします", "k.takahashi"),
        ("tanaka01 でログインします", "tanaka01"),
        ("経理の西村まで", "西村"),
        ("営業部の森の端末では", "森"),
        ("担当の星が確認しました。", "星"),
        ("総務の千葉の席では", "千葉"),
        ("鈴鹿です。地下にいます。", "鈴鹿"),
        ("チャンさんの端末では", "チャン"),
        ("My colleague Ken Watanabe could sign in.", "Ken Watanabe"),
        ("Restarting Daniel's phone helped.", "Daniel"),
        ("Priya has to accept the invitation.", "Priya"),
        ("Ask Mr Okafor to sign in.", "Okafor"),
        ("名義は TARO HASEGAWA です", "TARO HASEGAWA"),
        ("She lives in Room 302.", "Room 302"),
        ("E-20417 の方です", "E-20417"),
        ("ご連絡は090-0000…", "090-0000"),
        ("ご連絡は r.odagiri@exam…", "r.odagiri@exam"),
    ],
)
def test_strangers_are_found(text: str, name: str) -> None:
    found = find_personal_data(text, strict=True)
    start = text.index(name)
    covered = {i for span in found for i in range(span.start, span.end)}
    assert set(range(start, start + len(name))) <= covered
    match = Match(
        entry_id="c", kind="case", title=text, snippet=text, score=1, lexical=1, semantic=1, coverage=1
    )
    shown = without_personal_data(match)
    assert name not in shown.title
    assert name not in shown.snippet


@pytest.mark.parametrize(
    "text",
    [
        "ミホンデスクの管理画面で「ユーザー」を開きます。", "Google カレンダーとOutlookとSlackを連携します。", "エラー MD-1005 は前の画面に戻ると消えます。",
        "管理者の方が承認の状態を確認します。", "今の端末で2.0.1に更新します。", "Open Settings > General and choose Software Update.",
        "Google Calendar and Microsoft Outlook work with MihonDesk.", "You can't sign in while Slack is down.", "user_name と file.csv を確認します。",
        "パスワードの再設定は、ログイン画面から行えます。", "右上の歯車から、表示の色を選びます。",
    ],
)  # fmt: skip
def test_ordinary_words_stay(text: str) -> None:
    assert find_personal_data(text, strict=True) == ()


def test_full_name_is_one_placeholder() -> None:
    text = "清水健太とKen Watanabeの端末です"
    assert mask(text, strict=True).text == "〔氏名〕と〔氏名〕の端末です"


@pytest.mark.parametrize(
    "text",
    [
        "有給が先月は14日あったのに、今見たら11.5日です。",
        "勝手にお金取られたりしませんか",
        *(
            form.format(day)
            for day in "月火水木金土日"
            for form in ("5/1（{}）まで", "5月1日({}・祝)", "2026-05-01 ({})")
        ),
    ],
)
def test_verbs_and_weekdays_are_no_names(text: str) -> None:
    assert mask(text, strict=True).text == text


@pytest.mark.parametrize("text", ["今見さんに聞きました", "経理の今見です", "担当（金）"])
def test_the_same_words_where_a_name_stands_are_names(text: str) -> None:
    assert "〔氏名〕" in mask(text, strict=True).text


@pytest.mark.parametrize(
    ("inquiry", "title"),
    [
        ("あ" * 58 + "古い手順です", "あ" * 58 + "…"),
        ("I read " * 8 + "Japanese", ("I read " * 8).rstrip() + "…"),
    ],
)
def test_a_title_is_cut_between_words(inquiry: str, title: str) -> None:
    case = ResolvedCase(id="c", inquiry=inquiry, reply="承りました。")
    assert case.title == title
    assert mask(title, strict=True).text == title


def test_sample_cases_stay_useful_and_their_labels_are_found() -> None:
    hit = total = 0
    for line in (SAMPLE / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        for field in ("inquiry", "reply"):
            text = case[field]
            found = find_personal_data(text, strict=True)
            masked = replaced(text, found)
            assert [
                p["text"] for p in case.get("pii", ()) if len(p["text"]) > 1 and p["text"] in masked
            ] == []
            if field == "reply" and "pii" not in case:
                for sentence in sentences(text):
                    total += 1
                    hit += any(s.start < sentence.end and sentence.start < s.end for s in found)
    assert hit < 0.2 * total


@pytest.mark.parametrize("piece", ["林の", "東", "Aa ", "AA ", "a_", "市1", "a.", "ん", "1号室", "O'"])
def test_hostile_text_takes_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece.encode()))
    begun = time.thread_time()
    find_personal_data(text, strict=True)
    assert time.thread_time() - begun < 10  # one second
