"""Searches with the names of tenants and with forged ones: never a foreign entry."""

from __future__ import annotations

import random
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path

from suggest import KnowledgeBase
from suggest.errors import UnknownTenant
from suggest.records import Article
from suggest.testing import HashingEmbedder

TENANTS, EACH = 100, 12
_RIGHTFUL = 100  # one search in so many names its own tenant


def prove(searches: int) -> Counter[str]:
    """Search ``searches`` times over 100 tenants that hold the same words."""
    tally: Counter[str] = Counter()
    names = [f"tenant-{n:03d}" if n % 4 else f"テナント{n:03d}" for n in range(TENANTS)]
    with tempfile.TemporaryDirectory(prefix="suggest-tenants-") as folder:
        kb = KnowledgeBase.open(Path(folder) / "kb", embedder=HashingEmbedder(32))
        kb.sync(
            Article(id=f"{name}/{n}", title=f"返品の方法{n}", body="三十日以内に窓口へ。", tenant=name)
            for name in names
            for n in range(EACH)
        )
        pick = random.Random(3)
        for number in range(searches):
            rightful = number % _RIGHTFUL == 0
            name = pick.choice(names) if rightful else forged(pick.choice(names), pick)
            if not rightful and name in names:
                continue
            try:
                found = kb.search("返品の方法", tenant=name, top=EACH)
            except UnknownTenant:
                tally["FAILED: a tenant refused" if rightful else "forged names refused"] += 1
                continue
            if not rightful:
                tally["FAILED: a forged name was answered"] += 1
            if len(found) != EACH or any(not m.entry_id.startswith(f"{name}/") for m in found):
                tally["FAILED: a foreign entry, or too few"] += 1
            tally["searches of a tenant, all its own entries"] += 1
        kb.close()
    return tally


def forged(name: str, pick: random.Random) -> str:
    """Return a name that looks like ``name``, or like all of them, and is none."""
    return pick.choice(
        [
            "", " ", "*", "%", "_", "?", ".*", "default", "null", "None", "' OR '1'='1", "tenant-", "tenant-*",
            f"{name} ", f" {name}", f"{name}\0", f"{name}\u200b", name.upper(), name.title(), name[:-1], f"{name}0",
            f"{name}*", f"{name} OR tenant-001", f'"{name}"', f"/{name}/", f"{name},tenant-002", f"-{name}",
            unicodedata.normalize("NFD", name), name.replace("-", "‐"), name.replace("e", "е"),
            "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name),
        ]
    )  # fmt: skip
