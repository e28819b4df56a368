"""``suggest status``: what a knowledge base holds."""

from __future__ import annotations

import typer

from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json


def status(kb: KbOption, as_json: JsonOption = False) -> None:
    """Print generation, entries, model and size of a knowledge base; its files are verified first."""
    from suggest.index.knowledge_base import KnowledgeBase

    with KnowledgeBase.open(kb, create=False) as opened:
        found = opened.status()
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        typer.echo(f"{name:>17}  {value}")
