from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from suggest import KnowledgeBase
from suggest.errors import SettingsError
from suggest.index.lock import writer_lock
from suggest.records import Entry
from suggest.settings import Retrieval, load_settings, write_model
from suggest.testing import HashingEmbedder

Make = Callable[..., Entry]


class Other(HashingEmbedder):
    """Reads only the first line, so that it finds other entries."""

    def embed_documents(self, texts):  # type: ignore[no-untyped-def]
        return super().embed_documents([text.split("\n")[0] for text in texts])


def test_a_model_is_tried_before_it_is_adopted(tmp_path: Path, article: Make, case: Make) -> None:
    entries = [
        article(n, title=f"手順{n}", body=f"手順{(n + 1) % 12}、手順{(n + 1) % 12}") for n in range(12)
    ]
    entries += [case(n, inquiry=f"手順{n}がわかりません", reply="返品の窓口です") for n in range(12)]
    model = Other(48, name="other")
    with KnowledgeBase.open(tmp_path, embedder=HashingEmbedder()) as kb:
        kb.sync(entries)
        before = {
            path: path.stat().st_mtime_ns for path in (tmp_path / "generations").rglob("*") if path.is_file()
        }
        trial = kb.try_model(entries, Retrieval(vector_weight=1.0), embedder=model)
        assert (trial.model, trial.fingerprint, trial.embedded) == ("other", model.fingerprint, 24)
        assert trial.replayed == 12
        assert trial.changed
        assert {change.inquiry_id for change in trial.changed} <= {f"c{n}" for n in range(12)}
        assert all(change.before != change.after for change in trial.changed)
        assert before == {
            p: p.stat().st_mtime_ns for p in (tmp_path / "generations").rglob("*") if p.is_file()
        }
        assert kb.generation == 1
        same = kb.try_model(entries, Retrieval(), embedder=HashingEmbedder(64, name="hashing"))
        assert (same.changed, same.embedded) == ((), 0)
        kb.try_model(entries, Retrieval(), embedder=model)
        with writer_lock(tmp_path):
            pass
    with KnowledgeBase.open(tmp_path, embedder=model) as kb:
        report = kb.sync(entries, adopt_model=True)
        assert (report.unchanged, report.embedded, report.generation) == (24, 0, 2), "the vectors were kept"
        assert kb.verify()["ok"]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        'language = "en"\n',
        "[retrieval]\nvector_weight = 0.3 # ours\n\n[voice]\nteam = 'サポート'\n",
        "# 設定\n[retrieval] # how\nmodel = 'x'\nprofile = \"fast\"\nquery_prompt = 'q: '\n",
    ],
)
def test_the_settings_name_the_new_model_and_keep_the_rest(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "suggest.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    before = load_settings(path)
    wanted = Retrieval(profile="balanced", vector_weight=before.retrieval.vector_weight)
    write_model(path, wanted)
    assert load_settings(path) == before.model_copy(update={"retrieval": wanted})
    assert [line for line in (text or "").splitlines() if line.startswith("#")] == [
        line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")
    ]


def test_settings_that_cannot_be_followed_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "suggest.toml"
    path.write_text("retrieval = {model = 'x'}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="by hand"):
        write_model(path, Retrieval(profile="balanced"))
    assert path.read_text(encoding="utf-8") == "retrieval = {model = 'x'}\n"
    assert not path.with_name("suggest.toml.new").exists()
