from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from suggest.judge import load_policy
from suggest.settings import load_settings

from .conftest import ROOT


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_the_python_example_runs(tmp_path: Path, name: str) -> None:
    [code] = blocks(name, "python")
    assert len(code.strip().splitlines()) <= 11
    (tmp_path / "data").symlink_to(ROOT / "data")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("review None\n")
    assert "← faq-" in done.stdout


def test_the_review_example_runs(tmp_path: Path, sample_kb_folder: Path) -> None:
    shutil.copytree(sample_kb_folder, tmp_path / "kb")
    [code] = blocks("docs/review.md", "python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("hits=1 of=1 percent=100.0")


def test_the_settings_of_the_docs_are_the_defaults(tmp_path: Path) -> None:
    [text] = blocks("docs/settings.md", "toml")
    path = tmp_path / "suggest.toml"
    path.write_text(text, encoding="utf-8")
    assert load_settings(path) == load_settings(tmp_path / "absent.toml")


def test_the_policy_of_the_docs_loads(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(blocks("docs/policy.md", "toml")[1], encoding="utf-8")
    assert load_policy(path).routes == {"account_team"}


def test_links_lead_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+?)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_both_readmes_name_the_two_commands() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("README.md", "README.ja.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for command in ("demo", "test"):
            assert f"make {command}" in text
            assert f"\n{command}:" in makefile
