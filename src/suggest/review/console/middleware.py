"""What holds for every request: known host, bounded size, headers that keep foreign code out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from suggest.review.console.config import ConsoleConfig

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
COOKIE = "suggest_session"
UPLOADS = frozenset({"/data/inquiries", "/data/surveys"})


class Shield:
    """ASGI middleware: refuses foreign hosts and oversized bodies, adds the security headers."""

    def __init__(self, app: ASGIApp, *, config: ConsoleConfig) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not known_host(headers.get("host", ""), self._config.hosts):
            await _refuse(send, 400, "This server does not answer under that name (see --allow-host).")
            return
        limit = self._config.max_upload if scope["path"] in UPLOADS else self._config.max_body
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > limit:
            await _refuse(send, 413, f"The request is larger than {limit} bytes.")
            return
        scope["state"] = state = dict(scope.get("state") or {})
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > limit:
                    raise HTTPException(413, f"The request is larger than {limit} bytes.")
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message, scope["path"])
                if "new_cookie" in state:
                    MutableHeaders(scope=message).append("set-cookie", self._cookie(state["new_cookie"]))
            await send(message)

        await self._app(scope, bounded, guarded)

    def _cookie(self, value: str) -> str:
        """Return the header that hands a session to the browser; an empty value ends it there."""
        secure = "; Secure" if self._config.https else ""
        lifetime = self._config.session_seconds if value else 0
        return f"{COOKIE}={value}; Path=/; Max-Age={lifetime}; HttpOnly; SameSite=Lax{secure}"


def known_host(given: str, known: Iterable[str]) -> bool:
    """Tell whether a Host header names this server; the port does not matter."""
    name, _, port = given.strip().lower().rpartition(":")
    if not name or (port and not port.isdigit()):
        name = given.strip().lower()
    return name in known


def _add_headers(message: Message, path: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _HEADERS.items():
        headers[name] = value
    if not path.startswith("/static/"):
        headers["cache-control"] = "no-store"


async def _refuse(send: Send, status: int, text: str) -> None:
    body = text.encode()
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ],
    }
    _add_headers(start, "")
    await send(start)
    await send({"type": "http.response.body", "body": body})
