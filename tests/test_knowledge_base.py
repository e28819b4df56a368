from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suggest import KnowledgeBase
from suggest.errors import (
    FormatVersionError,
    InvalidRecord,
    KnowledgeBaseCorrupt,
    KnowledgeBaseError,
    KnowledgeBaseLocked,
    ModelError,
    ModelMismatch,
    SourceError,
    UnknownTenant,
)
from suggest.index import canaries
from suggest.index import generation as generations
from suggest.index.lock import writer_lock
from suggest.records import Article, Entry
from suggest.testing import HashingEmbedder, check_embedder

Make = Callable[..., Entry]


class CountingEmbedder(HashingEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def embed_documents(self, texts):  # type: ignore[no-untyped-def]
        self.texts += texts
        return super().embed_documents(texts)


def ids(kb: KnowledgeBase, text: str, **options: object) -> list[str]:
    return [match.entry_id for match in kb.search(text, **options)]


def test_hashing_embedder_keeps_the_contract() -> None:
    check_embedder(HashingEmbedder())


def test_sync_is_incremental(tmp_path: Path, article: Make) -> None:
    model = CountingEmbedder()
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=model)
    entries = [article(n) for n in range(20)]
    first = kb.sync(entries)
    assert (first.added, first.embedded, first.generation) == (20, 20, 1)
    again = kb.sync(entries)
    assert (again.unchanged, again.embedded, again.generation) == (20, 0, 1)
    model.texts.clear()
    edited = kb.sync([article(3, body="まったく別の説明です。"), *entries[:3], *entries[4:]])
    assert (edited.changed, edited.unchanged, edited.embedded, edited.generation) == (1, 19, 1, 2)
    embedded = [text for text in model.texts if text not in canaries.TEXTS]
    assert embedded == ["質問3の手順\nまったく別の説明です。"]
    assert "まったく別" in kb.search("質問3")[0].snippet


def test_missing_entries_go_unless_kept(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(n) for n in range(5)])
    kept = kb.sync([article(0)], keep_missing=True)
    assert (kept.removed, kept.unchanged, len(kb)) == (0, 5, 5)
    assert kb.sync([article(0)]).removed == 4
    assert ids(kb, "質問3の手順") == ["a0"]


def test_dry_run_changes_nothing(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(1)])
    before = kb.search("質問")
    report = kb.sync([article(1, body="新しい"), article(2)], dry_run=True)
    assert (report.added, report.changed, report.dry_run, report.generation) == (1, 1, True, 1)
    assert kb.search("質問") == before
    assert kb.sync([article(1, body="新しい"), article(2)]).embedded == 2


def test_a_failing_source_changes_nothing(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(1)])

    def failing():  # type: ignore[no-untyped-def]
        yield article(2)
        raise SourceError("broken row", path="x.csv", line=3)

    with pytest.raises(SourceError, match=r"x\.csv:3"):
        kb.sync(failing())
    assert kb.generation == 1
    assert ids(kb, "質問") == ["a1"]


def test_an_id_given_twice_is_refused(kb: KnowledgeBase, article: Make) -> None:
    with pytest.raises(InvalidRecord, match="'a1' was given twice"):
        kb.sync([article(1), article(1, body="b")])
    assert kb.generation == 0


def test_empty_sources_never_empty_a_knowledge_base(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(1)])
    with pytest.raises(KnowledgeBaseError, match="hold no entries"):
        kb.sync([])
    assert ids(kb, "質問") == ["a1"]


def test_swapped_texts_are_not_taken_for_unchanged(kb: KnowledgeBase, article: Make) -> None:
    one, two = (
        article(1, title="返品", body="返品の窓口です。"),
        article(2, title="配送", body="配送の窓口です。"),
    )
    kb.sync([one, two])
    kb.sync([one.model_copy(update={"id": "a2"}), two.model_copy(update={"id": "a1"})])
    assert ids(kb, "返品")[0] == "a2"
    assert ids(kb, "配送")[0] == "a1"


_texts = st.sampled_from(["返品の方法", "配送の状況", "ログインできない", "請求書の再発行", "export data"])


