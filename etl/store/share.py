"""Write a copy of the database for viewers that hold it open: a compact file that nobody writes to."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from etl.errors import ConfigError
from etl.files import sync
from etl.store.copying import copy_database, delete_leftover
from etl.store.database import refuse_foreign_database

if TYPE_CHECKING:
    from pathlib import Path

    from etl.store.database import Connection

_UNFINISHED_SUFFIX = ".exporting"
_ONLY_ITS_OWNER_READS = 0o400


def write_copy(connection: Connection, destination: Path) -> int:
    """Replace a copy by a new one, and return its bytes. Viewers that hold the old file open keep it.

    A new copy can be read by its owner only, and by nobody written to. The next ones have the permissions of the last.
    """
    unfinished = destination.with_name(f"{destination.name}{_UNFINISHED_SUFFIX}")
    delete_leftover(unfinished)
    try:
        copy_database(connection, unfinished)
        mode = stat.S_IMODE(destination.stat().st_mode) if destination.exists() else _ONLY_ITS_OWNER_READS
        unfinished.chmod(mode)
        size = unfinished.stat().st_size
        # The log of a viewer that could write to the old copy must not be read with the new one.
        destination.with_name(f"{destination.name}.wal").unlink(missing_ok=True)
        unfinished.replace(destination)
    except BaseException:
        delete_leftover(unfinished)
        raise
    sync(destination.parent)
    return size


def refuse_other_file(destination: Path) -> None:
    """Raise ConfigError if a copy would replace a file that is not a copy: another program's, or a job's database."""
    if destination.with_name(f"{destination.name}.staged").exists():
        raise ConfigError(f"{destination} is a database that runs write to; name another file")
    refuse_foreign_database(destination)
