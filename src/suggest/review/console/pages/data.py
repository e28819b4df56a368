"""Inquiries and survey answers come in, decisions go out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from tempfile import TemporaryFile
from typing import IO, Annotated, Literal

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.responses import RedirectResponse, Response, StreamingResponse

from suggest.errors import InvalidRecord, SuggestError
from suggest.records import Channel, Inquiry
from suggest.review import ImportReport
from suggest.review.console.access import LeadReader, LeadSender, Viewer
from suggest.review.console.parts import parts_of
from suggest.review.console.render import page, words_of
from suggest.review.console.uploads import inquiries_of, rows_of
from suggest.review.export import write_csv, write_jsonl
from suggest.review.items import item_id_of

router = APIRouter()


@router.get("/data")
def data(request: Request, viewer: LeadReader) -> Response:
    """Show what can be brought in and taken out."""
    return _page(request, viewer)


def _page(
    request: Request,
    viewer: Viewer,
    *,
    report: ImportReport | None = None,
    surveys: int | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    return page(request, "data", viewer, status=status, report=report, surveys=surveys, problem=problem)


@router.post("/data/inquiries")
def import_inquiries(request: Request, viewer: LeadSender, file: Annotated[UploadFile, File()]) -> Response:
    """Suggest for every inquiry of a file and queue them."""
    parts = parts_of(request)
    name = file.filename or words_of(request)("data.unnamed")
    try:
        found = inquiries_of(name, file.file.read(), viewer.tenant)
        report = parts.queue.import_inquiries(found, reviewer=viewer.name)
    except SuggestError as error:
        return _page(request, viewer, problem=str(error), status=422)
    parts.audit.record(viewer.tenant, viewer.name, "import", f"{name}: {report.imported} + {report.skipped}")
    return _page(request, viewer, report=report)


@router.post("/data/inquiry")
def add_inquiry(
    request: Request,
    viewer: LeadSender,
    text: Annotated[str, Form(max_length=100_000)],
    channel: Annotated[Channel, Form()] = "email",
) -> Response:
    """Queue one inquiry that was typed in."""
    parts, words = parts_of(request), words_of(request)
    if not text.strip():
        return _page(request, viewer, problem=words("data.empty"), status=422)
    inquiry = Inquiry(text=text, channel=channel, tenant=viewer.tenant, received_at=datetime.now(UTC))
    try:
        parts.queue.import_inquiries([inquiry], reviewer=viewer.name)
    except SuggestError as error:
        return _page(request, viewer, problem=str(error), status=422)
    parts.audit.record(viewer.tenant, viewer.name, "import", inquiry.id)
    return RedirectResponse(f"/items/{item_id_of(viewer.tenant, inquiry.id)}", status_code=303)


@router.post("/data/surveys")
def import_surveys(request: Request, viewer: LeadSender, file: Annotated[UploadFile, File()]) -> Response:
    """Take in customers' answers to a survey."""
    parts = parts_of(request)
    name = file.filename or words_of(request)("data.unnamed")
    try:
        rows = [row for _, row in rows_of(name, file.file.read())]
        count = parts.queue.import_surveys(rows, tenant=viewer.tenant, reviewer=viewer.name)
    except SuggestError as error:
        return _page(request, viewer, problem=str(error), status=422)
    parts.audit.record(viewer.tenant, viewer.name, "surveys", f"{name}: {count}")
    return _page(request, viewer, surveys=count)


@router.get("/data/decisions")
def export(
    request: Request,
    viewer: LeadReader,
    form: Literal["csv", "jsonl"] = "csv",
    since: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Hand out the decisions as a file."""
    parts = parts_of(request)
    records = parts.queue.decisions(tenant=viewer.tenant, since=_day(since))
    encoding = "utf-8-sig" if form == "csv" else "utf-8"
    spool = TemporaryFile()  # noqa: SIM115 - closed when the answer has been sent
    out = io.TextIOWrapper(spool, encoding, "backslashreplace", newline="")
    count = (write_csv if form == "csv" else write_jsonl)(records, out)
    out.flush()
    spool.seek(0)
    out.detach()
    parts.audit.record(viewer.tenant, viewer.name, "export", f"{form}: {count}")
    return StreamingResponse(
        _chunks(spool),
        media_type="text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson",
        headers={"content-disposition": f'attachment; filename="decisions-{date.today()}.{form}"'},
    )


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidRecord(f"since: expected a day like 2026-04-01 (given {text!r})") from error


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(1 << 16):
            yield chunk
