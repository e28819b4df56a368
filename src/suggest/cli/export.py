"""``suggest export``: the review ledger as a file."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from suggest.cli.options import KbOption, TenantOption
from suggest.errors import ReviewError

if TYPE_CHECKING:
    from suggest.review import DecisionRecord


class Form(enum.StrEnum):
    """How decisions are written."""

    csv = "csv"
    jsonl = "jsonl"


def export(
    kb: KbOption,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where to write (default: stdout).")
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format", help="csv for spreadsheets, jsonl for programs.", show_default="by FILE's ending"
        ),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="First day, UTC.")
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--everything", help="Also imports, swapped evidence, learnt cases, surveys, erasures."),
    ] = False,
    tenant: TenantOption = "default",
) -> None:
    """Write the decisions of the review queue as CSV or JSON Lines, with what was suggested and what was sent."""
    from suggest.review import ReviewQueue

    wanted = form or (Form.csv if output is not None and output.suffix.lower() == ".csv" else Form.jsonl)
    first = None if since is None else since.replace(tzinfo=UTC)
    with ReviewQueue.open(kb) as queue:
        records = queue.decisions(tenant=tenant, since=first, everything=everything)
        if output is None:
            _write(records, sys.stdout, wanted)
            return
        partial = output.with_name(output.name + ".partial")
        try:
            with partial.open(
                "w", encoding="utf-8-sig" if wanted is Form.csv else "utf-8", newline=""
            ) as out:
                count = _write(records, out, wanted)
            partial.replace(output)
        except OSError as error:
            raise ReviewError(f"{output}: cannot be written: {error.strerror or error}") from error
    typer.echo(f"{count} entries written to {output}")


def _write(records: Iterable[DecisionRecord], out: TextIO, form: Form) -> int:
    from suggest.review.export import write_csv, write_jsonl

    return write_csv(records, out) if form is Form.csv else write_jsonl(records, out)
