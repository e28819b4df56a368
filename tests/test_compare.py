from __future__ import annotations

import pytest

from suggest.evaluate import Query, Run, compare, rank

QRELS = {"1": {"a": 2, "b": 1}, "2": {"b": 1}, "3": {"c": 1}}
QUERIES = [Query("1", "一", "default"), Query("2", "二", "default"), Query("3", "三", "default")]


def run(found: dict[str, list[str]]) -> Run:
    return Run(*rank(lambda query: found[query.id], QUERIES, QRELS))


def test_what_changed_is_named_and_judged() -> None:
    before = run({"1": ["b", "a"], "2": ["b"], "3": []})
    after = run({"1": ["a", "b"], "2": ["x", "b"], "3": ["y"]})
    found = compare("other", before, after, QRELS)
    assert [(c.query_id, c.before, c.after, c.verdict) for c in found.changed] == [
        ("1", "b", "a", "better"),
        ("2", "b", "x", "worse"),
        ("3", None, "y", "neither"),
    ]
    assert found.gain["hit@1"].mean == pytest.approx(-1 / 3, abs=1e-4)
    assert found.gain["hit@1"].low <= found.gain["hit@1"].mean <= found.gain["hit@1"].high
    assert found.metrics.hit_at_1 == pytest.approx(1 / 3, abs=1e-4)


def test_the_same_run_changes_nothing() -> None:
    same = run({"1": ["a"], "2": ["b"], "3": ["c"]})
    found = compare("same", same, same, QRELS)
    assert found.changed == ()
    assert {(g.mean, g.low, g.high) for g in found.gain.values()} == {(0.0, 0.0, 0.0)}
