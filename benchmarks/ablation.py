"""What each part of retrieval is worth: words, each model, adaptation, and all of it together.

    python benchmarks/ablation.py --data DIR

DIR as for ``retrieval.py``. Each row is a knowledge base of its own. Inquiries are searched as ``suggest
evaluate`` does it (without the letter around them), on both halves: the tuning half served choices, figures
to quote are the reporting half's. Known items are titles searched among entries without titles. Means only;
``retrieval.py`` gives intervals.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from retrieval import without_titles
from suggest import Inquiry, KnowledgeBase, Settings, Suggester, read_entries
from suggest.evaluate import read_qrels, read_queries
from suggest.evaluate.retrieval import metrics
from suggest.index.embedding import Embedder
from suggest.index.models import STUDENT, load_embedder
from suggest.index.student_embedder import StudentEmbedder
from suggest.settings import Retrieval


class Row(NamedTuple):
    """One configuration."""

    name: str
    retrieval: Retrieval
    embedder: Callable[[], Embedder] | None
    vector_weight: float | None


class WholeTexts:
    """A model without the vectors of single word pieces."""

    def __init__(self, model: Embedder) -> None:
        self.name, self.dimension, self.fingerprint = (
            model.name,
            model.dimension,
            f"whole {model.fingerprint}",
        )
        self.embed_queries, self.embed_documents = model.embed_queries, model.embed_documents


def rows() -> list[Row]:
    """Return the configurations, from the barest on."""

    def student() -> Embedder:
        return WholeTexts(StudentEmbedder(STUDENT))

    def both() -> Embedder:
        return WholeTexts(load_embedder(Retrieval()))

    plain, fast = {"adapt": False}, {"profile": "fast"}
    return [
        Row("words", Retrieval(**fast, **plain), None, 0.0),
        Row("static", Retrieval(**fast, **plain), None, 1.0),
        Row("static, adapted", Retrieval(**fast), None, 1.0),
        Row("student", Retrieval(**plain), student, 1.0),
        Row("student, adapted", Retrieval(), student, 1.0),
        Row("static + student", Retrieval(**plain), both, 1.0),
        Row("static + student, adapted", Retrieval(), both, 1.0),
        Row("static + student, adapted, word by word", Retrieval(), None, 1.0),
        Row("words + static (`fast` unadapted)", Retrieval(**fast, **plain), None, None),
        Row("words + static, adapted (`fast`)", Retrieval(**fast), None, None),
        Row("words + student, adapted", Retrieval(), student, 0.7),
        Row("words + static + student", Retrieval(**plain), both, 0.7),
        Row("words + static + student, adapted", Retrieval(), both, 0.7),
        Row("words + static + student, adapted, word by word (`balanced`)", Retrieval(), None, None),
    ]


def cells(
    kb: KnowledgeBase,
    asked: Sequence[tuple[str, str]],
    judged: dict[str, dict[str, int]],
    weight: float | None,
) -> str:
    """Return nDCG@10, hit@1 and hit@5 of ``(id, text)``."""
    suggester = Suggester(kb)
    found = [
        metrics([m.entry_id for m in suggester.find(Inquiry(text=text), vector_weight=weight)], judged[key])
        for key, text in asked
    ]
    return " / ".join(f"{fmean(f[name] for f in found):.3f}" for name in ("ndcg@10", "hit@1", "hit@5"))


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    articles = data / "m365_support_ja"
    judged = read_qrels(data / "inquiries_m365_ja" / "qrels.tsv")
    lines = (data / "inquiries_m365_ja" / "inquiries.jsonl").read_text(encoding="utf-8").splitlines()
    wanted = [r for r in map(json.loads, lines) if any(judged.get(r["id"], {}).values())]
    sets = {
        f"{kind} {lang}, {half}": [
            (r["id"], r["text"]) for r in wanted if (r["kind"], r["lang"], r["split"]) == (kind, lang, half)
        ]
        for kind, lang in (("single", "ja"), ("multi", "ja"))
        for half in ("tuning", "reporting")
    }
    titles = read_qrels(articles / "qrels.tsv")
    known = [(q.id, q.text) for q in read_queries(articles / "queries.jsonl.gz") if q.id in titles]
    languages = {"ja": "known item ja", "en": "known item en→ja"}
    for code, name in languages.items():
        sets[name] = [(key, text) for key, text in known if key.startswith(f"q-{code}-")]
    print("nDCG@10 / hit@1 / hit@5\n")
    print(f"| legs | {' | '.join(f'{name} ({len(asked)})' for name, asked in sets.items())} |")
    print(f"|---|{'---|' * len(sets)}", flush=True)
    with tempfile.TemporaryDirectory() as work:
        built: dict[str, tuple[KnowledgeBase, KnowledgeBase]] = {}
        for row in rows():
            embedder = row.embedder() if row.embedder else None
            key = f"{row.retrieval.profile}-{row.retrieval.adapt}-{row.embedder.__name__ if row.embedder else ''}"
            if key not in built:
                settings = Settings(retrieval=row.retrieval)
                whole = KnowledgeBase.open(Path(work) / key, settings=settings, embedder=embedder)
                whole.sync(read_entries(articles / "corpus.jsonl.gz"))
                bare = without_titles(
                    articles / "corpus.jsonl.gz", Path(work) / f"{key}-bare", settings, embedder
                )
                built[key] = whole, bare
                print(f"{row.name}: {whole.status()['adaptation']}", file=sys.stderr)
            whole, bare = built[key]
            found = [
                cells(
                    bare if name in languages.values() else whole,
                    asked,
                    titles if name in languages.values() else judged,
                    row.vector_weight,
                )
                for name, asked in sets.items()
            ]
            print(f"| {row.name} | {' | '.join(found)} |", flush=True)


if __name__ == "__main__":
    main()
