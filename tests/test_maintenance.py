from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from suggest import Inquiry, KnowledgeBase, Suggester
from suggest.errors import KnowledgeBaseCorrupt, KnowledgeBaseError, ModelMismatch
from suggest.index import canaries, maintenance
from suggest.index import generation as generations
from suggest.index.lock import writer_lock
from suggest.judge import calibration
from suggest.records import Entry
from suggest.testing import HashingEmbedder

Make = Callable[..., Entry]


def ids(kb: KnowledgeBase, text: str, **options: object) -> list[str]:
    return [match.entry_id for match in kb.search(text, **options)]


def test_rollback_and_the_way_back(kb: KnowledgeBase, article: Make) -> None:
    with pytest.raises(KnowledgeBaseError, match="no generation before"):
        kb.rollback()
    for n in (1, 2, 3):
        kb.sync([article(n)])
    assert kb.rollback() == 2
    assert ids(kb, "質問") == ["a2"]
    assert kb.rollback() == 1
    assert kb.verify() == {"ok": True, "generation": 1, "problems": []}
    assert kb.rollback(3) == 3
    with pytest.raises(KnowledgeBaseError, match="generation 9 is not kept; kept are 1, 2, 3"):
        kb.rollback(9)
    kb.rollback(2)
    report = kb.sync([article(2), article(4)])
    assert (report.added, report.unchanged, report.generation) == (1, 1, 4)
    assert set(ids(kb, "質問")) == {"a2", "a4"}
    kb.sync([article(5)])
    assert generations.kept_numbers(kb.path) == [3, 4, 5]
    assert not list(kb.path.rglob("000001.kept"))


def test_rollback_leaves_a_damaged_generation(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(1)])
    kb.sync([article(2)])
    (generations.folder_of(kb.path, 2) / "rows.npz").write_bytes(b"x")
    with pytest.raises(KnowledgeBaseCorrupt, match="suggest rollback"):
        KnowledgeBase.open(kb.path)
    found = maintenance.verify(kb.path)
    assert not found["ok"]
    assert "000002/rows.npz: differs" in found["problems"][0]
    assert kb.rollback() == 1
    assert ids(kb, "質問") == ["a1"]


def test_verify_finds_an_altered_entry_and_search_refuses_it(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(1, body="返品は三十日以内です。")])
    kb.close()
    base = sqlite3.connect(kb.path / "entries.sqlite")
    base.execute("UPDATE entry_versions SET payload = replace(payload, '三十日', '九十日')")
    base.commit()
    base.close()
    found = maintenance.verify(kb.path)
    assert (found["ok"], found["generation"]) == (False, 1)
    assert "entries.sqlite: entry version 1 differs from its checksum" in found["problems"][0]
    with pytest.raises(KnowledgeBaseCorrupt, match="differs from its checksum"):
        KnowledgeBase.open(kb.path, embedder=HashingEmbedder()).search("返品")


def test_the_entry_store_of_another_knowledge_base_is_refused(
    kb: KnowledgeBase, tmp_path: Path, article: Make
) -> None:
    kb.sync([article(1)])
    with KnowledgeBase.open(tmp_path / "other", embedder=HashingEmbedder()) as other:
        other.sync([article(1, body="まったく別の回答です。")])
    kb.close()
    for path in kb.path.glob("entries.sqlite*"):
        path.unlink()
    (kb.path / "entries.sqlite").write_bytes((tmp_path / "other" / "entries.sqlite").read_bytes())
    assert not maintenance.verify(kb.path)["ok"]
    with pytest.raises(KnowledgeBaseCorrupt, match="not the one that the generation was built with"):
        KnowledgeBase.open(kb.path, embedder=HashingEmbedder()).search("質問")


def test_forget_leaves_no_byte(tmp_path: Path, article: Make, case: Make) -> None:
    folder = tmp_path / "kb"
    secret, term = "ザザンボ商会の見積もり", "ザザンボ"
    vector = HashingEmbedder().embed_documents([f"{secret}より\nお問い合わせ{secret}"])[0]
    with KnowledgeBase.open(folder, embedder=HashingEmbedder()) as kb:
        kb.sync([article(1), case(7, id="zz-7", inquiry="以前の文", reply=f"前の版 {secret}")])
        entries = [article(n) for n in range(5)]
        kb.sync([*entries, case(7, id="zz-7", inquiry=f"{secret}より", reply=f"お問い合わせ{secret}")])
        kb.sync(
            [*entries, article(9), case(7, id="zz-7", inquiry=f"{secret}より", reply=f"お問い合わせ{secret}")]
        )
        assert any(vector.tobytes() in path.read_bytes() for path in folder.rglob("*.f32"))
        labels = [
            {"id": "q1", "text": f"{secret} より", "expected_entries": {"a1": 1}},
            {"id": "zz-7", "text": "別の文です", "expected_lane": "review"},
            {"id": "q3", "text": "返品の方法を教えてください", "expected_entries": {"zz-7": 2, "a2": 1}},
            {"id": "q4", "text": "お問い合わせ", "expected_entries": {"a3": 1}},
        ]
        (folder / maintenance.LABELS).write_text(
            "".join(json.dumps(label, ensure_ascii=False) + "\n" for label in labels), encoding="utf-8"
        )
        assert kb.forget("zz-7", "never-there") == 2
        left = [json.loads(line) for line in (folder / maintenance.LABELS).read_text("utf-8").splitlines()]
        assert left == [labels[2] | {"expected_entries": {"a2": 1}}, labels[3]]
        assert "zz-7" not in kb.entry_ids()
        assert len(kb) == 6
        assert generations.kept_numbers(folder) == [4]
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for trace in (secret.encode(), term.encode(), "甲斐崎".encode(), vector.tobytes(), b"zz-7"):
                assert trace not in data, path
    assert maintenance.verify(folder)["ok"]


