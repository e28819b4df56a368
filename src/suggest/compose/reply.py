"""Puts the lines of a reply together: opening, parts, closing, signature → draft."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from suggest.compose.part import Part
from suggest.compose.quoting import Line, Mark
from suggest.compose.wording import Wording
from suggest.records import Claim, Draft, Source
from suggest.settings import Voice

_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f]")


def opening_of(
    wording: Wording,
    voice: Voice,
    *,
    customer: str = "",
    identity: bool = False,
    several: bool = False,
    steps: bool = False,
    tone: bool = True,
) -> list[list[Line]]:
    """Greet by channel, apologise or sympathise where it is due, and ask for identification."""
    name = _name_of(wording, voice)
    greeting = [*wording.say("greeting"), *(wording.say("introduction", name=name) if name else ())]
    feeling: list[Line] = []
    if tone and wording.trouble == "failure":
        feeling += wording.say("apology")
    elif tone and wording.trouble == "mishap":
        feeling += wording.say("empathy")
    if identity:
        feeling += wording.say("identity_check")
        feeling.append(wording.blank(wording.words("blank_subject_identity", "phrases")))
    if several:
        feeling += wording.say("several")
    if steps:
        feeling += wording.say("check_ready")
    return [_address(voice, customer, wording), greeting, feeling]


def _address(voice: Voice, customer: str, wording: Wording) -> list[Line]:
    """Address the customer at the top of e-mails and forms: as the team has set it, or by the built-in phrase."""
    if wording.channel not in ("email", "form"):
        return []
    if wording.japanese and voice.address:
        if "{name}" in voice.address and not customer:
            return []
        return _own(voice.address.replace("{name}", customer), "address")
    if not customer:
        return list(wording.say("salutation_unknown"))
    return list(wording.say("salutation", name=customer))


def explained(said: Sequence[str], voice: Voice, wording: Wording) -> list[Line]:
    """Explain to a beginner the terms of the team's glossary that the answer uses, each once."""
    if wording.reader != "beginner":
        return []
    words = "\n".join(said)
    used = [f"{term}: {meaning}" for term, meaning in voice.glossary.items() if term in words]
    return [line for text in used for line in _own(text, "glossary", "note")]


def _own(text: str, name: str, mark: Mark = "text") -> list[Line]:
    """Make a line of what the team has set."""
    text = " ".join(text.split())
    return (
        [Line((Claim(text=text, source=Source(kind="template", template=name)),), text, mark)] if text else []
    )


def signature_of(wording: Wording, voice: Voice) -> list[Line]:
    """Return the signature's lines, for e-mails and forms; an English closing needs a name to follow."""
    if wording.channel not in ("email", "form"):
        return []
    signature = voice.signature
    if not wording.japanese:
        signature = "\n".join(line for line in signature.splitlines() if not _JAPANESE.search(line))
    if not re.search(r"\w", signature) and not wording.japanese:
        signature = _name_of(wording, voice)
    return [
        Line((Claim(text=text.strip(), source=Source(kind="template", template="signature")),), text.strip())
        for text in signature.splitlines()
        if text.strip()
    ]


def _name_of(wording: Wording, voice: Voice) -> str:
    """Return company and team; in an English reply only what is written in Latin letters."""
    parts = [part.strip() for part in (voice.company, voice.team)]
    if not wording.japanese:
        parts = [part for part in parts if _LATIN.search(part) and not _JAPANESE.search(part)]
    return " ".join(part for part in parts if part)


def draft_of(
    wording: Wording,
    opening: Sequence[Sequence[Line]],
    parts: Sequence[Part],
    closing: Sequence[Line],
    signature: Sequence[Line],
) -> Draft:
    """Lay the lines out and list their claims by PREP part."""
    if not signature:
        closing = [line for line in closing if not line.text.rstrip().endswith(",")]  # 「Kind regards,」
    chat = wording.channel in ("chat", "phone")
    glue = "" if wording.japanese else " "
    first: list[str] = []
    for block in opening:
        if not block:
            continue
        if chat:
            first = [glue.join([*first, *(line.text for line in block)])]
        else:
            shown = _flow(block, glue) if first and block is opening[-1] else [line.text for line in block]
            first += ["", *shown] if first else shown
    text = wording.templates.layout(
        wording.language,
        wording.channel,
        opening=first,
        parts=[_shown(part, wording) for part in parts],
        closing=[glue.join(line.text for line in closing)] if chat else [line.text for line in closing],
        signature=[line.text for line in signature],
    )
    return Draft(
        text=text,
        language=wording.language,
        channel=wording.channel,
        point=_claims(*opening, *(lines for part in parts for lines in (part.heading, part.point))),
        reason=_claims(*(part.reason for part in parts)),
        example=_claims(*(part.example for part in parts)),
        closing=_claims(*(part.references for part in parts), closing, signature),
    )


def _claims(*groups: Iterable[Line]) -> tuple[Claim, ...]:
    return tuple(claim for lines in groups for line in lines for claim in line.claims)


def _flow(lines: Sequence[Line], glue: str) -> list[str]:
    return [glue.join(line.text for line in lines)]


def _shown(part: Part, wording: Wording) -> dict[str, object]:
    groups = [
        rows(group, wording.japanese)
        for group in (part.point, part.reason, part.example, part.references)
        if group
    ]
    if wording.channel == "chat":  # one message: a blank line would begin another
        groups = [[row for group in groups for row in group if row]] if groups else []
    return {"heading": "".join(line.text for line in part.heading), "groups": groups}


def rows(lines: Sequence[Line], japanese: bool) -> list[str]:
    """Return the lines with their marks: steps numbered, bullets, headings between angle brackets."""
    shown: list[str] = []
    number = 0
    previous = ""
    for line in lines:
        if line.mark == "heading":
            shown += [""] if shown else []
            shown.append(f"＜{line.text}＞" if japanese else f"{line.text}:")
        elif line.mark == "step":
            number = number + 1 if previous in ("step", "below") else 1
            shown.append(f"{number}. {line.text}")
        elif line.mark == "bullet":
            shown.append(f"・{line.text}" if japanese else f"- {line.text}")
        elif line.mark == "note":
            shown += [""] if previous in ("step", "below", "bullet") else []
            shown.append(f"※ {line.text}" if japanese else f"Note: {line.text}")
        elif line.mark == "below":
            shown.append(f"   {line.text}")
        else:
            shown += [""] if previous in ("step", "below", "bullet") else []
            shown.append(line.text)
        previous = line.mark
    return shown
