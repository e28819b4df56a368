"""Any sentence-transformers model by name or path. PyTorch is imported when one is constructed."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suggest.errors import ModelError
from suggest.index.embedding import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 32
_STATIC = "suggest.index.sentence_module.StaticModule"
_STUDENT = "suggest.index.student_module.StudentModule"
_UNSAFE = (
    "*.bin",
    "*.pt",
    "*.pth",
    "*.pkl",
    "*.pickle",
    "*.ckpt",
    "*.h5",
    "*.msgpack",
    "*.ot",
    "*.onnx",
    "*.py",
)
_DESCRIBING = {".json", ".txt", ".model", ".vocab"}
"""Endings of the files that say how text becomes tokens and which modules there are."""


class TransformerEmbedder:
    """Embeds with a sentence-transformers model; queries and documents get the model's own prompts.

    Weights come from safetensors only and code that a model brings along is never run. A text's
    vector is the same in any batch up to floating-point rounding.
    """

    def __init__(
        self, name_or_path: str, query_prompt: str | None = None, document_prompt: str | None = None
    ) -> None:
        """Load the model; raises :class:`~suggest.errors.ModelError`.

        A prompt given here (a text put before the input) replaces the model's own; "" means none.
        """
        self._name = name_or_path
        folder = _folder(name_or_path)
        self._model = _load(folder, name_or_path)
        self._query_prompt = _prompt(self._model, query_prompt, ("query",))
        self._document_prompt = _prompt(self._model, document_prompt, ("document", "passage", "corpus"))
        self._lock = threading.Lock()
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise ModelError(f"model {name_or_path!r} does not say how many dimensions its vectors have")
        self._dimension: int = dimension
        self._fingerprint = self._hash(folder)

    @property
    def name(self) -> str:
        """The name or path that was given."""
        return self._name

    @property
    def dimension(self) -> int:
        """Columns of the vectors."""
        return self._dimension

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over every tensor (name, type, shape, bytes), tokenizer and config files, prompts."""
        return self._fingerprint

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed what customers ask, with the query prompt."""
        return self._embed(self._model.encode_query, texts, self._query_prompt)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed what the team knows, with the document prompt."""
        return self._embed(self._model.encode_document, texts, self._document_prompt)

    def _embed(self, encode: Any, texts: Sequence[str], prompt: str) -> Vectors:
        vectors = np.zeros((len(texts), self._dimension), np.float32)
        filled = [i for i, text in enumerate(texts) if text.strip()]
        if filled:
            with self._lock:
                found = encode(
                    [texts[i] for i in filled],
                    prompt=prompt,
                    batch_size=_BATCH,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
            vectors[filled] = np.asarray(found, dtype=np.float32)
        return vectors

    def _hash(self, folder: Path) -> str:
        import torch

        digest = hashlib.sha256()
        for key, tensor in sorted(self._model.state_dict().items()):
            digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        for path in sorted(folder.rglob("*")):
            if path.suffix in _DESCRIBING and path.is_file():
                content = path.read_bytes()
                digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
                digest.update(content)
        digest.update(json.dumps([self._query_prompt, self._document_prompt]).encode())
        return digest.hexdigest()


def _folder(name_or_path: str) -> Path:
    """Return the folder of the model, fetched into the cache of the Hugging Face hub when it is a name."""
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name_or_path, ignore_patterns=[*_UNSAFE, "onnx/*", "openvino/*"]))
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"model {name_or_path!r} is no folder here, is not in the local cache and cannot be fetched "
            f"({type(error).__name__}); give the path of a folder that holds a sentence-transformers model, fetch "
            "it once on a machine with a network connection, or use the bundled model"
        ) from error


def _load(folder: Path, given: str) -> SentenceTransformer:
    """Load a model folder: safetensors only, no code from the folder, no network."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    quiet: Any = logging.disable_progress_bar
    quiet()
    if _names(folder, _STUDENT):
        from suggest.index.student_module import StudentModule

        return SentenceTransformer(modules=[StudentModule.load(folder)], device="cpu")
    for weights in (path for pattern in _UNSAFE[:-1] for path in folder.rglob(pattern)):
        if not list(weights.parent.glob("*.safetensors")):
            raise ModelError(
                f"model {given!r}: {weights.name} is not safetensors and is not loaded; convert the weights to "
                "safetensors (save_pretrained does) or choose another model"
            )
    try:
        if _names(folder, _STATIC):
            from suggest.index.sentence_module import StaticModule

            return SentenceTransformer(modules=[StaticModule.load(folder)], device="cpu")
        return SentenceTransformer(
            str(folder),
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, AttributeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(
            f"model {given!r} in {folder} cannot be loaded: {reason}; expected a sentence-transformers model "
            "with safetensors weights that needs no code of its own"
        ) from error


def _names(folder: Path, module: str) -> bool:
    """Tell whether the folder is one of ours; its class is then loaded from here, never by its word."""
    modules = folder / "modules.json"
    return modules.is_file() and module in modules.read_text(encoding="utf-8")


def _prompt(model: SentenceTransformer, given: str | None, names: tuple[str, ...]) -> str:
    """Return the prompt that was given, else the model's own of the first of ``names``, else its default."""
    if given is not None:
        return given
    prompts = {key: value for key, value in model.prompts.items() if value}
    for name in (*names, model.default_prompt_name):
        if name in prompts:
            return str(prompts[name])
    return ""
