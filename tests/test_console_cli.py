from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from suggest.cli import users

from .conftest import ROOT
from .review_console import PASSWORD, build_queue


def suggest(*words: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "suggest", *map(str, words)]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf-8", env=environment, check=False
    )


def test_users_are_kept_by_command(tmp_path: Path) -> None:
    (tmp_path / "kb").mkdir()
    kb = ("--kb", tmp_path / "kb")
    assert suggest("users", "add", "小野", "--role", "admin", *kb, stdin=PASSWORD + "\n").returncode == 0
    short = suggest("users", "add", "x", *kb, stdin="short\n")
    assert short.returncode == 1 and short.stderr.startswith("error: password: expected 10 to 200")
    suggest("users", "close", "小野", *kb)
    listed = json.loads(suggest("users", "list", *kb, "--json").stdout)
    assert listed == [{"name": "小野", "role": "admin", "tenant": "default", "active": False}]
    assert "there is no user" in suggest("users", "role", "nobody", "agent", *kb).stderr
    assert "no such folder" in suggest("users", "list", "--kb", tmp_path / "nothing").stderr


def test_the_docs_name_every_users_command_and_every_key() -> None:
    docs = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for command in users.app.registered_commands:
        assert f"`suggest users {command.name}" in docs
    keys = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")
    base = (ROOT / "src/suggest/review/console/templates/base.html.j2").read_text(encoding="utf-8")
    for key in re.findall(r'\("(.|Enter)", "\w+"\)', base):
        assert f"`{key}`" in keys, key


def test_review_serves_and_says_where(tmp_path: Path) -> None:
    build_queue(tmp_path / "kb").close()
    command = [
        sys.executable,
        "-m",
        "suggest",
        "review",
        "--kb",
        str(tmp_path / "kb"),
        "--port",
        "0",
        "--as",
        "佐藤",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stderr is not None
    try:
        found = re.search(r"(http://127\.0\.0\.1:\d+)/ ", process.stderr.readline())
        assert found is not None
        with urllib.request.urlopen(f"{found[1]}/api/v1/items") as answer:
            assert json.load(answer)["total"] == 4
        forged = urllib.request.Request(f"{found[1]}/queue", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(forged)
    finally:
        process.terminate()
        process.wait(30)
        process.stderr.close()


def test_review_refuses_what_cannot_be_safe(tmp_path: Path) -> None:
    build_queue(tmp_path / "kb").close()
    kb = ("--kb", tmp_path / "kb")
    away = suggest("review", *kb, "--host", "0.0.0.0", "--port", "0")
    assert away.returncode == 1 and "--allow-host" in away.stderr
    nobody = suggest("review", *kb, "--login", "--port", "0")
    assert nobody.returncode == 1 and "suggest users add" in nobody.stderr
    header = suggest("review", *kb, "--trusted-header", "X-User", "--trusted-proxy", "everywhere")
    assert header.returncode == 1 and "10.0.0.0/24" in header.stderr
    assert suggest("review", *kb, "--key", "k.pem").returncode == 2
