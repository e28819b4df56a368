from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from suggest import ReviewQueue
from suggest.errors import InvalidRecord, SettingsError
from suggest.review.console import ConsoleConfig, create_app
from suggest.review.console.accounts import open_accounts
from suggest.review.console.middleware import COOKIE
from suggest.review.console.server import serve
from suggest.review.console.sessions import Sessions
from suggest.review.console.store import FILE_NAME, open_store
from suggest.review.console.throttle import Throttle

from .conftest import ROOT
from .review_console import PASSWORD, Visitor, build_queue, console, guarded, item_of, local  # noqa: F401

Guarded = tuple[FastAPI, ReviewQueue]
Local = tuple[Visitor, ReviewQueue]


def visitor(app: FastAPI, name: str) -> Visitor:
    found = Visitor(app)
    assert found.login(name).status_code == 303
    return found


# --- who comes in ------------------------------------------------------------------------------


def test_nothing_is_shown_without_login(guarded: Guarded) -> None:
    app, queue = guarded
    stranger = Visitor(app)
    for route in app.routes:
        path = getattr(route, "path", "").replace("{item_id}", item_of(queue, "inq-0"))
        if path in ("/login", "/preferences", "/static/{name}", "/", "/api/openapi.json"):
            continue
        for method in getattr(route, "methods", ()) or ():
            answer = stranger.client.request(method, path)
            assert (answer.status_code, answer.headers.get("location")) == (303, "/login") or (
                answer.status_code == 401
            ), (method, path)
            assert "パスワードを忘れました" not in answer.text


def test_login_needs_the_right_password_and_is_held_back(guarded: Guarded) -> None:
    app, _ = guarded
    stranger = Visitor(app)
    wrong = [stranger.login("ando", "wrong password!") for _ in range(5)]
    assert {answer.status_code for answer in wrong} == {401}
    unknown = stranger.login("nobody", "wrong password!")
    held = stranger.login("ando")
    assert held.status_code == 429 and int(held.headers["retry-after"]) > 0
    text = re.sub(r'value="[^"]*"', "", wrong[0].text)
    assert re.sub(r'value="[^"]*"', "", unknown.text) == text  # does not tell who exists
    events = app.state.parts.audit.page("default")[0]
    assert {event.action for event in events} == {"login_failed", "login_blocked"}


def test_a_throttle_forgets_after_its_window() -> None:
    now = [0.0]
    throttle = Throttle(2, 60, clock=lambda: now[0])
    for _ in range(2):
        throttle.failed("a", "1.1.1.1")
    assert throttle.wait("a", "1.1.1.1") > 0 and throttle.wait("a", "2.2.2.2") == 0
    now[0] = 61
    assert throttle.wait("a", "1.1.1.1") == 0
    for n in range(12):
        throttle.failed(f"name-{n}", "3.3.3.3")
    assert throttle.wait("fresh", "3.3.3.3") > 0


def test_sessions_end(tmp_path: Path) -> None:
    now = [1000.0]
    sessions = Sessions(open_store(tmp_path), idle=600, lifetime=3600, clock=lambda: now[0])
    cookie, started = sessions.start("ando")
    assert sessions.find(cookie) == started
    for _ in range(6):
        now[0] += 500
        assert sessions.find(cookie) is not None
    now[0] += 700
    assert sessions.find(cookie) is None  # longer than a session lasts
    cookie, _ = sessions.start("ando")
    now[0] += 601
    assert sessions.find(cookie) is None  # idle
    assert sessions.find("made-up") is None and sessions.find(None) is None


def test_login_makes_a_new_session_and_logout_ends_it(guarded: Guarded) -> None:
    app, _ = guarded
    ando = visitor(app, "ando")
    cookie = ando.client.cookies[COOKIE]
    header = ando.login("ando").headers["set-cookie"]
    assert "HttpOnly" in header and "SameSite=Lax" in header
    assert ando.client.cookies[COOKIE] != cookie
    ando.post("/logout")
    ando.client.cookies.set(COOKIE, cookie)
    assert ando.get("/queue").status_code == 303


def test_roles(guarded: Guarded) -> None:
    app, queue = guarded
    ando, sudo, ono = (visitor(app, name) for name in ("ando", "sudo", "ono"))
    for path in (
        "/candidates",
        "/insight",
        "/data",
        "/audit",
        "/api/v1/figures",
        "/data/decisions",
        "/api/v1/verify",
    ):
        assert ando.get(path).status_code == 403
        assert sudo.get(path).status_code == 200
    assert sudo.get("/users").status_code == 403
    assert ono.get("/users").status_code == 200
    assert ando.post("/data/inquiry", {"text": "x"}).status_code == 403
    assert ono.post("/users", {"name": "neu", "role": "agent", "password": "short"}).status_code == 422
    assert ono.post("/users", {"name": "neu", "role": "agent", "password": PASSWORD}).status_code == 303
    assert (
        ono.post("/users/change", {"name": "oki", "change": "close"}).status_code == 422
    )  # another tenant's
    assert ono.post("/users/change", {"name": "ono", "change": "role", "value": "agent"}).status_code == 422
    neu = visitor(app, "neu")
    ono.post("/users/change", {"name": "neu", "change": "close"})
    assert neu.get("/queue").status_code == 303 and Visitor(app).login("neu").status_code == 401
    item_id = item_of(queue, "inq-1")
    sudo.post(f"/items/{item_id}/decide", {"action": "reject", "version": 1})
    assert ando.post(f"/items/{item_id}/undo").status_code == 409
    assert queue.item(item_id, tenant="default").state == "rejected"


