"""Backtests: nothing from after the split is known, figures are right, customers' text is only text."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from suggest import KnowledgeBase
from suggest.errors import EvaluationError
from suggest.evaluate.report import as_html
from suggest.learn.backtest import backtest, read_cases
from suggest.records import Article, Entry, ResolvedCase
from suggest.testing import HashingEmbedder

from .conftest import SAMPLE

THINGS = "印刷 通知 写真 音声 地図 予定 会議 請求 配送 返品 予約 名簿".split()


def article(thing: str, **fields: object) -> Article:
    body = f"{thing}は設定画面で変更できます。"
    values = {
        "id": thing,
        "title": f"{thing}を変更する方法",
        "body": body,
        "lang": "ja",
        "updated_at": "2025-01-01",
    }
    return Article(**(values | fields))


def case(number: int, thing: str, day: str, **fields: object) -> ResolvedCase:
    values = {
        "id": f"c{number}",
        "inquiry": f"{thing}を変更したいのですが、どこから変更できますか",
        "reply": f"{thing}の設定画面で変更できます。",
        "resolves_with": thing,
        "updated_at": day,
        "tags": (thing,),
        "lang": "ja",
    }
    return ResolvedCase(**(values | fields))


CASES = [case(n, thing, f"2026-{1 + n // 4:02d}-10") for n, thing in enumerate(THINGS * 2)]


def build(folder: Path, entries: list[Entry]) -> KnowledgeBase:
    kb = KnowledgeBase.open(folder, embedder=HashingEmbedder())
    kb.sync(entries)
    return kb


def test_nothing_from_after_the_split_is_known(tmp_path: Path) -> None:
    later = article("新機能", updated_at="2026-05-20")
    begun = article("改定", valid_from="2026-04-01", updated_at=None)
    undated = article("規約", updated_at=None)
    copy = CASES[-1].model_copy(update={"id": "copy", "updated_at": None})
    articles = [article(thing) for thing in THINGS]
    kb = build(tmp_path / "kb", [*articles, later, begun, undated, copy, *CASES])
    report = backtest(kb, CASES, at=date(2026, 4, 1))
    before = [c for c in CASES if c.updated_at is not None and c.updated_at.month < 4]
    assert (report.before, report.after) == (len(before), len(CASES) - len(before))
    assert report.known_entries == len(THINGS) + 1 + len(before)
    assert (report.left_out_entries, report.undated_entries) == (3, 1)
    assert kb.generation == 1, "the knowledge base itself is only read"
    current = backtest(kb, CASES, at=date(2026, 4, 1), current_articles=True)
    assert current.known_entries == report.known_entries + 2


def test_figures_of_a_known_past(tmp_path: Path) -> None:
    missing = case(99, "未登録", "2026-06-20")
    unlabelled = case(
        98, "印刷", "2026-06-21", resolves_with=None, inquiry="弁護士に相談しました。訴えます。"
    )
    kb = build(tmp_path / "kb", [article(thing) for thing in THINGS])
    report = backtest(kb, [*CASES, missing, unlabelled], at=date(2026, 4, 1), risk=0.4, certainty=0.5)
    assert (report.after, report.judged, report.answer_unknown_then) == (14, 13, 1)
    assert (report.hit_at_1.hits, report.hit_at_1.of) == (12, 13)
    assert report.lanes["escalate"] == 1
    assert sum(report.lanes.values()) == 14
    assert report.rules["legal_matter"] == {"legal": 1}
    assert [group.name for group in report.by_month] == ["2026-04", "2026-05", "2026-06"]
    assert {group.name: group.inquiries for group in report.by_tag}["印刷"] == 2
    assert report.curve[-1] == (1.0, pytest.approx(1 / 13, abs=1e-3))
    assert report.worst[0].id == "c99"
    assert sum(size for _, _, size in report.bins) == 13


def test_the_split_by_default_and_refusals(tmp_path: Path) -> None:
    kb = build(tmp_path / "kb", [article(thing) for thing in THINGS])
    assert backtest(kb, CASES).before >= 0.6 * len(CASES)
    with pytest.raises(EvaluationError, match="0 cases after"):
        backtest(kb, CASES, at=date(2030, 1, 1))
    with pytest.raises(EvaluationError, match="'c1' has no updated_at"):
        backtest(kb, [case(1, "印刷", "2026-01-01", updated_at=None)])
    with pytest.raises(EvaluationError, match="no resolved case"):
        read_cases([article("印刷")])


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)


def test_the_page_needs_nothing_else_and_holds_no_markup_of_customers(tmp_path: Path) -> None:
    evil = case(
        97,
        "未登録",
        "2026-06-20",
        inquiry="<script>alert(1)</script>{{ 7*7 }} 未登録を変更 tel 090-1234-5678",
    )
    kb = build(tmp_path / "kb", [article(thing) for thing in THINGS])
    page = as_html(backtest(kb, [*CASES, evil], at=date(2026, 4, 1)))
    tags = _Tags()
    tags.feed(page)
    assert tags.seen.count("svg") == 2
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    assert not re.search(r"(?:src|href)=|url\(|@import|https?://", page)
    assert "&lt;script&gt;" in page and "{{ 7*7 }}" in page
    assert "090-1234-5678" not in page


def test_the_command(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "suggest", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    folder, cases, page = tmp_path / "kb", SAMPLE / "cases.jsonl", tmp_path / "report.html"
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[[rule]]\nid = "all_codes"\nwhen = { any_terms = ["MD"] }\naction = "escalate"\nroute = "engineering"\n'
        'reason = "has_code"\nmessage_ja = "コード"\nmessage_en = "code"\n',
        encoding="utf-8",
    )
    run("sync", str(SAMPLE), "--kb", str(folder))
    out = run(
        *("backtest", "--kb", str(folder), "--cases", str(cases), "--policy", str(policy)),
        *("--current-articles", "--html", str(page), "--json"),
    )
    report = json.loads(out)
    assert report["rules"]["has_code"]["engineering"] > 0
    assert set(report["rules"]) == {"has_code"}
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
