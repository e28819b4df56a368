"""What the console's tests share: a queue over few entries, quick to build, and a browser without a browser."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from suggest import Inquiry, KnowledgeBase, ReviewQueue
from suggest.records import Article, ResolvedCase
from suggest.review.console import ConsoleConfig, create_app, open_accounts
from suggest.testing import HashingEmbedder

PASSWORD = "correct horse battery"
USERS = (
    ("ando", "agent", "default"),
    ("sudo", "supervisor", "default"),
    ("sugi", "supervisor", "default"),
    ("ono", "admin", "default"),
    ("oki", "admin", "other"),
)
ARTICLES = (
    Article(
        id="faq-password",
        title="パスワードを忘れたときの再設定",
        point="パスワードは、ログイン画面の「パスワードをお忘れの方」から再設定できます。",
        reason="ご本人の確認のため、登録メールアドレスへ再設定用のリンクをお送りしております。",
        body="1. ログイン画面を開きます。\n2. 「パスワードをお忘れの方」を押します。\n3. 届いたリンクを60分以内に開きます。",
        url="https://help.example/password",
    ),
    Article(
        id="faq-invoice",
        title="請求書を再発行したい",
        body="請求書は「契約・請求」の画面から再発行できます。",
    ),
    Article(id="faq-evil", title="<script>alert(1)</script>", body="{{ 7*7 }}", url="javascript:alert(1)"),
    ResolvedCase(
        id="case-password",
        inquiry="パスワードを忘れてログインできません。山田太郎です。",
        reply="ログイン画面の「パスワードをお忘れの方」から再設定をお願いいたします。",
        resolves_with="faq-password",
    ),
)
INQUIRIES = (
    "パスワードを忘れました。再設定の方法を教えてください。",
    "請求書を再発行してください。",
    "昨日のアプリのことで困っています。",
    "弁護士に相談し、訴訟を検討しています。",
)


@cache
def _built() -> Path:
    """Make the queue and the users once for all tests of a process."""
    folder = Path(tempfile.mkdtemp(prefix="suggest-console-")) / "kb"
    atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
    embedder = HashingEmbedder()
    others = [
        entry.model_copy(update={"id": f"other-{entry.id}", "tenant": "other"}) for entry in ARTICLES[:2]
    ]
    with KnowledgeBase.open(folder, embedder=embedder) as kb:
        kb.sync([*ARTICLES, *others], adapt=False)
    with ReviewQueue.open(folder, embedder=embedder) as queue:
        mine = [Inquiry(id=f"inq-{n}", text=text) for n, text in enumerate(INQUIRIES)]
        theirs = Inquiry(id="secret-1", text="他社の秘密のお問い合わせです。", tenant="other")
        queue.import_inquiries([*mine, theirs], reviewer="importer")
    accounts = open_accounts(folder)
    for name, role, tenant in USERS:
        accounts.add(name, role, tenant, PASSWORD)
    return folder


def build_queue(folder: Path, *, users: bool = False) -> ReviewQueue:
    """Return a queue with the inquiries of tenant ``default``, and one of tenant ``other``."""
    shutil.copytree(_built(), folder, ignore=None if users else shutil.ignore_patterns("console.sqlite*"))
    return ReviewQueue.open(folder, embedder=HashingEmbedder())


class Visitor:
    """A client that keeps cookies, follows forms and sends the token of the page."""

    def __init__(self, app: FastAPI, base: str = "http://localhost") -> None:
        self.client = TestClient(app, base_url=base, raise_server_exceptions=True, follow_redirects=False)
        self.client.headers["accept-language"] = "ja"

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers)

    def csrf(self) -> str:
        found = re.search(r'data-csrf="([^"]*)"', self.get("/queue").text)
        assert found is not None and found[1]
        return found[1]

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.client.post(path, data={"csrf": self.csrf(), **(data or {})}, **more)

    def login(self, name: str, password: str = PASSWORD) -> Any:
        return self.client.post("/login", data={"name": name, "password": password})


@contextmanager
def console(folder: Path, *, users: bool = False, **settings: Any) -> Iterator[tuple[FastAPI, ReviewQueue]]:
    """Yield the application over a fresh queue."""
    queue = build_queue(folder, users=users)
    try:
        yield create_app(queue, folder, ConsoleConfig(**settings)), queue
    finally:
        queue.close()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[tuple[Visitor, ReviewQueue]]:
    """A visitor on this machine, where no login is needed, and the queue."""
    with console(tmp_path / "kb", local_user="sato") as (app, queue):
        yield Visitor(app), queue


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[FastAPI, ReviewQueue]]:
    """A console with login: agent ``ando``, supervisors ``sudo`` and ``sugi``, admin ``ono``, and ``oki`` elsewhere."""
    with console(tmp_path / "kb", users=True) as both:
        yield both


def item_of(queue: ReviewQueue, inquiry_id: str, tenant: str = "default") -> str:
    """Return the id of an inquiry's item."""
    page = queue.items(tenant=tenant, state="all", limit=1000)
    return next(item.item_id for item in page.items if item.inquiry_id == inquiry_id)
