"""Template sets fail when they are loaded, never in a reply."""

from __future__ import annotations

from pathlib import Path

import pytest

from suggest.errors import TemplateError
from suggest.templates import LANGUAGES, load_templates
from suggest.templates.variables import TABLES


def test_built_in_set_is_complete_in_both_languages() -> None:
    templates = load_templates()
    for language in LANGUAGES:
        for table, names in TABLES.items():
            for name, variables in names.items():
                found = templates.phrase(language, name, "chat", table=table, **dict.fromkeys(variables, "x"))
                assert all(phrase.text for phrase in found)


def test_values_are_never_compiled() -> None:
    found = load_templates().phrase("ja", "citation", title="{{ 7*7 }}<b>")
    assert "「{{ 7*7 }}<b>」" in found[0].text


def test_unknown_route_takes_the_default() -> None:
    templates = load_templates()
    assert templates.phrase("ja", "no-such-route", table="holding") == templates.phrase(
        "ja", "default", table="holding"
    )
    with pytest.raises(TemplateError, match="no phrase 'nothing'"):
        templates.phrase("ja", "nothing")


def test_team_folder_overrides_phrase_by_phrase(tmp_path: Path) -> None:
    (tmp_path / "ja").mkdir()
    (tmp_path / "ja" / "phrases.toml").write_text(
        '[phrases]\nfarewell = "以上でございます。"\n', encoding="utf-8"
    )
    own = load_templates(tmp_path)
    assert [p.text for p in own.phrase("ja", "farewell", "email")] == ["以上でございます。"]
    assert own.phrase("ja", "apology") == load_templates().phrase("ja", "apology")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("phrases.toml", '[phrases]\nfarewel = "x"\n', "unknown phrase 'farewel'"),
        ("phrases.toml", '[phrase]\nfarewell = "x"\n', r"unknown table \[phrase\]"),
        ("phrases.toml", '[phrases]\nfarewell = "{{ name }}"\n', "unknown variable name"),
        ("phrases.toml", '[phrases]\ncitation = "FAQ"\n', "does not use title"),
        ("phrases.toml", '[phrases]\nfarewell = "{{ "\n', "line 1"),
        ("phrases.toml", '[phrases]\nfarewell = { chat = "x" }\n', "default is required"),
        ("phrases.toml", "[phrases]\nfarewell = 3\n", "expected text"),
        ("phrases.toml", "[phrases\n", "not readable as TOML"),
        ("email.txt.j2", "{{ opening }} {{ parts }}", "does not use closing"),
        ("email.txt.j2", "{{ opening }}{{ parts }}{{ closing }}{{ entry }}", "unknown variable entry"),
    ],
)
def test_broken_sets_fail_at_load(tmp_path: Path, file: str, content: str, message: str) -> None:
    (tmp_path / "ja").mkdir()
    (tmp_path / "ja" / file).write_text(content, encoding="utf-8")
    with pytest.raises(TemplateError, match=message):
        load_templates(tmp_path)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="not a folder"):
        load_templates(tmp_path / "none")
