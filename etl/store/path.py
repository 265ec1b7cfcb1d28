"""The path of a database: a DuckDB file on this machine, or a file that does not exist yet."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import TYPE_CHECKING

from etl.errors import ConfigError, StoreError
from etl.files import parse_local_path

if TYPE_CHECKING:
    from pathlib import Path

# DuckDB would read such a text as a database in memory, or on a network. An absolute path is never read so.
_NOT_A_PATH = re.compile(r"-$|:|[A-Za-z][A-Za-z0-9_+.-]*:")
_LONGEST_NAME = 240  # bytes; the file system allows 255, and the names of the files beside the database are longer
_HEADER_BYTES = 16
_DUCKDB_MAGIC = slice(8, 12), b"DUCK"
_OTHER_FORMATS = {
    b"SQLite format 3\0": "a SQLite database",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip file, which has to be unpacked",
    b"PK\x03\x04": "a ZIP file, which has to be unpacked",
    b"\x28\xb5\x2f\xfd": "a Zstandard file, which has to be unpacked",
}


def parse_database_path(text: str) -> Path:
    """Parse the path of a database. Raises ConfigError unless a database can be there, or can be created there."""
    if _NOT_A_PATH.match(text):
        raise ConfigError(
            f"--database {text!r} is not the path of a file on this machine; "
            f"name a file, or write ./{text} if a file has this name"
        )
    try:
        path = parse_local_path(text)
    except ValueError as error:
        raise ConfigError(f"--database: {error}") from error
    if text.endswith("/") or path.name in {"", ".."}:
        raise ConfigError(f"--database {text} is the name of a directory; name a file in it")
    if "\\" in str(path.absolute()):
        raise ConfigError(f"--database {text}: DuckDB 2 reads a backslash as /; name a path without a backslash")
    if len(os.fsencode(path.name)) > _LONGEST_NAME:
        raise ConfigError(f"--database: the name {path.name[:20]}... is too long; use at most {_LONGEST_NAME} bytes")
    with contextlib.suppress(OSError):  # whoever opens the file reports this error
        require_database_file(path)
    return path


def require_database_file(database: Path) -> None:
    """Raise ConfigError if something other than a DuckDB file is at a path. A missing file is accepted.

    Raises StoreError if access(2) does not find the file: DuckDB would replace it by a new database. This happens with
    a capability to enter directories of others, because access(2) ignores capabilities.
    """
    try:
        mode = database.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ConfigError(f"{database} is {_describe_kind(mode)}, not a file; name another file with --database")
        with database.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return
    if not os.access(database.absolute(), os.F_OK):
        raise StoreError(
            f"{database}: a directory above it can't be entered with the permissions of this user; "
            "change its permissions, or name a file in another directory with --database"
        )
    place, magic = _DUCKDB_MAGIC
    if header[place] != magic:
        raise ConfigError(f"{database} is {_describe_format(header)}; name another file with --database")


def _describe_kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _describe_format(header: bytes) -> str:
    if not header:
        return "an empty file of 0 bytes, which has to be deleted before a database is created there"
    formats = (name for magic, name in _OTHER_FORMATS.items() if header.startswith(magic))
    return next(formats, "not a DuckDB database")
