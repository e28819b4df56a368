from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from suggest import KnowledgeBase
from suggest.errors import KnowledgeBaseCorrupt, KnowledgeBaseError
from suggest.index.combined_embedder import CombinedEmbedder
from suggest.index.late import Packed, late_interaction, maxsim, pack
from suggest.index.models import STUDENT
from suggest.index.student_embedder import StudentEmbedder
from suggest.records import Article
from suggest.testing import HashingEmbedder
from suggest.text import tokens

Make = Callable[..., Article]


class WordByWord(HashingEmbedder):
    """Hashes whole texts, and each of their terms."""

    piece_width = 64

    def __init__(self, name: str = "words") -> None:
        super().__init__(name=name)
        self.read: list[str] = []
        self._terms = HashingEmbedder(self.piece_width, name="terms")

    def embed_question(self, text: str) -> np.ndarray:
        return self._terms.embed_documents(tokens(text))

    def embed_entries(self, texts: Sequence[str]) -> tuple[np.ndarray, list[Packed]]:
        self.read += texts
        return self.embed_documents(texts), [
            pack(self._terms.embed_documents(tokens(text))) for text in texts
        ]


@pytest.fixture
def model() -> WordByWord:
    return WordByWord()


@pytest.fixture
def words(tmp_path: Path, model: WordByWord) -> KnowledgeBase:
    return KnowledgeBase.open(tmp_path / "kb", embedder=model)


def pieces_file(kb: KnowledgeBase) -> Path:
    [path] = kb.path.glob("pieces-*.sqlite")
    return path


def scores(kb: KnowledgeBase, text: str) -> dict[str, float]:
    return {match.entry_id: match.semantic for match in kb.search(text, vector_weight=1.0)}


def test_maxsim_is_the_mean_of_the_nearest() -> None:
    question = np.eye(3, 4, dtype=np.float32)
    here = pack(np.array([[1, 0, 0, 0], [0, 0.6, 0.8, 0]], np.float32))
    assert maxsim(question, [here, here[:1], here[:0]]) == pytest.approx(
        [(1 + 0.6 + 0.8) / 3, 1 / 3, np.nan], abs=0.01, nan_ok=True
    )
    assert np.isnan(maxsim(question[:0], [here])).all()
    assert maxsim(question, []).shape == (0,)


def test_words_move_the_semantic_score(words: KnowledgeBase, model: WordByWord, article: Make) -> None:
    entries = [
        article(1, title="領収書の宛名", body="宛名は変更できます。"),
        article(2, title="通知", body=""),
    ]
    words.sync(entries)
    question = "領収書の宛名を変更したい"
    [query] = model.embed_queries([question])
    vectors, pieces = model.embed_entries(["領収書の宛名\n宛名は変更できます。"])
    expected = (float(vectors[0] @ query) + float(maxsim(model.embed_question(question), pieces)[0])) / 2
    assert scores(words, question)["a1"] == pytest.approx(expected, abs=1e-5)
    found = words.evidence_for("a1", question, tenant="default", today=date(2026, 6, 1))
    assert found is not None
    assert found.match.semantic == pytest.approx(expected, abs=1e-5)
    assert words.search(question, vector_weight=0.0)[0].semantic == pytest.approx(
        float(vectors[0] @ query), abs=1e-5
    )


def test_asking_for_more_changes_no_place(words: KnowledgeBase, article: Make) -> None:
    words.sync([article(n, title=f"質問{n % 7}の手順{n}") for n in range(60)])
    few, many = words.search("質問3の手順", top=10), words.search("質問3の手順", top=60)
    assert many[:10] == few
    assert len({match.entry_id for match in many}) == 60
    assert [match.score for match in many] == sorted((match.score for match in many), reverse=True)


def test_only_what_changed_is_read(words: KnowledgeBase, model: WordByWord, article: Make) -> None:
    words.sync([article(n) for n in range(5)])
    assert len(model.read) == 5
    before = scores(words, "質問")
    model.read.clear()
    moved = article(3).model_copy(update={"url": "https://example.com"})
    words.sync([article(0), article(1), article(2), moved, article(4), article(9)])
    assert len(model.read) == 1
    after = scores(words, "質問")
    assert {key: after[key] for key in before} == before
    words.rollback()
    assert scores(words, "質問") == before


