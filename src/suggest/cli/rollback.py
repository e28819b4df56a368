"""``suggest rollback``: go back to an older generation."""

from __future__ import annotations

from typing import Annotated

import typer

from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json
from suggest.errors import KnowledgeBaseError


def rollback(
    kb: KbOption,
    to: Annotated[
        int | None,
        typer.Option("--to", metavar="N", help="Number of the generation; by default the one before."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make an older generation live again, verified first. Works also when the live one is damaged."""
    from suggest.index import maintenance
    from suggest.index.lock import writer_lock

    if not kb.is_dir():
        raise KnowledgeBaseError(
            f"{kb}: there is no knowledge base; make one with `suggest sync SOURCE --kb {kb}`"
        )
    with writer_lock(kb):
        number = maintenance.rollback(kb, to)
    if as_json:
        print_json({"generation": number})
    else:
        typer.echo(f"generation {number} is live; the next sync starts from it")
