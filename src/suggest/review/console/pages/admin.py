"""The audit page, and who may come in."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from suggest.errors import InvalidRecord
from suggest.review.console.access import AdminReader, AdminSender, LeadReader, Viewer
from suggest.review.console.accounts import User
from suggest.review.console.config import ROLES
from suggest.review.console.parts import Parts, parts_of
from suggest.review.console.render import page

router = APIRouter()
_SHOWN = 50


@router.get("/audit")
def audit(
    request: Request,
    viewer: LeadReader,
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    before: Annotated[int, Query(ge=0, le=2**53)] = 0,
    check: bool = False,
) -> Response:
    """Show entries of the ledger, the newest first, and what happened at the console; ``check`` verifies the chain.

    ``before`` leads to the entries older than that number, ``page`` to older events of the console.
    """
    parts = parts_of(request)
    events, total = parts.audit.page(viewer.tenant, offset=(number - 1) * _SHOWN, limit=_SHOWN)
    records = parts.queue.newest(tenant=viewer.tenant, before=before or None, limit=_SHOWN)
    return page(
        request,
        "audit",
        viewer,
        records=records,
        before=before,
        events=events,
        total=total,
        number=number,
        pages=max(1, -(-total // _SHOWN)),
        problems=parts.queue.verify() if check else None,
    )


@router.get("/users")
def users(request: Request, viewer: AdminReader) -> Response:
    """Show who may come in."""
    return _users(request, viewer)


def _users(
    request: Request, viewer: Viewer, *, problem: str = "", done: str = "", token: str = "", status: int = 200
) -> Response:
    return page(
        request,
        "users",
        viewer,
        status=status,
        users=parts_of(request).accounts.all(viewer.tenant),
        roles=ROLES,
        problem=problem,
        done=done,
        token=token,
    )


@router.post("/users")
def add_user(
    request: Request,
    viewer: AdminSender,
    name: Annotated[str, Form(max_length=100)],
    role: Annotated[str, Form(max_length=20)],
    password: Annotated[str, Form(max_length=200)],
) -> Response:
    """Add a user of the viewer's own tenant."""
    parts = parts_of(request)
    try:
        user = parts.accounts.add(name, role, viewer.tenant, password)
    except InvalidRecord as error:
        return _users(request, viewer, problem=str(error), status=422)
    parts.audit.record(viewer.tenant, viewer.name, "user_added", f"{user.name} ({user.role})")
    return RedirectResponse("/users", status_code=303)


@router.post("/users/change")
def change_user(
    request: Request,
    viewer: AdminSender,
    name: Annotated[str, Form(max_length=100)],
    change: Annotated[Literal["role", "password", "close", "open", "token"], Form()],
    value: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Change a user of the viewer's own tenant."""
    parts = parts_of(request)
    try:
        user = _own(parts, viewer, name)
        if user.name == viewer.name and change in ("role", "close"):
            raise InvalidRecord("you cannot take away your own rights; ask another admin")
        if change == "token":
            token = parts.accounts.new_token(user.name)
            parts.audit.record(viewer.tenant, viewer.name, "token_made", user.name)
            return _users(request, viewer, done=user.name, token=token)
        if change == "role":
            parts.accounts.set_role(user.name, value)
        elif change == "password":
            parts.accounts.set_password(user.name, value)
        else:
            parts.accounts.set_active(user.name, change == "open")
    except InvalidRecord as error:
        return _users(request, viewer, problem=str(error), status=422)
    parts.audit.record(viewer.tenant, viewer.name, f"user_{change}", user.name)
    return RedirectResponse("/users", status_code=303)


def _own(parts: Parts, viewer: Viewer, name: str) -> User:
    for user in parts.accounts.all(viewer.tenant):
        if user.name == name:
            return user
    raise InvalidRecord(f"there is no user {name!r}")
