"""The job `erase`: rows are gone from tables, staged runs, copies, pages and logs.

First go pages, log lines and the states of quiet runs. Then one transaction erases the rows, and the database is
compacted, because DuckDB keeps the bytes of deleted rows in its file. At last the exports are written again. A note in
the staging directory says that this is under way: if it is interrupted, the next `erase` or `compact` completes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.jobs.exclusive import keep_jobs_away
from etl.jobs.export import rewrite_exports
from etl.jobs.load import load_staged
from etl.jobs.prepare import start_run
from etl.staging.erasure import complete_erasure, erase_derived, note_erasure
from etl.store.compact import compact, require_space
from etl.store.database import open_when_unlocked
from etl.store.erase import count_rows, erase, find_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta
    from pathlib import Path

    from etl.store.compact import CompactedSize
    from etl.store.database import Connection
    from etl.store.erase import ErasureRequest
    from etl.values.run import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """The result of an erasure: the rows by table, the size of the database, and the places outside the database."""

    rows: dict[str, int]
    size: CompactedSize
    cleaned: Sequence[Path]
    rewritten: Sequence[Path]


async def erase_rows(
    database: Path, find: Callable[[Connection], ErasureRequest], context: RunContext, *, lock_timeout: timedelta
) -> Erasure:
    """Load the staged runs, then erase what `find` finds wherever this tool has written it.

    No other job runs meanwhile, so that none loads a copy of what is erased. Raises RunOverlap if one does, StoreLocked
    if another program has the database open for longer than `lock_timeout`, and what `find` raises. Raises StoreError
    before anything is erased from the database, or after it if an export can't be written again.
    """
    start = start_run("", context.now())  # an erasure asks no account

    def find_and_erase(connection: Connection) -> tuple[dict[str, int], list[Path], CompactedSize]:
        """Count the rows before they are gone."""
        request = find(connection)
        rows, words = count_rows(connection, request), find_words(connection, request)
        require_space(database)
        note_erasure(database)
        cleaned = erase_derived(database, words)
        erase(connection, request, start)
        return rows, cleaned, compact(connection, database)

    with keep_jobs_away(database, start):
        loaded = await load_staged(database, context, lock_timeout=lock_timeout)
        for error in loaded.damaged.values():
            raise error  # a damaged run may hold what is to be erased
        rows, cleaned, size = await open_when_unlocked(
            database, find_and_erase, lock_timeout=lock_timeout, sleep=context.sleep
        )
        rewritten = rewrite_exports(database, now=context.now(), lock_timeout=lock_timeout)
        complete_erasure(database)
    return Erasure(rows=rows, size=size, cleaned=cleaned, rewritten=rewritten)
