"""Coming in, leaving, and how one likes to see things."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from suggest.review.console.access import Forbidden, Sender, login_required, same_origin
from suggest.review.console.middleware import COOKIE
from suggest.review.console.parts import Parts, parts_of
from suggest.review.console.render import page, words_of

router = APIRouter()
_YEAR = 365 * 24 * 60 * 60


@router.get("/login")
def login_form(request: Request) -> Response:
    """Ask for name and password."""
    if not login_required(parts_of(request)):
        return RedirectResponse("/queue", status_code=303)
    return page(request, "login", None, problem="", name="")


@router.post("/login")
def login(
    request: Request,
    name: Annotated[str, Form(max_length=100)],
    password: Annotated[str, Form(max_length=200)],
) -> Response:
    """Let somebody in, or say that name and password do not fit."""
    parts, words = parts_of(request), words_of(request)
    if not same_origin(request):
        raise Forbidden("error.origin")
    if not login_required(parts):
        return RedirectResponse("/queue", status_code=303)
    address = request.client.host if request.client else ""
    if wait := parts.throttle.wait(name, address):
        response = page(
            request, "login", None, status=429, problem=words("login.wait", n=-(-wait // 60)), name=name
        )
        response.headers["retry-after"] = str(wait)
        return response
    user = parts.accounts.check(name, password)
    if user is None:
        parts.throttle.failed(name, address)
        parts.audit.record(_tenant(parts, name), name, "login_failed", address=address)
        if parts.throttle.wait(name, address):
            parts.audit.record(_tenant(parts, name), name, "login_blocked", address=address)
        return page(request, "login", None, status=401, problem=words("login.wrong"), name=name)
    parts.throttle.succeeded(name, address)
    parts.sessions.end(request.cookies.get(COOKIE))
    request.state.new_cookie, _ = parts.sessions.start(user.name)
    parts.audit.record(user.tenant, user.name, "login", address=address)
    return RedirectResponse("/queue", status_code=303)


@router.post("/logout")
def logout(request: Request, viewer: Sender) -> Response:
    """End the session."""
    parts = parts_of(request)
    parts.sessions.end(request.cookies.get(COOKIE))
    parts.audit.record(viewer.tenant, viewer.name, "logout")
    request.state.new_cookie = ""
    return RedirectResponse("/login", status_code=303)


@router.post("/preferences")
def preferences(
    request: Request,
    lang: Annotated[Literal["ja", "en", ""], Form()] = "",
    theme: Annotated[Literal["auto", "light", "dark", ""], Form()] = "",
    back: Annotated[str, Form(max_length=500)] = "/queue",
) -> Response:
    """Remember language and theme in the browser."""
    if not same_origin(request):
        raise Forbidden("error.origin")
    inside = back.startswith("/") and not back.startswith("//") and "\\" not in back and back.isprintable()
    response = RedirectResponse(back if inside else "/queue", status_code=303)
    secure = parts_of(request).config.https
    for key, value in (("lang", lang), ("theme", theme)):
        if value:
            response.set_cookie(key, value, max_age=_YEAR, httponly=True, samesite="lax", secure=secure)
    return response


def _tenant(parts: Parts, name: str) -> str:
    """Return in whose audit an attempt with ``name`` belongs."""
    known = parts.accounts.find(name.strip())
    return parts.config.local_tenant if known is None else known.tenant
