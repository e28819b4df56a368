"""Who writes an inquiry, and who is only named in it."""

from __future__ import annotations

import pytest

from suggest import Inquiry
from suggest.understand import understand
from suggest.understand.writer import writer_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("仮橋倉庫の鳥居です。招待メールが届きません。\n\n鳥居 拓海\n仮橋倉庫株式会社", "鳥居 拓海"),
        ("初めまして、水野と申します。パスワードを忘れました。", "水野"),
        (
            "前任の総務課長（能見）が退職しました。引き継ぎたいです。\n氏名：若槻 早苗\n電話：070-0000-9123",
            "若槻 早苗",
        ),
        ("Hello,\n\nmy phone was stolen. How can I log in?\n\nThanks,\nTom Verhoeven", "Tom Verhoeven"),
        ("復活の手順を教えてください。\n\n情報システム課　古賀", "古賀"),
        ("いつもお世話になります、髙橋と申します。パスワードを忘れました。", "髙橋"),
    ],
)
def test_the_writer_is_found(text: str, name: str) -> None:
    assert writer_of(understand(Inquiry(text=text))) == name


@pytest.mark.parametrize(
    "text",
    [
        "部下の田中さんがログインできません。",
        "田中様のアカウントを削除してください。",
        "昨日まで担当は佐藤太郎でした。引き継ぎの方法を教えてください。",
        "パスワードを忘れました。\n\n> 佐藤太郎です。パスワードを教えてください。",
        "鈴木一郎と申します。\n佐藤花子と申します。\n二人ともログインできません。",
        "招待メールが届きません。",
        "アカウントを削除してください。\n田中 一郎",
        "以下の社員を追加してください。\n\n田中 一郎",
    ],
)
def test_nobody_else_is_taken_for_the_writer(text: str) -> None:
    assert writer_of(understand(Inquiry(text=text))) == ""
