"""The job: a meeting list becomes rows that are never lost, never doubled, and never mistaken."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from etl.errors import FailureKind, StoreError, StoreLocked
from etl.jobs.load import describe_holder, load_and_read, load_run
from etl.jobs.prepare import read_meetings, read_prior_state, read_staged_state, start_run, unresolved_meetings
from etl.normalize.snapshots import normalize_snapshots
from etl.realtimekit.limit.plan import make_plan
from etl.realtimekit.live.fetch import fetch_sessions
from etl.staging.runs import only_run, stage, staging_of, sweep
from etl.values.fetch import PriorState
from etl.values.run import RunSummary

if TYPE_CHECKING:
    from etl.errors import EtlError
    from etl.settings import SnapshotSettings
    from etl.values.fetch import Plan
    from etl.values.meetings import MeetingList
    from etl.values.run import Batch, RunContext, RunStart

_log = logging.getLogger(__name__)

# A lock of a moment is waited for; a longer one must not make the snapshot late.
_PATIENCE_BEFORE_FETCH = timedelta(seconds=2)


class FetchedBatch(NamedTuple):
    """What a run has in hand before it keeps anything. What it was made of, a list of a million perhaps, is let go."""

    plan: Plan
    batch: Batch
    brought_in: list[str]
    already_resolved: int
    errors: list[EtlError]
    defects: list[BaseException]


async def take_snapshot(settings: SnapshotSettings, context: RunContext) -> RunSummary:
    """Take one snapshot of every meeting in the list: read, plan, fetch, normalize, stage, load.

    Raises an EtlError while there is nothing to keep. From the first answer on, what ends the run early or
    keeps it out of the database is in the summary's `errors`, and what was fetched is staged.
    """
    start = start_run(settings, context.now())
    meeting_list = read_meetings(settings)
    staging = staging_of(settings.database)
    with only_run(staging, holder=describe_holder(start)):
        sweep(staging)
        taken, repeats = await _take(settings, start, meeting_list, context), meeting_list.repeats
        del meeting_list
        is_run = taken.plan.meetings != 0
        run = stage(taken.batch.frames, staging=staging, run_id=start.run_id) if is_run else None
        taken.batch.frames.clear()
        kept = await load_run(run, settings, context)
        for defect in taken.defects:
            raise defect
        return RunSummary(
            batch=taken.batch,
            plan=taken.plan,
            database=settings.database,
            already_resolved=taken.already_resolved,
            repeats=repeats,
            loaded=taken.brought_in + kept.loaded,
            staged=kept.staged,
            errors=[*taken.errors, *kept.errors],
            was_interrupted=FailureKind.INTERRUPTED in taken.batch.failures
            or (bool(kept.staged) and context.is_interrupted),
        )


async def _take(
    settings: SnapshotSettings, start: RunStart, meeting_list: MeetingList, context: RunContext
) -> FetchedBatch:
    """Plan, fetch and normalize: all that comes between reading the list and keeping what it brought."""
    brought_in, known = await _catch_up(settings, start, context)
    asked = unresolved_meetings(meeting_list, known)
    plan = make_plan(settings, asked, known, context.now())
    if context.planned:
        context.planned(plan)
    fetched = await fetch_sessions(asked, plan, settings.api, context, spent=known.spent, deadline=settings.deadline)
    batch = normalize_snapshots(start, asked, fetched, context.now())
    already_resolved = len(meeting_list.meetings) - len(asked.meetings)
    return FetchedBatch(plan, batch, brought_in, already_resolved, fetched.errors, fetched.defects)


async def _catch_up(settings: SnapshotSettings, start: RunStart, context: RunContext) -> tuple[list[str], PriorState]:
    """Bring in what earlier runs left staged; the runs brought in, and what the database knows then.

    A database that can't be asked keeps no run from fetching: what is live now can't be had later. Then every
    meeting is asked for: that costs requests, and the load drops the rows that are there already.
    """
    patience = min(settings.lock_timeout, _PATIENCE_BEFORE_FETCH)
    ask = partial(read_prior_state, settings=settings, start=start, staged=PriorState())
    try:
        answer = await load_and_read(settings.database, ask, lock_timeout=patience, sleep=context.sleep)
    except (StoreLocked, StoreError) as error:
        _log.warning("every meeting is asked, whatever slot %s holds already: %s", start.slot.isoformat(), error)
        return [], read_staged_state(settings, start)
    return answer or ([], PriorState())