def test_only_another_supervisor_judges_a_candidate(guarded: Guarded) -> None:
    app, queue = guarded
    sudo, sugi = visitor(app, "sudo"), visitor(app, "sugi")
    item_id = item_of(queue, "inq-0")
    sudo.get(f"/items/{item_id}")
    sudo.post(f"/items/{item_id}/decide", {"action": "approve", "version": 1})
    [candidate] = queue.candidates(tenant="default")
    path = f"/candidates/{candidate.candidate_id}"
    assert sudo.post(path, {"verdict": "approve"}).status_code == 409
    assert "別のスーパーバイザー" in sudo.get("/candidates").text
    assert sugi.post(path, {"verdict": "approve"}).status_code == 303
    assert queue.candidates(tenant="default", state="approved")[0].supervisor == "sugi"


def test_tenants_are_walled(guarded: Guarded) -> None:
    app, queue = guarded
    oki, ono = visitor(app, "oki"), visitor(app, "ono")
    own, foreign = item_of(queue, "secret-1", "other"), item_of(queue, "inq-0")
    assert oki.get(f"/items/{own}").status_code == 200
    for path in (f"/items/{foreign}", f"/api/v1/items/{foreign}", "/entry?id=faq-password"):
        assert oki.get(path).status_code == 404
    for action in ("decide", "undo", "swap", "hints", "claim", "release"):
        data = {"action": "reject", "version": 1, "entry_id": "other-faq-password"}
        assert oki.post(f"/items/{foreign}/{action}", data).status_code == 404
    for path in (
        "/queue?state=all",
        "/audit",
        "/data/decisions?form=jsonl",
        "/api/v1/items",
        "/search?q=パスワード",
    ):
        text = oki.get(path).text
        assert "inq-0" not in text and ">faq-password<" not in text
    assert "secret-1" not in ono.get("/audit").text
    assert "<b>oki</b>" not in ono.get("/users").text
    assert queue.item(foreign, tenant="default").claim is None


# --- what browsers can be made to do -----------------------------------------------------------


def test_every_form_needs_the_token_of_the_page(local: Local) -> None:
    visitor, queue = local
    item_id = item_of(queue, "inq-1")
    visitor.get("/queue")
    data = {"action": "reject", "version": "1"}
    paths = [
        getattr(route, "path", "").replace("{item_id}", item_id).replace("{candidate_id}", "learned-x")
        for route in visitor.client.app.routes  # type: ignore[attr-defined]
        if "POST" in (getattr(route, "methods", None) or ())
    ]
    for path in paths:
        if path in ("/login", "/preferences"):
            continue
        for sent in (data, {**data, "csrf": "wrong"}):
            assert visitor.client.post(path, data=sent).status_code == 403, path
        foreign = visitor.client.post(
            path, data={**data, "csrf": visitor.csrf()}, headers={"origin": "https://evil.example"}
        )
        assert foreign.status_code == 403, path
        cross = {"sec-fetch-site": "cross-site", "content-type": "application/json"}
        assert visitor.client.post(path, content="{}", headers=cross).status_code == 403, path
    assert queue.item(item_id, tenant="default").state == "open"


def test_a_foreign_page_cannot_use_the_json_endpoints(local: Local) -> None:
    visitor, queue = local
    path = f"/api/v1/items/{item_of(queue, 'inq-1')}/decisions"
    body = '{"action": "reject", "version": 1}'
    simple = visitor.client.post(path, content=body, headers={"content-type": "text/plain"})
    assert simple.status_code == 403
    foreign = {"content-type": "application/json", "origin": "http://evil.example"}
    assert visitor.client.post(path, content=body, headers=foreign).status_code == 403
    assert (
        visitor.client.post(path, content=body, headers={"content-type": "application/json"}).status_code
        == 200
    )


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:8400", ""]
)
def test_other_host_names_are_refused(local: Local, host: str) -> None:
    visitor, _ = local
    assert visitor.client.get("/queue", headers={"host": host}).status_code == 400
    assert visitor.client.get("/queue", headers={"host": "LOCALHOST:9"}).status_code == 200
    assert visitor.client.get("/queue", headers={"host": "[::1]:8400"}).status_code == 200


