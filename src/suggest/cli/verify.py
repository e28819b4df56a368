"""``suggest verify``: hold a knowledge base against its checksums."""

from __future__ import annotations

import typer

from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json
from suggest.errors import KnowledgeBaseError


def verify(kb: KbOption, as_json: JsonOption = False) -> None:
    """Check every file of every generation, every stored entry and the review ledger; exit status 1 when something is wrong."""
    from suggest.errors import SuggestError
    from suggest.index import maintenance
    from suggest.review import ReviewQueue

    if not kb.is_dir():
        raise KnowledgeBaseError(
            f"{kb}: there is no knowledge base; make one with `suggest sync SOURCE --kb {kb}`"
        )
    found = maintenance.verify(kb)
    try:
        queue = ReviewQueue.open_existing(kb)
        if queue is not None:
            with queue:
                found["problems"] += queue.verify()
    except SuggestError as error:
        found["problems"].append(str(error))
    found["ok"] = not found["problems"]
    if as_json:
        print_json(found)
    elif found["ok"]:
        typer.echo(f"ok: generation {found['generation']}, nothing is wrong")
    for problem in found["problems"] if not as_json else ():
        typer.echo(problem)
    if not found["ok"]:
        raise typer.Exit(1)
