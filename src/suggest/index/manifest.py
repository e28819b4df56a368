"""The manifest of a generation: what files it has, their checksums, and how they are forced to disk."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from suggest.errors import FormatVersionError, KnowledgeBaseCorrupt

FORMAT_VERSION = 5
MANIFEST = "manifest.json"
BUILDING = ".building-"
"""How the name of a folder begins in which a generation is built."""
_HASHING = 4  # files hashed at a time
_SETTLED = 2.0  # seconds after which a file's time of change tells whether it changed again

Verified = dict[tuple[int, int], tuple[int, int, str]]
"""(device, inode) → size, time of change and SHA-256 of files that a reader has verified."""


def seal(building: Path, manifest: dict[str, Any], known: Mapping[tuple[int, int], str]) -> None:
    """Checksum ``building``, write its manifest and force it to disk.

    ``known`` has the SHA-256 of files shared with the generation before, by device and inode.
    """
    for lock in building.rglob(".tantivy-*.lock"):
        lock.unlink()
    files = {}
    for path in sorted(p for p in building.rglob("*") if p.is_file()):
        about = path.stat()
        shared = known.get((about.st_dev, about.st_ino))
        if shared is None:
            force_to_disk(path)
        name = path.relative_to(building).as_posix()
        files[name] = {"sha256": shared or _sha256(path), "bytes": about.st_size}
    manifest = {**manifest, "files": files}
    manifest["sha256"] = _own_sha256(manifest)
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    (building / MANIFEST).write_text(text, encoding="utf-8")
    force_to_disk(building / MANIFEST)
    for folder in [*(p for p in building.rglob("*") if p.is_dir()), building]:
        force_to_disk(folder)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a generation; refuses other format versions by name."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format_version"]
    except FileNotFoundError as error:
        raise KnowledgeBaseCorrupt(f"{path}: is missing; sync the sources again") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KnowledgeBaseCorrupt(f"{path}: is not a manifest: {error}") from error
    if version != FORMAT_VERSION:
        raise FormatVersionError(
            f"{folder}: written in format version {version}, this program reads {FORMAT_VERSION}; "
            "use the matching version of reply-suggest, or sync the sources into a new folder"
        )
    if not isinstance(manifest, dict) or manifest.get("sha256") != _own_sha256(manifest):
        raise KnowledgeBaseCorrupt(f"{path}: differs from its checksum")
    if manifest["generation"] != int(folder.name.removeprefix(BUILDING)):
        raise KnowledgeBaseCorrupt(
            f"{path}: belongs to generation {manifest['generation']}, not to this folder"
        )
    return manifest


def verify_files(
    folder: Path,
    manifest: dict[str, Any],
    verified: Mapping[tuple[int, int], tuple[int, int, str]],
    noted: Verified,
) -> list[str]:
    """Hold every file against its checksum; return one line for each that is wrong.

    Files in ``verified`` that did not change since are not read; those that need not be next time go to ``noted``.
    """

    def check(name: str) -> str | None:
        path, expected = folder / name, manifest["files"][name]
        try:
            about = path.stat()
            place, state = (
                (about.st_dev, about.st_ino),
                (about.st_size, about.st_mtime_ns, expected["sha256"]),
            )
            if about.st_size != expected["bytes"] or (
                verified.get(place) != state and _sha256(path) != expected["sha256"]
            ):
                return f"{path}: differs from its checksum"
            if time.time() - about.st_mtime > _SETTLED:
                noted[place] = state
        except FileNotFoundError:
            return f"{path}: is missing"
        except OSError as error:
            return f"{path}: cannot be read: {error.strerror or error}"
        return None

    with ThreadPoolExecutor(_HASHING) as threads:
        return [problem for problem in threads.map(check, manifest["files"]) if problem]


def _own_sha256(manifest: dict[str, Any]) -> str:
    said = {name: value for name, value in manifest.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def force_to_disk(path: Path) -> None:
    """Force a file or folder to disk; raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: Path, text: str) -> None:
    """Replace a file by another as one step, forced to disk; raises OSError."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    force_to_disk(temporary)
    temporary.replace(path)
    force_to_disk(path.parent)
