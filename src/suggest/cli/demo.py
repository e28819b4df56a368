"""``suggest demo``: the main job on the sample data, start to finish."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.rule import Rule

from suggest.cli.output import console, safe_block, show_suggestion
from suggest.cli.progress import sync_progress
from suggest.errors import SourceError
from suggest.records import Inquiry
from suggest.settings import Judging, Settings, Voice

_SHOWN = (
    "inq-A-01",  # a code, chat
    "inq-A-04",  # a code, a procedure, an example
    "inq-B-04",  # English
    "inq-A-13",  # two questions
    "inq-A-17",  # vague: asks back
    "inq-C-14",  # out of scope: no draft
    "inq-A-11",  # instructions to the machine in quoted mail
    "inq-B-24",  # danger
    "inq-C-18",  # a billing dispute
    "inq-A-25",  # a legal threat, English
)


def demo(
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="The sample data.", show_default="data/sample_faq"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show all labelled sample inquiries.")] = False,
) -> None:
    """Index the sample knowledge base and draft replies to sample inquiries in Japanese and English."""
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.pipeline import Suggester
    from suggest.sources import read_entries

    out = console()
    folder = data or sample_data()
    settings = Settings(
        judging=Judging(provisional=True),
        voice=Voice(company="株式会社ミホンワークス", team="ミホンデスク サポートチーム"),
    )
    with tempfile.TemporaryDirectory(prefix="suggest-demo-") as temporary:
        kb = KnowledgeBase.open(temporary, settings=settings)
        with sync_progress() as show:
            report = kb.sync(read_entries(folder), on_progress=show)
        out.print(
            f"Indexed {report.added} entries from {folder} in {report.seconds:.1f} s "
            f"(model {kb.model}). Lanes below are provisional: nothing has been calibrated yet."
        )
        suggester = Suggester(kb)
        inquiries = _inquiries(folder / "_labelled" / "inquiries.jsonl")
        suggester.suggest(inquiries[_SHOWN[0]])  # the first call also loads dictionaries
        for inquiry_id in inquiries if everything else _SHOWN:
            inquiry = inquiries[inquiry_id]
            started = time.perf_counter()
            suggestion = suggester.suggest(inquiry)
            took = (time.perf_counter() - started) * 1000
            out.print()
            out.print(Rule(f"{inquiry.id} · {inquiry.channel} · {took:.0f} ms", align="left", style="dim"))
            out.print(safe_block(inquiry.text))
            out.print()
            show_suggestion(out, suggestion)
        kb.close()


def sample_data() -> Path:
    """Find the sample data in the working folder or beside the source tree."""
    for root in (Path.cwd(), Path(__file__).resolve().parents[3]):
        folder = root / "data" / "sample_faq"
        if folder.is_dir():
            return folder
    raise SourceError(
        "there is no sample data; run in a checkout of the project or give --data DIR", path="data/sample_faq"
    )


def _inquiries(path: Path) -> dict[str, Inquiry]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise SourceError("the sample inquiries are missing", path=str(path)) from error
    found = [Inquiry(**json.loads(line)) for line in lines if line.strip()]
    return {inquiry.id: inquiry for inquiry in found}
