"""``suggest adapt``: learn from a knowledge base's own questions how to search it."""

from __future__ import annotations

from typing import Annotated

import typer

from suggest.cli.calibrate import redo
from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json
from suggest.cli.progress import sync_progress


def adapt(
    kb: KbOption,
    drop: Annotated[bool, typer.Option("--drop", help="Forget what was learned instead.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Learn anew how to search; adopted only when held-back questions are found better. Embeds no entry anew."""
    from suggest.index.knowledge_base import KnowledgeBase

    with KnowledgeBase.open(kb, create=False) as opened, sync_progress() as show:
        found = {**opened.adapt(drop=drop, on_progress=show), "live_generation": opened.generation}
        redone = redo(opened, show)
    if as_json:
        print_json(found)
    elif drop:
        typer.echo(f"nothing learned is used; generation {found['live_generation']}")
    else:
        typer.echo(describe(found))
    for line in redone if not as_json else []:
        typer.echo(line)


def describe(found: dict[str, object]) -> str:
    """Say what the replay of held-back questions showed."""
    if not found.get("mrr_before"):
        return f"not adapted: {found['pairs']} questions with a known answer are too few to learn from"
    verdict = "adopted" if found["adopted"] else "not adopted (no clear gain)"
    return (
        f"{verdict}: {found['pairs']} own questions, mean reciprocal rank of the right entry by vectors "
        f"{found['mrr_before']:.4f} before, {found['mrr_after']:.4f} after, each held back from what was learned"
    )
