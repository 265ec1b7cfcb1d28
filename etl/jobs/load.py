"""Load staged runs into the database: the run of this job, and the runs that others have left.

Jobs that load at the same moment wait for each other at the lock of the database. Each job lists the staged runs before
it has this lock, so that another job may have loaded and deleted some of them since. The ledger says which runs are in.

A staged run is deleted only after the database was opened again and its ledger named the run. The file may have been
replaced or deleted during the load. Then the rows went into a file that nobody will find, and the run is loaded again.
"""

from __future__ import annotations

import logging
import shlex
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from etl.errors import EtlError, StoreError
from etl.staging.runs import Staging, discard
from etl.store.database import open_when_unlocked
from etl.store.load import LoadedRuns, find_in_ledger, load_runs
from etl.values.run import LoadResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta
    from pathlib import Path

    from etl.settings import ReconcileSettings, SnapshotSettings
    from etl.store.database import Connection
    from etl.values.run import RunContext, StagedRun

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


async def load_staged(database: Path, context: RunContext, *, lock_timeout: timedelta) -> LoadedRuns:
    """Load every staged run, then delete it from the staging directory.

    An existing database also gets the tables and views of this version. The same step ends every job, and completes
    what a crash or a locked database has left. Raises StoreLocked if another program has the database open for longer
    than `lock_timeout`, or until the wait is interrupted.
    """
    answer = await load_and_read(database, lambda _connection: None, context, lock_timeout=lock_timeout)
    return answer[0] if answer else LoadedRuns()


async def load_and_read(
    database: Path, read: Callable[[Connection], _T], context: RunContext, *, lock_timeout: timedelta
) -> tuple[LoadedRuns, _T] | None:
    """Load every staged run, then read from the database. Return None if there is neither a run nor a database.

    Raises as `load_staged` does.
    """
    staged = Staging(database).runs()
    if not (staged or database.exists()):  # noqa: ASYNC240  # no other task runs at this point
        return None
    opened = partial(
        open_when_unlocked,
        database,
        lock_timeout=lock_timeout,
        sleep=context.sleep,
        is_hurried=lambda: context.is_interrupted,
    )
    loaded, answer = await opened(lambda connection: (load_runs(connection, staged), read(connection)))
    if runs := [run for run in staged if run.run_id not in loaded.damaged]:
        was_moved = not database.exists()  # noqa: ASYNC240  # no other task runs at this point
        stored = set() if was_moved else await opened(lambda connection: find_in_ledger(connection, runs), to_read=True)
        _delete_stored(runs, stored, database)
    return loaded, answer


async def load_run(
    run: StagedRun | None,
    settings: SnapshotSettings | ReconcileSettings,
    context: RunContext,
    *,
    earlier: LoadedRuns,
) -> LoadResult:
    """Load the run that a job has staged, if it has staged one, and every other staged run.

    `earlier` are the runs that the job loaded before its fetch. Errors are part of the result and not raised: the run
    is safe on disk, and its summary can be shown.
    """
    database, staging = settings.database, Staging(settings.database)
    loaded, errors = LoadedRuns(), list[EtlError]()
    was_missing = not database.exists()
    try:
        loaded = await load_staged(database, context, lock_timeout=settings.lock_timeout)
        errors += loaded.damaged.values()
    except EtlError as error:
        command = f"rtk-usage load --database {shlex.quote(str(database))}"
        safe = f"The run is safe in {staging.directory}; the next run, or {command}, loads it"
        errors.append(type(error)(f"{error}. {safe}"))
    staged = [staged_run.run_id for staged_run in staging.runs()]
    run_ids = [*earlier.rows, *loaded.rows]
    if run and run.run_id not in {*run_ids, *staged}:  # only a job that has loaded a staged run deletes it
        run_ids.append(run.run_id)
    return LoadResult(
        loaded=run_ids,
        staged=staged,
        errors=errors,
        rows=loaded.rows.get(run.run_id) if run else None,
        is_new_database=was_missing and bool(loaded.rows),
        was_interrupted=bool(staged) and context.is_interrupted,
    )


def _delete_stored(runs: Sequence[StagedRun], stored: set[str], database: Path) -> None:
    """Delete the staged runs that the database holds. Raises StoreError if it lacks one that was loaded."""
    for run in runs:
        if run.run_id in stored:
            try:
                discard(run)
            except StoreError as error:
                _log.warning("a loaded run can't be deleted; it will not be loaded again: %s", error)
    missing = [run.run_id for run in runs if run.run_id not in stored]
    if missing:
        raise StoreError(f"{database} was replaced during the load: it does not hold run {missing[0]} now")
