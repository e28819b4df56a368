"""A supervisor and an agent work in a real browser, in Japanese, from import to a learnt case in use."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from suggest import Inquiry, ReviewQueue
from suggest.review.console import open_accounts

from .conftest import SAMPLE
from .review_console import PASSWORD

CHROMIUM = Path(os.environ.get("SUGGEST_CHROMIUM", "/usr/bin/chromium"))
pytestmark = [
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}; install chromium or set SUGGEST_CHROMIUM"
    ),
]
WANTED = ("A-01", "A-02", "A-04", "A-05", "A-13", "A-17", "B-24", "C-14", "C-18", "A-09", "A-12", "B-02")
SHOTS = os.environ.get("SUGGEST_SCREENSHOTS")


@pytest.fixture
def kb(sample_kb_folder: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "kb"
    shutil.copytree(sample_kb_folder, folder)
    (folder / "suggest.toml").write_text(
        '[voice]\ncompany = "株式会社ミホンワークス"\nteam = "サポートチーム"\n', encoding="utf-8"
    )
    accounts = open_accounts(folder)
    for name, role in (("安藤", "agent"), ("須藤", "supervisor")):
        accounts.add(name, role, "default", PASSWORD)
    return folder


@pytest.fixture
def home(kb: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "suggest", "review", "--kb", str(kb), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.search(r"http://\S+?(?=/ )", line)
    assert found, line
    yield found[0]
    process.terminate()
    process.wait(30)
    process.stderr.close()


@pytest.fixture
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


class Person:
    """Somebody at a browser of their own; anything that goes wrong in a page is kept."""

    def __init__(self, chromium: Any, home: str, name: str) -> None:
        self.home, self.problems = home, []
        self.context = chromium.new_context(
            locale="ja-JP",
            viewport={"width": 1440, "height": 900},
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(300_000)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.problems.append(message.text) if message.type == "error" else None,
        )
        self.page.goto(home)
        self.page.get_by_label("利用者名").fill(name)
        self.page.get_by_label("パスワード").fill(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/queue")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def moves(self, *keys: str) -> None:
        """Press keys of which the last leads to another page."""
        before = self.page.url
        self.press(*keys)
        self.page.wait_for_url(lambda url: url != before, wait_until="load")

    def shot(self, name: str) -> None:
        if SHOTS:
            self.page.screenshot(path=f"{SHOTS}/{name}.png")


def decide(person: Person, done: list[str], queue: ReviewQueue) -> None:
    """Work on the item that is open, by keyboard alone; note what was done."""
    page = person.page
    item_id = re.findall(r"/items/(\w+)", page.url)[0]
    item = queue.item(item_id, tenant="default")
    assert item.claim is not None and item.claim.reviewer == "安藤"
    if item.lane == "escalate":
        if "escalate" in done:
            person.press("x")
            assert page.locator("#escalate").is_visible()
            person.moves("Enter")
        else:
            person.moves("a")
            assert queue.item(item_id, tenant="default").state == "escalated"
        done.append("escalate")
    elif item.suggestion is None or item.suggestion.draft is None:
        person.press("r", "3")
        person.moves("Enter")
        done.append("reject")
    elif page.locator(".claim.blank").count():
        person.press("a")  # a blank opens the editor and is selected
        page.keyboard.insert_text("詳しくは担当よりご連絡いたします。")
        person.moves("Control+Enter")
        done.append("edit")
    elif "swap" not in done and page.locator(".swap").count():
        for times in (1, 2):
            person.press("s")
            with page.expect_navigation():
                page.keyboard.press("Enter")
            assert queue.item(item_id, tenant="default").version == item.version + 2 * times - 1
            assert page.locator(".swapped").is_visible()
            if times == 1:  # once taken back by key, once kept
                person.shot("swap")
                with page.expect_navigation():
                    person.press("u")
                assert page.locator(".swapped").count() == 0
                assert queue.item(item_id, tenant="default").suggestion == item.suggestion
        done.append("swap")
        decide(person, done, queue)
    elif "undo" not in done and "approve" in done:
        person.moves("a")
        assert queue.item(item_id, tenant="default").state == "approved"
        person.moves("u")
        assert item_id in page.url and queue.item(item_id, tenant="default").state == "open"
        done.append("undo")
        decide(person, done, queue)
    elif done.count("edit") < 1:
        person.press("e")
        page.keyboard.insert_text("お待たせいたしました。")
        page.wait_for_selector("#hints :text('文字')")
        person.shot("edit")
        person.press("Escape")  # the text stays, and single keys work again
        assert page.locator("#decide.editing").count() == 0 and page.locator(".changed textarea").is_visible()
        page.locator("#discard").click()
        assert page.locator(".changed, #changed:visible").count() == 0
        person.press("e")
        page.keyboard.insert_text("お待たせいたしました。")
        person.press("Escape")
        person.moves("a")
        final = queue.item(item_id, tenant="default").final_text
        assert final is not None and "お待たせいたしました。" in final
        done.append("edit")
    else:
        if "copy" not in done:
            person.shot("suggestion")
            person.press("c")
            page.wait_for_selector("#status.shown:has-text('コピーしました')")
            assert page.evaluate("navigator.clipboard.readText()") == item.suggestion.draft.text
            done.append("copy")
        person.moves("a")
        done.append("approve")


def test_from_import_to_a_learnt_case_in_use(chromium: Any, home: str, kb: Path, tmp_path: Path) -> None:
    lines = (SAMPLE / "_labelled" / "inquiries.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["id"].removeprefix("inq-") in WANTED]
    rows.sort(key=lambda row: row["id"] != "inq-C-14")  # the one without a draft comes first of its lane
    for n, row in enumerate(rows):
        row["received_at"] = f"2026-04-01T09:{n:02}:00+09:00"
    source = tmp_path / "inquiries.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")

    lead = Person(chromium, home, "須藤")
    lead.page.goto(f"{home}/data")
    lead.page.locator("input[type=file]").first.set_input_files(source)
    lead.page.get_by_role("button", name="取り込む").first.click()
    lead.page.wait_for_selector(f"text={len(WANTED)}件を取り込みました")

    agent = Person(chromium, home, "安藤")
    assert agent.page.locator("nav.nav a").all_inner_texts() == ["対応待ち", "ナレッジ"]
    agent.press("?")
    assert agent.page.locator("#help").is_visible()
    agent.press("Escape", "j", "j", "k")
    agent.shot("queue")
    done: list[str] = []
    with ReviewQueue.open(kb) as queue:
        agent.moves("n")
        for _ in range(10):
            decide(agent, done, queue)
        assert {"approve", "edit", "swap", "reject", "escalate", "undo", "copy"} <= set(done)
        events = [record.event for record in queue.decisions(tenant="default", everything=True)]
        assert (events.count("undo"), events.count("swap"), events.count("unswap")) == (1, 2, 1)
        assert sum(events.count(name) for name in ("approve", "edit", "reject", "escalate")) == 11
        assert queue.verify() == []
        [first, *_] = queue.candidates(tenant="default")

    lead.page.goto(f"{home}/candidates")
    lead.shot("candidates")
    lead.page.locator(".candidate", has_text=first.candidate_id).get_by_role(
        "button", name="採用する"
    ).click()
    lead.page.wait_for_load_state()
    command = [sys.executable, "-m", "suggest", "sync", str(SAMPLE), "--kb", str(kb), "--json"]
    synced = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(synced.stdout)["added"] == 1

    assert first.case is not None
    lead.page.goto(f"{home}/data")
    lead.page.get_by_label("お問い合わせ", exact=True).fill(f"{first.case.inquiry}\n\n急いでいます。")
    lead.page.get_by_role("button", name="返信案を作る").click()
    lead.page.wait_for_url("**/items/*")
    assert lead.page.locator(".evidence", has_text=first.candidate_id).count() == 1
    lead.page.goto(f"{home}/insight")
    lead.shot("insight")
    assert lead.page.locator("svg.days rect").count() >= 2
    assert agent.problems == [] and lead.problems == []


def test_narrow_and_dark_without_sideways_scrolling(chromium: Any, home: str) -> None:
    lead = Person(chromium, home, "須藤")
    lead.page.goto(f"{home}/data")
    lead.page.get_by_label("お問い合わせ", exact=True).fill("MD-2107 と表示されてSSOでログインできません")
    lead.page.get_by_role("button", name="返信案を作る").click()
    lead.page.wait_for_url("**/items/*")
    item = lead.page.url
    lead.page.emulate_media(color_scheme="dark")
    lead.page.set_viewport_size({"width": 360, "height": 740})
    for address in (
        item,
        *(f"{home}/{name}" for name in ("queue", "search?q=SSO", "insight", "data", "audit")),
    ):
        lead.page.goto(address)
        width = lead.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, (address, width)
    lead.shot("narrow")
    assert lead.problems == []


def test_every_page_is_accessible_in_both_themes(chromium: Any, home: str, kb: Path) -> None:
    """What axe-core finds: contrast, names, labels, landmarks, focusable scrolling, headings in order."""
    from axe_playwright_python.sync_playwright import Axe

    lead = Person(chromium, home, "須藤")
    texts = (
        "MD-2107 と表示されてSSOでログインできません",
        "弁護士に相談し、訴訟を検討しています。",
        "動きません",
    )
    with ReviewQueue.open(kb) as queue:
        queue.import_inquiries([Inquiry(text=text) for text in texts], reviewer="須藤")
        items = [item.item_id for item in queue.items(tenant="default").items]
        queue.swap_evidence(items[1], "faq-account-sso", tenant="default", reviewer="須藤")
    pages = ("queue", "search?q=SSO", "entry?id=faq-account-sso", "candidates", "insight", "data", "audit")
    addresses = [*pages, *(f"items/{item_id}" for item_id in items), "items/nothing"]
    axe = Axe()
    found: list[str] = []
    for scheme in ("light", "dark"):
        lead.page.emulate_media(color_scheme=scheme)
        for address in addresses:
            lead.page.goto(f"{home}/{address}")
            if address.startswith("items/") and lead.page.locator("#edit").count():
                lead.press("e")
            found += _violations(axe, lead.page, f"{scheme} {address}")
        for key, dialog in (("?", "#help"), ("r", "#reject"), ("x", "#escalate")):
            lead.page.goto(f"{home}/items/{items[-1]}")
            lead.press(key)
            assert lead.page.locator(dialog).is_visible()
            found += _violations(axe, lead.page, f"{scheme} {dialog}")
        visitor = chromium.new_context(locale="ja-JP", color_scheme=scheme).new_page()
        visitor.goto(f"{home}/login")
        found += _violations(axe, visitor, f"{scheme} login")
    assert found == []


def _violations(axe: Any, page: Any, where: str) -> list[str]:
    return [
        f"{where}: {one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary'][:200]}"
        for one in axe.run(page).response["violations"]
    ]
