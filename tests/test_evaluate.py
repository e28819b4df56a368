from __future__ import annotations

import gzip
import math
from pathlib import Path

import pytest

from suggest.errors import EvaluationError
from suggest.evaluate import Query, evaluate_retrieval, read_qrels, read_queries
from suggest.evaluate.retrieval import metrics


def test_metrics_by_hand() -> None:
    found = metrics(["x", "b", "a"], {"a": 2, "b": 1, "c": 1, "d": 0})
    ideal = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["ndcg@10"] == pytest.approx((1 / math.log2(3) + 2 / math.log2(4)) / ideal)
    assert found["recall@10"] == pytest.approx(2 / 3)
    assert found["mrr@10"] == 0.5
    assert (found["hit@1"], found["hit@5"]) == (0.0, 1.0)


def test_a_perfect_ranking_is_one_and_an_empty_one_zero() -> None:
    judged = {"a": 2, "b": 1}
    assert set(metrics(["a", "b"], judged).values()) == {1.0}
    assert set(metrics([], judged).values()) == {0.0}
    assert set(metrics(["z"] * 10 + ["a"], judged).values()) == {0.0}


def test_queries_without_a_positive_judgement_are_left_out_and_counted() -> None:
    queries = [Query("1", "x", "default"), Query("2", "y", "default"), Query("3", "z", "default")]
    report = evaluate_retrieval(lambda _: ["a"], queries, {"1": {"a": 1}, "2": {"a": 0}})
    assert (report.queries, report.left_out, report.hit_at_1) == (1, 2, 1.0)
    assert set(report.model_dump(by_alias=True)) == {
        "queries",
        "left_out",
        "ndcg@10",
        "recall@10",
        "mrr@10",
        "hit@1",
        "hit@5",
    }
    with pytest.raises(EvaluationError, match="none of the 1 queries"):
        evaluate_retrieval(lambda _: [], queries[2:], {})


def test_files_plain_and_compressed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "q.jsonl", tmp_path / "q.jsonl.gz"
    text = '{"id": 7, "text": "質問"}\n\n{"id": "b", "text": "x", "tenant": "acme", "extra": 1}\n'
    plain.write_text("\ufeff" + text, encoding="utf-8")
    packed.write_bytes(gzip.compress(text.encode()))
    expected = [Query("7", "質問", "default"), Query("b", "x", "acme")]
    assert list(read_queries(plain)) == list(read_queries(packed)) == expected
    qrels = tmp_path / "qrels.tsv"
    qrels.write_text("query_id\tdoc_id\trelevance\r\n7\ta\t2\r\n7\tb\t0\n", encoding="utf-8")
    assert read_qrels(qrels) == {"7": {"a": 2, "b": 0}}


@pytest.mark.parametrize("line", ["{", '{"id": "a"}', '["a"]', '{"id": "a", "text": 3}', "null"])
def test_bad_queries_name_file_and_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"id": "ok", "text": "x"}\n' + line, encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"q\.jsonl:2"):
        list(read_queries(path))


@pytest.mark.parametrize(
    "content", ["a\tb\t1\n", "query_id\tdoc_id\trelevance\na\tb\n", "query_id\tdoc_id\trelevance\na\tb\tx\n"]
)
def test_bad_qrels_name_file_and_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"r\.tsv:[12]"):
        read_qrels(path)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"none\.tsv"):
        read_qrels(tmp_path / "none.tsv")
    broken = tmp_path / "q.jsonl.gz"
    broken.write_bytes(gzip.compress(b'{"id": "a", "text": "x"}' * 1000)[:-9])
    with pytest.raises(EvaluationError, match=r"q\.jsonl\.gz"):
        list(read_queries(broken))
