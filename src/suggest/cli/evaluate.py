"""``suggest evaluate``: retrieval metrics on judged questions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json
from suggest.cli.progress import counter


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
    as_json: JsonOption = False,
) -> None:
    """Run the queries through search and print nDCG, recall, MRR and hit rates."""
    from suggest.evaluate import Query, evaluate_retrieval, read_qrels, read_queries
    from suggest.index.knowledge_base import KnowledgeBase

    judgements = read_qrels(qrels)
    with KnowledgeBase.open(kb, create=False) as opened, counter("queries") as show:
        judged = {entry_id for grades in judgements.values() for entry_id in grades}
        absent = judged - opened.entry_ids()
        if absent:
            sys.stderr.write(
                f"note: {len(absent)} of {len(judged)} judged entries are not in the knowledge base, "
                f"e.g. {min(absent)!r}; they count as not found\n"
            )

        def run(query: Query) -> list[str]:
            found = opened.search(query.text, tenant=query.tenant, vector_weight=vector_weight)
            return [match.entry_id for match in found]

        report = evaluate_retrieval(run, read_queries(queries), judgements, on_progress=show)
    values = report.model_dump(mode="json", by_alias=True)
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        typer.echo(f"{name:>10}  {value}")
