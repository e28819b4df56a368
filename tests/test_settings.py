from __future__ import annotations

from pathlib import Path

import pytest

from suggest import Inquiry, KnowledgeBase, Settings
from suggest.errors import InvalidRecord, SettingsError
from suggest.records import Article, ResolvedCase, entry_from_dict
from suggest.settings import load_settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[retrieval]\nmodle = 'x'", "modle"),
        ("[retrieval]\nvector_weight = 2", "vector_weight"),
        ("language = 'fr'", "language"),
        ("= 1", "not readable as TOML"),
    ],
)
def test_wrong_settings_name_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "suggest.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"suggest\.toml.*{message}"):
        load_settings(path)
    with pytest.raises(SettingsError):
        KnowledgeBase.open(tmp_path)


def test_settings_are_read_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "suggest.toml").write_text("[judging]\nprovisional = true\n", encoding="utf-8")
    assert KnowledgeBase.open(tmp_path).settings.judging.provisional
    assert not Settings().judging.provisional


@pytest.mark.parametrize(
    "values",
    [
        {"text": "a", "channel": "fax"},
        {},
        {"text": 5},
        {"text": "a", "previous_contacts": -1},
        {"text": "a", "tenant": " "},
    ],
)
def test_bad_inquiries_are_refused_under_our_root(values: dict[str, object]) -> None:
    with pytest.raises(InvalidRecord, match="Inquiry: "):
        Inquiry(**values)


def test_inquiries_get_a_stable_id_and_ignore_labels() -> None:
    one, two = Inquiry(text="同じ", kind="single"), Inquiry(text="同じ")
    assert one == two
    assert one.id.startswith("inquiry-")
    assert Inquiry(id=7, text="x").id == "7"


def test_entries_keep_unknown_fields_and_accept_spreadsheet_dates() -> None:
    entry = entry_from_dict(
        {"id": "a", "title": "x", "updated_at": "2026/3/4 9:05", "valid_until": "2026/12/31", "rank": 3}
    )
    assert isinstance(entry, Article)
    assert entry.extra == {"rank": 3}
    assert entry.updated_at is not None and entry.updated_at.isoformat() == "2026-03-04T09:05:00+00:00"
    assert entry.valid_until is not None and entry.valid_until.isoformat() == "2026-12-31"


@pytest.mark.parametrize(
    "values",
    [
        {"id": "a"},
        {"id": "a", "title": " ", "body": "\n"},
        {"id": "", "title": "x"},
        {"id": "a", "kind": "note", "title": "x"},
        {"id": "a", "kind": "case", "inquiry": "x"},
        {"id": "a", "kind": "case", "inquiry": " ", "reply": "x"},
        {"id": "a", "title": "x", "visibility": "secret"},
        {"id": "a", "title": "x", "valid_until": "soon"},
    ],
)
def test_bad_entries_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidRecord):
        entry_from_dict(values)


def test_the_content_hash_covers_every_field() -> None:
    case = ResolvedCase(id="c", inquiry="q", reply="r")
    changes = {
        "reply": "R",
        "tags": ("t",),
        "visibility": "internal",
        "extra": {"a": 1},
        "resolves_with": "x",
    }
    hashes = {case.model_copy(update={name: value}).content_hash for name, value in changes.items()}
    assert len(hashes | {case.content_hash}) == len(changes) + 1
