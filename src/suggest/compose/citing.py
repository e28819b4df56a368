"""Naming the article that an answer comes from."""

from __future__ import annotations

from suggest.compose.outline import Sentence
from suggest.compose.part import Part
from suggest.compose.quoting import ENDING, Line, quotable, quote
from suggest.compose.wording import Wording
from suggest.records import Article, ResolvedCase


def citation(article: Article, wording: Wording, *, named: bool = False) -> tuple[Line, ...]:
    """Cite the article: the Reason where the evidence gives none. ``named``: its title has just been said."""
    title = _clean_title(article, wording)
    if not title:
        return wording.say("citation_untitled", entry_id=article.id)
    if named:
        return wording.say("citation_named", entry_id=article.id)
    return wording.say("citation", entry_id=article.id, title=title)


def add_reference(part: Part, article: Article, wording: Wording, *, cut: bool) -> None:
    """Point to the article for what was cut, and to its address where it is cited."""
    cited = any(
        c.source.kind == "template" and c.source.template != ENDING
        for line in part.reason
        for c in line.claims
    )
    title = _clean_title(article, wording)
    if cut and cited:
        part.references += wording.say("reference_same", entry_id=article.id)
    elif cut and title:
        part.references += wording.say("reference", entry_id=article.id, title=title)
    if article.url and (cut or cited):
        shown = wording.say("reference_url", entry_id=article.id, url=article.url)
        if cut:
            part.references += shown
        else:
            part.reason += shown


def title_of(article: Article, wording: Wording) -> tuple[Line, ...]:
    """Return the heading of a part: the article's title, or a neutral phrase."""
    title = whole_title(article, wording)
    if title is None:
        return wording.say("heading_neutral", mark="title")
    return (quote(article, "title", (title,), "title"),)


def whole_title(article: Article, wording: Wording) -> Sentence | None:
    """Return the title as a span of the article, where it can be quoted."""
    if not _clean_title(article, wording):
        return None
    end = len(article.title.rstrip())
    start = len(article.title) - len(article.title.lstrip())
    return Sentence(article.title[start:end], start, end, "heading")


def name_of(entry: Article | ResolvedCase, wording: Wording) -> str:
    """Return what the agent knows an entry by: the title of an article, else the id."""
    title = _clean_title(entry, wording) if isinstance(entry, Article) else ""
    return f"「{title}」" if title and wording.japanese else f'"{title}"' if title else entry.id


def _clean_title(article: Article, wording: Wording) -> str:
    title = article.title.strip()
    whole = Sentence(title, 0, len(title), "heading")
    fit = title and "\n" not in title and len(title) <= 120 and quotable(whole, japanese=wording.japanese)
    return title if fit else ""
