"""From the disk into the database: what every job does with what it has staged, and with what others have left.

Jobs that load at the same moment wait for one another at the database's own lock. Each lists what is staged before it
has that lock, so that it may meet a run that another job has loaded and deleted since: the ledger says that it is in.
"""

from __future__ import annotations

import logging
import os
import shlex
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from etl.errors import EtlError, StoreError
from etl.staging.runs import discard, staged_runs, staging_of
from etl.store.database import open_when_unlocked
from etl.store.load import LoadedRuns, load_runs

if TYPE_CHECKING:
    from asyncio import Event
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import timedelta
    from pathlib import Path

    from etl.settings import ReconcileSettings, SnapshotSettings
    from etl.staging.runs import StagedRun
    from etl.store.database import Connection
    from etl.values.run import RunContext, RunStart

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class LoadResult(NamedTuple):
    """What became of what was staged: runs `loaded` and still `staged`, what is wrong, and the rows that ours added.

    `rows` is None where another job has loaded our run, or nobody has yet.
    """

    loaded: list[str]
    staged: list[str]
    errors: list[EtlError]
    rows: dict[str, int] | None


async def load_staged(
    database: Path,
    *,
    lock_timeout: timedelta,
    sleep: Callable[[float], Awaitable[None]],
    interrupted: Event | None = None,
) -> LoadedRuns:
    """Bring every staged run into the database, then delete it from the staging directory.

    A database that is there gets this version's tables and views in any case. Returns the IDs of the runs brought in,
    and what is wrong with those that can't be. The same step ends every job, follows a crash, and follows a lock.
    Raises StoreLocked when another program has the database open for longer than `lock_timeout`, or until the
    wait is `interrupted`.
    """
    staged = staged_runs(staging_of(database))
    if not (staged or database.exists()):  # noqa: ASYNC240  # nothing else is under way
        return LoadedRuns([], {}, {})
    return await open_when_unlocked(
        database,
        lambda connection: _bring_in(connection, staged),
        lock_timeout=lock_timeout,
        sleep=sleep,
        is_hurried=_is_set(interrupted),
    )


async def load_run(
    run: StagedRun | None, settings: SnapshotSettings | ReconcileSettings, context: RunContext
) -> LoadResult:
    """As `load_staged`, at the end of a job that has staged a run or has had nothing to stage.

    Errors are values: the run is safe on disk, so that its summary can be told.
    """
    database = settings.database
    staging = staging_of(database)
    loaded, problems = LoadedRuns([], {}, {}), list[EtlError]()
    try:
        loaded = await load_staged(
            database, lock_timeout=settings.lock_timeout, sleep=context.sleep, interrupted=context.interrupted
        )
        problems += loaded.damaged.values()
    except EtlError as error:
        way_out = f"the next run, or rtk-usage load --database {shlex.quote(str(database))}, brings it in"
        problems.append(type(error)(f"{error}. The run is safe in {staging}; {way_out}"))
    staged = [one.run_id for one in staged_runs(staging)]
    if run is None:
        return LoadResult(loaded.run_ids, staged, problems, None)
    is_loaded_by_others = run.run_id not in {*loaded.run_ids, *staged}  # nobody else takes a staged run away
    by_others = [run.run_id] if is_loaded_by_others else []
    return LoadResult(loaded.run_ids + by_others, staged, problems, loaded.rows.get(run.run_id))


async def load_and_read(
    database: Path,
    ask: Callable[[Connection], _T],
    *,
    lock_timeout: timedelta,
    sleep: Callable[[float], Awaitable[None]],
    interrupted: Event | None = None,
) -> tuple[list[str], _T] | None:
    """Bring in what earlier runs left staged, and ask the database something; None where there is none yet.

    Raises as `load_staged` does.
    """
    staged = staged_runs(staging_of(database))
    if _is_new(database, staged):
        return None

    def use(connection: Connection) -> tuple[list[str], _T]:
        brought_in = _bring_in(connection, staged).run_ids
        return brought_in, ask(connection)

    return await open_when_unlocked(
        database, use, lock_timeout=lock_timeout, sleep=sleep, is_hurried=_is_set(interrupted)
    )


def _is_set(event: Event | None) -> Callable[[], bool]:
    return event.is_set if event else lambda: False


def _is_new(database: Path, staged: Sequence[StagedRun]) -> bool:
    return not (staged or database.exists())


def describe_holder(start: RunStart) -> dict[str, object]:
    """Who holds a lock, for the run that finds it held."""
    since = start.started_at.isoformat(timespec="seconds")
    return {"run_id": start.run_id, "pid": os.getpid(), "host": start.host, "since": since}


def _bring_in(connection: Connection, staged: Sequence[StagedRun]) -> LoadedRuns:
    """Load staged runs and delete them: once loaded they are in the database for good."""
    loaded = load_runs(connection, staged)
    for run in staged:
        if run.run_id not in loaded.damaged:
            _discard(run)
    return loaded


def _discard(run: StagedRun) -> None:
    try:
        discard(run)
    except StoreError as error:
        _log.warning("a run that is loaded can't be deleted, and will not be loaded again: %s", error)
