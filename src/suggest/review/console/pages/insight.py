"""The leader's page: lanes, approval, times, and the usual key figures, with counts and intervals."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from suggest.review.console.access import LeadReader
from suggest.review.console.charts import day_chart, stacked
from suggest.review.console.parts import parts_of
from suggest.review.console.render import duration, page, words_of

router = APIRouter()
Period = Literal["7", "30", "90", "all"]
_LANES = ("ready", "review", "escalate")
_ACTIONS = ("approve", "edit", "reject", "escalate")


@router.get("/insight")
def insight(request: Request, viewer: LeadReader, period: Period = "30") -> Response:
    """Show the figures of the inquiries received in a period."""
    words = words_of(request)
    since = None
    if period != "all":
        day = date.today() - timedelta(days=int(period) - 1)
        since = datetime.combine(day, time()).astimezone(UTC)
    figures = parts_of(request).queue.figures(tenant=viewer.tenant, since=since)
    lanes = [
        (f"lane-{name}", figures.lanes[name].hits, f"{words(f'lane.{name}')} {figures.lanes[name].hits}")
        for name in _LANES
        if name in figures.lanes
    ]
    actions = [
        (f"act-{name}", figures.actions[name].hits, f"{words(f'did.{name}')} {figures.actions[name].hits}")
        for name in _ACTIONS
        if name in figures.actions
    ]
    return page(
        request,
        "insight",
        viewer,
        period=period,
        figures=figures,
        decided=sum(value for _, value, _ in actions),
        lane_bar=stacked(lanes),
        action_bar=stacked(actions),
        lanes=_LANES,
        actions=_ACTIONS,
        chart=day_chart(figures.days, words("insight.received"), words("insight.decided")),
        duration=lambda seconds: duration(seconds, words),
    )
