"""A draft as the console shows and edits it: blocks by PREP part, each sentence with its source."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from suggest.records import Claim, Draft, Source

_OPENING = frozenset(
    {"greeting", "introduction", "apology", "sincere_apology", "empathy", "identity_check", "several"}
)
_PARTS = ("point", "reason", "example", "closing")


@dataclass(frozen=True)
class Piece:
    """A stretch of a block: a claim, or (without one) layout such as a step's number."""

    text: str
    claim: Claim | None = None
    number: int | None = None
    """Of the source, as shown beside the draft; None for template phrases and blanks."""
    quoted: int | None = None
    """The same, also for words that end a sentence of the source."""

    @property
    def span(self) -> str:
        """Names the quoted words, the same here and in the entry shown beside the draft."""
        return "" if self.claim is None else span_name(self.claim.source)


@dataclass
class Block:
    """Neighbouring sentences of one part, edited in one field."""

    part: str
    lead: str
    """Blank lines before it."""
    pieces: list[Piece] = field(default_factory=list)

    def quotes(self, entry_ids: Collection[str]) -> bool:
        """Tell whether it quotes one of these entries."""
        return any(
            piece.number is not None and piece.claim is not None and piece.claim.source.entry_id in entry_ids
            for piece in self.pieces
        )

    @property
    def text(self) -> str:
        """The block's own text."""
        return "".join(piece.text for piece in self.pieces)

    def cited_after(self, index: int) -> int | None:
        """Return the number of the source to show after a piece: once for all neighbouring words from it, never in a word.

        Words that only end a quoted sentence politely (「…を選び」＋「ます。」) go with it.
        """
        piece = self.pieces[index]
        if piece.claim is None or piece.quoted is None:
            return None
        later = (other for other in self.pieces[index + 1 :] if other.claim is not None)
        following = next(later, None)
        if following is not None and following.quoted == piece.quoted:
            return None
        return piece.quoted


def span_name(source: Source) -> str:
    """Return a name for the words that a claim quotes."""
    return f"{source.field}-{source.start}-{source.end}"


def blocks_of(draft: Draft) -> list[Block]:
    """Cut a draft into blocks; their leads and texts, joined, are the draft's text."""
    blocks: list[Block] = []
    numbers: dict[str, int] = {}
    position = 0
    for part, claim, start in _in_order(draft):
        tail, lead, head = _gap(draft.text[position:start])
        shown = _shown(part, claim)
        if not blocks:
            blocks.append(Block(shown, ""))
            tail, lead, head = "", "", tail + lead + head
        elif blocks[-1].part != shown and lead:
            if tail:
                blocks[-1].pieces.append(Piece(tail))
            blocks.append(Block(shown, lead))
            tail, lead = "", ""
        if layout := tail + lead + head:
            blocks[-1].pieces.append(Piece(layout))
        number = None
        if claim.source.kind == "entry" and claim.source.entry_id:
            number = numbers.setdefault(claim.source.entry_id, len(numbers) + 1)
        ends = claim.source.kind == "template" and claim.source.entry_id is not None
        quoted = numbers.get(claim.source.entry_id or "") if ends else number
        blocks[-1].pieces.append(Piece(claim.text, claim, number, quoted))
        position = start + len(claim.text)
    rest = draft.text[position:]
    if not blocks:
        return [Block("point", "", [Piece(rest)])] if rest else []
    if rest:
        blocks[-1].pieces.append(Piece(rest))
    return blocks


def assemble(draft: Draft, texts: Sequence[str]) -> str:
    """Put edited blocks together again; an emptied block goes with the blank lines before it."""
    blocks = blocks_of(draft)
    if len(texts) != len(blocks):
        raise ValueError(f"expected {len(blocks)} blocks (given {len(texts)})")
    text = ""
    for block, written in zip(blocks, texts, strict=True):
        kept = written.replace("\r\n", "\n").replace("\r", "\n")
        if kept.strip():
            text += (block.lead if text else "") + kept
    return text


def taken_apart(draft: Draft, text: str) -> list[str] | None:
    """Return texts of blocks from which ``assemble`` makes ``text``, with as few changed as can be told; else None."""
    blocks = blocks_of(draft)
    for size in range(1, len(blocks) + 1):
        for start in range(len(blocks) - size + 1):
            end = start + size
            head = "".join(block.lead + block.text for block in blocks[:start]) + blocks[start].lead
            tail = "".join(block.lead + block.text for block in blocks[end:])
            if len(head + tail) > len(text) or not (text.startswith(head) and text.endswith(tail)):
                continue
            middle = text[len(head) : len(text) - len(tail)]
            leads = {block.lead for block in blocks[start + 1 : end]}
            parts = middle.split(leads.pop()) if len(leads) == 1 else [middle]
            if len(parts) != size:
                parts = [middle, *[""] * (size - 1)]
            before, after = blocks[:start], blocks[end:]
            found = [*(block.text for block in before), *parts, *(block.text for block in after)]
            if assemble(draft, found) == text:
                return found
    return None


def sources_of(blocks: Sequence[Block]) -> list[tuple[int, str, list[Claim]]]:
    """Return the sources of a draft: number, entry id, and the claims taken from it."""
    found: dict[int, tuple[str, list[Claim]]] = {}
    for block in blocks:
        for piece in block.pieces:
            if piece.claim is not None and piece.number is not None:
                entry_id = piece.claim.source.entry_id or ""
                found.setdefault(piece.number, (entry_id, []))[1].append(piece.claim)
    return [(number, entry_id, claims) for number, (entry_id, claims) in sorted(found.items())]


def _in_order(draft: Draft) -> list[tuple[str, Claim, int]]:
    """Return the claims in the order of the text, with their offsets: the parts of several concerns interleave."""
    waiting = {part: list(getattr(draft, part)) for part in _PARTS}
    found: list[tuple[str, Claim, int]] = []
    position = 0
    while any(waiting.values()):
        places = [
            (start, -len(claims[0].text), part)
            for part, claims in waiting.items()
            if claims and (start := draft.text.find(claims[0].text, position)) >= 0
        ]
        if not places:
            break
        start, _, part = min(places)
        claim = waiting[part].pop(0)
        found.append((part, claim, start))
        position = start + len(claim.text)
    return found


def _shown(part: str, claim: Claim) -> str:
    name = (claim.source.template or "").rpartition("/")[2]
    return "opening" if part == "point" and name in _OPENING else part


def _gap(layout: str) -> tuple[str, str, str]:
    """Split what stands between two claims: the end of one line, blank lines, the start of another."""
    first, last = layout.find("\n"), layout.rfind("\n")
    if first < 0:
        return "", "", layout
    return layout[:first], layout[first : last + 1], layout[last + 1 :]
