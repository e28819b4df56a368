"""The application: pages and endpoints over one review queue."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from suggest import __version__
from suggest.errors import (
    AlreadyDecided,
    ClaimedByOther,
    InvalidDecision,
    InvalidRecord,
    NotAllowed,
    NothingToUndo,
    SourceError,
    StaleVersion,
    SuggestError,
    UnknownItem,
    UnknownTenant,
)
from suggest.review import ReviewQueue
from suggest.review.console import api
from suggest.review.console.access import Forbidden, LoginNeeded
from suggest.review.console.config import ConsoleConfig
from suggest.review.console.middleware import Shield
from suggest.review.console.pages import admin, data, entrance, insight, item, knowledge, learning, queue
from suggest.review.console.parts import make_parts
from suggest.review.console.render import asset_bytes, page, words_of

_STATUS: tuple[tuple[type[SuggestError], int], ...] = (
    (UnknownItem, 404),
    (UnknownTenant, 404),
    (AlreadyDecided, 409),
    (StaleVersion, 409),
    (ClaimedByOther, 409),
    (NothingToUndo, 409),
    (NotAllowed, 403),
    (InvalidDecision, 422),
    (InvalidRecord, 422),
    (SourceError, 422),
)
_ASSETS = frozenset({"console.css", "layout.css", "console.js", "item.js", "htmx.min.js", "mark.svg"})


def create_app(review: ReviewQueue, folder: str | Path, config: ConsoleConfig | None = None) -> FastAPI:
    """Return the console for ``review`` over the knowledge base in ``folder``.

    Raises SettingsError for a configuration that would let strangers in.
    """
    app = FastAPI(
        title="suggest: review console",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    settings = config or ConsoleConfig()
    app.state.parts = make_parts(review, Path(folder), settings)
    app.add_middleware(Shield, config=settings)
    for module in (queue, item, knowledge, learning, insight, data, admin, entrance):
        app.include_router(module.router, include_in_schema=False)
    app.include_router(api.router)
    app.add_api_route("/static/{name}", _static, include_in_schema=False)
    app.add_exception_handler(LoginNeeded, _login_needed)
    app.add_exception_handler(Forbidden, _forbidden)
    app.add_exception_handler(SuggestError, _suggest_error)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http_error)
    return app


def _static(name: str, v: str = "") -> Response:
    """Hand out a shipped file; one that is asked for by its hash may be kept for ever."""
    if name not in _ASSETS:
        raise HTTPException(404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    keep = "public, max-age=31536000, immutable" if v else "no-cache"
    return Response(asset_bytes(name), media_type=kind, headers={"cache-control": keep})


def _wants_json(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _login_needed(request: Request, _error: Exception) -> Response:
    if _wants_json(request):
        headers = {"www-authenticate": "Bearer"}
        return JSONResponse(
            _problem("LoginNeeded", "log in, or send 'Authorization: Bearer TOKEN'"), 401, headers
        )
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"hx-redirect": "/login"})
    return RedirectResponse("/login", status_code=303)


def _forbidden(request: Request, error: Exception) -> Response:
    assert isinstance(error, Forbidden)
    return _answer(request, 403, "Forbidden", words_of(request)(error.why))


def _suggest_error(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 503)
    return _answer(request, status, type(error).__name__, str(error))


def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
    return _answer(request, 422, "InvalidRecord", said)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(request, error.status_code, "HTTPError", str(error.detail), dict(error.headers or {}))


def _answer(
    request: Request, status: int, kind: str, message: str, headers: dict[str, str] | None = None
) -> Response:
    if _wants_json(request):
        return JSONResponse(_problem(kind, message), status, headers)
    words = words_of(request)
    title = words.known("error", str(status))
    if title == str(status):
        title = words("error.other")
    viewer = getattr(request.state, "viewer", None)
    response = page(request, "error", viewer, status=status, title=title, message=message)
    response.headers.update(headers or {})
    return response


def _problem(kind: str, message: str) -> dict[str, str]:
    return {"error": kind, "message": message.encode("utf-8", "replace").decode()[:2_000]}
