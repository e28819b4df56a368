"""Checks a knowledge base's folder, goes back to an older generation, and erases entries."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suggest.errors import KnowledgeBaseCorrupt, KnowledgeBaseError, SuggestError
from suggest.index import generation as generations
from suggest.index import spool
from suggest.index.analysis import parts_of
from suggest.index.backends import BUNDLED
from suggest.index.generation import Generation
from suggest.index.manifest import replace_file
from suggest.index.pieces import keep_used
from suggest.index.pieces import opened as opened_pieces
from suggest.index.roster import roster_of
from suggest.index.store import FILE_NAME
from suggest.index.stores import Backends
from suggest.index.sync import check_model
from suggest.index.writing import Legs, Writer, publish
from suggest.records import ResolvedCase
from suggest.text import clean

LABELS = "labels.jsonl"
"""Labelled inquiries that ``suggest calibrate`` keeps: JSON Lines with ``id`` and ``text``."""
_TELLING = 10  # characters; shorter texts stand in many inquiries


def verify(kb: Path, backends: Backends = BUNDLED) -> dict[str, Any]:
    """Hold every file of every kept generation and every row of the entry store against its checksum.

    Returns ``{"ok", "generation", "problems"}``; never raises for what it finds. Reads everything.
    """
    problems: list[str] = []
    number = 0
    try:
        number = generations.current_number(kb)
        kept = generations.kept_numbers(kb)
    except (SuggestError, OSError) as error:
        return {"ok": False, "generation": 0, "problems": [str(error)]}
    if number and number not in kept:
        problems.append(
            f"{generations.folder_of(kb, number)}: is missing, but {generations.CURRENT} names it"
        )
    if not number and kept:
        problems.append(f"{kb / generations.CURRENT}: is missing, but there are generations")
    opened = []
    for each in kept:
        try:
            opened.append(Generation(generations.folder_of(kb, each), backends))
        except (SuggestError, OSError) as error:
            problems.append(str(error))
    if kept or (kb / FILE_NAME).exists():
        problems += _store_problems(kb, opened, backends)
    problems += _piece_problems(kb, opened)
    return {"ok": not problems, "generation": number, "problems": problems}


def _store_problems(kb: Path, opened: Sequence[Generation], backends: Backends) -> list[str]:
    path = kb / FILE_NAME
    if backends.store is BUNDLED.store and not path.is_file():
        return [f"{path}: is missing"]
    store = backends.store(kb, read_only=True)
    try:
        problems = store.problems()
        if problems:
            return problems
        for generation in opened:
            found = {said.key: said.checksum for said in store.about(generation.rows.key)}
            wrong = [
                int(key)
                for key, checksum in zip(generation.rows.key, generation.rows.checksum, strict=True)
                if found.get(int(key)) != checksum
            ]
            if wrong:
                problems.append(
                    f"{path}: {len(wrong)} entry versions of generation {generation.number} are missing or other ones "
                    f"(e.g. {wrong[0]})"
                )
    except (SuggestError, OSError) as error:
        return [str(error)]
    finally:
        store.close()
    return problems


def _piece_problems(kb: Path, opened: Sequence[Generation]) -> list[str]:
    problems: dict[str, None] = {}
    for generation in opened:
        pieces = opened_pieces(kb, generation)
        if pieces is None:
            continue
        try:
            problems |= dict.fromkeys(pieces.problems())
            lacking = [] if problems else pieces.lacking(generation.rows.key, generation.rows.checksum)
            if lacking:
                problems[
                    f"{pieces.path}: the word pieces of {len(lacking)} entry versions of generation {generation.number} are "
                    f"missing or other ones (e.g. {lacking[0]}); sync the sources again, which makes them anew"
                ] = None
        except SuggestError as error:
            problems[str(error)] = None
        finally:
            pieces.close()
    return list(problems)


def rollback(kb: Path, to: int | None, backends: Backends = BUNDLED) -> int:
    """Make generation ``to`` (None: the one before the live one) live; return its number. Needs the writer lock.

    The generation is verified first. Newer generations stay until later syncs take their place.
    """
    try:
        live = generations.current_number(kb)
        generations.clear_leftovers(kb)
    except KnowledgeBaseCorrupt:
        live = 0  # CURRENT is unreadable
    kept = generations.kept_numbers(kb)
    older = [number for number in kept if number < live or not live]
    if to is None and not older:
        raise KnowledgeBaseError(f"{kb}: there is no generation before {live}; kept are {_listed(kept)}")
    target = older[-1] if to is None else to
    if target not in kept:
        raise KnowledgeBaseError(f"{kb}: generation {target} is not kept; kept are {_listed(kept)}")
    store = backends.store(kb, read_only=True)
    try:
        opened = Generation(generations.folder_of(kb, target), backends)
        there = {said.key: said.checksum for said in store.about(opened.rows.key)}
    finally:
        store.close()
    if [there.get(int(key)) for key in opened.rows.key] != [int(c) for c in opened.rows.checksum]:
        raise KnowledgeBaseCorrupt(
            f"{kb / FILE_NAME}: does not hold the entries of generation {target}; choose another one"
        )
    generations.make_live(kb, target)
    return target


def forget(writer: Writer, live: Generation | None, entry_ids: Sequence[str]) -> int:
    """Erase entries: text, terms, vectors and labels; return the number of versions that went.

    A generation without them is written from scratch and made live, all older generations are deleted, with
    everything that an unfinished sync left behind, and the entry store is rewritten.
    """
    kb, wanted = writer.folder, set(entry_ids)
    _forget_labels(writer, live, wanted)
    generations.clear_leftovers(kb)
    shutil.rmtree(kb / spool.FOLDER, ignore_errors=True)
    if live is not None:
        check_model(live, writer.embedder)
        held = roster_of(live)
        rest = held.only(np.flatnonzero([entry_id not in wanted for entry_id in held.ids]))
        learnt = live.manifest["adaptation"]["adopted"]  # from the erased entries too
        publish(writer, rest, live, Legs("learn" if learnt else "drop", check_vectors=False), anew=True)
        generations.discard_old(kb, keep=1)
        shutil.rmtree(kb / spool.FOLDER, ignore_errors=True)
    gone = writer.store.erase(sorted(wanted))
    if live is not None:
        keep_used(kb, writer.store, compact=True)
    left = [number for number in generations.kept_numbers(kb) if number != generations.current_number(kb)]
    if left:
        raise KnowledgeBaseError(
            f"{kb}: the entries are gone from the live generation, but generations {_listed(left)} could not be "
            "deleted; close what reads them and run `suggest forget` again"
        )
    return gone


def _forget_labels(writer: Writer, live: Generation | None, entry_ids: set[str]) -> None:
    """Delete the kept labels that are about erased entries: by id, or because one text holds the other."""
    path = writer.folder / LABELS
    if not path.is_file():
        return
    texts: list[str] = []
    if live is not None:
        held = roster_of(live)
        rows = [row for row, entry_id in enumerate(held.ids) if entry_id in entry_ids]
        erased = [version.entry for version in writer.store.versions(held.keys[rows].tolist())]
        texts = [_plain("".join(parts_of(entry)[:2])) for entry in erased]
        texts += [_plain(entry.inquiry) for entry in erased if isinstance(entry, ResolvedCase)]
    kept = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            label = json.loads(line)
            said = _plain(label["text"])
        except (ValueError, KeyError, TypeError) as error:
            raise KnowledgeBaseError(
                f"{path}:{number}: is no label ({error}), so nobody can tell whether it is about a forgotten entry; "
                "delete the line or the file, then forget again"
            ) from error
        if label.get("id") in entry_ids or any(_shares(said, text) for text in texts):
            continue
        answers = label.get("expected_entries")
        if answers and entry_ids & answers.keys():
            label["expected_entries"] = {i: grade for i, grade in answers.items() if i not in entry_ids}
            kept.append(json.dumps(label, ensure_ascii=False) + "\n")
        else:
            kept.append(f"{line}\n")
    replace_file(path, "".join(kept))


def _shares(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= _TELLING and (one in other or other in one)


def _plain(text: str) -> str:
    return "".join(clean(text).split())


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
