"""``suggest forget``: erase entries for good."""

from __future__ import annotations

from typing import Annotated

import typer

from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json


def forget(
    ids: Annotated[list[str], typer.Argument(help="Ids of the entries.", metavar="ID…", show_default=False)],
    kb: KbOption,
    as_json: JsonOption = False,
) -> None:
    """Erase entries: text, vectors and terms, in the store and in every generation, older ones included."""
    from suggest.index.knowledge_base import KnowledgeBase

    with KnowledgeBase.open(kb, create=False) as opened:
        known = opened.entry_ids()
        gone = opened.forget(*ids)
        number = opened.generation
    absent = [entry_id for entry_id in ids if entry_id not in known]
    if as_json:
        print_json({"forgotten": gone, "not_live": absent, "generation": number})
        return
    typer.echo(f"erased {gone} versions; generation {number}; older generations are deleted")
    if absent:
        typer.echo(f"not in the live generation: {', '.join(absent)}")
    typer.echo("remove these entries from the sources too, or the next sync brings them back")
