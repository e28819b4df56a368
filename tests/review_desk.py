"""A small knowledge base, inquiries and decisions for the tests of the review queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from suggest import Article, Inquiry, ReviewDecision, ReviewQueue
from suggest.review import ReviewItem

START = datetime(2026, 4, 1, 9, tzinfo=UTC)
STEPS = "1. 設定画面を開きます。\n2. {0}を押します。"
ENTRIES = [
    Article(
        id=f"faq-{name}",
        title=f"{name}の方法",
        body=f"{name}は設定画面で行えます。\n" + STEPS.format(name),
        lang="ja",
        tenant=tenant,
    )
    for name, tenant in (
        ("印刷", "default"),
        ("通知の停止", "default"),
        ("写真の共有", "default"),
        ("印鑑", "other"),
    )
]


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def on(self, **amount: float) -> None:
        self.now += timedelta(**amount)


def inquiry(number: int, **fields: object) -> Inquiry:
    values = {"id": f"q{number}", "text": "印刷の方法を教えてください。"}
    return Inquiry(**(values | fields))


def first(queue: ReviewQueue, **fields: object) -> ReviewItem:
    """Import one inquiry and return its item."""
    queue.import_inquiries([inquiry(1, **fields)], reviewer="山田")
    tenant = str(fields.get("tenant", "default"))
    return queue.item(queue.items(tenant=tenant).items[-1].item_id, tenant=tenant)


def decision(item: ReviewItem, action: str = "approve", **fields: object) -> ReviewDecision:
    values = {
        "item_id": item.item_id,
        "tenant": item.tenant,
        "action": action,
        "reviewer": "佐藤",
        "version": item.version,
    }
    return ReviewDecision(**(values | fields))


def again(queue: ReviewQueue, item: ReviewItem) -> ReviewItem:
    return queue.item(item.item_id, tenant=item.tenant)
