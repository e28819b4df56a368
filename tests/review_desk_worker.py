"""One of many reviewers, in a process of its own: decides what it is told to, and says what was acknowledged."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from suggest import ReviewDecision, ReviewQueue, Settings
from suggest.errors import AlreadyDecided, ClaimedByOther, StaleVersion
from suggest.settings import Review


def opened(folder: str, url: str) -> ReviewQueue:
    """Open the queue of ``folder`` with the database at ``url``, the folder's own when empty."""
    return ReviewQueue.open(Path(folder), settings=Settings(review=Review(database=url or None)))


def decide_all(folder: str, url: str) -> None:
    """Edit every open item in turn and print its id once the decision is acknowledged."""
    with opened(folder, url) as queue:
        for item in queue.items(tenant="default", limit=1_000).items:
            done = queue.decide(
                ReviewDecision(
                    item_id=item.item_id,
                    tenant="default",
                    action="edit",
                    reviewer="佐藤",
                    version=item.version,
                    text=f"{item.inquiry_id} への返信です。",
                )
            )
            sys.stdout.write(f"{done.item_id} {done.seq}\n")
            sys.stdout.flush()


def compete(folder: str, url: str, names: list[str], results: Any) -> None:
    """Let each of ``names``, in a thread of its own, edit every item; put ``(name, item id, text)`` of those that won."""
    with opened(folder, url) as queue:
        listed = queue.items(tenant="default", limit=1_000).items
        won: list[tuple[str, str, str]] = []
        wrong: list[str] = []

        def work(name: str, start: int) -> None:
            for item in [*listed[start:], *listed[:start]]:
                text = f"{name} が {item.inquiry_id} に書いた返信です。"
                try:
                    queue.decide(
                        ReviewDecision(
                            item_id=item.item_id,
                            tenant="default",
                            action="edit",
                            reviewer=name,
                            version=item.version,
                            text=text,
                        )
                    )
                    won.append((name, item.item_id, text))
                except (AlreadyDecided, StaleVersion, ClaimedByOther):
                    continue
                except Exception as error:
                    wrong.append(f"{name}: {error!r}")
                    return

        threads = [
            threading.Thread(target=work, args=(name, n * len(listed) // len(names)))
            for n, name in enumerate(names)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        results.put((won, wrong))


if __name__ == "__main__":
    decide_all(sys.argv[1], sys.argv[2])
