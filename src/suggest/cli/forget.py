"""``suggest forget``: erase entries for good."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from suggest.cli.options import JsonOption, KbOption, TenantOption
from suggest.cli.output import print_json


def forget(
    ids: Annotated[list[str], typer.Argument(help="Ids of the entries.", metavar="ID…", show_default=False)],
    kb: KbOption,
    inquiries: Annotated[
        bool,
        typer.Option(
            "--inquiries", help="The IDs are of inquiries: erase what the review queue holds of them."
        ),
    ] = False,
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Erase entries: text, vectors and terms, in the store and in every generation, older ones included."""
    from suggest.index.knowledge_base import KnowledgeBase

    if inquiries:
        _inquiries(ids, kb, tenant, as_json)
        return
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


def _inquiries(ids: list[str], kb: Path, tenant: str, as_json: bool) -> None:
    """Erase inquiries from the review queue and its ledger; the chain stays whole."""
    from suggest.review import ReviewQueue

    with ReviewQueue.open(kb) as queue:
        done = [queue.forget_inquiry(each, tenant=tenant, reviewer=getpass.getuser()) for each in ids]
    if as_json:
        print_json({"forgotten": [each.model_dump(mode="json") for each in done]})
        return
    for inquiry_id, each in zip(ids, done, strict=True):
        typer.echo(f"{inquiry_id}: erased {each.contents} texts and {each.labels} labels")
        for entry_id in each.still_to_forget:
            typer.echo(f"  a case was learnt from it: run `suggest forget {entry_id} --kb {kb}` too")
