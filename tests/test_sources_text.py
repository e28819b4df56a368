"""Bytes become text, and markup becomes what people read."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suggest.errors import SourceError
from suggest.sources import html_to_text, markdown_to_text, plain_text, read_entries, visible_text

# --- encodings ---------------------------------------------------------------------------------


def read_bytes(tmp_path: Path, data: bytes, name: str = "a.csv") -> list[str]:
    file = tmp_path / name
    file.write_bytes(data)
    return [entry.title for entry in read_entries(file)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("zipped", [False, True])
def test_encodings(tmp_path: Path, encoding: str, zipped: bool) -> None:
    data = "id,title\n1,ﾊﾝｶｸと全角の～①\n".encode(encoding)
    name = "a.csv.gz" if zipped else "a.csv"
    assert read_bytes(tmp_path, gzip.compress(data) if zipped else data, name) == ["ﾊﾝｶｸと全角の～①"]


_GOOD = "id,title\n1,日本語\n".encode()


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        ("id,title\n1,返品の方法をおしえてください\n".encode("euc_jp"), "a.csv", "EUC-JP"),
        ("id,title\n1,返品\n".encode("iso2022_jp"), "a.csv", "ISO-2022-JP"),
        ("id\ttitle\n1\t返品\n".encode("utf-16"), "a.tsv", "UTF-16"),
        ("id\ttitle\n1\t返品\n".encode("utf-16-le"), "a.tsv", "NUL byte at offset 1"),
        ("id,title\n1,Käse für 3 Gäste\n".encode("latin-1"), "a.csv", "neither UTF-8 nor CP932"),
        (b"id,title\n1,\x89PNG\x00\x01", "a.csv", "binary"),
        (b"PK\x03\x04rest", "a.csv", "Excel workbook"),
        (_GOOD, "a.csv.gz", "not gzip"),
        (gzip.compress(_GOOD), "a.csv", "add '.gz'"),
        (gzip.compress(_GOOD * 100)[:-12], "a.csv.gz", "cut off"),
        (gzip.compress(_GOOD * 100)[:12] + b"\xff" * 30, "a.csv.gz", "gzip data is"),
    ],
)
def test_unreadable_files(tmp_path: Path, data: bytes, name: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_bytes(tmp_path, data, name)


def test_the_broken_byte_is_named(tmp_path: Path) -> None:
    good = "id,title\n" + "".join(f"{i},日本語の題\n" for i in range(100_000))  # more than one chunk
    data = good.encode() + b"x,\xff\xfe\n"
    with pytest.raises(SourceError, match=f"byte 0xff at offset {len(good.encode()) + 2}") as caught:
        read_bytes(tmp_path, data)
    assert caught.value.line == 100_002


def test_random_bytes_never_escape_as_another_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("fuzz")

    @given(st.binary(max_size=60), st.sampled_from(["a.csv", "a.jsonl", "a.md", "a.tsv", "a.md.gz"]))
    @settings(max_examples=300, deadline=None)
    def fuzz(data: bytes, name: str) -> None:
        try:
            read_bytes(folder, gzip.compress(data) if name.endswith("gz") else data, name)
        except SourceError as error:
            assert error.path.endswith(name)

    fuzz()


# --- markup ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "<your-name> を <会社名> に置き換えます",
        "件名は <title> です。",
        "AT&amp;T",
        "if a <b and c> d",
        "配列[0](任意)を使う",
        "ﾊﾝｶｸ　１２３ ㈱ 葛󠄀城 👨‍👩‍👧",
        "1. 開く\n\n2.  閉じる\n\t- 終わり",
    ],
)
def test_plain_text_stays_as_written(text: str) -> None:
    assert plain_text(text) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>一つ目。</p>\n<p>二つ目の\n  段落&nbsp;&amp; &lt;b&gt;。</p>", "一つ目。\n二つ目の段落 & <b>。"),
        (
            "<h2>手順</h2><ol><li>開く</li><li><p>押す</p><ul><li>赤</li></ul></li></ol>終",
            "手順\n1. 開く\n2. 押す\n  ・赤\n終",
        ),
        ('<ol start="3"><li>三<li value="7">七<li>八</ol>', "3. 三\n7. 七\n8. 八"),
        ("a<br>b<br/><br>c", "a\nb\nc"),
        ("wrapped\nEnglish <p>text</p>", "wrapped English\ntext"),
        (
            '詳細は<a href="https://e.jp/x">料金表</a>と<a href="https://e.jp/y">こちら</a>。',
            "詳細は料金表とこちら (https://e.jp/y)。",
        ),
        ("<div>x<script>alert(1)</script><style>p{}</style><!-- secret --></div>", "x"),
        ("<p>名前は <your-name> か a < b です", "名前は <your-name> か a < b です"),
        ("<p>件名 <title> と本文</p>", "件名 <title> と本文"),
        ("<table><tr><th>色</th><th>値</th></tr><tr><td>赤</td><td>1</td></tr></table>", "色 | 値\n赤 | 1"),
        ('<P data-x CLASS="a"id=b>x<script async src="e.js">alert(1)</script></P>', "x"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ("<b>太字</b>と\n改行\n\n<i>斜体</i>  二", "太字と\n改行\n\n斜体  二"),
        ("押します <img src='data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==' /> 次に", "押します次に"),
        ('アイコン<img alt="歯車" src="x.png">を', "アイコン 歯車 を"),
        ("<!-- only --> https://example.com", "https://example.com"),
    ],
)
def test_html(html: str, text: str) -> None:
    assert plain_text(html) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("[[支払い方法]](https://go.example/?id=1) を選ぶ", "[支払い方法] を選ぶ"),
        ("[OneDrive の [記憶域] ページ](https://a.example/?v=S)に移動", "OneDrive の [記憶域] ページに移動"),
        ("[こちら](https://d.example/ff9(v=exchg.141))を", "こちら (https://d.example/ff9(v=exchg.141))を"),
        ("図 ![](data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==) のとおり", "図 のとおり"),
        ("[上へ](#top)", "上へ"),
    ],
)
def test_markdown_links_inside_plain_text(markdown: str, text: str) -> None:
    assert plain_text(markdown) == text


def test_markdown() -> None:
    text = markdown_to_text(
        "# 題\n\n一行目、\n二行目。\n\nhard wrapped\nenglish prose.\n\n3. 三\n3. 四\n\n"
        "```\n<p>code</p>\n```\n![x](data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert (
        text
        == "題\n一行目、\n二行目。\nhard wrapped english prose.\n3. 三\n4. 四\n<p>code</p>\nx\na | b\n1 | 2"
    )


def test_invisible_characters_go() -> None:
    assert (
        visible_text("\ufeff a\u200bb\u202ec\x07\r\nd\x85e\u2028f\u00adg\ud800 \u200b h ")
        == "abc\nd\ne\nfg h"
    )
    assert visible_text("葛\U000e0100\U000e0101\U000e0102") == "葛\U000e0100"


@given(st.text())
def test_visible_text_is_stable(text: str) -> None:
    assert visible_text(visible_text(text)) == visible_text(text)


@given(st.text(st.sampled_from("<>/abpli \n'\"=!-&;[](){}#h:.1。あ"), max_size=60))
def test_any_markup_is_survived(text: str) -> None:
    plain_text(text)
    html_to_text(text)
    markdown_to_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 20_000,
        "<a href='" * 20_000,
        "<b x=y " * 20_000,
        "<!--" * 20_000,
        "<a data-" + "a-" * 20_000,
        '<a b="c"' * 20_000,
        "<a b=\"c\"d='e'" * 10_000,
        "<script>" * 20_000,
        "[[" * 20_000,
        "[a](https://x" + "(a" * 20_000,
        "![" * 20_000,
        "<p>" + "<a href='https://x'>" * 5_000,
        "<ul><li>" * 5_000,
        "あ" + " " * 50_000 + "<br>",
        "data:image/" * 20_000,
        "[x](https://e" + " 'a" * 20_000,
    ],
)
def test_hostile_markup_takes_no_time(text: str) -> None:
    begun = time.perf_counter()
    plain_text(text)
    assert time.perf_counter() - begun < 5
