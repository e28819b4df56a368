"""Markdown: one article a file, with optional YAML front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from suggest.sources.markup import html_to_text
from suggest.sources.rows import LONGEST_ROW, Row, RowError, shown

if TYPE_CHECKING:
    from markdown_it.token import Token

_FENCE = re.compile(r"---[ \t]*\n")
_CLOSING_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)


def read_markdown(stream: TextIO, path: Path, default_id: str) -> Iterator[Row]:
    """Yield the one article of the file. The first ``# heading`` is the title unless front matter has one."""
    del path
    text = stream.read(LONGEST_ROW + 1)
    try:
        if len(text) > LONGEST_ROW:
            raise RowError(f"longer than {LONGEST_ROW} characters; expected one article")
        metadata, content = _front_matter(text)
        title, body = _convert(content, metadata.get("title"))
    except RowError as error:
        yield Row(1, text[:10_000], error)
        return
    values = {**metadata, "body": body}
    for name, value in (("id", default_id), ("title", title)):
        if values.get(name) in (None, ""):
            values[name] = value
    yield Row(1, values, values, frozenset({"body"}))


def markdown_to_text(text: str) -> str:
    """Return Markdown as readable plain text: lists numbered, links as their text, no images."""
    return "\n".join(part for part in _convert(text, None) if part)


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    opening = _FENCE.match(text)
    if opening is None:
        return {}, text
    if not _CLOSING_FENCE.search(text, opening.end()):
        raise RowError("front matter opens with '---' and never closes; put '---' on a line below it")
    import yaml
    from frontmatter.default_handlers import YAMLHandler

    handler = YAMLHandler()
    front, content = handler.split(text)
    try:
        _refuse_traps(front)
        metadata = handler.load(front)  # safe loading: plain values only
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RowError(f"front matter is not YAML: {' '.join(str(error).split())}") from error
    if metadata is None:
        return {}, content
    if not isinstance(metadata, dict):
        raise RowError(f"front matter: given {shown(metadata)}, expected 'name: value' lines")
    return {str(name): value for name, value in metadata.items()}, content


def _refuse_traps(front: str) -> None:
    """Refuse repeated keys, which YAML would drop, and aliases, which can blow up a small file."""
    import yaml

    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(front, Loader=yaml.SafeLoader)):
        raise RowError("front matter: aliases (*name) are not accepted; write the value out")
    node = yaml.compose(front, Loader=yaml.SafeLoader)
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for name in names:
            if names.count(name) > 1:
                raise RowError("given twice in the front matter; keep one of them", str(name))


def _convert(text: str, title: Any) -> tuple[str, str]:
    """Return the first top heading and the body; a heading that is the title is not repeated in the body."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    heading = ""
    for i, token in enumerate(tokens):
        if token.children:
            _keep_lines(token.children)
        if not heading and token.type == "heading_open" and token.tag == "h1" and token.level == 0:
            heading = html_to_text(parser.renderer.render([tokens[i + 1]], parser.options, {}))
            if title in (None, "", heading):
                del tokens[i : i + 3]
                break
    for token in tokens:
        if token.children:
            _keep_lines(token.children)
    return heading, html_to_text(parser.renderer.render(tokens, parser.options, {}))


def _keep_lines(tokens: list[Token]) -> None:
    """Keep line breaks inside paragraphs, except where English prose was wrapped in mid-sentence."""
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        wrapped = re.search(r"[A-Za-z0-9,;]\Z", before.content) and re.match(r"[a-z]", after.content)
        if token.type == "softbreak" and not wrapped:
            token.type, token.tag = "hardbreak", "br"
