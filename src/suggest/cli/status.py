"""``suggest status``: what a knowledge base holds."""

from __future__ import annotations

import typer

from suggest.cli.options import JsonOption, KbOption
from suggest.cli.output import print_json

_OUT_OF_USE = ("expired", "superseded", "not_yet_valid")
_SHOWN = 10


def status(kb: KbOption, as_json: JsonOption = False) -> None:
    """Print generation, entries, model, size and state of confidence; the files are verified first."""
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.index.lookup import identity
    from suggest.judge.calibration import confidence_of

    with KnowledgeBase.open(kb, create=False) as opened:
        held = identity(opened)
        confidence = confidence_of(
            opened.path, generation=held.generation, fingerprint=held.model, model=opened.model.split("@")[0]
        )
        found = opened.status() | {"confidence": confidence.state}
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        typer.echo(f"{name:>17}  {_listed(value) if name in _OUT_OF_USE else value}")


def _listed(entry_ids: list[str]) -> str:
    shown = ", ".join(entry_ids[:_SHOWN]) + (" …" if len(entry_ids) > _SHOWN else "")
    return f"{len(entry_ids)}  {shown}".rstrip()
