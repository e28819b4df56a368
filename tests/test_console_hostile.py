"""Payloads through every input of the console (reduced; benchmarks/console.py sends 2,000 and opens Chromium)."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

from .conftest import ROOT


@pytest.fixture(scope="module")
def attack() -> ModuleType:
    spec = importlib.util.spec_from_file_location("console_benchmark", ROOT / "benchmarks" / "console.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["console_benchmark"] = module
    spec.loader.exec_module(module)
    return module


def test_nothing_is_executed_and_nothing_damaged(attack: ModuleType) -> None:
    found = attack.hostile(attack.payloads(1_000)[:90:3], browser=False)
    assert (found["executed"], found["damaged"], found["5xx"]) == (0, 0, 0), found["first"]
    assert found["requests"] > 300 and found["answers"]["200"] > 100


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b onclick='x()'>",
        "<a href='javascript:x()'>",
        "<form action='https://evil.example'>",
        "1337*7331 = 9801547",
        "root:x:0:0:root",
    ],
)
def test_the_attack_would_notice(attack: ModuleType, html: str) -> None:
    class Answer:
        status_code, text, headers = 200, html, {"content-type": "text/html"}

    watch = attack.Attack.__new__(attack.Attack)
    watch.executed, watch.damaged, watch.answers = [], [], attack.Counter()
    watch.tags, watch.attributes = attack.vocabulary()
    watch.look(Answer(), "here")
    assert watch.executed
