"""The review console under attack and under load.

    python benchmarks/console.py hostile [--count 2000] [--no-browser]
    python benchmarks/console.py load [--items 10000]

``hostile`` sends payloads (markup and scripts, CSV formulas, template syntax, SQL, paths, control and bidirectional
characters, oversized text) through every input: files, forms, addresses, headers, JSON. Counted as executed: an
element or attribute in a page that no template of ours writes, an evaluated expression, a formula in the export, a
file's contents in an answer, a script that runs or a request that leaves in Chromium. Counted as damaged: a text that
does not come back as it was sent, an item too many or too few, a broken link of the ledger's chain.

``load`` fills a queue, serves it in a process of its own, and measures in Chromium the time from the start of
navigation until the page takes keys, and the server's memory.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from suggest import Inquiry, KnowledgeBase, ReviewQueue, read_entries
from suggest.records import Article
from suggest.review.console import ConsoleConfig, create_app
from suggest.review.items import item_id_of
from suggest.testing import HashingEmbedder

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample_faq"
TEMPLATES = Path(__file__).resolve().parents[1] / "src" / "suggest" / "review" / "console" / "templates"
CHROMIUM = Path("/usr/bin/chromium")
PRODUCT = "9801547"  # 1337 * 7331: an evaluated expression shows it
BEACON = "window.pwned=(window.pwned||0)+1;fetch('/pwned')"
SCRIPTS = (
    f"<script>{BEACON}</script>",
    f'<img src=x onerror="{BEACON}">',
    f'<svg/onload="{BEACON}">',
    f'"><script>{BEACON}</script>',
    f"'><img src=x onerror='{BEACON}'>",
    f"</textarea><script>{BEACON}</script>",
    f"</title></style></script><script>{BEACON}</script>",
    f'<a href="javascript:{BEACON}">押してください</a>',
    f"javascript:{BEACON}",
    f'" autofocus onfocus="{BEACON}" x="',
    f"' onmouseover='{BEACON}",
    f"<iframe srcdoc='<script>parent.{BEACON}</script>'></iframe>",
    f"<div hx-get='/pwned' hx-trigger='load'></div><b hx-on::load=\"{BEACON}\">",
    "<form action=https://evil.example><input name=csrf></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css><style>@import '//evil.example'</style>",
    "<base href='https://evil.example/'>",
    f"<!--><script>{BEACON}</script>-->",
    f"＜script＞{BEACON}＜/script＞",
    f"&lt;script&gt;{BEACON}&lt;/script&gt;",
    f"\\u003cscript\\u003e{BEACON}\\u003c/script\\u003e",
    f"%3Cscript%3E{BEACON}%3C/script%3E",
)
FORMULAS = ("=1337*7331", "+1337*7331", "-1337*7331", "@SUM(1337*7331)", "=HYPERLINK(\"https://evil.example\",\"x\")",
            "=cmd|'/c calc'!A0", "\t=1+1", "\r=1+1", "＝1+1", " =1+1", "-2+3+cmd|'/c calc'!A0")  # fmt: skip
EXPRESSIONS = ("{{ 1337*7331 }}", "{% for x in [1] %}{{ 1337*7331 }}{% endfor %}", "${1337*7331}", "#{1337*7331}",
               "<%= 1337*7331 %>", "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ config }}", "{0.__class__}",
               "%(csrf)s", "{csrf}", "{n}")  # fmt: skip
STATEMENTS = ("'; DROP TABLE items; --", "' OR '1'='1", "\" OR \"\"=\"", "1); DELETE FROM ledger; --", "%' UNION SELECT 1,2,3 --",
              "\\'; UPDATE users SET role='admin'; --", "%", "_", "*", "NEAR(", "\"unbalanced")  # fmt: skip
PATHS = ("../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "/etc/passwd", "file:///etc/passwd", "C:\\Windows\\win.ini",
         "//evil.example/x", "....//....//etc/passwd", "/proc/self/environ", "con", ".", "..", "~root")  # fmt: skip
CHARACTERS = ("\u202eevil\u202c", "a\u0000b", "\u200b\u200d\ufeff", "\x1b[31mred", "\ud83d", "Z̷̢a̶l̴g̸o̵" * 3, "\r\nX-Evil: 1\r\n",
              "𠮷野家👨‍👩‍👧‍👦", "\u2028\u2029")  # fmt: skip
LARGE = ("あ" * 5_000, "<b>" * 2_000, "(" * 3_000, "a" * 10_000, "\n" * 4_000)
KINDS = (SCRIPTS, FORMULAS, EXPRESSIONS, STATEMENTS, PATHS, CHARACTERS, LARGE)


def payloads(count: int) -> list[str]:
    """Return ``count`` payloads: each as it is, then in ever new company."""
    chance = random.Random(20_260_401)
    base = list(itertools.chain.from_iterable(KINDS))
    found = base[:count]
    frames = (
        "{0}",
        "お世話になっております。{0}",
        "{0}\nパスワードを忘れました。",
        "件名：{0}\n\n請求書を再発行してください。",
        "{0}{1}",
        "「{0}」と{1}",
    )
    while len(found) < count:
        frame = chance.choice(frames)
        one, other = chance.choice(base), chance.choice(base)
        found.append(frame.replace("{0}", one).replace("{1}", other) + f" #{len(found)}")
    return found


class _Reader(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, str]] = set()
        self.links: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add((tag, ""))
        self.scripts += tag == "script" and not dict(attrs).get("src", "")
        for name, value in attrs:
            self.seen.add((tag, name))
            if name in ("href", "src", "action", "formaction", "srcdoc", "hx-get", "hx-post"):
                self.links.append(value or "")


def vocabulary() -> tuple[set[str], set[str]]:
    """Return the elements and the attributes that our templates write."""
    text = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2"))
    tags = {tag.lower() for tag in re.findall(r"<([a-zA-Z][a-zA-Z0-9]*)", text)}
    attributes = {name.lower() for name in re.findall(r"[\s}]([a-zA-Z][a-zA-Z0-9-]*)(?==\"|=')", text)}
    bare = {"required", "autofocus", "selected", "checked", "hidden", "readonly", "open", "defer", "data-editable",
            "data-final", "data-prose", "data-rows", "data-row", "data-slash", "data-close", "download"}  # fmt: skip
    return tags, attributes | bare


class Attack:
    """Sends payloads in and looks at what comes out."""

    def __init__(self, app: FastAPI, queue: ReviewQueue, folder: Path) -> None:
        self.client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        self.queue, self.folder = queue, folder
        self.executed: list[str] = []
        self.damaged: list[str] = []
        self.answers: Counter[int] = Counter()
        self.tags, self.attributes = vocabulary()
        self.csrf = re.findall(r'data-csrf="([^"]+)"', self.client.get("/queue").text)[0]

    def look(self, answer: Any, where: str) -> Any:
        """Hold an answer against what our templates can write."""
        self.answers[answer.status_code] += 1
        if answer.status_code >= 500:
            self.damaged.append(f"{where}: {answer.status_code}")
        text = answer.text
        if PRODUCT in text or re.search(r"^root:[^:]*:0:0:", text, re.MULTILINE):
            self.executed.append(f"{where}: evaluated or read")
        if "x-evil" in answer.headers:
            self.executed.append(f"{where}: header")
        if answer.headers.get("content-type", "").startswith("text/html"):
            page = _Reader()
            page.feed(text)
            foreign = {name for tag, name in page.seen if name and name not in self.attributes}
            foreign |= {tag for tag, _ in page.seen if tag not in self.tags}
            outside = [link for link in page.links if not re.match(r"(/(?!/)|#|https://help\.|$)", link)]
            if foreign or outside or page.scripts:
                self.executed.append(f"{where}: {sorted(foreign)} {outside[:2]} {page.scripts}")
        return answer

    def post(self, path: str, where: str, **data: Any) -> Any:
        """Send a form."""
        fields = {
            key: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
            for key, value in data.items()
        }
        return self.look(self.client.post(path, data={"csrf": self.csrf, **fields}), where)

    def send(self, given: list[str]) -> None:
        """Send every payload through every input."""
        clean = [text.encode("utf-8", "replace").decode() for text in given]
        for start in range(0, len(clean), 500):
            rows = [
                {"id": f"h-{start + n}", "text": text, "customer_id": text[:150]}
                for n, text in enumerate(clean[start : start + 500])
            ]
            lines = "\n".join(json.dumps(row) for row in rows)
            answer = self.client.post(
                "/data/inquiries", data={"csrf": self.csrf}, files={"file": ("h.jsonl", lines)}
            )
            assert self.look(answer, "import").status_code == 200, answer.text[-800:]
        for n, text in enumerate(clean):
            self._through(n, text)
        exported = self.client.get("/data/decisions?form=csv").content.decode("utf-8-sig")
        for row in csv.reader(io.StringIO(exported, newline="")):
            for cell in row:
                number = re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", cell)
                if cell.lstrip(" \u3000").startswith(("=", "+", "-", "@", "\t", "\r", "＝")) and not number:
                    self.executed.append(f"export: {cell[:40]!r}")
        self._compare(clean)

    def _through(self, n: int, text: str) -> None:
        item_id = item_id_of("default", f"h-{n}")
        short, path = text[:200], f"/items/{item_id}"
        self.look(self.client.get(path), "item")
        self.look(self.client.get("/queue", params={"q": short, "lane": "", "state": "open"}), "queue search")
        self.look(self.client.get("/search", params={"q": short}), "search")
        self.look(self.client.get("/entry", params={"id": short}), "entry")
        self.look(
            self.client.get("/queue", params={"lane": short, "page": short, "done": short}), "queue values"
        )
        self.look(self.client.get("/queue", params={"route": short, "gone": short}), "queue route")
        self.look(self.client.get(path, params={"route": short}), "item route")
        self.look(self.client.get("/audit", params={"before": short}), "audit before")
        quoted = urllib.request.quote(short, safe="")
        self.look(self.client.get(f"/items/{quoted}", params={"q": short, "done": short}), "item id")
        self.look(self.client.get(f"/static/{quoted}", params={"v": short}), "asset")
        self.post(f"{path}/hints", "hints", block=[text, text])
        self.post(f"{path}/swap", "swap", entry_id=short, concern=short)
        choice = n % 3
        if choice == 0:
            blocks = [text] * max(1, self.client.get(path).text.count('name="block"'))
            self.post(
                f"{path}/decide", "edit", action="approve", version="1", block=blocks, lane=short, q=short
            )
        elif choice == 1:
            self.post(
                f"{path}/decide",
                "reject",
                action="reject",
                version="1",
                reason=text[:4_000],
                reason_code="other",
                q=short,
            )
        else:
            self.post(
                f"{path}/decide",
                "escalate",
                action="escalate",
                version="1",
                route=text[:200],
                reason=text[:4_000],
            )
        if choice == 1 and n % 5 == 1:
            gone = self.post(f"{path}/withdraw", "withdraw", reason=text[:4_000], route_filter=short)
            self.look(self.client.get("/queue", params={"state": "withdrawn"}), "withdrawn")
            self.post("/queue/withdraw", "withdraw many", reason=text[:4_000], count=short, state=short)
            if gone.history:  # led on: it was withdrawn
                self.post(f"{path}/undo", "bring back")
        if n % 10 == 0:
            self.look(self.client.get(path), "decided")
            self.post("/preferences", "preferences", back=text[:500], lang=short, theme=short)
            self.post("/candidates/" + quoted, "candidate", verdict="reject", reason=text[:4_000])
            self.look(self.client.get("/api/v1/items", params={"query": short, "lane": short}), "api")
            sent = {"action": text, "version": text, "reason": text, "route": text}
            self.look(self.client.post(f"/api/v1/items/{quoted}/decisions", json=sent), "api decision")
            head = {
                "accept-language": "ja",
                "cookie": f"lang={quoted}; theme={quoted}; suggest_session={quoted}",
            }
            self.look(
                TestClient(self.client.app, base_url="http://localhost").get("/queue", headers=head),
                "headers",
            )
            name = "".join(c for c in short if c.isprintable() and c not in '"\\')[:80] or "x"
            file = {"file": (name, f'inquiry_id,score\r\n"h-{n}","{n % 5 + 1}"\r\n'.encode())}
            self.look(self.client.post("/data/surveys", data={"csrf": self.csrf}, files=file), "survey")
            bad = {"file": (name, text.encode())}
            self.look(self.client.post("/data/surveys", data={"csrf": self.csrf}, files=bad), "bad survey")
            for page in ("/audit", "/candidates", "/insight", "/queue?state=all"):
                self.look(self.client.get(page), page)

    def _compare(self, given: list[str]) -> None:
        """Hold what is kept against what was sent."""
        for n, text in enumerate(given):
            item = self.queue.item(item_id_of("default", f"h-{n}"), tenant="default")
            if item.inquiry is None or item.inquiry.text != text:
                self.damaged.append(f"text of h-{n}")
        total = self.queue.items(tenant="default", state="all", limit=1).total
        if total != len(given):
            self.damaged.append(f"{total} items for {len(given)} payloads")
        self.damaged += self.queue.verify()


def hostile(given: list[str], *, browser: bool) -> dict[str, Any]:
    """Attack with the payloads ``given``; return counts, and the first findings if there are any."""
    evil = [
        Article(id=f"evil-{n}", title=text, body=f"{text} パスワード", url=text)
        for n, text in enumerate(SCRIPTS)
    ]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "kb"
        embedder = HashingEmbedder()
        with KnowledgeBase.open(folder, embedder=embedder) as kb:
            kb.sync([*read_entries(SAMPLE), *evil], adapt=False)
        with ReviewQueue.open(folder, embedder=embedder) as queue:
            app = create_app(queue, folder, ConsoleConfig(local_user="tester"))
            attack = Attack(app, queue, folder)
            attack.send(given)
            pages = 0
            if browser:
                pages = _in_chromium(app, attack, len(given))
    return {
        "payloads": len(given),
        "requests": sum(attack.answers.values()),
        "pages in Chromium": pages,
        "executed": len(attack.executed),
        "damaged": len(attack.damaged),
        "5xx": sum(n for status, n in attack.answers.items() if status >= 500),
        "answers": {str(status): n for status, n in sorted(attack.answers.items())},
        "first": [*attack.executed[:5], *attack.damaged[:5]],
    }


def _in_chromium(app: FastAPI, attack: Attack, count: int) -> int:
    """Open what was sent in a real browser and see whether anything runs."""
    from playwright.sync_api import sync_playwright

    addresses = ["/candidates", "/audit", "/insight", "/data", "/search?q=パスワード", "/queue?state=all"]
    addresses += [f"/queue?state=all&page={n}" for n in range(2, count // 50 + 1)]
    addresses += [f"/items/{item_id_of('default', f'h-{n}')}" for n in range(0, count, max(1, count // 300))]
    addresses += [f"/entry?id=evil-{n}" for n in range(len(SCRIPTS))]
    with serving(app) as port, sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = chromium.new_page(locale="ja-JP")
        home = f"http://127.0.0.1:{port}"
        page.on("dialog", lambda dialog: (attack.executed.append("dialog"), dialog.dismiss()))
        page.on(
            "request",
            lambda sent: (
                attack.executed.append(f"request {sent.url}")
                if not sent.url.startswith(home) or "/pwned" in sent.url
                else None
            ),
        )
        for address in addresses:
            page.goto(home + address)
            if page.evaluate("window.pwned !== undefined"):
                attack.executed.append(f"ran on {address}")
        chromium.close()
    return len(addresses)


@contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    """Serve ``app`` from a thread of this process; yields the port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


