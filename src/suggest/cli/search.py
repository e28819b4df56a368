"""``suggest search``: look something up in a knowledge base."""

from __future__ import annotations

from typing import Annotated

import typer

from suggest.cli.options import JsonOption, KbOption, TenantOption
from suggest.cli.output import console, print_json, show_matches


def search(
    text: Annotated[str, typer.Argument(help="What to look for.", show_default=False)],
    kb: KbOption,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="How many entries.")] = 10,
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Print the entries nearest to TEXT, a few words or a whole inquiry, best first."""
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.pipeline import Suggester
    from suggest.records import Inquiry

    with KnowledgeBase.open(kb, create=False) as opened:
        matches = Suggester(opened).find(Inquiry(text=text, tenant=tenant), top=top)
        generation = opened.generation
    if as_json:
        print_json(
            {"matches": [match.model_dump(mode="json") for match in matches], "generation": generation}
        )
    elif matches:
        show_matches(console(), matches)
    else:
        typer.echo("nothing found")
