from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from suggest import KnowledgeBase, Settings
from suggest.errors import KnowledgeBaseCorrupt, KnowledgeBaseError, ModelError
from suggest.index import manifest as manifests
from suggest.index.adaptation import MIN_PAIRS, adapt, learn, project
from suggest.index.embedding import Vectors
from suggest.index.known_pairs import known_pairs
from suggest.index.roster import Roster
from suggest.index.store import EntryStore
from suggest.records import Article, ResolvedCase
from suggest.settings import Retrieval
from suggest.testing import HashingEmbedder

Make = Callable[..., Article]
MakeCase = Callable[..., ResolvedCase]


def unit(vectors: Vectors) -> Vectors:
    made: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return made


def turned_pairs(number: int, width: int = 24, noise: float = 0.15) -> tuple[Vectors, Vectors]:
    """Answers, and questions that are the answers half turned in every plane: a map can turn them back."""
    rng = np.random.default_rng(5)
    answers = unit(rng.normal(size=(number, width)))
    turn, _ = np.linalg.qr(rng.normal(size=(width, width)))
    questions = unit(answers + 2.0 * answers @ turn + noise * rng.normal(size=answers.shape))
    return questions, answers


def test_a_systematic_difference_is_learned_and_adopted() -> None:
    questions, answers = turned_pairs(400)
    learned, outcome = adapt(questions, answers, np.arange(400))
    assert learned is not None
    assert outcome.adopted
    assert outcome.after > outcome.before + 0.02
    assert outcome.low > 0


def test_what_does_not_help_held_back_questions_is_not_adopted() -> None:
    rng = np.random.default_rng(3)
    answers = unit(rng.normal(size=(300, 24)))
    questions = unit(answers + 0.3 * rng.normal(size=answers.shape))  # only noise: nothing to learn
    learned, outcome = adapt(questions, answers, np.arange(300))
    assert learned is None
    assert not outcome.adopted
    assert outcome.before > 0.5


def test_few_pairs_are_left_alone() -> None:
    questions, answers = turned_pairs(MIN_PAIRS - 1)
    learned, outcome = adapt(questions, answers, np.arange(MIN_PAIRS - 1))
    assert learned is None
    assert outcome == (MIN_PAIRS - 1, 0.0, 0.0, 0.0, False)


def test_the_same_pairs_give_the_same_map() -> None:
    questions, answers = turned_pairs(120)
    maps = [learn(questions, answers, np.arange(120), rate=1e-3) for _ in range(2)]
    assert np.array_equal(*maps)


def test_answers_of_one_group_do_not_push_each_other_away() -> None:
    questions, answers = turned_pairs(60)
    apart = learn(questions, answers, np.arange(60), rate=1e-3)
    together = learn(questions, answers, np.zeros(60, np.int64), rate=1e-3)
    assert not np.allclose(apart, together)


def test_a_query_without_a_vector_keeps_none() -> None:
    learned = np.full((4, 4), 0.1, np.float32)
    found = project(np.array([[0, 0, 0, 0], [1, 0, 0, 0]], np.float32), learned)
    assert not found[0].any()
    assert np.linalg.norm(found[1]) == pytest.approx(1.0)


def test_known_pairs_of_articles_and_cases(tmp_path: Path, article: Make, case: MakeCase) -> None:
    with KnowledgeBase.open(tmp_path, embedder=HashingEmbedder()) as kb:
        entries = [
            article(1),
            article(2, title=""),
            article(3, tenant="other"),
            case(1, resolves_with="a1"),
            case(2, resolves_with="a3"),  # another tenant's article is no answer
            case(3, resolves_with="gone"),
        ]
        kb.sync(entries)
    store = EntryStore(tmp_path, read_only=True)
    keys = sorted((entry.id, number) for number, entry in enumerate(entries, 1))
    roster = Roster(
        [entry_id for entry_id, _ in keys], np.array([key for _, key in keys]), np.zeros((6, 2), np.int64)
    )
    found = {(p.question, p.answer, p.group) for p in known_pairs(store, roster, 100)}
    assert found == {
        (entries[0].title, entries[0].body, 1),
        (entries[2].title, entries[2].body, 3),
        (entries[3].inquiry, entries[0].body, 1),
        (entries[3].inquiry, entries[3].reply, 1),
        (entries[4].inquiry, entries[4].reply, 5),
        (entries[5].inquiry, entries[5].reply, 6),
    }
    assert len(known_pairs(store, roster, 2)) == 2
    store.close()


class _Turned(HashingEmbedder):
    """Queries come out turned: an adaptation finds out."""

    def embed_queries(self, texts: list[str]) -> Vectors:
        rng = np.random.default_rng(1)
        turn, _ = np.linalg.qr(rng.normal(size=(self.dimension, self.dimension)))
        plain = super().embed_queries(texts)
        return unit(plain + 1.2 * plain @ turn)


WORDS = "請求 領収 契約 解約 招待 権限 通知 印刷 検索 連携 集計 承認 休暇 打刻 残業 交通 経費 予算 監査 保管"
TOPICS = [f"{a}{b}" for a in WORDS.split() for b in ("画面", "設定", "期限", "一覧")]


