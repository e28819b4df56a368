"""The bundled static model: values, not only shapes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from suggest.errors import ModelError
from suggest.index.embedding import Embedder
from suggest.index.models import BUNDLED
from suggest.index.static_embedder import StaticEmbedder, read_table, write_table
from suggest.text import tokens

TEXTS = [
    "パスワードを忘れてログインできません",
    "How do I reset my password?",
    "請求書の支払い方法を変更したい",
    "会議の録画をダウンロードする手順",
    "エラー AADSTS50034 が表示される",
    "",
    "。。。",
    "返品 返品 返品 送料",
]


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return StaticEmbedder(BUNDLED)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    vectors = np.array([[1.0, 0.0, 0.0], [0.0, -2.0, 0.0], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]], np.float32)
    write_table(folder, ["返品", "送料", "login", "無"], vectors, {"name": "small"})
    return folder


def cosine(embedder: StaticEmbedder, left: str, right: str) -> float:
    vectors = embedder.embed_queries([left, right])
    return float(vectors[0] @ vectors[1])


def test_is_an_embedder_with_unit_vectors(embedder: StaticEmbedder) -> None:
    assert isinstance(embedder, Embedder)
    vectors = embedder.embed_documents(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    lengths = np.linalg.norm(vectors, axis=1)
    assert lengths == pytest.approx([1, 1, 1, 1, 1, 0, 0, 1], abs=1e-5)


def test_folder_is_small_and_holds_no_pickle() -> None:
    files = [path for path in BUNDLED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 24_000_000
    assert {path.suffix for path in files} == {".json", ".txt", ".safetensors", ".md"}


def test_sums_square_root_counts_of_known_tokens(small: Path) -> None:
    embedder = StaticEmbedder(small)
    vector = embedder.embed_tokens([["返品", "返品", "送料", "未知", "返品", "返品"]])[0]
    expected = np.array([2.0, -2.0, 0.0]) / np.sqrt(8)
    assert vector == pytest.approx(expected, abs=1e-6)
    assert not embedder.embed_tokens([["未知"], [], ["無"]]).any()


def test_quantised_vectors_are_near_the_written_ones(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((50, 32)).astype(np.float32)
    write_table(tmp_path, [f"t{i}" for i in range(50)], vectors, {"name": "random"})
    read = read_table(tmp_path).dequantised()
    assert np.abs(read - vectors).max() <= np.abs(vectors).max() / 127 / 2 + 1e-6


def test_a_text_has_the_same_vector_in_any_batch_and_thread(embedder: StaticEmbedder) -> None:
    together = embedder.embed_documents(TEXTS)
    alone = np.concatenate([embedder.embed_documents([text]) for text in TEXTS])
    assert np.array_equal(together, alone)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(embedder.embed_queries, [TEXTS[::-1]] * 8):
            assert np.array_equal(vectors[::-1], together)


def test_analysed_tokens_give_the_vector_of_the_text(embedder: StaticEmbedder) -> None:
    analysed = embedder.embed_tokens([tokens(text) for text in TEXTS])
    assert np.array_equal(analysed, embedder.embed_queries(TEXTS))


@pytest.mark.parametrize(
    ("query", "related", "unrelated"),
    [
        ("パスワードを忘れました", "パスワードのリセット方法", "会議の録画を共有する手順"),
        ("メールが届かない", "迷惑メールのフィルターで受信が拒否される", "プリンターの用紙サイズを選ぶ"),
        ("支払い方法を変更したい", "クレジットカード情報の更新", "画面の背景をぼかす"),
        ("how to reset my password", "パスワードをリセットする", "請求書をダウンロードする"),
        ("download invoice", "請求書をダウンロードする", "パスワードをリセットする"),
        ("cannot share the file", "ファイルの共有ができない", "会議に参加する"),
        ("my card has not arrived", "I am still waiting for the card", "change the language of the app"),
    ],
)
def test_related_texts_are_nearer(embedder: StaticEmbedder, query: str, related: str, unrelated: str) -> None:
    assert cosine(embedder, query, related) > cosine(embedder, query, unrelated) + 0.1


def test_agrees_with_sentence_transformers(embedder: StaticEmbedder) -> None:
    from sentence_transformers import SentenceTransformer

    from suggest.index.sentence_module import StaticModule

    model = SentenceTransformer(modules=[StaticModule.load(BUNDLED)], device="cpu")
    assert model.get_embedding_dimension() == embedder.dimension
    theirs = model.encode(TEXTS, batch_size=3, show_progress_bar=False)
    ours = embedder.embed_documents(TEXTS)
    assert np.abs(theirs - ours).max() < 1e-5
    filled = ours.any(axis=1)
    assert ((theirs * ours).sum(axis=1)[filled] > 0.9999).all()


def test_module_that_the_folder_names_is_the_one_that_loads_it() -> None:
    from suggest.index import sentence_module

    (module,) = json.loads((BUNDLED / "modules.json").read_text(encoding="utf-8"))
    assert module["type"] == f"{sentence_module.__name__}.{sentence_module.StaticModule.__name__}"


def test_saved_module_is_the_same_model(small: Path, tmp_path: Path) -> None:
    from suggest.index.sentence_module import StaticModule

    copy = tmp_path / "copy"
    StaticModule.load(small).save(str(copy))
    assert StaticEmbedder(copy).fingerprint == StaticEmbedder(small).fingerprint


def test_fingerprint_changes_with_weights_vocabulary_and_analysis(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint = StaticEmbedder(small).fingerprint
    assert StaticEmbedder(small).fingerprint == fingerprint
    table = read_table(small)
    vectors = table.dequantised()
    vectors[2, 2] = 0.6
    write_table(tmp_path / "weights", list(table.row_of), vectors, {"name": "small"})
    write_table(
        tmp_path / "words", ["返品", "送料", "ログイン", "無"], table.dequantised(), {"name": "small"}
    )
    others = {StaticEmbedder(tmp_path / name).fingerprint for name in ("weights", "words")}
    monkeypatch.setattr("suggest.index.static_embedder.ANALYSIS_VERSION", 999)
    others.add(StaticEmbedder(small).fingerprint)
    assert len(others | {fingerprint}) == 4


@pytest.mark.parametrize("name", ["config.json", "vocabulary.txt", "model.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
def test_broken_folder_names_the_file_and_the_remedy(small: Path, name: str, damage: str) -> None:
    path = small / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(b"" if damage == "empty" else content[: len(content) // 2])
    with pytest.raises(ModelError, match=name) as caught:
        StaticEmbedder(small)
    assert "reinstall" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"format": 2}, "format 1"),
        ({"tokens": 3}, "int8"),
        ({"name": None}, "name"),
        ({"dimension": "3"}, "dimension"),
    ],
)
def test_config_that_does_not_fit_is_refused(small: Path, change: dict[str, object], expected: str) -> None:
    path = small / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(ModelError, match=expected):
        StaticEmbedder(small)


def test_repeated_token_in_the_vocabulary_is_refused(small: Path) -> None:
    (small / "vocabulary.txt").write_text("返品\n返品\nlogin\n無\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"vocabulary\.txt"):
        StaticEmbedder(small)


def test_missing_folder_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        StaticEmbedder(tmp_path / "nowhere")


def test_needs_no_torch(small: Path) -> None:
    code = (
        "import sys; from suggest.index.static_embedder import StaticEmbedder; "
        f"StaticEmbedder({str(small)!r}).embed_queries(['返品']); "
        "assert not {'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unrelated_files_in_the_folder_do_not_matter(small: Path) -> None:
    fingerprint = StaticEmbedder(small).fingerprint
    shutil.copy(small / "config.json", small / "notes.json")
    assert StaticEmbedder(small).fingerprint == fingerprint
