"""The places where copies of the rows were written, so that an erasure can reach them.

Each has a small file of its own in the staging directory, so that two commands never write the same one.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from etl.files import PRIVATE_DIRECTORY, as_store_error, make_directory, write_whole
from etl.staging.runs import Staging

_PREFIX = "copy-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A place with rows of a database. Without `written_at`, the first of them are being written."""

    path: Path
    kind: str
    written_at: datetime | None


def remember(database: Path, path: Path, *, kind: str) -> None:
    """Note that rows of a database will be in a place. Raises StoreError if the note can't be written."""
    if not _note(database, path).exists():
        _write(database, Destination(path=path.absolute(), kind=kind, written_at=None))


def note_written(database: Path, path: Path, *, kind: str, at: datetime) -> None:
    """Note that rows of a database are in a place since an instant. Raises StoreError if the note can't be written."""
    _write(database, Destination(path=path.absolute(), kind=kind, written_at=at))


def forget(database: Path, path: Path) -> None:
    """Delete the note on a place."""
    _note(database, path).unlink(missing_ok=True)


def read_destinations(database: Path) -> list[Destination]:
    """Return all places with rows of a database. A note that somebody has damaged is left out."""
    notes = sorted(Staging(database).directory.glob(f"{_PREFIX}*.json"))
    return [found for note in notes if (found := _read(note))]


def _note(database: Path, path: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:16]
    return Staging(database).directory / f"{_PREFIX}{digest}.json"


def _write(database: Path, destination: Destination) -> None:
    folder = Staging(database).directory
    with as_store_error(folder):
        make_directory(folder, PRIVATE_DIRECTORY)
    fields = asdict(destination) | {"path": str(destination.path)}
    write_whole(_note(database, destination.path), json.dumps(fields, default=datetime.isoformat).encode())


def _read(note: Path) -> Destination | None:
    try:
        fields = json.loads(note.read_bytes())
        written_at = fields["written_at"] and datetime.fromisoformat(fields["written_at"])
        return Destination(path=Path(fields["path"]), kind=fields["kind"], written_at=written_at)
    except (OSError, ValueError, KeyError, TypeError):
        return None
