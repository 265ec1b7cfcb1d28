"""The job `reconcile`: final figures of sessions that have ended, and Cloudflare's own totals per day.

The last minutes of a session fall after its last snapshot, and a session between two snapshots is in none of them. Both
come from the lists of ended sessions, which cover a whole app, whatever meetings are watched.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from etl.jobs.clock import with_clock_note
from etl.jobs.load import load_and_read, load_run
from etl.jobs.prepare import make_missing_app_error, read_finals_request, require_own_database, start_run
from etl.normalize.finals import normalize_finals
from etl.realtimekit.ended.fetch import fetch_finals
from etl.settings import require_app
from etl.staging.runs import RECONCILIATIONS, Staging
from etl.store.load import LoadedRuns
from etl.values.finals import FinalsRequest, ReconcileSummary

if TYPE_CHECKING:
    from etl.settings import ReconcileSettings
    from etl.values.run import RunContext


async def reconcile_sessions(settings: ReconcileSettings, context: RunContext) -> ReconcileSummary:
    """Take the final figures of what has ended since an instant: read, fetch, normalize, stage, load.

    Raises an EtlError as long as there is nothing to keep. From the first answer on, errors are in the summary. The job
    has its own lock, so that no snapshot misses its slot because of it.
    """
    start = start_run(settings.api.account_id, context.now())
    staging = Staging(settings.database, RECONCILIATIONS)
    if not (settings.app_id or settings.database.exists() or staging.runs()):
        raise make_missing_app_error(settings)
    require_own_database(settings.database)
    with staging.lock(start.run_id, start.started_at):
        # Waiting loses nothing: a database that is locked for too long ends the run before its first request.
        read = partial(read_finals_request, settings=settings, start=start)
        answer = await load_and_read(settings.database, read, context, lock_timeout=settings.lock_timeout)
        if answer:
            loaded, request = answer
        else:
            loaded, request = LoadedRuns(), FinalsRequest(apps=[require_app(settings.app_id)], since=settings.since)
        finals = await fetch_finals(request, settings.api, context)
        start = with_clock_note(start, context, newest_run_at=request.newest_run_at, counts=finals.counts)
        batch = normalize_finals(start, finals, context.now(), mask=settings.api.mask)
        staged_run = staging.stage(batch.frames, start.run_id)
        load_result = await load_run(staged_run, settings, context, earlier=loaded)
        for defect in finals.defects:
            raise defect
        return ReconcileSummary(
            batch=batch,
            database=settings.database,
            fetch_errors=finals.errors,
            load_result=load_result,
            request=request,
        )
