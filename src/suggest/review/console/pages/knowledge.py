"""Search over the knowledge base, and one entry as it stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from suggest.errors import UnknownItem, UnknownTenant
from suggest.review import Found
from suggest.review.console.access import Reader
from suggest.review.console.item_view import source_view
from suggest.review.console.parts import parts_of
from suggest.review.console.render import page, words_of

router = APIRouter()
_FAR = 5
"""So many of those that are not near are named."""


@router.get("/search")
def search(request: Request, viewer: Reader, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show the entries nearest to ``q``."""
    matches: list[Found] = []
    problem = ""
    if q.strip():
        try:
            matches = parts_of(request).queue.search(q, tenant=viewer.tenant, top=20)
        except UnknownTenant:
            problem = words_of(request)("search.no_entries")
    near = [match for match in matches if match.near]
    far = [match for match in matches if not match.near][:_FAR]
    return page(request, "search", viewer, q=q, near=near, far=far, problem=problem)


@router.get("/entry")
def entry(
    request: Request, viewer: Reader, entry_id: Annotated[str, Query(alias="id", max_length=200)]
) -> Response:
    """Show one entry; in past cases other customers' personal data is covered."""
    found = parts_of(request).queue.entries([entry_id], tenant=viewer.tenant)
    if entry_id not in found:
        raise UnknownItem(f"there is no entry {entry_id!r}")
    view = source_view(found[entry_id], entry_id, words_of(request))
    return page(request, "entry", viewer, source=view)
