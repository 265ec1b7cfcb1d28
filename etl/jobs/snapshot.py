"""The job `snapshot`: a meeting list becomes rows that are never lost, never doubled and never mistaken."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from etl.errors import StoreError, StoreLocked
from etl.jobs.clock import with_clock_note
from etl.jobs.load import load_and_read, load_run
from etl.jobs.prepare import (
    read_prior_state,
    read_requested_meetings,
    read_staged_state,
    require_own_database,
    select_unresolved,
    start_run,
)
from etl.normalize.snapshots import normalize_snapshots
from etl.realtimekit.limit.plan import make_plan
from etl.realtimekit.live.fetch import fetch_sessions
from etl.staging.runs import SNAPSHOTS, Staging
from etl.store.load import LoadedRuns
from etl.values.fetch import PriorState
from etl.values.run import SnapshotSummary

if TYPE_CHECKING:
    from etl.settings import SnapshotSettings
    from etl.values.run import RunContext, RunStart

_log = logging.getLogger(__name__)

# Wait for a lock no longer than this, so that the snapshot is not late.
_LOCK_TIMEOUT_BEFORE_FETCH = timedelta(seconds=2)


async def take_snapshot(settings: SnapshotSettings, context: RunContext) -> SnapshotSummary:
    """Take one snapshot of every meeting in the list: read, plan, fetch, normalize, stage, load.

    Raises an EtlError before the fetch has a result. After that, what was fetched is staged, and the summary holds the
    errors that ended the run early or kept it out of the database.
    """
    now = context.now()
    start = start_run(settings.api.account_id, now, slot=settings.slot_of(now), every=settings.every)
    meeting_list = read_requested_meetings(settings)
    staging = Staging(settings.database, SNAPSHOTS)
    require_own_database(settings.database)
    with staging.lock(start.run_id, start.started_at):
        loaded, prior_state = await _load_and_read_prior_state(settings, start, context)
        unresolved = select_unresolved(meeting_list, prior_state)
        plan = make_plan(settings, unresolved, prior_state, context.now())
        if context.report_plan:
            context.report_plan(plan)
        fetched = await fetch_sessions(
            unresolved, plan, settings.api, context, spent=prior_state.spent, deadline=settings.deadline
        )
        fetched.unlisted.difference_update(meeting_list.meetings)  # those resolved before were not asked for
        start = with_clock_note(start, context, newest_run_at=prior_state.newest_run_at, counts=fetched.counts)
        batch = normalize_snapshots(start, unresolved, fetched, context.now(), mask=settings.api.mask)
        already_resolved = len(meeting_list.meetings) - len(unresolved.meetings)
        repeats, errors, defects = meeting_list.repeats, fetched.errors, fetched.defects
        del meeting_list, unresolved, prior_state, fetched  # perhaps a million meetings: the memory is free for DuckDB
        staged_run = staging.stage(batch.frames, start.run_id) if plan.meetings != 0 else None
        batch.frames.clear()  # for the same reason; they are on disk now
        load_result = await load_run(staged_run, settings, context, earlier=loaded)
        for defect in defects:
            raise defect
        return SnapshotSummary(
            batch=batch,
            database=settings.database,
            fetch_errors=errors,
            load_result=load_result,
            plan=plan,
            already_resolved=already_resolved,
            repeats=repeats,
        )


async def _load_and_read_prior_state(
    settings: SnapshotSettings, start: RunStart, context: RunContext
) -> tuple[LoadedRuns, PriorState]:
    """Load what earlier runs left staged, and read the outcomes that the slot already has.

    A database that can't be opened does not stop the fetch, because live sessions can't be fetched later. Every meeting
    is then asked for, and the load drops the rows that the slot already has.
    """
    try:
        answer = await load_and_read(
            settings.database,
            partial(read_prior_state, settings=settings, start=start, staged=PriorState()),
            context,
            lock_timeout=min(settings.lock_timeout, _LOCK_TIMEOUT_BEFORE_FETCH),
        )
    except (StoreLocked, StoreError) as error:
        _log.warning("every meeting is asked for, whatever slot %s already has: %s", start.slot.isoformat(), error)
        return LoadedRuns(), read_staged_state(settings, start)
    return answer or (LoadedRuns(), PriorState())
