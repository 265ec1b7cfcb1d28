"""The job `erase`: a run by mistake, or a wrong app, is gone from tables and staged runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.jobs.exclusive import keep_jobs_away
from etl.jobs.load import load_staged
from etl.jobs.prepare import start_run
from etl.store.database import open_when_unlocked
from etl.store.erase import count_rows, erase

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from pathlib import Path

    from etl.store.database import Connection
    from etl.store.erase import ErasureRequest
    from etl.values.run import RunContext


async def erase_rows(
    database: Path, find: Callable[[Connection], ErasureRequest], context: RunContext, *, lock_timeout: timedelta
) -> dict[str, int]:
    """Load the staged runs, then erase what `find` finds. Return the number of erased rows by table.

    No other job runs meanwhile, so that none loads a copy of what is erased. Raises RunOverlap if one does, StoreLocked
    if another program has the database open for longer than `lock_timeout`, and what `find` raises.
    """
    start = start_run("", context.now())  # an erasure asks no account

    def find_and_erase(connection: Connection) -> dict[str, int]:
        """Count the rows before they are gone."""
        request = find(connection)
        rows = count_rows(connection, request)
        erase(connection, request, start)
        return rows

    with keep_jobs_away(database, start):
        loaded = await load_staged(database, context, lock_timeout=lock_timeout)
        for error in loaded.damaged.values():
            raise error  # a damaged run may hold what is to be erased
        return await open_when_unlocked(
            database, find_and_erase, lock_timeout=lock_timeout, sleep=context.sleep, is_hurried=lambda: False
        )
