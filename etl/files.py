"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from etl.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def refuse_database_as_output(database: Path, output: Path | None) -> None:
    """Refuse an --output that would take a database's place: it can't be had again. Raises ConfigError."""
    log = database.parent / f"{database.name}.wal"
    if output is not None and any(one.exists() and output.exists() and one.samefile(output) for one in (database, log)):
        raise ConfigError(f"{output} is the database; name another --output")


def write_whole(output: Path, content: bytes) -> None:
    """Write a file under another name and rename it: what is there stays until all of it is written.

    What is there and no file, such as a pipe or /dev/null, is written to: renamed, it would be gone.
    """
    unfinished = output.with_name(f"{output.name}.{os.getpid()}.new")  # two at once each write their own
    try:
        if output.exists() and not output.is_file():
            output.write_bytes(content)
            return
        output.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        if output.exists():
            shutil.copymode(output, unfinished)
        os.replace(unfinished, output)  # noqa: PTH105  # the same, and says what it does
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise ConfigError(f"{error.filename or output}: {error.strerror}; name another --output") from error
