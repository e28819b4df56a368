"""The style lint on labelled sentences, and on what it must leave alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from suggest import lint
from suggest.compose.style import _anchored

LABELLED = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "lint.jsonl").read_text(encoding="utf-8").splitlines()
]


def found(row: dict[str, object]) -> set[str]:
    text = str(row["text"])
    given = lint(text, language=row["language"], apology_due=bool(row.get("apology_due")))  # type: ignore[arg-type]
    return {finding.rule for finding in given}


@pytest.mark.parametrize("split", ["tuning", "held-out"])
def test_precision_and_recall(split: str) -> None:
    rows = [row for row in LABELLED if row["split"] == split]
    right = sum(len(found(row) & set(row["rules"])) for row in rows)
    assert len(rows) >= 75
    assert right >= 0.9 * sum(len(found(row)) for row in rows)
    assert right >= 0.9 * sum(len(row["rules"]) for row in rows)


def test_a_finding_has_its_place_and_a_remedy() -> None:
    text = "ありがとうございます。資料をご覧になられましたでしょうか。"
    [finding] = lint(text)
    assert text[finding.start : finding.end].startswith("ご覧になられ")
    assert (finding.rule, finding.severity) == ("double_honorific", "error")
    assert "ご覧になる" in finding.remedy


def test_phrases_that_the_team_forbids() -> None:
    text = "弊社のサービスをご利用いただけます。"
    [finding] = lint(text, forbidden=("弊社", ""))
    assert (finding.rule, text[finding.start : finding.end]) == ("forbidden_phrase", "弊社")


@pytest.mark.parametrize("text", ["", "\n\n", "。", "[", "1. ", "「" * 50, "a" * 5000, "\x00\u202e"])
def test_any_text_is_judged(text: str) -> None:
    for language in ("ja", "en"):
        for finding in lint(text, language=language):  # type: ignore[arg-type]
            assert 0 <= finding.start <= finding.end <= len(text)


def test_on_the_command_line() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "suggest", "lint", *arguments]
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)

    done = run("必ず解決いたします。", "--json", "--check")
    assert done.returncode == 1
    [finding] = json.loads(done.stdout)["findings"]
    assert set(finding) == {"rule", "start", "end", "message", "remedy", "severity"}
    assert run("承知しました。", "--check").returncode == 0


@pytest.mark.parametrize("pattern", [r"^了解", r"了解$", r"(?<=。)了解", r"\A了解"])
def test_patterns_with_anchors_are_looked_for_in_each_sentence(pattern: str) -> None:
    assert _anchored(re.compile(pattern))
    assert not _anchored(re.compile(r"[^。、]{1,8}になられ"))