@given(st.lists(st.dictionaries(st.integers(0, 5), _texts, min_size=1, max_size=6), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_sequence_of_syncs_ends_equal_to_a_fresh_build(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[int, str]]
) -> None:
    def entries(state: dict[int, str]) -> list[Article]:
        return [Article(id=f"e{key}", title=text) for key, text in state.items()]

    model = HashingEmbedder()
    stepped = KnowledgeBase.open(tmp_path_factory.mktemp("a") / "kb", embedder=model)
    for state in states:
        stepped.sync(entries(state))
    fresh = KnowledgeBase.open(tmp_path_factory.mktemp("b") / "kb", embedder=model)
    fresh.sync(entries(states[-1]))
    for query in ("返品", "ログイン 請求書", "export"):
        assert stepped.search(query) == fresh.search(query)


def test_readers_keep_their_generation_until_they_refresh(tmp_path: Path, article: Make) -> None:
    model = HashingEmbedder()
    writer = KnowledgeBase.open(tmp_path, embedder=model)
    writer.sync([article(1)])
    reader = KnowledgeBase.open(tmp_path, embedder=model)
    writer.sync([article(2)])
    assert ids(reader, "質問") == ["a1"]
    assert reader.refresh()
    assert ids(reader, "質問") == ["a2"]
    assert not reader.refresh()


def test_old_generations_go_and_their_entries_with_them(tmp_path: Path, article: Make) -> None:
    kb = KnowledgeBase.open(tmp_path, embedder=HashingEmbedder())
    for n in range(6):
        kb.sync([article(1, body=f"版{n}の秘密です")])
    assert generations.kept_numbers(tmp_path) == [4, 5, 6]
    kb.close()
    stored = b"".join(p.read_bytes() for p in tmp_path.rglob("entries.sqlite"))
    assert "版5".encode() in stored


def test_lexical_only_hits_and_vector_only_hits_both_come(kb: KnowledgeBase, article: Make) -> None:
    kb.sync(
        [
            article(1, title="エラーコード MD-1005", body="ロックです"),
            article(2, title="別の話", body="関係なし"),
        ]
    )
    best = kb.search("MD-1005 と表示された")[0]
    assert best.entry_id == "a1"
    assert 0 < best.lexical <= 1
    assert 0 < best.coverage <= 1


def test_scores_do_not_depend_on_how_many_are_asked_for(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(n) for n in range(30)])
    assert kb.search("質問7の手順", top=3) == kb.search("質問7の手順", top=30)[:3]


def test_expired_future_and_superseded_entries_are_not_found(kb: KnowledgeBase, article: Make) -> None:
    kb.sync(
        [
            article(1),
            article(2, valid_until="2026-03-31"),
            article(3, valid_from="2026/4/1"),
            article(4, supersedes="a1", valid_from="2026-06-01"),
        ]
    )
    assert set(ids(kb, "質問", today=date(2026, 3, 31))) == {"a1", "a2"}
    assert set(ids(kb, "質問", today=date(2026, 4, 1))) == {"a1", "a3"}
    assert set(ids(kb, "質問", today=date(2026, 6, 1))) == {"a3", "a4"}


def test_filters_do_not_thin_the_results(kb: KnowledgeBase, article: Make) -> None:
    expired = [article(n, body="質問", valid_until="2020-01-01") for n in range(300)]
    kb.sync([*expired, *(article(n) for n in range(300, 310))])
    assert len(kb.search("質問", top=10)) == 10


def test_tenants_are_walled(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(1, tenant="one"), article(2, tenant="two")])
    assert ids(kb, "質問", tenant="one") == ["a1"]
    assert ids(kb, "質問", tenant="two") == ["a2"]
    for name in ("", "default", "*", "one ", "ONE", "%"):
        with pytest.raises(UnknownTenant):
            kb.search("質問", tenant=name)


def test_an_empty_knowledge_base_finds_nothing(kb: KnowledgeBase) -> None:
    assert kb.search("質問") == []
    with pytest.raises(UnknownTenant):
        kb.search("質問", tenant="acme")
    assert kb.sync([]).generation == 1
    assert kb.search("質問") == []
    assert kb.status()["entries"] == 0


def test_another_model_is_refused_and_can_be_adopted(tmp_path: Path, article: Make) -> None:
    KnowledgeBase.open(tmp_path, embedder=HashingEmbedder()).sync([article(1), article(2)])
    other = HashingEmbedder(32, name="newer")
    kb = KnowledgeBase.open(tmp_path, embedder=other)
    with pytest.raises(ModelMismatch, match=r"'hashing'.*'newer'.*--adopt"):
        kb.search("質問")
    with pytest.raises(ModelMismatch):
        kb.sync([article(1)])
    report = kb.sync([article(1), article(2)], adopt_model=True)
    assert (report.unchanged, report.embedded) == (2, 2)
    assert ids(kb, "質問1")[0] == "a1"


def test_a_model_that_gives_wrong_vectors_is_refused(tmp_path: Path, article: Make) -> None:
    class Broken(HashingEmbedder):
        def embed_documents(self, texts):  # type: ignore[no-untyped-def]
            return super().embed_documents(texts)[:, :-1]

    kb = KnowledgeBase.open(tmp_path, embedder=Broken())
    with pytest.raises(ModelError, match="expected"):
        kb.sync([article(1)])
    assert generations.current_number(tmp_path) == 0


def _live(folder: Path) -> Path:
    return generations.folder_of(folder, generations.current_number(folder))


