"""Options that several commands share."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

KbOption = Annotated[
    Path, typer.Option("--kb", help="Folder of the knowledge base.", show_default=False, metavar="DIR")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
TenantOption = Annotated[str, typer.Option("--tenant", help="Whose entries to use.")]
ProvisionalOption = Annotated[
    bool,
    typer.Option(
        "--provisional", help="Allow the lane 'ready' before calibration, by fixed cuts; the output says so."
    ),
]


class ChannelName(enum.StrEnum):
    """Channels a reply can be written for."""

    email = "email"
    chat = "chat"
    phone = "phone"
    form = "form"


RiskOption = Annotated[
    float, typer.Option("--risk", min=0.001, max=0.5, help="Largest share of 'ready' that may be wrong.")
]
CertaintyOption = Annotated[
    float, typer.Option("--certainty", min=0.5, max=0.999, help="How sure that must be.")
]
