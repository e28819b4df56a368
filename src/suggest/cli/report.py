"""``suggest report``: the figures of the review queue."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from suggest.cli.options import JsonOption, KbOption, TenantOption
from suggest.cli.output import print_json

if TYPE_CHECKING:
    from suggest.review import Figures, Rate, Times

_DAY = ["%Y-%m-%d"]


def report(
    kb: KbOption,
    tenant: TenantOption = "default",
    since: Annotated[
        datetime | None, typer.Option("--since", formats=_DAY, help="First day, UTC, of receipt.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=_DAY, help="Day, UTC, before which they were received."),
    ] = None,
    surveys: Annotated[
        Path | None,
        typer.Option(
            "--surveys",
            metavar="FILE",
            help="Import customers' answers (CSV or JSONL) first.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print lanes, approvals, edits, times and the KPIs of the review queue, with counts and 95 % intervals."""
    from suggest.review import ReviewQueue
    from suggest.review.surveys import read_surveys

    with ReviewQueue.open(kb) as queue:
        imported = None
        if surveys is not None:
            rows = read_surveys(surveys)
            imported = queue.import_surveys(rows, tenant=tenant, reviewer=getpass.getuser())
        found = queue.figures(tenant=tenant, since=_utc(since), until=_utc(until))
    if as_json:
        also = {} if imported is None else {"surveys_imported": imported}
        print_json(found.model_dump(mode="json") | also)
        return
    if imported is not None:
        typer.echo(f"{imported} new survey answers")
    for line in lines(found):
        typer.echo(line)


def lines(found: Figures) -> list[str]:
    """Say in words what the figures are."""
    return [
        f"inquiries {found.inquiries}, open {found.open}",
        *(f"lane {lane}: {_rate(share)}" for lane, share in found.lanes.items()),
        *(f"{action}: {_rate(share)} of those decided" for action, share in found.actions.items()),
        f"edit distance, median: {_median(found.edit_distance)}",
        f"time to decision, median seconds: {_median(found.time_to_decision)}",
        f"time at work, median seconds: {_median(found.time_at_work)}",
        f"average response time, seconds: {_mean(found.average_response_time)}",
        f"resolution rate: {_rate(found.resolution_rate)}",
        f"CSAT: {_rate(found.csat)}",
        f"ledger: {found.ledger_entries} entries, head {found.ledger_head}",
    ]


def _rate(share: Rate) -> str:
    if share.percent is None:
        return "none yet"
    return f"{share.hits}/{share.of} = {share.percent:.1f} % [{share.low:.1f}, {share.high:.1f}]"


def _median(times: Times) -> str:
    if times.median is None:
        return "none yet"
    return f"{times.median:.4g} [{times.median_low:.4g}, {times.median_high:.4g}] of {times.count}"


def _mean(times: Times) -> str:
    if times.mean is None:
        return "none yet"
    return f"{times.mean:.1f} [{times.mean_low:.1f}, {times.mean_high:.1f}] of {times.count}"


def _utc(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC)