@pytest.fixture
def turned(tmp_path: Path, article: Make) -> KnowledgeBase:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=_Turned(32))
    kb.sync(
        article(i, title=f"{topic}を変更したい", body=f"{topic}は管理者が変更します。{topic}の欄を開きます。")
        for i, topic in enumerate(TOPICS)
    )
    return kb


def test_the_first_sync_adapts_and_deltas_keep_it(turned: KnowledgeBase, article: Make) -> None:
    said = turned.status()["adaptation"]
    assert said["adopted"]
    assert said["mrr_after"] > said["mrr_before"]
    assert "+" in turned.model
    before = turned.model
    entries = [*turned.entries(), article(999, title="新しい質問", body="新しい答えです。")]
    report = turned.sync(entries)
    assert (report.added, report.embedded) == (1, 1)
    assert turned.model == before
    assert turned.status()["adaptation"] == said  # learned in generation 1, not again


def test_dropping_and_learning_again_embeds_no_entry(turned: KnowledgeBase) -> None:
    learned, ids = turned.model, turned.entry_ids()
    found = turned.search("請求画面を変更したい", vector_weight=1.0)
    assert turned.adapt(drop=True) == {"adopted": False}
    assert turned.generation == 2
    assert turned.model == learned.split("+")[0]
    assert turned.entry_ids() == ids
    plain = turned.search("請求画面を変更したい", vector_weight=1.0)
    assert [m.semantic for m in plain] != [m.semantic for m in found]
    assert turned.adapt()["adopted"]
    assert turned.model == learned
    assert turned.search("請求画面を変更したい", vector_weight=1.0) == found


def test_adaptation_can_be_left_out(tmp_path: Path, article: Make) -> None:
    entries = [article(i, title=f"{t}を変えたい") for i, t in enumerate(TOPICS)]
    off = Settings(retrieval=Retrieval(adapt=False))
    by_settings = KnowledgeBase.open(tmp_path / "a", settings=off, embedder=_Turned(32))
    by_settings.sync(entries)
    by_hand = KnowledgeBase.open(tmp_path / "b", embedder=_Turned(32))
    by_hand.sync(entries, adapt=False)
    for kb in (by_settings, by_hand):
        assert kb.status()["adaptation"] == {"adopted": False}


def test_nothing_to_adapt_is_said(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="sync some first"):
        KnowledgeBase.open(tmp_path, embedder=HashingEmbedder()).adapt()


def test_a_map_of_another_size_is_refused(turned: KnowledgeBase) -> None:
    folder = turned.path / "generations" / "000001"
    (folder / "adaptation.npy").unlink()
    np.save(folder / "adaptation.npy", np.zeros((3, 3), np.float32))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    content = (folder / "adaptation.npy").read_bytes()
    import hashlib

    manifest["files"]["adaptation.npy"] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    manifest["sha256"] = manifests._own_sha256(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(KnowledgeBaseCorrupt, match=r"shape \(3, 3\), expected \(32, 32\)"):
        KnowledgeBase.open(turned.path, embedder=_Turned(32))


class _Blind(HashingEmbedder):
    """Gives every text vectors that say nothing about it."""

    def embed_queries(self, texts: list[str]) -> Vectors:
        return unit(np.random.default_rng(len(texts)).normal(size=(len(texts), self.dimension)))


def test_a_model_that_finds_nothing_is_refused(tmp_path: Path, article: Make) -> None:
    entries = [article(i, title=f"{t}を変えたい") for i, t in enumerate(TOPICS)]
    with pytest.raises(ModelError, match="no better than by chance") as refusal:
        KnowledgeBase.open(tmp_path / "a", embedder=_Blind(32)).sync(entries)
    assert "vector_weight = 0" in str(refusal.value)
    assert not KnowledgeBase.open(tmp_path / "a").generation
    words_only = Settings(retrieval=Retrieval(vector_weight=0.0))
    kb = KnowledgeBase.open(tmp_path / "b", settings=words_only, embedder=_Blind(32))
    assert kb.sync(entries).added == len(TOPICS)


def test_a_resolved_inquiry_lends_to_its_article(tmp_path: Path, article: Make, case: MakeCase) -> None:
    entries = [
        article(1, title="二段階認証を再登録する", body="管理者が解除します。"),
        article(2, title="端末を交換する", body="端末の一覧を開きます。"),
        case(1, inquiry="スマホを機種変更したら入れない", reply="解除しました。", resolves_with="a1"),
        case(2, inquiry="別の件です", reply="対応しました。", resolves_with="a2"),
    ]
    question = "スマホを機種変更したら入れなくなりました"
    kb = KnowledgeBase.open(tmp_path / "a", embedder=HashingEmbedder())
    kb.sync(entries)
    lent = {m.entry_id: m.score for m in kb.search(question)}
    alone = KnowledgeBase.open(tmp_path / "b", embedder=HashingEmbedder())
    alone.sync(e.model_copy(update={"resolves_with": None}) if e.kind == "case" else e for e in entries)
    plain = {m.entry_id: m.score for m in alone.search(question)}
    assert lent["c1"] == plain["c1"]
    for article_id, case_id in (("a1", "c1"), ("a2", "c2")):
        lead = max(0.0, plain[case_id] - plain[article_id])
        assert lent[article_id] == pytest.approx(plain[article_id] + 0.3 * lead, abs=2e-6)
    assert plain["c1"] > plain["a1"]
