"""``suggest sync``: bring a knowledge base in line with its sources."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from suggest.cli.calibrate import redo
from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json
from suggest.cli.progress import sync_progress
from suggest.records import Entry, ModelTrial
from suggest.settings import Retrieval, Settings

_SHOWN = 20
_NICENESS = 10


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
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NEW",
            help="Another model (fast, balanced, or the name or path of one): build aside and say which past "
            "inquiries would get another answer. With --adopt, use it from now on.",
        ),
    ] = None,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="Embed everything anew with the model that --model or the settings name."
        ),
    ] = False,
    no_adapt: Annotated[
        bool, typer.Option("--no-adapt", help="At the first sync, do not learn how to search these entries.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", metavar="N", help="Processes that analyse texts; by default one a processor.", min=0
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Index the SOURCEs and the approved learnt cases. Only new and changed entries are embedded; entries gone from them are removed."""
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.settings import FILE_NAME, load_settings, write_model
    from suggest.sources import read_entries

    _make_way()
    if model is not None and dry_run:
        raise typer.BadParameter(
            "--dry-run and --model exclude each other: --model alone changes nothing either"
        )
    settings = load_settings(kb / FILE_NAME)
    named = settings.retrieval if model is None else _named(settings.retrieval, model)
    if adopt:
        settings = settings.model_copy(update={"retrieval": named})
    with (
        read_entries(*sources, skip_bad=skip_bad, on_notice=_notice, also=_learned(kb, settings)) as reader,
        KnowledgeBase.open(kb, settings=settings) as opened,
        sync_progress() as show,
    ):
        if model is not None and not adopt:
            trial = opened.try_model(
                reader,
                named,
                keep_missing=keep_missing or reader.still_there,
                workers=workers,
                on_progress=show,
            )
            _show_trial(trial, as_json)
            return
        report = opened.sync(
            reader,
            keep_missing=keep_missing or reader.still_there,
            dry_run=dry_run,
            adopt_model=adopt,
            adapt=False if no_adapt else None,
            workers=workers,
            on_progress=show,
        )
        redone = [] if dry_run else redo(opened, show)
    if model is not None:
        write_model(kb / FILE_NAME, named)
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
    if report.masked:
        said = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in report.masked.items())
        typer.echo(f"masked in past cases: {said}")
    if report.dropped_generations:
        typer.echo(
            f"older generations whose cases were not masked like this are deleted: "
            f"{', '.join(map(str, report.dropped_generations))}"
        )
    for line in redone:
        typer.echo(line)
    if report.rejected:
        typer.echo(
            f"{report.rejected} bad rows were left out, see {skip_bad}; entries that they were meant to update "
            "stay as they were"
        )


def _learned(kb: Path, settings: Settings) -> list[Entry]:
    """Return the cases learnt from replies that supervisors let in."""
    from suggest.review import ReviewQueue

    queue = ReviewQueue.open_existing(kb, settings=settings) if kb.is_dir() else None
    if queue is None:
        return []
    with queue:
        return queue.learned_entries()


def _named(retrieval: Retrieval, model: str) -> Retrieval:
    """Return the settings with another model; prompts belong to a model and are left out."""
    bundled = model in ("fast", "balanced")
    named = {"profile": model} if bundled else {"model": model}
    defaults = Retrieval().model_dump(include={"model", "profile", "query_prompt", "document_prompt"})
    return Retrieval(**{**retrieval.model_dump(), **defaults, **named})


def _show_trial(trial: ModelTrial, as_json: bool) -> None:
    if as_json:
        print_json(trial.model_dump(mode="json"))
        return
    typer.echo(
        f"{trial.model}: of {trial.replayed} past inquiries asked again, {len(trial.changed)} would get another answer"
    )
    for change in trial.changed[:_SHOWN]:
        typer.echo(f"  {change.inquiry_id}: {change.before or 'nothing'} -> {change.after or 'nothing'}")
    if len(trial.changed) > _SHOWN:
        typer.echo(f"  … and {len(trial.changed) - _SHOWN} more; --json lists all")
    typer.echo("nothing has changed; --adopt makes this model the one in use")


def _notice(message: str) -> None:
    sys.stderr.write(f"note: {message}\n")


def _make_way() -> None:
    """Let those who answer meanwhile have the processors first."""
    with suppress(OSError, AttributeError):  # Windows has no such call
        os.nice(max(0, _NICENESS - os.nice(0)))
