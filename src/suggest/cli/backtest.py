"""``suggest backtest``: play the past again before switching anything on."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from suggest.cli.options import CertaintyOption, JsonOption, KbOption, RiskOption
from suggest.cli.output import print_json
from suggest.cli.progress import sync_progress
from suggest.errors import EvaluationError

if TYPE_CHECKING:
    from suggest.evaluate.backtest import BacktestReport, Share


def backtest(
    kb: KbOption,
    cases: Annotated[
        Path,
        typer.Option(
            "--cases",
            metavar="FILE",
            help="Resolved cases with updated_at (and resolves_with).",
            show_default=False,
        ),
    ],
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at", formats=["%Y-%m-%d"], help="Day of the split.", show_default="70 % of the cases before it"
        ),
    ] = None,
    current_articles: Annotated[
        bool,
        typer.Option(
            "--current-articles", help="Take articles as they are now, also those changed after the split."
        ),
    ] = False,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help="Try this escalation policy instead.")
    ] = None,
    risk: RiskOption = 0.05,
    certainty: CertaintyOption = 0.95,
    minutes_ready: Annotated[float, typer.Option(help="Minutes that a right ready draft saves.")] = 4.0,
    minutes_review: Annotated[float, typer.Option(help="Minutes that a review draft saves.")] = 1.5,
    minutes_wrong: Annotated[float, typer.Option(help="Minutes that a wrong ready draft costs.")] = 3.0,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the whole report as one HTML file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Index what was known before a day, answer what came after, and report how that would have gone."""
    from suggest.evaluate.backtest import Assumptions
    from suggest.evaluate.report import as_html
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.judge import load_policy
    from suggest.learn.backtest import backtest as run
    from suggest.learn.backtest import read_cases
    from suggest.sources import read_entries

    with read_entries(cases) as reader:
        past = read_cases(reader)
    with KnowledgeBase.open(kb, create=False) as opened, sync_progress() as show:
        report = run(
            opened,
            past,
            at=at.date() if at is not None else None,
            current_articles=current_articles,
            policy=load_policy(policy) if policy is not None else None,
            policy_name=str(policy) if policy is not None else "",
            risk=risk,
            certainty=certainty,
            assumptions=Assumptions(ready=minutes_ready, review=minutes_review, wrong=minutes_wrong),
            on_progress=show,
        )
    if html is not None:
        try:
            html.write_text(as_html(report), encoding="utf-8")
        except OSError as error:
            raise EvaluationError(f"{html}: cannot be written: {error.strerror or error}") from error
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for line in _lines(report):
        typer.echo(line)
    if html is not None:
        typer.echo(f"report: {html}")


def _lines(report: BacktestReport) -> list[str]:
    lanes, rules = report.lanes, report.rules
    sent = [f"{code} → {route}: {n}" for code, routes in rules.items() for route, n in routes.items() if n]
    return [
        f"split at {date.fromisoformat(report.split_at)}: {report.known_entries} entries known then, "
        f"{report.left_out_entries} left out as later; {report.before} cases before, {report.after} after",
        f"best evidence right {_share(report.hit_at_1)}; among the first five {_share(report.hit_at_5)}",
        f"lanes: ready {lanes['ready']}, review {lanes['review']}, escalate {lanes['escalate']}",
        f"ready and right {_share(report.ready_right)}"
        if report.cut_found
        else f"no cut keeps a risk of {report.risk:.0%} with {report.certainty:.0%} certainty: nothing was ready",
        f"minutes saved, as assumed: {report.minutes_saved:.0f}",
        "policy: " + ("; ".join(sent) or "no rule applied"),
        *(
            f"wrong at confidence {item.confidence:.2f}: {item.text[:60]} ({item.id}: {item.found}, "
            f"expected {', '.join(item.expected)})"
            for item in report.worst[:3]
        ),
    ]


def _share(share: Share) -> str:
    return f"{share.hits}/{share.of} = {share.value:.2f} [{share.low:.2f}, {share.high:.2f}]"
