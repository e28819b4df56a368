"""``suggest evaluate``: retrieval metrics on judged questions."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json
from suggest.cli.progress import counter, sync_progress

if TYPE_CHECKING:
    from suggest.evaluate import Comparison
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.settings import Retrieval


def evaluate(
    kb: KbOption,
    queries: Annotated[
        Path, typer.Option("--queries", metavar="FILE", help="JSONL of {id, text}.", show_default=False)
    ],
    qrels: Annotated[
        Path,
        typer.Option(
            "--qrels",
            metavar="FILE",
            help="TSV with the heading query_id, doc_id, relevance.",
            show_default=False,
        ),
    ],
    vector_weight: Annotated[
        float | None,
        typer.Option(
            "--vector-weight", min=0.0, max=1.0, help="Try another weight: 0 words only, 1 vectors only."
        ),
    ] = None,
    compare_with: Annotated[
        str | None,
        typer.Option(
            "--compare",
            metavar="MODEL",
            help="Also embed the entries with another model (fast, balanced, or a sentence-transformers model by "
            "name or path) and show what it would change.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the queries through search and print nDCG, recall, MRR and hit rates."""
    from suggest.evaluate import Run, compare, rank, read_qrels, read_queries, summary
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.pipeline import Suggester
    from suggest.records import Inquiry

    judgements = read_qrels(qrels)
    asked = list(read_queries(queries))

    def run(kb: KnowledgeBase) -> Run:
        suggester = Suggester(kb)
        with counter("queries") as show:
            return Run(
                *rank(
                    lambda query: [
                        match.entry_id
                        for match in suggester.find(
                            Inquiry(text=query.text, tenant=query.tenant), vector_weight=vector_weight
                        )
                    ],
                    asked,
                    judgements,
                    on_progress=show,
                )
            )

    with KnowledgeBase.open(kb, create=False) as opened:
        _note_absent(judgements, opened.entry_ids())
        present = run(opened)
        values = summary(*present).model_dump(mode="json", by_alias=True)
        comparison = None
        if compare_with is not None:
            retrieval = _other(compare_with, opened.settings.retrieval)
            with sync_progress() as show, opened.aside(retrieval, on_progress=show) as beside:
                comparison = compare(beside.kb.model, present, run(beside.kb), judgements)
    if as_json:
        also = {} if comparison is None else {"compare": comparison.model_dump(mode="json", by_alias=True)}
        print_json(values | also)
        return
    if comparison is None:
        for name, value in values.items():
            typer.echo(f"{name:>10}  {value}")
    else:
        _show(values, comparison)


def _note_absent(judgements: Mapping[str, Mapping[str, int]], present: set[str]) -> None:
    judged = {entry_id for grades in judgements.values() for entry_id in grades}
    absent = judged - present
    if absent:
        sys.stderr.write(
            f"note: {len(absent)} of {len(judged)} judged entries are not in the knowledge base, "
            f"e.g. {min(absent)!r}; they count as not found\n"
        )


def _other(model: str, retrieval: Retrieval) -> Retrieval:
    """Return the settings with another model; prompts belong to a model and are left out."""
    chosen = {"model": "bundled", "profile": model} if model in ("fast", "balanced") else {"model": model}
    return retrieval.model_copy(update={"query_prompt": None, "document_prompt": None, **chosen})


def _show(before: dict[str, float], comparison: Comparison) -> None:
    after = comparison.metrics.model_dump(mode="json", by_alias=True)
    typer.echo(f"{'':>10}  {'now':>8}  {'with':>8}  {'gain':>8}  95 % interval      ({comparison.model})")
    for name, value in before.items():
        line = f"{name:>10}  {value:>8}  {after[name]:>8}"
        gain = comparison.gain.get(name)
        if gain is not None:
            line += f"  {gain.mean:>+8.4f}  [{gain.low:+.4f}, {gain.high:+.4f}]"
        typer.echo(line)
    verdicts = Counter(change.verdict for change in comparison.changed)
    typer.echo(
        f"\nanother first answer for {len(comparison.changed)} of {comparison.metrics.queries} queries: "
        f"{verdicts['better']} better, {verdicts['worse']} worse, {verdicts['neither']} neither"
    )
    marks = {"better": "+", "worse": "-", "neither": " "}
    for change in sorted(
        comparison.changed, key=lambda change: ("worse", "better", "neither").index(change.verdict)
    ):
        asked = " ".join(change.text.split())
        typer.echo(
            f"{marks[change.verdict]} {change.query_id}: {change.before} → {change.after}  {asked[:60]}"
        )
