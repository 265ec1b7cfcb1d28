"""Erase what lies beside the database, and note that an erasure is under way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from etl.files import as_store_error, sync, write_whole
from etl.staging.destinations import forget, read_destinations
from etl.staging.runs import Staging

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from etl.staging.destinations import Destination

_NOTE = "erasure.pending"
_SITE_FILES = ("index.html", "this-*.html", "last-*.html", "[0-9]*.html")


def note_erasure(database: Path) -> None:
    """Note that an erasure has begun. The note does not say of what."""
    with as_store_error(database):
        write_whole(_note(database), b"")


def is_erasure_pending(database: Path) -> bool:
    """Return True if an erasure has begun, and has not reached every copy."""
    return _note(database).exists()


def complete_erasure(database: Path) -> None:
    """Note that the erasure has reached every copy."""
    with as_store_error(database):
        _note(database).unlink(missing_ok=True)


def erase_derived(database: Path, words: Sequence[str]) -> list[Path]:
    """Delete what was made from the rows and can be made again: pages, log lines and the states of quiet runs.

    Return the pages and the logs that have changed. Raises StoreError if one can't be changed.
    """
    for state in Staging(database).directory.glob("*.news.json"):
        with as_store_error(state):
            state.unlink(missing_ok=True)
    changed = []
    for destination in read_destinations(database):
        with as_store_error(destination.path):
            if _erase_in(destination, words):
                changed.append(destination.path)
        if destination.kind in {"page", "site"}:
            forget(database, destination.path)
    return changed


def _erase_in(destination: Destination, words: Sequence[str]) -> bool:
    """Delete pages, and the lines of a log that have one of the words. Return True if there were any."""
    path = destination.path
    if destination.kind == "log":
        return path.exists() and _delete_lines(path, words)
    pages = {"page": [path], "site": [file for files in _SITE_FILES for file in path.glob(files)]}
    existing = [page for page in pages.get(destination.kind, []) if page.exists()]
    for page in existing:
        page.unlink()
        sync(page.parent)
    return bool(existing)


def _delete_lines(log_file: Path, words: Sequence[str]) -> bool:
    if not words:
        return False
    lines = log_file.read_bytes().splitlines(keepends=True)
    alternatives = b"|".join(re.escape(word.encode()) for word in words)
    pattern = re.compile(rb"(?<![\w-])(" + alternatives + rb")(?![\w-])")
    kept = [line for line in lines if not pattern.search(line)]
    if len(kept) < len(lines):
        write_whole(log_file, b"".join(kept))
    return len(kept) < len(lines)


def _note(database: Path) -> Path:
    return Staging(database).directory / _NOTE
