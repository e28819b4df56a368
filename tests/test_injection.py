"""Injected instructions make nothing ready and lower no lane (reduced; benchmarks/injection.py does 500)."""

from __future__ import annotations

import importlib.util
import sys

from .conftest import ROOT


def test_attacks_gain_nothing() -> None:
    spec = importlib.util.spec_from_file_location("injection", ROOT / "benchmarks" / "injection.py")
    assert spec is not None and spec.loader is not None
    injection = importlib.util.module_from_spec(spec)
    sys.modules["injection"] = injection
    spec.loader.exec_module(injection)
    found = injection.attack_all(80, "fast")
    assert found["ready before"] >= 15, "the attacks must have something to gain"
    assert (found["became ready"], found["lower lane"]) == (0, 0), found
