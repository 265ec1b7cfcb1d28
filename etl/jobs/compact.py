"""The job `compact`: the database becomes smaller, and holds the same rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from etl.errors import ConfigError
from etl.jobs.exclusive import keep_jobs_away
from etl.jobs.export import rewrite_exports
from etl.jobs.prepare import require_own_database, start_run
from etl.staging.erasure import complete_erasure, is_erasure_pending
from etl.store.compact import compact
from etl.store.database import open_when_unlocked

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from etl.store.compact import CompactedSize
    from etl.values.run import RunContext


async def compact_database(database: Path, context: RunContext, *, lock_timeout: timedelta) -> CompactedSize:
    """Compact a database while no job and no other program uses it.

    An erasure that was interrupted is completed. Raises ConfigError if the database does not exist, and RunOverlap if
    a job is under way. Raises StoreLocked if another program has it open for longer than `lock_timeout`, and StoreError
    as `compact` does.
    """
    if not database.exists():  # noqa: ASYNC240  # no other task runs at this point
        raise ConfigError(f"{database} does not exist; name the database with --database")
    require_own_database(database)
    with keep_jobs_away(database, start_run("", context.now())):
        size = await open_when_unlocked(
            database, partial(compact, database=database), lock_timeout=lock_timeout, sleep=context.sleep
        )
        if is_erasure_pending(database):
            rewrite_exports(database, now=context.now(), lock_timeout=lock_timeout)
            complete_erasure(database)
    return size
