from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from suggest import KnowledgeBase
from suggest.errors import KnowledgeBaseCorrupt
from suggest.index.passages import PassageLeg, passages_of, write
from suggest.records import Article
from suggest.testing import HashingEmbedder

Make = Callable[..., Article]

FILLER = "".join(f"画面{n}を開き、項目{n}を選んで保存します。" for n in range(90))
DEEP = "領収書の宛名は発行後も変更できます。"


def test_a_long_answer_is_cut_between_sentences(article: Make) -> None:
    made = passages_of(article(1, title="設定の手順", body=FILLER))
    assert len(made) > 4
    assert all(passage.startswith("設定の手順\n") and passage.endswith("。") for passage in made)
    assert "".join(passage.split("\n", 1)[1] for passage in made) == FILLER
    assert max(map(len, made)) < 260


def test_a_short_answer_has_no_passages(article: Make) -> None:
    assert passages_of(article(1)) == []
    assert passages_of(article(1, body="plain words " * 60)) == []
    assert passages_of(article(1, body="plain words. " * 230))


def test_one_paragraph_is_enough_to_be_found(tmp_path: Path, article: Make) -> None:
    deep = article(1, title="画面の手引き", body=FILLER + DEEP + FILLER[: len(FILLER) // 3])
    others = [article(n, title=f"別件{n}", body=f"別の説明{n}です。") for n in range(2, 30)]
    kb = KnowledgeBase.open(tmp_path, embedder=HashingEmbedder())
    kb.sync([deep, *others])
    [first, *_] = kb.search("領収書の宛名を変更したい", vector_weight=1.0)
    assert first.entry_id == "a1"
    embed = kb.embedder.embed_documents
    [query] = kb.embedder.embed_queries(["領収書の宛名を変更したい"])
    whole = float(query @ embed([f"{deep.title}\n{deep.body}"])[0])
    nearest = float((embed(passages_of(deep)) @ query).max())
    assert nearest > whole
    assert first.semantic == pytest.approx((whole + nearest) / 2, abs=1e-5)


def test_deltas_embed_only_the_passages_of_what_changed(tmp_path: Path, article: Make) -> None:
    class Counting(HashingEmbedder):
        texts = 0

        def embed_documents(self, texts):  # type: ignore[no-untyped-def]
            self.texts += sum("手引き" in text for text in texts)
            return super().embed_documents(texts)

    model = Counting()
    kb = KnowledgeBase.open(tmp_path, embedder=model)
    long = [article(n, title=f"手引き{n}", body=f"その{n}。" + FILLER) for n in range(3)]
    kb.sync(long)
    before = [match.model_dump() for match in kb.search(DEEP, vector_weight=1.0)]
    each = len(passages_of(long[0]))
    model.texts = 0
    kb.sync([*long, article(9)])
    assert model.texts == 0
    after = {match.entry_id: match for match in kb.search(DEEP, vector_weight=1.0)}
    assert [after[match["entry_id"]].semantic for match in before] == [match["semantic"] for match in before]
    model.texts = 0
    kb.sync([*long[:2], long[2].model_copy(update={"body": "変更。" + FILLER}), article(9)])
    assert model.texts == 1 + each
    kb.sync([article(9)])
    assert not (tmp_path / "generations" / "000004" / "passages.npz").exists()


def test_passages_of_other_entries_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "passages.npz"
    write(path, np.array([7, 3], np.int64), np.eye(2, dtype=np.float32))
    leg = PassageLeg(path, np.array([3, 7], np.int64), 2)
    assert leg.nearest(np.array([1, 0], np.float32), np.array([True, True])) == {0: 0.0, 1: 1.0}
    assert leg.nearest(np.array([1, 0], np.float32), np.array([True, False])) == {0: 0.0}
    for keys, width in (([3], 2), ([3, 8], 2), ([3, 7], 3)):
        with pytest.raises(KnowledgeBaseCorrupt, match="does not belong"):
            PassageLeg(path, np.array(keys, np.int64), width)
    path.write_bytes(b"junk")
    with pytest.raises(KnowledgeBaseCorrupt, match="cannot be read"):
        PassageLeg(path, np.array([3, 7], np.int64), 2)
