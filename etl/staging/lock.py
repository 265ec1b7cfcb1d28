"""A lock file that keeps a second run of the same job away."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import TYPE_CHECKING

from etl.errors import RunOverlap
from etl.files import PRIVATE_FILE, as_store_error, lock_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

_HOLDER_BYTES = 10_000


@contextlib.contextmanager
def hold_lock(path: Path, *, run_id: str, since: datetime, database: str) -> Iterator[None]:
    """Hold the lock file at `path`, and write into it which run holds it since when.

    The lock belongs to the kernel, so that it ends with the process, even after `kill -9`. Raises RunOverlap if
    another process holds it, ConfigError if the file system has no locks, and StoreError if the file can't be used.
    """
    holder = {
        "run_id": run_id,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": since.isoformat(timespec="seconds"),
    }
    with as_store_error(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        with as_store_error(path):
            _lock(descriptor, path, database)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(holder).encode())
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path, database: str) -> None:
    try:
        lock_at_once(descriptor, path)
    except BlockingIOError:
        holder = _describe_holder(os.read(descriptor, _HOLDER_BYTES))
        raise RunOverlap(
            f"{holder} on {database}; this run has done nothing. Let the other run end, or start runs further apart"
        ) from None


def _describe_holder(content: bytes) -> str:
    """Describe the run that holds the lock, for people."""
    try:
        holder = json.loads(content)
        return "run {run_id} (PID {pid} on {host}) is under way since {since}".format_map(holder)
    except (ValueError, KeyError, TypeError):  # the run has just started and has not written its entry yet
        return "another run is under way"
