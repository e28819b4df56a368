"""Files and folders become entries: values, places of faults, rejects."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suggest.errors import SourceError
from suggest.records import Article, Entry, ResolvedCase
from suggest.sources import plain_text, read_entries, visible_text


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def fault(*paths: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(read_entries(*paths))
    return caught.value


def rejects(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# --- JSONL -------------------------------------------------------------------------------------


def test_jsonl_values(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": 7,
            "title": " 返品 ",
            "body": "30日以内です。",
            "tags": "返品、期限",
            "updated_at": "2026/3/14 9:05",
        },
        {
            "id": "c1",
            "kind": "case",
            "inquiry": "Where is my parcel?",
            "reply": "On its way.",
            "score": [1, None],
        },
        {
            "id": "f2",
            "title": "本人確認",
            "requires_identity_check": "はい",
            "valid_until": "20261231",
            "lang": None,
        },
    ]
    file = write(tmp_path / "a.jsonl", "\n\n".join(json.dumps(row) for row in rows))
    first, case, third = read_entries(file)
    assert isinstance(first, Article) and isinstance(case, ResolvedCase) and isinstance(third, Article)
    assert (first.id, first.title, first.tags, first.lang) == ("7", "返品", ("返品", "期限"), "ja")
    assert first.updated_at == datetime(2026, 3, 14, 9, 5, tzinfo=UTC)
    assert (case.reply, case.lang, case.extra) == ("On its way.", "en", {"score": [1, None]})
    assert third.requires_identity_check is True and third.valid_until == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        ('{"id":"b","title":["x"]}', "title", "given ['x'] (list), expected text"),
        ('{"id":"b","title":true}', "title", "expected text"),
        ('{"title":"x"}', "id", "missing"),
        ('{"id":"b"}', None, "title and body are both empty"),
        ('{"id":"b","title":"x","title":"y"}', "title", "twice"),
        ('{"id":"b","title":"x","n":NaN}', None, "NaN"),
        ('{"id":"b","title":"x","n":1e999}', None, "1e999"),
        ('{"id":"b","title":"x","lang":"fr"}', "lang", "'ja' or 'en'"),
        ('{"id":"b","kind":"note","title":"x"}', "kind", "'faq' or 'case'"),
        ('{"id":"b","kind":"case","inquiry":"x"}', "reply", "missing"),
        ('{"id":"b","title":"x","valid_from":20260314}', "valid_from", "2026-03-14"),
        ('{"id":"b","title":"x","valid_from":"45000"}', "valid_from", "2026-03-14"),
        ('{"id":"b","title":"x","valid_from":"2026-02-30"}', "valid_from", "2026-02-30"),
        (
            '{"id":"b","title":"x","requires_identity_check":"maybe"}',
            "requires_identity_check",
            "はい/いいえ",
        ),
        ('{"id":"b","title":"x","extra":"no"}', "extra", "expected an object"),
        ('{"id":"b","title":"x","tags":{"a":1}}', "tags", "expected a list"),
        ('{"id":"\\ud800","title":"x"}', "id", "control"),
        ('["id","b"]', None, "given a JSON list"),
        ("id,title", None, "not JSON"),
        ('{"id":"b","x":' + "[" * 100_000 + "]" * 100_000 + "}", None, "recursion"),
        ('{"id":"b","title":"x","n":' + "[" * 60 + "]" * 60 + "}", "n", "deep"),
    ],
)
def test_a_bad_line_names_file_line_and_field(
    tmp_path: Path, line: str, field: str | None, message: str
) -> None:
    file = write(tmp_path / "a.jsonl", f'{{"id":"a","title":"ok"}}\n\n{line}\n{{"id":"z","title":"ok"}}\n')
    error = fault(file)
    assert (error.path, error.line, error.field) == (str(file), 3, field)
    assert message in error.detail and "\n" not in str(error)

    bad = tmp_path / "bad.jsonl"
    reader = read_entries(file, skip_bad=bad)
    assert [entry.id for entry in reader] == ["a", "z"] and reader.rejected == 1
    (row,) = rejects(bad)
    assert (row["path"], row["line"], row["field"]) == (str(file), 3, field) and message in row["error"]


def test_duplicate_ids_name_both_places(tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", '{"id":"x","title":"1"}\n{"id":"y","title":"2"}\n')
    two = write(tmp_path / "b.csv", "id,title\ny,3\n")
    error = fault(one, two)
    assert (error.path, error.line, error.field) == (str(two), 2, "id") and f"{one}:2" in error.detail


def test_ids_stay_as_written(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", '{"id":" ＡＢ\u200b ","title":"T\u200b\u202eX"}\n')
    (entry,) = read_entries(file)
    assert (entry.id, entry.title) == ("ＡＢ\u200b", "TX")


# --- CSV ---------------------------------------------------------------------------------------


def test_csv_as_japanese_excel_writes_it(tmp_path: Path) -> None:
    text = (
        "ＩＤ, Title ,body,tags,requires_identity_check,updated_at,担当,\r\n"
        '１,ﾊﾟｽﾜｰﾄﾞの再設定,"1. 画面を開きます。\r\n2. ""再設定"" を押します。",ﾛｸﾞｲﾝ;認証|急ぎ,TRUE,2026/3/14,①髙橋～,\r\n'
        ",,,,,,,\r\n"
        "2,返品,,,,,,\r\n"
    )
    file = write(tmp_path / "よくある質問.CSV", text, "cp932")
    notices: list[str] = []
    first, second = read_entries(file, on_notice=notices.append)
    assert isinstance(first, Article)
    assert (first.id, first.title, first.extra) == ("１", "ﾊﾟｽﾜｰﾄﾞの再設定", {"担当": "①髙橋～"})
    assert first.body == '1. 画面を開きます。\n2. "再設定" を押します。'
    assert first.tags == ("ﾛｸﾞｲﾝ", "認証", "急ぎ") and first.requires_identity_check
    assert (second.id, second.tags, second.updated_at, second.extra) == ("2", (), None, {})
    assert len(notices) == 1 and "CP932" in notices[0]


def test_csv_counts_physical_lines_and_shifts_nothing(tmp_path: Path) -> None:
    text = (
        'id,title,body\na,A,"one\ntwo\nthree"\nb,B\nc,C,"x\ny"\nd,D,1,2\n'
        'e,E,"q"uote"\nf,F,ok\n,no id\n"a",again,\ng,G,"last"\n'
    )
    file = write(tmp_path / "a.csv", text)
    error = fault(file)
    assert error.line == 5 and "given 2 cells, expected 3" in error.detail

    file = write(tmp_path / "a.csv", text.replace('"q"uote"', '"q"uo"te"'))
    bad = tmp_path / "bad.jsonl"
    reader = read_entries(file, skip_bad=bad)
    found = [(entry.id, entry.title, entry.body) for entry in reader if isinstance(entry, Article)]
    assert found == [
        ("a", "A", "one\ntwo\nthree"),
        ("c", "C", "x\ny"),
        ("f", "F", "ok"),
        ("g", "G", "last"),
    ]
    assert [(row["line"], row["field"]) for row in rejects(bad)] == [
        (5, None),
        (8, None),
        (9, None),
        (11, None),
        (12, "id"),
    ]
    assert reader.rejected == 5 and rejects(bad)[1]["row"] == ["d", "D", "1", "2"]


@pytest.mark.parametrize("cell", ['"never closed', '"q"uote'])
def test_quotes_that_hide_where_rows_begin_stop_even_with_skip_bad(tmp_path: Path, cell: str) -> None:
    file = write(
        tmp_path / "a.csv", f"id,title\na,A\nb,{cell}{'' if 'never' in cell else chr(34)}\nc,C\nd,D\n"
    )
    with pytest.raises(SourceError, match="quotes between lines 3"):
        list(read_entries(file, skip_bad=tmp_path / "bad.jsonl"))


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("", None, "empty"),
        ("name,title\na,b\n", "id", "no such heading"),
        ("id;title\na;b\n", "id", "separated by ';'"),
        ("id,title,Title\na,b,c\n", "title", "twice"),
        ('{"id":"a","title":"b"}\n', None, "broken quotes"),
        ('{"id":1}\n', "id", "no such heading"),
    ],
)
def test_wrong_headings(tmp_path: Path, text: str, field: str | None, message: str) -> None:
    error = fault(write(tmp_path / "a.csv", text))
    assert error.field == field and message in error.detail


def test_tsv_bom_and_ten_megabyte_cell(tmp_path: Path) -> None:
    body = "あ" * 10_000_000
    file = write(tmp_path / "a.tsv", f"id\ttitle\tbody\n1\tx, y\t{body}\n", "utf-8-sig")
    (entry,) = read_entries(file)
    assert isinstance(entry, Article) and entry.title == "x, y" and entry.body == body


# --- Markdown and folders ----------------------------------------------------------------------


def test_folder(tmp_path: Path) -> None:
    root = tmp_path / "faq"
    write(
        root / "b.md",
        "# 配送について\n\n1. 注文する\n1. 待つ\n   - 在庫あり\n\nお問い合わせ:\n電話でどうぞ。\n",
    )
    write(
        root / "a" / "返品.markdown",
        "---\r\ntitle: 返品\r\nid: ret\r\ntags: [返品, 期限]\r\nupdated_at: 2026-03-14\r\nlang: ja\r\nlimit: 2026-01-02\r\n---\r\n"
        "# 返品\r\n<br>ではなく **太字** の [こちら](https://example.com/a) を。\r\n",
    )
    (root / "c.jsonl.gz").write_bytes(gzip.compress(b'{"id":"z","title":"Zipped"}\n'))
    for name in ("README.md", "_draft.md", ".hidden/x.md", "_old/y.md", "notes.txt"):
        write(root / name, "# x\n")
    notices: list[str] = []
    entries: list[Entry] = list(read_entries(root, on_notice=notices.append))
    assert [entry.id for entry in entries] == ["ret", "b", "z"]
    returned, shipping, _ = entries
    assert isinstance(returned, Article) and isinstance(shipping, Article)
    assert returned.body == "ではなく 太字 の こちら (https://example.com/a) を。"
    assert returned.tags == ("返品", "期限") and returned.extra == {"limit": "2026-01-02"}
    assert returned.updated_at == datetime(2026, 3, 14, tzinfo=UTC)
    assert shipping.title == "配送について"
    assert shipping.body == "1. 注文する\n2. 待つ\n  ・在庫あり\nお問い合わせ:\n電話でどうぞ。"
    assert sorted(Path(notice.split(": left out")[0]).name for notice in notices) == [
        ".hidden",
        "README.md",
        "_draft.md",
        "_old",
        "notes.txt",
    ]


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("title: [x", "not YAML"),
        ("title: a\ntitle: b", "twice"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("- a\n- b", "expected 'name: value'"),
        ("x: !!python/object/apply:os.system [ls]", "not YAML"),
        ("title: 2026-01-01", "in quotes"),
        ("n: .nan", "JSON can hold"),
        ("valid_from: 2026-02-30", "not YAML"),
    ],
)
def test_bad_front_matter(tmp_path: Path, front: str, message: str) -> None:
    assert message in fault(write(tmp_path / "a.md", f"---\n{front}\n---\ntext\n")).detail


def test_front_matter_that_never_closes(tmp_path: Path) -> None:
    assert "never closes" in fault(write(tmp_path / "a.md", "---\ntitle: x\n\ntext\n")).detail


def test_paths_are_checked_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, message in [
        (tmp_path / "none.csv", "no such file"),
        (tmp_path / "empty", "no file to read"),
        (write(tmp_path / "a.pdf", "x"), "unknown kind"),
    ]:
        with pytest.raises(SourceError, match=message):
            read_entries(path)
    with pytest.raises(SourceError, match="no source"):
        read_entries()


# --- rejects -----------------------------------------------------------------------------------


def test_reject_file_never_touches_a_source(tmp_path: Path) -> None:
    root = tmp_path / "faq"
    file = write(root / "a.jsonl", '{"id":"a","title":"x"}\n')
    (tmp_path / "link.jsonl").symlink_to(file)
    for target in (file, tmp_path / "link.jsonl", root / "bad.jsonl", root / "sub" / ".." / "a.jsonl"):
        with pytest.raises(SourceError, match="belongs to the source"):
            read_entries(root, skip_bad=target)
    assert list(read_entries(root, skip_bad=root / "_bad.jsonl"))
    with pytest.raises(SourceError, match="cannot be written"):
        list(read_entries(file, skip_bad=tmp_path / "no" / "bad.jsonl"))
    assert file.read_text() == '{"id":"a","title":"x"}\n'


def test_rejects_are_on_disk_however_the_load_ends(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.jsonl", '{"id":"\\ud800","title":"x"}\n{"id":"b","title":"x"}\n{"id":"c","title":"x"}\n'
    )
    bad = write(tmp_path / "bad.jsonl", "old rejects\n")
    with read_entries(file, skip_bad=bad) as reader:
        assert next(reader).id == "b"
        assert rejects(bad)[0]["row"] == {"id": "\ud800", "title": "x"}
    assert list(reader) == [] and len(rejects(bad)) == 1


def test_streams(tmp_path: Path) -> None:
    import tracemalloc

    file = tmp_path / "a.jsonl.gz"
    with gzip.open(file, "wt", encoding="utf-8") as stream:
        for i in range(100):
            stream.write(json.dumps({"id": i, "title": "x", "body": "y" * 200_000, "lang": "en"}) + "\n")
    tracemalloc.start()
    assert sum(1 for _ in read_entries(file)) == 100
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000  # of 20 MB


def test_import_is_light() -> None:
    code = "import sys, suggest.sources; print([m for m in ('bs4','yaml','frontmatter','markdown_it') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- round trips -------------------------------------------------------------------------------

_chars = st.characters(categories=("L", "N", "P", "S", "Zs"), include_characters="\n")
_text = st.text(_chars, max_size=40).map(plain_text).map(plain_text).filter(lambda t: plain_text(t) == t)
_filled = _text.filter(bool)
_tag = _filled.filter(lambda t: not set(t) & set(";；、,，|｜\n"))
_extra = st.dictionaries(
    _filled.map(lambda t: f"x_{t}").map(visible_text),
    _filled | st.integers() | st.booleans() | st.none(),
    max_size=3,
)
_shared: dict[str, Any] = {
    "id": st.integers(0, 10**6).map(lambda n: f"項目-{n}"),
    "point": _text,
    "lang": st.sampled_from(["ja", "en"]),
    "tags": st.lists(_tag, unique=True, max_size=3).map(tuple),
    "product": _text,
    "updated_at": st.none()
    | st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    "valid_until": st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    "visibility": st.sampled_from(["public", "internal"]),
    "requires_identity_check": st.booleans(),
    "extra": _extra,
}
_entries = st.lists(
    st.builds(Article, title=_filled, body=_text, **_shared)
    | st.builds(ResolvedCase, inquiry=_filled, reply=_filled, **_shared),
    min_size=1,
    max_size=4,
    unique_by=lambda entry: entry.id,
)


@given(_entries)
@settings(max_examples=120, deadline=None)
def test_jsonl_round_trip(tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]) -> None:
    file = tmp_path_factory.mktemp("jsonl") / "a.jsonl"
    file.write_text("".join(entry.model_dump_json() + "\n" for entry in entries), "utf-8")
    assert list(read_entries(file)) == entries


@given(_entries)
@settings(max_examples=120, deadline=None)
def test_csv_round_trip(tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]) -> None:
    file = tmp_path_factory.mktemp("csv") / "a.csv"
    names = sorted(set(Article.model_fields) | set(ResolvedCase.model_fields))
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.DictWriter(stream, names)
        table.writeheader()
        for entry in entries:
            row = {name: value for name, value in entry.model_dump(mode="json").items() if value is not None}
            row["tags"] = ";".join(entry.tags)
            row["extra"] = json.dumps(entry.extra)
            table.writerow(row)
    assert list(read_entries(file)) == entries