def test_forget_names_a_label_that_cannot_be_read(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(1), article(2)])
    (kb.path / maintenance.LABELS).write_text('{"id": "q1"}\n', encoding="utf-8")
    with pytest.raises(KnowledgeBaseError, match=r"labels\.jsonl:1: is no label"):
        kb.forget("a1")
    assert "a1" in kb.entry_ids()


def test_the_labels_that_are_forgotten_are_those_that_calibration_keeps() -> None:
    assert maintenance.LABELS == calibration.LABELS


def test_expired_and_superseded_entries_are_listed(kb: KnowledgeBase, article: Make) -> None:
    today = datetime.now(UTC).date()
    kb.sync(
        [
            article(1, valid_until=str(today - timedelta(days=1))),
            article(2),
            article(3, supersedes="a2"),
            article(4, valid_from=str(today + timedelta(days=9))),
        ]
    )
    status = kb.status()
    assert status["expired"] == ["a1"]
    assert status["superseded"] == ["a2"]
    assert status["not_yet_valid"] == ["a4"]


def test_a_suggestion_stays_on_one_generation(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(1, title="返品の方法"), article(2, title="配送の状況")])
    suggester = Suggester(kb)
    writer = KnowledgeBase.open(kb.path, embedder=HashingEmbedder())
    seen: list[int] = []
    retrieve = KnowledgeBase.retrieve

    class Switching(KnowledgeBase):
        def retrieve(self, *arguments, **options):  # type: ignore[no-untyped-def]
            writer.sync([article(n, title="返品と配送") for n in range(10, 12 + len(seen))])
            kb.refresh()
            seen.append(self.generation)
            return retrieve(self, *arguments, **options)

    kb.__class__ = Switching
    inquiry = Inquiry(text="返品の方法を教えてください。また、配送の状況はどこで確認できますか。")
    first = suggester.suggest(inquiry)
    assert len(seen) == 2
    assert set(seen) == {first.generation} == {1}
    assert {match.entry_id for match in first.matches} <= {"a1", "a2"}
    assert kb.generation == 3
    assert suggester.suggest(inquiry).generation == 3


def test_a_suggester_notices_a_new_generation_between_requests(kb: KnowledgeBase, article: Make) -> None:
    kb.sync([article(1)])
    suggester = Suggester(kb)
    KnowledgeBase.open(kb.path, embedder=HashingEmbedder()).sync([article(2)])
    assert suggester.suggest(Inquiry(text="質問2の手順は？")).generation == 2
    (kb.path / "CURRENT").write_text("000009\n")
    for _ in range(2):
        assert suggester.suggest(Inquiry(text="質問2の手順は？")).generation == 2, (
            "a broken one is not taken up"
        )
    (kb.path / "CURRENT").write_text("?")
    assert suggester.suggest(Inquiry(text="質問2の手順は？")).generation == 2


def test_the_model_is_checked_once_and_not_for_each_request(tmp_path: Path, article: Make) -> None:
    class Counting(HashingEmbedder):
        asked = 0

        def embed_documents(self, texts):  # type: ignore[no-untyped-def]
            self.asked += texts == list(canaries.TEXTS)
            return super().embed_documents(texts)

    model = Counting()
    with KnowledgeBase.open(tmp_path, embedder=model) as kb:
        kb.sync([article(1)])
        suggester = Suggester(kb)
        suggester.suggest(Inquiry(text="質問1の手順は？"))
        before = model.asked
        for _ in range(3):
            suggester.suggest(Inquiry(text="質問1の手順は？"))
        assert model.asked == before


def test_a_model_that_computes_something_else_is_refused(kb: KnowledgeBase, article: Make) -> None:
    class Drifted(HashingEmbedder):
        def embed_documents(self, texts):  # type: ignore[no-untyped-def]
            found = super().embed_documents(texts)
            return np.roll(found, 1, axis=1)

    kb.sync([article(1)])
    with pytest.raises(ModelMismatch, match="gives other vectors than then"):
        KnowledgeBase.open(kb.path, embedder=Drifted()).search("質問")


def test_the_holder_of_the_lock_is_not_made_up(tmp_path: Path) -> None:
    holder = tmp_path / "writer.json"
    with writer_lock(tmp_path):
        stale = holder.read_text(encoding="utf-8")
    assert not holder.exists()
    holder.write_text(stale.replace('"started": "', '"started": "9'), encoding="utf-8")
    entered = threading.Event()
    with writer_lock(tmp_path):
        holder.write_text(stale.replace('"started": "', '"started": "9'), encoding="utf-8")
        with pytest.raises(KnowledgeBaseError, match="another process is writing"), writer_lock(tmp_path):
            entered.set()
    assert not entered.is_set()
