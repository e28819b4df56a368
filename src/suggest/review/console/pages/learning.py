"""Candidate cases: replies that were approved, waiting for a supervisor to let them into the knowledge base."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from suggest.errors import ReviewError
from suggest.review.console.access import LeadReader, LeadSender, Viewer
from suggest.review.console.pages.item import Short
from suggest.review.console.parts import parts_of
from suggest.review.console.render import page, words_of

router = APIRouter()
CandidateChoice = Literal["waiting", "approved", "rejected", "withdrawn", "all"]
_SHOWN = 100


@router.get("/candidates")
def candidates(request: Request, viewer: LeadReader, state: CandidateChoice = "waiting") -> Response:
    """Show the candidate cases."""
    return _page(request, viewer, state)


def _page(
    request: Request, viewer: Viewer, state: CandidateChoice, *, problem: str = "", status: int = 200
) -> Response:
    found = parts_of(request).queue.candidates(tenant=viewer.tenant, state=state)
    return page(
        request,
        "candidates",
        viewer,
        status=status,
        candidates=found[:_SHOWN],
        total=len(found),
        state=state,
        problem=problem,
    )


@router.post("/candidates/{candidate_id}")
def judge(
    request: Request,
    viewer: LeadSender,
    candidate_id: str,
    verdict: Annotated[Literal["approve", "reject"], Form()],
    reason: Short = "",
) -> Response:
    """Let a case in or keep it out."""
    try:
        parts_of(request).queue.judge_candidate(
            candidate_id,
            tenant=viewer.tenant,
            supervisor=viewer.name,
            approve=verdict == "approve",
            reason=reason.strip(),
        )
    except ReviewError as error:
        words = words_of(request)
        kind = type(error).__name__
        said = words.known("problem_candidate", kind)
        return _page(request, viewer, "waiting", problem=str(error) if said == kind else said, status=409)
    return RedirectResponse("/candidates", status_code=303)
