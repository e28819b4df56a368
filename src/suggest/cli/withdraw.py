"""``suggest withdraw``: take inquiries out of the review queue, as after a trial run."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from suggest.cli.options import JsonOption, KbOption, TenantOption
from suggest.cli.output import print_json
from suggest.errors import AlreadyDecided, UnknownItem


def withdraw(
    kb: KbOption,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it is kept in the ledger.", show_default=False)
    ],
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids of the inquiries.", metavar="[ID…]", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="FILE", help="All inquiries of FILE, as it was imported (JSONL or CSV)."
        ),
    ] = None,
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Take inquiries out of the queue, the figures and the labels. The ledger keeps them; undo brings them back."""
    from suggest.review import ReviewQueue
    from suggest.review.items import item_id_of

    wanted = list(ids or [])
    if file is not None:
        from suggest.review.console.uploads import inquiries_of

        found = inquiries_of(str(file), file.read_bytes(), tenant, most=None)
        wanted += [inquiry.id for inquiry in found]
    if not wanted:
        raise typer.BadParameter("give the IDs of inquiries, or --file FILE")
    items = {item_id_of(tenant, each): each for each in wanted}
    with ReviewQueue.open(kb) as queue:
        try:
            done = queue.withdraw(items, tenant=tenant, reviewer=getpass.getuser(), reason=reason)
        except (UnknownItem, AlreadyDecided) as error:
            named = next((each for item_id, each in items.items() if item_id in str(error)), "")
            raise type(error)(f"inquiry {named[:60]!r}: {error}; nothing was withdrawn") from error
    if as_json:
        print_json({"withdrawn": [record.model_dump(mode="json") for record in done]})
    else:
        typer.echo(f"{len(done)} inquiries withdrawn; undo each in the console, or with ReviewQueue.undo")
