"""The job: a meeting list becomes rows that are never lost, never doubled, and never mistaken."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from etl.errors import FailureKind, StoreError, StoreLocked
from etl.loading import holder_of, load_and_ask, load_run
from etl.models import Known, RunSummary
from etl.normalize import normalize
from etl.planning import known_from_disk, known_to, read_meetings, start_of, unresolved
from etl.realtimekit.fetch import fetch_sessions
from etl.realtimekit.plan import make_plan
from etl.staging import only_run, stage, staging_of, sweep

if TYPE_CHECKING:
    from etl.errors import EtlError
    from etl.models import Batch, MeetingList, Plan, RunStart, Seams
    from etl.settings import SnapshotSettings

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
    with only_run(staging, holder=holder_of(start)):
        sweep(staging)
        taken, repeats = await _take(settings, start, meeting_list, seams), meeting_list.repeats
        del meeting_list
        is_run = taken.plan.meetings != 0
        run = stage(taken.batch.frames, staging=staging, run_id=start.run_id) if is_run else None
        taken.batch.frames.clear()
        kept = await load_run(run, settings, seams)
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
            or (bool(kept.staged) and seams.is_interrupted),
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


async def _catch_up(settings: SnapshotSettings, start: RunStart, seams: Seams) -> tuple[list[str], Known]:
    """Bring in what earlier runs left staged; the runs brought in, and what the database knows then.

    A database that can't be asked keeps no run from fetching: what is live now can't be had later. Then every
    meeting is asked for: that costs requests, and the load drops the rows that are there already.
    """
    patience = min(settings.lock_timeout, _PATIENCE_BEFORE_FETCH)
    ask = partial(known_to, settings=settings, start=start, staged=Known())
    try:
        answer = await load_and_ask(settings.database, ask, lock_timeout=patience, sleep=seams.sleep)
    except (StoreLocked, StoreError) as error:
        _log.warning("every meeting is asked, whatever slot %s holds already: %s", start.slot.isoformat(), error)
        return [], known_from_disk(settings, start)
    return answer or ([], Known())