# --- load --------------------------------------------------------------------------------------


def load(count: int) -> dict[str, Any]:
    """Fill a queue and measure pages in Chromium, and the server's memory."""
    lines = (SAMPLE / "_labelled" / "inquiries.jsonl").read_text(encoding="utf-8").splitlines()
    sample = [text for line in lines if len(text := json.loads(line)["text"]) <= 90]
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "kb"
        folder.mkdir()
        (folder / "suggest.toml").write_text('[retrieval]\nprofile = "fast"\n', encoding="utf-8")
        with KnowledgeBase.open(folder) as kb:
            kb.sync(read_entries(SAMPLE))
        with ReviewQueue.open(folder) as queue:
            started = time.perf_counter()
            queue.import_inquiries(
                (
                    Inquiry(
                        id=f"q-{n}",
                        text=f"{sample[n % len(sample)]}\n受付 {n}",
                        received_at=now - timedelta(minutes=n),
                    )
                    for n in range(count)
                ),
                reviewer="loader",
            )
            importing = time.perf_counter() - started
        command = [
            sys.executable,
            "-m",
            "suggest",
            "review",
            "--kb",
            str(folder),
            "--port",
            "0",
            "--as",
            "tester",
        ]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        home = re.findall(r"http://\S+?(?=/)", process.stderr.readline())[0] + "/"
        try:
            item = item_id_of("default", f"q-{count // 2}")
            addresses = {
                "queue, first page": "queue",
                "queue, last page": f"queue?page={-(-count // 50)}",
                "queue, one lane": "queue?lane=review",
                "queue, search in the text": "queue?q=受付 77",
                "a suggestion": f"items/{item}",
                "next": "next",
                "insight": "insight",
                "audit": "audit",
            }
            cold = _memory(process.pid)
            times = _in_time(home, addresses)
            return {
                "items": count,
                "import, items a second": round(count / importing, 1),
                "page to interactive, ms (median, slowest of 15)": times,
                "memory of the server, MiB": {"started": cold, "after the visits": _memory(process.pid)},
            }
        finally:
            process.terminate()
            process.wait()


def _in_time(home: str, addresses: dict[str, str]) -> dict[str, list[int]]:
    from playwright.sync_api import sync_playwright

    found = {}
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = chromium.new_page(locale="ja-JP")
        for name, address in addresses.items():
            page.goto(home + address)  # loads models and caches
            times = []
            for _ in range(15):
                page.goto(home + address, wait_until="domcontentloaded")
                times.append(
                    page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
                )
            found[name] = [round(statistics.median(times)), round(max(times))]
        chromium.close()
    return found


def _memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return round(int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024)


def main() -> None:
    """Run what was asked for and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    attack = commands.add_parser("hostile")
    attack.add_argument("--count", type=int, default=2_000)
    attack.add_argument("--no-browser", action="store_true")
    commands.add_parser("load").add_argument("--items", type=int, default=10_000)
    given = parser.parse_args()
    if given.command == "hostile":
        found = hostile(payloads(given.count), browser=not given.no_browser and CHROMIUM.exists())
    else:
        found = load(given.items)
    print(json.dumps(found, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