def test_headers_keep_foreign_code_out(local: Local) -> None:
    visitor, _ = local
    for path in ("/queue", "/static/console.js", "/nothing", "/api/v1/items"):
        headers = visitor.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy
        assert "unsafe" not in policy and "http" not in policy and "*" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert visitor.get("/queue").headers["cache-control"] == "no-store"
    for path in ("/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/none.js"):
        assert visitor.get(path).status_code == 404


def test_pages_load_nothing_from_elsewhere() -> None:
    for path in (ROOT / "src/suggest/review/console").rglob("*.j2"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text), path.name
        assert "|safe" not in text and "autoescape" not in text, path.name
        assert not re.search(r"\son[a-z]+=|\sstyle=|<style|<script>(?!</)", text), path.name


def test_oversized_requests_are_refused(tmp_path: Path) -> None:
    with console(tmp_path / "kb", max_body=2_000, max_upload=5_000) as (app, _):
        visitor = Visitor(app)
        csrf = visitor.csrf()
        assert visitor.client.post("/preferences", content=b"x" * 3_000).status_code == 413
        form = {"content-type": "application/x-www-form-urlencoded"}
        chunks = (b"x" * 1_000 for _ in range(4))  # no declared length
        assert visitor.client.post("/preferences", content=chunks, headers=form).status_code == 413
        assert visitor.client.post("/preferences", headers={"content-length": "x"}).status_code == 413
        small, large = (
            {"file": ("a.csv", b"text\n" + b"y" * 3_000)},
            {"file": ("a.csv", b"text\n" + b"y" * 6_000)},
        )
        assert visitor.client.post("/data/inquiries", data={"csrf": csrf}, files=small).status_code == 200
        assert visitor.client.post("/data/inquiries", data={"csrf": csrf}, files=large).status_code == 413


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "/ok\r\nx: y", "javascript:1"]
)
def test_preferences_lead_nowhere_else(local: Local, back: str) -> None:
    visitor, _ = local
    assert (
        visitor.client.post("/preferences", data={"lang": "en", "back": back}).headers["location"] == "/queue"
    )


# --- how it is started -------------------------------------------------------------------------


def test_beyond_this_machine_a_login_is_needed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--allow-host"):
        ConsoleConfig(host="0.0.0.0")
    with console(tmp_path / "kb", host="0.0.0.0", allowed_hosts=("desk.example",)) as (app, queue):
        away = Visitor(app, "http://desk.example")
        assert away.get("/queue").headers["location"] == "/login"
        assert Visitor(app).get("/queue").status_code == 400  # 'localhost' is no name of this server
        with pytest.raises(SettingsError, match="suggest users add"):
            serve(queue, tmp_path / "kb", app.state.parts.config)


def test_users_make_a_login_needed_on_this_machine_as_well(local: Local) -> None:
    visitor, _ = local
    assert visitor.get("/queue").status_code == 200
    visitor.client.app.state.parts.accounts.add("ono", "admin", "default", PASSWORD)  # type: ignore[attr-defined]
    assert visitor.get("/queue").headers["location"] == "/login"


def test_a_proxy_names_the_user(tmp_path: Path) -> None:
    queue = build_queue(tmp_path / "kb")
    settings = ConsoleConfig(trusted_header="X-Remote-User", trusted_proxies=("10.1.0.0/16",))
    app = create_app(queue, tmp_path / "kb", settings)
    app.state.parts.accounts.add("ando", "agent", "default", None)
    for address, name, status in (
        ("10.1.2.3", "ando", 200),
        ("10.1.2.3", "nobody", 403),
        ("10.1.2.3", "", 403),
        ("10.2.0.1", "ando", 403),
    ):
        client = TestClient(app, base_url="http://localhost", client=(address, 1), follow_redirects=False)
        assert client.get("/queue", headers={"x-remote-user": name}).status_code == status
    assert app.state.parts.accounts.check("ando", "") is None
    queue.close()


def test_passwords_and_tokens_are_kept_as_hashes(tmp_path: Path) -> None:
    accounts = open_accounts(tmp_path)
    accounts.add("ando", "agent", "default", PASSWORD)
    token = accounts.new_token("ando")
    kept = b"".join(path.read_bytes() for path in tmp_path.glob(f"{FILE_NAME}*"))
    assert PASSWORD.encode() not in kept and token.encode() not in kept and b"argon2id" in kept
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0
    found = accounts.by_token(token)
    assert found is not None and found.name == "ando"
    assert accounts.new_token("ando") and accounts.by_token(token) is None
    with pytest.raises(InvalidRecord, match="exists already"):
        accounts.add("ando", "agent", "default", PASSWORD)
    with pytest.raises(InvalidRecord, match="role"):
        accounts.add("b", "boss", "default", PASSWORD)


@pytest.mark.parametrize("package", ["fastapi", "python_multipart"])
def test_the_missing_extra_is_named(package: str) -> None:
    script = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from suggest.errors import SettingsError\n"
        "import suggest.review.console as console\n"
        "try: console.create_app\n"
        "except SettingsError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (
        f"needs the package {package!r}; install it with: pip install 'reply-suggest[console]'" in done.stdout
    )
