"""Who is asking, and whether they may: every page and endpoint goes through here."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from suggest.review.console.accounts import User
from suggest.review.console.config import Role
from suggest.review.console.middleware import COOKIE, known_host
from suggest.review.console.parts import Parts, parts_of
from suggest.review.console.sessions import Session

_SAFE = ("GET", "HEAD", "OPTIONS")


class LoginNeeded(Exception):
    """Nobody is logged in."""


class Forbidden(Exception):
    """Somebody is logged in and may not do this. ``why`` is a key of the word lists."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Viewer:
    """The person (or program) behind a request."""

    user: User
    csrf: str
    session: str
    login: bool
    """Whether there is a login that can be left again."""

    @property
    def name(self) -> str:
        """The name that goes into the ledger."""
        return self.user.name

    @property
    def tenant(self) -> str:
        """The only tenant whose data this viewer sees."""
        return self.user.tenant

    def may(self, role: Role) -> bool:
        """Tell whether the viewer has the rights of ``role``."""
        return self.user.may(role)


def login_required(parts: Parts) -> bool:
    """Tell whether names and passwords are asked for: beyond loopback, on demand, and as soon as users exist."""
    config = parts.config
    if config.trusted_header is not None:
        return False
    return config.require_login or not config.loopback or bool(parts.accounts.all())


def page_viewer(request: Request) -> Viewer:
    """Return who looks at a page; starts a session where no login is needed. Raises LoginNeeded, Forbidden."""
    parts = parts_of(request)
    session = parts.sessions.find(request.cookies.get(COOKIE))
    user = _user(parts, request, session)
    if session is None or session.user != user.name:
        cookie, session = parts.sessions.start(user.name)
        request.state.new_cookie = cookie
    viewer = Viewer(user, session.csrf, session.key, login=login_required(parts))
    request.state.viewer = viewer
    return viewer


def _user(parts: Parts, request: Request, session: Session | None) -> User:
    config = parts.config
    if config.trusted_header is not None:
        peer = request.client.host if request.client else None
        name = request.headers.get(config.trusted_header, "").strip()
        if not config.trusts(peer) or not name:
            raise Forbidden("error.proxy")
        user = parts.accounts.find(name)
        if user is None:
            raise Forbidden("error.unknown_user")
        return user
    if not login_required(parts):
        return User(config.local_user, "admin", config.local_tenant)
    user = None if session is None else parts.accounts.find(session.user)
    if user is None:
        raise LoginNeeded
    return user


async def form_viewer(request: Request, viewer: Annotated[Viewer, Depends(page_viewer)]) -> Viewer:
    """Return who sends a form, after checking that it comes from one of our own pages."""
    if not same_origin(request):
        raise Forbidden("error.origin")
    given = request.headers.get("x-csrf-token")
    if given is None:
        value = (await request.form()).get("csrf")
        given = value if isinstance(value, str) else ""
    if not _equal(given, viewer.csrf):
        raise Forbidden("error.csrf")
    return viewer


def api_viewer(request: Request) -> Viewer:
    """Return who calls a JSON endpoint: by API token, or from a page by session.

    A change without a token needs the page's CSRF token, or, where no login is needed, a JSON body: a foreign
    page cannot send one without the browser asking us first.
    """
    parts = parts_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        user = parts.accounts.by_token(token.strip())
        if user is None:
            raise LoginNeeded
        return Viewer(user, "", f"token:{user.name}"[:100], login=True)
    session = parts.sessions.find(request.cookies.get(COOKIE))
    user = _user(parts, request, session)
    known = session is not None and session.user == user.name
    csrf, key = (session.csrf, session.key) if session is not None and known else ("", "api")
    viewer = Viewer(user, csrf, key, login=login_required(parts))
    if request.method not in _SAFE:
        if not same_origin(request):
            raise Forbidden("error.origin")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        local = not viewer.login and parts.config.trusted_header is None and kind == "application/json"
        if not local and not _equal(request.headers.get("x-csrf-token", ""), viewer.csrf):
            raise Forbidden("error.csrf")
    return viewer


def same_origin(request: Request) -> bool:
    """Tell whether the browser says, if it says anything, that a request comes from our own pages."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    host = request.headers.get("host", "").lower()
    return urlsplit(origin).netloc.lower() == host and known_host(host, parts_of(request).config.hosts)


def _equal(given: str, wanted: str) -> bool:
    return bool(wanted) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def having(role: Role, viewer: Callable[..., Viewer]) -> Callable[..., Viewer]:
    """Make a dependency that lets in only viewers with the rights of ``role``."""

    def check(found: Viewer = Depends(viewer)) -> Viewer:  # noqa: B008 - how FastAPI is told
        if not found.may(role):
            raise Forbidden("error.role")
        return found

    return check


Reader = Annotated[Viewer, Depends(page_viewer)]
Sender = Annotated[Viewer, Depends(form_viewer)]
LeadReader = Annotated[Viewer, Depends(having("supervisor", page_viewer))]
LeadSender = Annotated[Viewer, Depends(having("supervisor", form_viewer))]
AdminReader = Annotated[Viewer, Depends(having("admin", page_viewer))]
AdminSender = Annotated[Viewer, Depends(having("admin", form_viewer))]
Caller = Annotated[Viewer, Depends(api_viewer)]
LeadCaller = Annotated[Viewer, Depends(having("supervisor", api_viewer))]