def test_a_lost_file_is_named_and_made_anew(words: KnowledgeBase, model: WordByWord, article: Make) -> None:
    words.sync([article(n) for n in range(5)])
    before = scores(words, "質問")
    path = pieces_file(words)
    words.close()
    for each in path.parent.glob("pieces-*"):
        each.unlink()
    lost = KnowledgeBase.open(words.path, embedder=model)
    with pytest.raises(KnowledgeBaseError, match=rf"{path.name}.*sync the sources again"):
        lost.search("質問")
    assert path.name in lost.verify()["problems"][0]
    assert lost.sync([article(n) for n in range(5)]).unchanged == 5
    assert scores(lost, "質問") == before
    assert lost.verify()["ok"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE pieces SET pieces = zeroblob(64) WHERE key = 2",
        "UPDATE pieces SET version = version + 1 WHERE key = 2",
        "UPDATE pieces SET key = key + 10",
        "DELETE FROM pieces WHERE key = 2",
    ],
)
def test_pieces_that_are_not_the_entries_are_refused(
    words: KnowledgeBase, model: WordByWord, article: Make, change: str
) -> None:
    words.sync([article(n) for n in range(3)])
    path = pieces_file(words)
    words.close()
    with sqlite3.connect(path) as database:
        database.execute(change)
    damaged = KnowledgeBase.open(words.path, embedder=model)
    with pytest.raises(KnowledgeBaseCorrupt, match=rf"{path.name}.*word pieces of entry version"):
        damaged.search("質問")
    assert not damaged.verify()["ok"]


def test_a_broken_file_is_named(words: KnowledgeBase, model: WordByWord, article: Make) -> None:
    words.sync([article(1)])
    path = pieces_file(words)
    words.close()
    path.write_bytes(b"no database at all" * 300)
    with pytest.raises(KnowledgeBaseError, match=path.name):
        KnowledgeBase.open(words.path, embedder=model).search("質問")


def test_vectors_left_by_a_killed_sync_get_their_words(
    words: KnowledgeBase, model: WordByWord, article: Make
) -> None:
    words.sync([article(1), article(2)])
    with sqlite3.connect(pieces_file(words)) as database:
        database.execute("DELETE FROM pieces WHERE key = 1")
    model.read.clear()
    words.sync([article(1), article(2), article(3)])
    assert len(model.read) == 2
    assert set(scores(words, "質問")) == {"a1", "a2", "a3"}


def test_forgotten_entries_leave_no_pieces(words: KnowledgeBase, model: WordByWord, article: Make) -> None:
    secret = article(7, title="鳥居様の解約", body="解約の事情をうかがいました。")
    words.sync([article(1), secret])
    told = pack(model._terms.embed_documents(tokens(f"{secret.title}\n{secret.body}")))[:2].tobytes()
    files = sorted(words.path.glob("pieces-*"))
    assert any(told in path.read_bytes() for path in files)
    words.forget("a7")
    files = sorted(words.path.glob("pieces-*"))
    assert files
    assert not any(told in path.read_bytes() for path in files)
    assert set(scores(words, "質問")) == {"a1"}


def test_the_pieces_of_a_model_go_with_its_last_generation(words: KnowledgeBase, article: Make) -> None:
    words.sync([article(1)])
    old = pieces_file(words)
    other = KnowledgeBase.open(words.path, embedder=HashingEmbedder())
    other.sync([article(1)], adopt_model=True)
    assert old.exists()
    words.rollback(1)
    assert words.search("質問")
    other.rollback(2)
    for n in (2, 3, 4):
        other.sync([article(n)])
    assert not list(words.path.glob("pieces-*"))


def test_the_student_reads_once_and_alike(article: Make) -> None:
    student = StudentEmbedder(STUDENT)
    texts = ["パスワードの再設定\nログイン画面から行います。", "請求書", "", "長い説明です。" * 200]
    vectors, pieces = student.embed_entries(texts)
    assert np.abs(vectors - student.embed_documents(texts)).max() < 1e-6
    assert [len(p) > 0 for p in pieces] == [True, True, False, True]
    assert all(p.shape[1] == student.piece_width for p in pieces)
    [alone] = student.embed_entries(texts[:1])[1]
    assert np.array_equal(alone, pieces[0])
    near = maxsim(student.embed_question("パスワードを再設定したい"), pieces)
    assert near[0] > near[1]
    assert late_interaction(CombinedEmbedder("both", [(HashingEmbedder(), 0.5), (student, 0.5)])) is not None
    assert late_interaction(CombinedEmbedder("plain", [(HashingEmbedder(), 1.0)])) is None