@pytest.mark.parametrize("name", ["vectors/000001.f32", "rows.npz", "lexical/meta.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_a_damaged_file_is_named_before_it_is_read(
    tmp_path: Path, article: Make, name: str, damage: str
) -> None:
    KnowledgeBase.open(tmp_path, embedder=HashingEmbedder()).sync([article(1)])
    path = _live(tmp_path) / name
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    elif damage == "truncate":
        path.write_bytes(bytes(data[:-1]))
    else:
        path.unlink()
    with pytest.raises(KnowledgeBaseCorrupt, match=name.rsplit("/", maxsplit=1)[-1].replace(".", r"\.")):
        KnowledgeBase.open(tmp_path, embedder=HashingEmbedder())


def test_another_format_version_is_named(tmp_path: Path, article: Make) -> None:
    KnowledgeBase.open(tmp_path, embedder=HashingEmbedder()).sync([article(1)])
    path = _live(tmp_path) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(manifest | {"format_version": 99}), encoding="utf-8")
    with pytest.raises(FormatVersionError, match=r"format version 99.*reads 5"):
        KnowledgeBase.open(tmp_path, embedder=HashingEmbedder())


def test_current_must_name_a_generation(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_text("../../etc", encoding="ascii")
    with pytest.raises(KnowledgeBaseCorrupt, match="names no generation"):
        KnowledgeBase.open(tmp_path)


def test_leftovers_of_a_crash_are_cleared(tmp_path: Path, article: Make) -> None:
    kb = KnowledgeBase.open(tmp_path, embedder=HashingEmbedder())
    kb.sync([article(1)])
    leftover = tmp_path / "generations" / ".building-000002"
    leftover.mkdir()
    (leftover / "vectors.faiss").write_bytes(b"half")
    renamed = tmp_path / "generations" / "000002"  # renamed, but CURRENT was not replaced
    renamed.mkdir()
    (renamed / "rows.npz").write_bytes(b"x")
    report = kb.sync([article(1), article(2)])
    assert not leftover.exists()
    assert report.generation == kb.generation
    assert set(ids(kb, "質問")) == {"a1", "a2"}


def test_absent_and_wrong_folders(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="there is no knowledge base"):
        KnowledgeBase.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()
    with pytest.raises(KnowledgeBaseError, match="holds no knowledge base yet"):
        KnowledgeBase.open(tmp_path, create=False)
    (tmp_path / "file").write_text("x")
    with pytest.raises(KnowledgeBaseError, match="is a file"):
        KnowledgeBase.open(tmp_path / "file")


def test_two_writers(tmp_path: Path, article: Make) -> None:
    kb = KnowledgeBase.open(tmp_path, embedder=HashingEmbedder())
    with writer_lock(tmp_path), pytest.raises(KnowledgeBaseLocked, match=f"process {os.getpid()} on"):
        kb.sync([article(1)])
    assert kb.sync([article(1)]).added == 1


def test_the_lock_dies_with_its_process(tmp_path: Path, article: Make) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from suggest.index.lock import writer_lock\n"
            "with writer_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    kb = KnowledgeBase.open(tmp_path, embedder=HashingEmbedder())
    with pytest.raises(KnowledgeBaseLocked, match=f"process {holder.pid} on"):
        kb.sync([article(1)])
    holder.kill()
    holder.communicate()
    assert kb.sync([article(1)]).added == 1


def test_nothing_is_written_where_nothing_can_be(
    tmp_path: Path, article: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    KnowledgeBase.open(tmp_path, embedder=HashingEmbedder()).sync([article(1)])
    for lock in tmp_path.rglob(".tantivy-*.lock"):
        lock.unlink()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    monkeypatch.setattr(os, "access", lambda *_: False)
    with KnowledgeBase.open(tmp_path, embedder=HashingEmbedder()) as reader:
        assert ids(reader, "質問") == ["a1"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_read_and_not_written(tmp_path: Path, article: Make) -> None:
    folder = tmp_path / "kb"
    KnowledgeBase.open(folder, embedder=HashingEmbedder()).sync([article(1)])
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        kb = KnowledgeBase.open(folder, embedder=HashingEmbedder())
        assert ids(kb, "質問") == ["a1"]
        with pytest.raises(KnowledgeBaseError, match="cannot be written"):
            kb.sync([article(2)])
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)


def test_many_threads_read_one_knowledge_base(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(n) for n in range(50)])
    expected = {n: kb.search(f"質問{n}の手順") for n in range(50)}
    wrong: list[int] = []

    def look(start: int) -> None:
        wrong.extend(n for n in range(start, 50) if kb.search(f"質問{n}の手順") != expected[n])

    threads = [threading.Thread(target=look, args=(start,)) for start in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
