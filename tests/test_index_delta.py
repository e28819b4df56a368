"""What a sync builds from the generation before is held against what it would build from nothing."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suggest import KnowledgeBase
from suggest.errors import SourceError
from suggest.index import build, vectors
from suggest.index.analysis import analyse, embedding_text, embedding_tokens, parts_of
from suggest.index.analysis_pool import AnalysisPool
from suggest.index.models import load_embedder
from suggest.index.spool import Spool
from suggest.index.stores import Segment
from suggest.records import Article
from suggest.settings import Retrieval
from suggest.sources import read_entries
from suggest.testing import HashingEmbedder

from .conftest import SAMPLE

WORDS = "返品 配送 請求書 再発行 ログイン 画面 設定 パスワード 契約 解約 料金 会員 住所 変更 予約 席 電話 領収書".split()


def make(number: int, seed: int, **fields: object) -> Article:
    picked = random.Random(seed).sample(WORDS, 5)
    return Article(id=f"e{number}", title="の".join(picked[:2]), body="と".join(picked[2:]), **fields)


_state = st.dictionaries(st.integers(0, 30), st.integers(0, 40), min_size=1, max_size=25)


@given(st.lists(_state, min_size=2, max_size=5))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_deltas_end_equal_to_a_fresh_build(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, states: list[dict[int, int]]
) -> None:
    """Adds, edits, deletes, duplicate and swapped texts, renames: ids are numbers, texts are seeds."""
    model = HashingEmbedder()
    monkeypatch.setattr(build, "REBUILD_BELOW", 0)
    monkeypatch.setattr(build, "_MOST_STRUCK", 1.1)
    monkeypatch.setattr(build, "_MOST_DEAD", 0.5)
    with (
        KnowledgeBase.open(tmp_path_factory.mktemp("a"), embedder=model) as stepped,
        KnowledgeBase.open(tmp_path_factory.mktemp("b"), embedder=model) as fresh,
    ):
        for state in states:
            stepped.sync([make(number, seed) for number, seed in state.items()])
        fresh.sync([make(number, seed) for number, seed in states[-1].items()])
        assert stepped.verify()["ok"]
        for query in WORDS[::3]:
            expected = {m.entry_id: m for m in fresh.search(query, top=50)}
            found = {m.entry_id: m for m in stepped.search(query, top=50)}
            assert found.keys() == expected.keys()
            for key, match in found.items():
                assert match.semantic == pytest.approx(expected[key].semantic, abs=1e-6)
                assert (match.lexical > 0) == (expected[key].lexical > 0)
                assert (match.title, match.snippet) == (expected[key].title, expected[key].snippet)


def test_a_delta_shares_the_files_that_did_not_change(
    kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "REBUILD_BELOW", 0)
    entries = [make(n, n) for n in range(60)]
    kb.sync(entries)
    report = kb.sync([*entries[1:], make(100, 7, tags=("新しい",))])
    assert (report.added, report.removed) == (1, 1)
    first, second = (kb.path / "generations" / name for name in ("000001", "000002"))
    shared = {
        path.relative_to(second).as_posix()
        for path in second.rglob("*")
        if path.is_file() and (first / path.relative_to(second)).exists() and path.stat().st_nlink > 1
    }
    assert "vectors/000001.f32" in shared
    assert any(name.startswith("lexical/") and name.endswith(".idx") for name in shared)
    assert (second / "vectors" / "000002.f32").stat().st_size == 64 * 4


def test_a_text_that_is_known_is_not_embedded_again(kb: KnowledgeBase) -> None:
    kb.sync([make(n, n) for n in range(10)])
    report = kb.sync([make(n, n, updated_at="2026-05-05", url="https://example.com") for n in range(10)])
    assert (report.changed, report.embedded) == (10, 0)
    assert kb.search("返品", top=3) == kb.search("返品", top=10)[:3]


def test_vectors_made_before_a_failure_are_kept(kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    entries = [make(n, n) for n in range(30)]
    with monkeypatch.context() as patched:
        patched.setattr("suggest.index.lexical.build", fail)
        with pytest.raises(Exception, match="No space left"):
            kb.sync(entries)
    assert kb.generation == 0
    report = kb.sync(entries)
    assert (report.added, report.embedded) == (30, 0)
    assert not list((kb.path / "pending").iterdir())


def test_a_torn_spool_keeps_what_is_whole(tmp_path: Path) -> None:
    made = np.arange(40, dtype=np.float32).reshape(10, 4)
    with Spool(tmp_path, "model", 4) as spool:
        spool.append(np.arange(6), made[:6])
        spool.append(np.arange(6, 10), made[6:])
        path = spool.path
    for torn in (path, path.with_suffix(".keys")):
        data = torn.read_bytes()
        torn.write_bytes(data[:-5])
        with Spool(tmp_path, "model", 4) as spool:
            assert sorted(spool.slot_of) == list(range(6))
            spool.append(np.arange(6, 10), made[6:])
        assert np.fromfile(path, "<f4").reshape(-1, 4).tolist() == made.tolist()
    damaged = bytearray(path.read_bytes())
    damaged[3] ^= 1
    path.write_bytes(bytes(damaged))
    with Spool(tmp_path, "model", 4) as spool:
        assert len(spool) == 0


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> tuple[vectors.VectorLeg, np.ndarray]:
    """An approximate index over clustered vectors in three segments; one row of nine has no vector any more."""
    folder, rng = tmp_path_factory.mktemp("near"), np.random.default_rng(5)
    centres = rng.standard_normal((200, 32))
    made = (centres[rng.integers(0, 200, 24_000)] + 0.6 * rng.standard_normal((24_000, 32))).astype(
        np.float32
    )
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    segments, opened = [], []
    for n, (start, end) in enumerate([(0, 18_000), (18_000, 23_000), (23_000, 24_000)]):
        made[start:end].tofile(folder / f"{n}.f32")
        segments.append(Segment(f"{n}.f32", end - start))
        opened.append(made[start:end])
    vectors.build_near(folder / "base", opened[:2], None)
    vectors.build_near(folder / vectors.NEAR, opened, folder / "base")
    slots = np.array([slot for slot in rng.permutation(24_000) if slot % 9])
    return vectors.VectorLeg(folder, segments, slots, 32), made[slots]


def test_approximate_search_is_held_against_exact(near: tuple[vectors.VectorLeg, np.ndarray]) -> None:
    leg, made = near
    rng = np.random.default_rng(6)
    hits = 0
    for row in rng.integers(0, len(made), 100):
        query = made[row] + 0.3 * rng.standard_normal(32).astype(np.float32)
        query /= np.linalg.norm(query)
        expected = np.argsort(-(made @ query))[:10]
        found = leg.search(query, limit=10)
        assert len(found) == 10
        assert [score for _, score in found] == pytest.approx(
            [made[row] @ query for row, _ in found], abs=1e-5
        )
        hits += len(set(expected) & {row for row, _ in found})
    assert hits >= 980


@pytest.mark.parametrize("share", [0.5, 0.19, 0.01, 0.0005])
def test_filters_do_not_thin_approximate_search(
    near: tuple[vectors.VectorLeg, np.ndarray], share: float
) -> None:
    leg, made = near
    among = np.random.default_rng(7).random(len(made)) < share
    for row in range(20):
        found = leg.search(made[row], limit=100, among=among)
        assert len(found) == min(100, among.sum())
        assert all(among[row] for row, _ in found)
        assert len({row for row, _ in found}) == len(found)


def test_the_leg_of_a_large_knowledge_base_is_approximate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = HashingEmbedder()
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 300)
    monkeypatch.setattr(vectors, "_LISTS", 2)
    monkeypatch.setattr(vectors, "_EXACT_AMONG", 10)
    entries = [make(n, n) for n in range(400)]
    with KnowledgeBase.open(tmp_path, embedder=model) as kb:
        kb.sync(entries)
        assert (tmp_path / "generations" / "000001" / "vectors" / "near.faiss").exists()
        kb.sync([*entries[5:], *(make(n, n) for n in range(600, 620))])
        found = kb.search("返品 配送 請求書", top=30)
        assert len(found) == 30
        assert kb.verify()["ok"]
        kb.sync(entries[:200])
        assert not (tmp_path / "generations" / "000003" / "vectors" / "near.faiss").exists()


def test_workers_analyse_as_this_process_does(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [parts_of(entry) for entry in read_entries(SAMPLE)]
    expected = [analyse(part) for part in parts]
    monkeypatch.setattr("suggest.index.analysis_pool._MANY", 0)
    with AnalysisPool(2) as pool:
        assert pool(parts) == expected
        assert pool._workers is not None
        assert len(pool._workers) == 2
        pool._workers[0].kill()
        assert pool(parts) == expected, "a worker that died is replaced by this process"
        assert [worker.poll() is None for worker in pool._workers] == [False, True]


def test_threads_share_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [parts_of(entry) for entry in read_entries(SAMPLE)]
    shares = [parts[i::4] * 4 for i in range(4)]
    expected = [[analyse(part) for part in share] for share in shares]
    monkeypatch.setattr("suggest.index.analysis_pool._MANY", 0)
    with AnalysisPool(2) as pool, ThreadPoolExecutor(4) as threads:
        for _ in range(5):
            assert list(threads.map(pool, shares)) == expected
        assert pool._workers is not None
        asked = [threads.submit(pool, share) for share in shares]
        pool._workers[1].kill()
        assert [answer.result() for answer in asked] == expected, "none waits for a worker that died"


def test_stored_terms_give_the_vectors_of_the_texts() -> None:
    model = load_embedder(Retrieval(profile="fast"))
    entries = list(read_entries(SAMPLE))
    fast = model.embed_tokens([embedding_tokens(analyse(parts_of(entry))) for entry in entries])  # type: ignore[attr-defined]
    assert np.allclose(fast, model.embed_documents([embedding_text(entry) for entry in entries]), atol=1e-6)


def test_rows_that_did_not_change_are_not_parsed(kb: KnowledgeBase, tmp_path: Path) -> None:
    source = tmp_path / "faq.jsonl"

    def sync(rows: list[str]):  # type: ignore[no-untyped-def]
        source.write_text("\n".join(rows), encoding="utf-8")
        parsed: list[str] = []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(
                "suggest.sources.jsonl.parse_object", lambda text: parsed.append(text) or json.loads(text)
            )
            seen: list[tuple[str, int, int | None]] = []
            report = kb.sync(read_entries(source), on_progress=lambda *said: seen.append(said))
        assert seen[0][2] in (None, len(rows) - 1)
        return report, parsed

    rows = [json.dumps({"id": f"f{n}", "title": f"返品{n}", "body": "窓口へ。"}) for n in range(6)]
    report, parsed = sync(rows)
    assert (report.added, len(parsed)) == (6, 6)
    report, parsed = sync([f"  {rows[0]} ", *rows[:0:-1]])
    assert (report.unchanged, report.generation, parsed) == (6, 1, []), (
        "neither blanks around nor order matter"
    )
    edited = rows[2].replace("窓口".encode("ascii", "backslashreplace").decode(), "電話")
    report, parsed = sync([*rows[:2], edited, *rows[3:]])
    assert (report.changed, report.unchanged, parsed) == (1, 5, [edited])
    assert "電話" in kb.search("返品2", top=1)[0].snippet
    report, parsed = sync(rows)
    assert (report.changed, parsed) == (1, [rows[2]]), (
        "a row of an older generation is not taken for the live one"
    )
    with pytest.raises(SourceError, match="ids must be unique"):
        sync([*rows, rows[3]])
    report, parsed = sync([*rows[:3], json.dumps(json.loads(rows[3]) | {"id": "new"}), *rows[4:]])
    assert (report.added, report.removed, report.embedded) == (1, 1, 0)
    assert "f3" not in kb.entry_ids()


@pytest.mark.parametrize(
    ("encoding", "line_end"), [("utf-8-sig", "\n"), ("cp932", "\r\n"), ("utf-8", "\r"), ("utf-8", "\r\n")]
)
def test_rows_are_recognised_in_every_encoding(
    kb: KnowledgeBase, tmp_path: Path, encoding: str, line_end: str
) -> None:
    source = tmp_path / "faq.jsonl"
    rows = [
        json.dumps({"id": f"f{n}", "title": f"返品の方法{n}", "body": "窓口へ。"}, ensure_ascii=False)
        for n in range(5)
    ]

    def sync(rows: list[str], line_end: str = line_end) -> tuple[int, int, int]:
        source.write_bytes(line_end.join(["", *rows, ""]).encode(encoding))
        report = kb.sync(read_entries(source))
        return report.added, report.changed, report.unchanged

    assert sync(rows) == (5, 0, 0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("suggest.sources.jsonl.parse_object", lambda text: pytest.fail(f"parsed {text}"))
        assert sync(rows) == (0, 0, 5)
        assert sync(rows[::-1], "\n") == (0, 0, 5)
    assert sync([*rows[:4], rows[4].replace("窓口", "電話")]) == (0, 1, 4)
    with pytest.raises(SourceError, match=r"faq\.jsonl:4: field 'id'.*'f1' is already at .*faq\.jsonl:3"):
        sync([*rows[:2], rows[1]])


def test_a_known_row_that_stands_there_twice_is_left_out_with_the_bad_ones(
    kb: KnowledgeBase, tmp_path: Path
) -> None:
    source, bad = tmp_path / "faq.jsonl", tmp_path / "bad.jsonl"
    rows = [json.dumps({"id": f"f{n}", "title": f"返品{n}", "body": "窓口へ。"}) for n in range(4)]
    source.write_text("\n".join(rows), encoding="utf-8")
    kb.sync(read_entries(source))
    source.write_text("\n".join([*rows[:3], rows[0]]), encoding="utf-8")
    reader = read_entries(source, skip_bad=bad)
    report = kb.sync(reader, keep_missing=reader.still_there)
    assert (report.unchanged, report.removed, reader.rejected) == (3, 1, 1)
    [said] = [json.loads(line) for line in bad.read_text(encoding="utf-8").splitlines()]
    assert (said["line"], said["field"], said["row"]) == (4, "id", rows[0])
