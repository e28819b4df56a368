"""``suggest reply``: a suggestion for one inquiry, or for a file of them."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from suggest.cli.options import ChannelName, JsonOption, KbOption, ProvisionalOption, TenantOption
from suggest.cli.output import console, json_line, print_json, show_suggestion
from suggest.cli.progress import counter
from suggest.errors import InvalidRecord, SourceError, UnknownTenant
from suggest.records import Inquiry

if TYPE_CHECKING:
    from suggest.pipeline import Suggester


def reply(
    kb: KbOption,
    text: Annotated[
        str | None, typer.Argument(help="The inquiry; '-' reads it from stdin.", show_default=False)
    ] = None,
    channel: Annotated[
        ChannelName | None, typer.Option("--channel", help="Where the reply goes.", show_default="email")
    ] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", metavar="FILE", help="JSONL of inquiries, plain or .gz.")
    ] = None,
    output_file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Where the JSONL goes (default: stdout).")
    ] = None,
    tenant: TenantOption = "default",
    top: Annotated[int, typer.Option("--top", min=1, max=100, help="How many matches to return.")] = 10,
    provisional: ProvisionalOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draft a reply to TEXT, or to every inquiry in --input (one JSON object a line comes out)."""
    if (text is None) == (input_file is None):
        raise typer.BadParameter("give either TEXT or --input FILE")
    if output_file is not None and input_file is None:
        raise typer.BadParameter("--output needs --input")
    from suggest.index.knowledge_base import KnowledgeBase
    from suggest.pipeline import Suggester

    with KnowledgeBase.open(kb, create=False) as opened:
        if provisional:
            judging = opened.settings.judging.model_copy(update={"provisional": True})
            opened.settings = opened.settings.model_copy(update={"judging": judging})
        suggester = Suggester(opened)
        if input_file is not None:
            _batch(suggester, input_file, output_file, channel, top)
            return
        words = _stdin() if text == "-" else text or ""
        inquiry = Inquiry(text=words, channel=channel.value if channel else "email", tenant=tenant)
        suggestion = suggester.suggest(inquiry, top=top)
    if as_json:
        print_json(suggestion.model_dump(mode="json"))
    else:
        show_suggestion(console(), suggestion)


def _batch(
    suggester: Suggester,
    source: Path,
    target: Path | None,
    channel: ChannelName | None,
    top: int,
) -> None:
    """Write one suggestion a line; an output file appears only when all are done."""
    with ExitStack() as stack:
        show = stack.enter_context(counter("inquiries"))
        out: TextIO = sys.stdout
        partial = None
        if target is not None:
            partial = target.with_name(target.name + ".partial")
            try:
                out = stack.enter_context(partial.open("w", encoding="utf-8"))
            except OSError as error:
                raise SourceError(
                    f"cannot be written: {error.strerror or error}", path=str(target)
                ) from error
        for done, (line, inquiry) in enumerate(_inquiries(source, channel), 1):
            try:
                suggestion = suggester.suggest(inquiry, top=top)
            except UnknownTenant as error:
                raise SourceError(str(error), path=str(source), line=line, field="tenant") from error
            out.write(json_line(suggestion.model_dump(mode="json"), out.encoding) + "\n")
            show(done)
    if partial is not None and target is not None:
        partial.replace(target)


def _inquiries(path: Path, channel: ChannelName | None) -> Iterator[tuple[int, Inquiry]]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _inquiry(path, number, line, channel)
    except (EOFError, UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise SourceError(
            f"cannot be read as UTF-8 JSON Lines: {error}; save it as UTF-8", path=str(path)
        ) from error


def _inquiry(path: Path, number: int, line: str, channel: ChannelName | None) -> Inquiry:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise SourceError(
            f"expected a JSON object (given {line[:60]!r})", path=str(path), line=number
        ) from error
    if not isinstance(values, dict):
        raise SourceError(f"expected a JSON object (given {line[:60]!r})", path=str(path), line=number)
    if channel is not None:
        values["channel"] = channel.value
    try:
        return Inquiry(**{key: value for key, value in values.items() if isinstance(key, str)})
    except InvalidRecord as error:
        raise SourceError(str(error), path=str(path), line=number) from error


def _stdin() -> str:
    data = sys.stdin.buffer.read()
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SourceError("is neither UTF-8 nor CP932 text; convert it and try again", path="standard input")
