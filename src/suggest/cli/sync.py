"""``suggest sync``: bring a knowledge base in line with its sources."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from suggest.cli.calibrate import redo
from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json
from suggest.cli.progress import sync_progress


def sync(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Files (.jsonl, .csv, .tsv, .md, each also .gz) or folders of them: everything the "
            "knowledge base shall hold.",
            show_default=False,
        ),
    ],
    kb: KbOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    keep_missing: Annotated[
        bool, typer.Option("--keep-missing", help="Keep entries that the sources lack.")
    ] = False,
    skip_bad: Annotated[
        Path | None,
        typer.Option("--skip-bad", metavar="FILE", help="Write bad rows to FILE and load the rest."),
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Embed everything anew with the model that the settings name.")
    ] = False,
    no_adapt: Annotated[
        bool, typer.Option("--no-adapt", help="At the first sync, do not learn how to search these entries.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Index the SOURCEs. Only new and changed entries are embedded; entries gone from them are removed."""
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.sources import read_entries

    with (
        read_entries(*sources, skip_bad=skip_bad, on_notice=_notice) as reader,
        KnowledgeBase.open(kb) as opened,
        sync_progress() as show,
    ):
        report = opened.sync(
            reader,
            keep_missing=keep_missing or reader.still_there,
            dry_run=dry_run,
            adopt_model=adopt,
            adapt=False if no_adapt else None,
            on_progress=show,
        )
        redone = [] if dry_run else redo(opened, show)
    report = report.model_copy(update={"rejected": reader.rejected})
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    would = "would be " if dry_run else ""
    typer.echo(
        f"{would}added {report.added}, {would}changed {report.changed}, {would}removed {report.removed}, "
        f"unchanged {report.unchanged}; embedded {report.embedded}; "
        f"generation {report.generation}; {report.seconds:.1f} s"
    )
    for line in redone:
        typer.echo(line)
    if report.rejected:
        typer.echo(
            f"{report.rejected} bad rows were left out, see {skip_bad}; entries that they were meant to update "
            "stay as they were"
        )


def _notice(message: str) -> None:
    sys.stderr.write(f"note: {message}\n")
