from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from suggest import KnowledgeBase, Settings
from suggest.errors import ModelError, ModelMismatch
from suggest.index.combined_embedder import CombinedEmbedder
from suggest.index.models import STUDENT, load_embedder
from suggest.index.student_embedder import StudentEmbedder
from suggest.records import Article
from suggest.settings import Retrieval
from suggest.testing import HashingEmbedder, check_embedder


@pytest.fixture(scope="module")
def student() -> StudentEmbedder:
    return StudentEmbedder(STUDENT)


def test_the_student_keeps_the_contract(student: StudentEmbedder) -> None:
    check_embedder(student)
    assert not student.embed_queries(["", " 。！ ", "😀"]).any()
    assert student.fingerprint == StudentEmbedder(STUDENT).fingerprint


def test_both_languages_meet(student: StudentEmbedder) -> None:
    pairs = [
        ("パスワードを忘れてログインできません", "I forgot my password and cannot sign in"),
        ("請求書をもう一度発行してください", "Please issue the invoice again"),
        ("有給休暇の残り日数を確認したい", "How many days of paid leave do I have left?"),
        ("アプリの通知が届きません", "I do not get notifications from the app"),
    ]
    japanese = student.embed_queries([pair[0] for pair in pairs])
    english = student.embed_documents([pair[1] for pair in pairs])
    assert (np.argmax(japanese @ english.T, axis=1) == np.arange(len(pairs))).all()


def test_long_texts_are_read_in_windows(student: StudentEmbedder) -> None:
    start, end = "パスワードの再設定について。" * 40, "請求書の再発行について。" * 40
    whole, alone = student.embed_documents([start + end, start])
    assert float(whole @ alone) < 0.99
    assert float(whole @ student.embed_documents([end])[0]) > float(alone @ student.embed_documents([end])[0])


def test_a_broken_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        StudentEmbedder(tmp_path)
    folder = tmp_path / "copy"
    shutil.copytree(STUDENT, folder)
    (folder / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="copy"):
        StudentEmbedder(folder)


def test_a_combination_has_the_weighted_mean_cosine() -> None:
    one, two = HashingEmbedder(32, name="one"), HashingEmbedder(48, name="two")
    both = CombinedEmbedder("both", [(one, 0.25), (two, 0.75)])
    check_embedder(both)
    texts = ["請求書の再発行", "請求書を送ってください"]
    cosines = [
        float(np.prod(m.embed_queries(texts[:1]) @ m.embed_documents(texts[1:]).T)) for m in (one, two, both)
    ]
    assert cosines[2] == pytest.approx(0.25 * cosines[0] + 0.75 * cosines[1], abs=1e-6)
    assert both.fingerprint != CombinedEmbedder("both", [(one, 0.5), (two, 0.5)]).fingerprint


def test_profiles_are_different_models(tmp_path: Path) -> None:
    def opened(profile: str) -> KnowledgeBase:
        return KnowledgeBase.open(tmp_path, settings=Settings(retrieval=Retrieval(profile=profile)))

    opened("balanced").sync(
        [Article(id="a", title="請求書の再発行"), Article(id="b", title="ログインできない")]
    )
    assert opened("balanced").search("Please send the invoice again")[0].entry_id == "a"
    with pytest.raises(ModelMismatch, match=r"'suggest-balanced-ja-en'.*'suggest-static-ja-en'"):
        opened("fast").search("請求書")
    assert load_embedder(Retrieval(profile="balanced")).dimension == 256 + 384


def test_the_folder_is_a_sentence_transformers_model(student: StudentEmbedder, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    from suggest.index import student_module
    from suggest.index.transformer_embedder import TransformerEmbedder

    (module,) = json.loads((STUDENT / "modules.json").read_text(encoding="utf-8"))
    assert module["type"] == f"{student_module.__name__}.{student_module.StudentModule.__name__}"
    texts = ["請求書を再発行してください", "", "I forgot my password", "長い説明です。" * 120]
    ours = student.embed_documents(texts)
    model = SentenceTransformer(modules=[student_module.StudentModule.load(STUDENT)], device="cpu")
    assert np.abs(model.encode(texts, batch_size=2, show_progress_bar=False) - ours).max() < 1e-6
    assert np.abs(TransformerEmbedder(str(STUDENT)).embed_documents(texts[:1]) - ours[:1]).max() < 1e-6
    model[0].save(str(tmp_path / "copy"))
    assert StudentEmbedder(tmp_path / "copy").fingerprint == student.fingerprint
