"""The figures a leader looks at, by their standard formulas, with counts and intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from scipy.stats import binom
from sqlalchemy import Connection, RowMapping, and_, func, select

from suggest.evaluate.reliability import wilson
from suggest.review.chain import head_of, read_json
from suggest.review.database import Database
from suggest.review.records import Action, Day, Figures, Rate, Times
from suggest.review.tables import candidates, chain, items, moment, stamp, surveys

_RESAMPLES = 1_000
_LANES = ("ready", "review", "escalate")
_ACTIONS: Mapping[str, Action] = {
    "approved": "approve",
    "edited": "edit",
    "rejected": "reject",
    "escalated": "escalate",
}


def figures(db: Database, *, tenant: str, since: datetime | None, until: datetime | None) -> Figures:
    """Return the figures of a tenant's inquiries received in ``[since, until)``."""
    with db.reading() as connection:
        rows = _items(connection, tenant, since, until)
        undone = _undone(connection, tenant, since, until)
        satisfied, answers = _surveys(connection, tenant, since, until)
        waiting = connection.execute(
            select(candidates.c.state, func.count())
            .where(candidates.c.tenant == tenant)
            .group_by(candidates.c.state)
        ).all()
        head = head_of(connection, tenant)
    decided = [row for row in rows if row["state"] in _ACTIONS]
    still = [row for row in rows if row["state"] == "open"]
    sent = [row for row in decided if row["state"] in ("approved", "edited")]
    actions = Counter(_ACTIONS[row["state"]] for row in decided)
    by_lane = Counter(row["lane"] for row in rows)
    bodies = [(row, read_json(row["body"], f"item {row['item_id']}")) for row in decided]
    return Figures(
        tenant=tenant,
        since=since,
        until=until,
        inquiries=len(rows),
        open=len(still),
        oldest_open_at=min((moment(row["received_at"]) for row in still), default=None),
        lanes={lane: rate(by_lane[lane], len(rows)) for lane in _LANES},
        actions={action: rate(actions[action], len(decided)) for action in _ACTIONS.values()},
        approval_by_lane={
            lane: rate(
                sum(row["lane"] == lane and row["state"] == "approved" for row in decided),
                sum(row["lane"] == lane for row in decided),
            )
            for lane in _LANES
        },
        open_by_lane={lane: sum(row["lane"] == lane for row in still) for lane in _LANES},
        reject_codes=dict(Counter(body["reason_code"] for _, body in bodies if "reason_code" in body)),
        edit_distance=times([body["edit_distance"] for _, body in bodies if "edit_distance" in body]),
        time_to_decision=times([_seconds(row["imported_at"], row["decided_at"]) for row in decided]),
        time_at_work=times(
            [_seconds(body["claimed_at"], row["decided_at"]) for row, body in bodies if "claimed_at" in body]
        ),
        average_response_time=times([_seconds(row["received_at"], row["decided_at"]) for row in sent]),
        resolution_rate=rate(sum(row["lane"] != "escalate" for row in sent), len(rows)),
        csat=rate(satisfied, answers),
        days=_days(rows),
        undone=undone,
        candidates={row[0]: row[1] for row in waiting},
        ledger_entries=head.seq,
        ledger_head=head.hash,
    )


def rate(hits: int, of: int) -> Rate:
    """Return ``hits`` of ``of`` in percent with the 95 % Wilson interval."""
    if not of:
        return Rate(hits=hits, of=0, percent=None, low=None, high=None)
    low, high = wilson(hits, of)
    return Rate(
        hits=hits,
        of=of,
        percent=round(100 * hits / of, 2),
        low=round(100 * low, 2),
        high=round(100 * high, 2),
    )


def times(values: Sequence[float]) -> Times:
    """Return count, total, mean and median with 95 % intervals, and the 90th percentile."""
    if not values:
        return Times(
            count=0, total=0, mean=None, mean_low=None, mean_high=None,
            median=None, median_low=None, median_high=None, p90=None,
        )  # fmt: skip
    found = np.sort(np.asarray(values, np.float64))
    n = len(found)
    random = np.random.default_rng(0)
    means = [float(found[random.integers(0, n, n)].mean()) for _ in range(_RESAMPLES)]
    mean_low, mean_high = np.quantile(means, [0.025, 0.975])
    below = max(0, int(binom.ppf(0.025, n, 0.5)) - 1)
    given = (
        found.mean(), mean_low, mean_high, np.median(found), found[below], found[n - 1 - below],
        np.quantile(found, 0.9),
    )  # fmt: skip
    mean, low, high, median, median_low, median_high, p90 = (round(float(value), 4) for value in given)
    return Times(
        count=n,
        total=round(float(found.sum()), 4),
        mean=mean,
        mean_low=low,
        mean_high=high,
        median=median,
        median_low=median_low,
        median_high=median_high,
        p90=p90,
    )


def _items(
    connection: Connection, tenant: str, since: datetime | None, until: datetime | None
) -> Sequence[RowMapping]:
    c = items.c
    names = (c.item_id, c.lane, c.state, c.received_at, c.imported_at, c.decided_at)
    decided = and_(chain.c.tenant == c.tenant, chain.c.seq == c.decided_seq)
    query = (
        select(*names, chain.c.body)
        .select_from(items.outerjoin(chain, decided))
        .where(c.tenant == tenant, c.state != "withdrawn")
    )
    return connection.execute(query.where(*_within(c.received_at, since, until))).mappings().all()


def _undone(connection: Connection, tenant: str, since: datetime | None, until: datetime | None) -> int:
    query = select(func.count()).select_from(chain).where(chain.c.tenant == tenant, chain.c.event == "undo")
    query = query.where(chain.c.item_id.not_in(_withdrawn(tenant)))
    return int(connection.execute(query.where(*_within(chain.c.at, since, until))).scalar_one())


def _surveys(
    connection: Connection, tenant: str, since: datetime | None, until: datetime | None
) -> tuple[int, int]:
    c = surveys.c
    query = select(func.coalesce(func.sum(c.satisfied), 0), func.count()).where(c.tenant == tenant)
    query = query.where(c.item_id.not_in(_withdrawn(tenant)))
    satisfied, answers = connection.execute(query.where(*_within(c.answered_at, since, until))).one()
    return int(satisfied), int(answers)


def _withdrawn(tenant: str) -> Any:
    """Return the items that count nowhere."""
    return select(items.c.item_id).where(items.c.tenant == tenant, items.c.state == "withdrawn")


def _within(column: Any, since: datetime | None, until: datetime | None) -> list[Any]:
    wanted = [] if since is None else [column >= stamp(since)]
    return wanted if until is None else [*wanted, column < stamp(until)]


def _seconds(start: str, end: str) -> float:
    return max(0.0, (moment(end) - moment(start)).total_seconds())


def _days(rows: Sequence[RowMapping]) -> tuple[Day, ...]:
    received: Counter[str] = Counter(row["received_at"][:10] for row in rows)
    decided: Counter[str] = Counter(row["decided_at"][:10] for row in rows if row["decided_at"])
    approved = Counter(row["decided_at"][:10] for row in rows if row["state"] == "approved")
    return tuple(
        Day(day=day, received=received[day], decided=decided[day], approved=approved[day])
        for day in sorted(received | decided)
    )
