from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import suggest

SOURCE = Path(suggest.__file__).parent
HEAVY = ("torch", "faiss", "tantivy", "sentence_transformers", "sklearn", "sqlalchemy", "sudachipy", "numpy")


def test_all_is_sorted_and_true() -> None:
    assert suggest.__all__ == sorted(suggest.__all__)
    for name in suggest.__all__:
        assert getattr(suggest, name) is not None
    assert dir(suggest) == suggest.__all__


def test_import_stays_light() -> None:
    script = f"import suggest, sys; suggest.Inquiry; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_one_file_imports_each_heavy_package() -> None:
    homes: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in names:
                homes.setdefault(name.split(".")[0], set()).add(path.relative_to(SOURCE).as_posix())
    assert homes["faiss"] == {"index/vectors.py"}
    assert homes["tantivy"] == {"index/lexical.py"}
    assert homes["sentence_transformers"] == {"index/transformer_embedder.py"}
    assert homes["sudachipy"] == {"text.py"}
    assert homes["sklearn"] == {"judge/fitting.py"}
    assert "pickle" not in homes
