"""The job: a meeting list becomes rows that are never lost, never doubled, and never mistaken."""

from __future__ import annotations

import logging
import os
import shlex
from typing import TYPE_CHECKING, NamedTuple

from etl.errors import EtlError, FailureKind, StoreError, StoreLocked
from etl.models import Known, RunSummary
from etl.normalize import normalize
from etl.planning import known_from_disk, known_to, read_meetings, start_of, unresolved
from etl.realtimekit.fetch import fetch_sessions
from etl.realtimekit.plan import make_plan
from etl.staging import discard, only_run, stage, staged_runs, staging_of, sweep
from etl.store.load import Loaded, load_runs
from etl.store.target import when_unlocked

if TYPE_CHECKING:
    from asyncio import Event
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from etl.models import Batch, MeetingList, Plan, RunStart, Seams
    from etl.settings import SnapshotSettings
    from etl.staging import StagedRun
    from etl.store.target import Connection

_log = logging.getLogger(__name__)

# A lock of a moment is waited for; a longer one must not make the snapshot late.
_PATIENCE_BEFORE_FETCH = 2.0


class _Taken(NamedTuple):
    """What a run has in hand before it keeps anything. What it was made of, a list of a million perhaps, is let go."""

    plan: Plan
    batch: Batch
    brought_in: list[str]
    already_resolved: int
    errors: list[EtlError]
    defects: list[BaseException]


async def take_snapshot(settings: SnapshotSettings, seams: Seams) -> RunSummary:
    """Take one snapshot of every meeting in the list: read, plan, fetch, normalize, stage, load.

    Raises an EtlError while there is nothing to keep. From the first answer on, what ends the run early or
    keeps it out of the database is in the summary's `errors`, and what was fetched is staged.
    """
    start = start_of(settings, seams.now())
    meeting_list = read_meetings(settings)
    staging = staging_of(settings.database)
    with only_run(staging, holder=_holder(start)):
        sweep(staging)
        taken, repeats = await _take(settings, start, meeting_list, seams), meeting_list.repeats
        del meeting_list
        if taken.plan.meetings != 0:
            stage(taken.batch.frames, staging=staging, run_id=start.run_id)
        taken.batch.frames.clear()
        loaded, problems = await _load(settings, seams)
        staged = [run.run_id for run in staged_runs(staging)]
        for defect in taken.defects:
            raise defect
        return RunSummary(
            batch=taken.batch,
            plan=taken.plan,
            database=settings.database,
            already_resolved=taken.already_resolved,
            repeats=repeats,
            loaded=taken.brought_in + loaded,
            staged=staged,
            errors=[*taken.errors, *problems],
            was_interrupted=FailureKind.INTERRUPTED in taken.batch.failures
            or (bool(staged) and _is_interrupted(seams)),
        )


async def _take(settings: SnapshotSettings, start: RunStart, meeting_list: MeetingList, seams: Seams) -> _Taken:
    """Plan, fetch and normalize: all that comes between reading the list and keeping what it brought."""
    brought_in, known = await _catch_up(settings, start, seams)
    asked = unresolved(meeting_list, known)
    plan = make_plan(settings, asked, known, seams.now())
    if seams.planned:
        seams.planned(plan)
    fetched = await fetch_sessions(
        asked, settings.api, seams, via=plan.via, wanted=settings.via, spent=known.spent, deadline=settings.deadline
    )
    batch = normalize(start, asked, fetched, seams.now())
    already_resolved = len(meeting_list.meetings) - len(asked.meetings)
    return _Taken(plan, batch, brought_in, already_resolved, fetched.errors, fetched.defects)


async def load_staged(
    database: Path,
    *,
    lock_timeout: float,
    sleep: Callable[[float], Awaitable[None]],
    interrupted: Event | None = None,
) -> Loaded:
    """Bring every staged run into the database, then delete it from the staging directory.

    Returns the IDs of the runs brought in, and what is wrong with those that can't be. The same step ends every
    snapshot, follows a crash, and follows a lock. Raises StoreLocked when another program has the database open for
    longer than `lock_timeout` seconds, or until the wait is `interrupted`.
    """
    staged = staged_runs(staging_of(database))
    if not staged:
        return Loaded([], {})
    return await when_unlocked(
        database,
        lambda connection: _bring_in(connection, staged),
        lock_timeout=lock_timeout,
        sleep=sleep,
        is_hurried=interrupted.is_set if interrupted else lambda: False,
    )


async def _load(settings: SnapshotSettings, seams: Seams) -> tuple[list[str], list[EtlError]]:
    """As `load_staged`, with errors as values: the run is safe on disk, so that its summary can be told."""
    database = settings.database
    try:
        loaded = await load_staged(
            database, lock_timeout=settings.lock_timeout, sleep=seams.sleep, interrupted=seams.interrupted
        )
    except EtlError as error:
        way_out = f"the next run, or rtk-usage load --database {shlex.quote(str(database))}, brings it in"
        return [], [type(error)(f"{error}. The run is safe in {staging_of(database)}; {way_out}")]
    return loaded.run_ids, list(loaded.damaged.values())


async def _catch_up(settings: SnapshotSettings, start: RunStart, seams: Seams) -> tuple[list[str], Known]:
    """Bring in what earlier runs left staged; the runs brought in, and what the database knows then.

    A database that can't be asked keeps no run from fetching: what is live now can't be had later. Then every
    meeting is asked for: that costs requests, and the load drops the rows that are there already.
    """
    staged = staged_runs(staging_of(settings.database))
    if not (staged or settings.database.exists()):
        return [], Known()

    def use(connection: Connection) -> tuple[list[str], Known]:
        brought_in = _bring_in(connection, staged).run_ids
        return brought_in, known_to(connection, settings, start, Known())

    patience = min(settings.lock_timeout, _PATIENCE_BEFORE_FETCH)
    try:
        return await when_unlocked(settings.database, use, lock_timeout=patience, sleep=seams.sleep)
    except (StoreLocked, StoreError) as error:
        _log.warning("every meeting is asked, whatever slot %s holds already: %s", start.slot.isoformat(), error)
        return [], known_from_disk(settings, start)


def _bring_in(connection: Connection, staged: Sequence[StagedRun]) -> Loaded:
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


def _is_interrupted(seams: Seams) -> bool:
    return seams.interrupted is not None and seams.interrupted.is_set()


def _holder(start: RunStart) -> dict[str, object]:
    """Who holds the run lock, for the run that finds it held."""
    since = start.started_at.isoformat(timespec="seconds")
    return {"run_id": start.run_id, "pid": os.getpid(), "host": start.host, "since": since}
