"""What snapshots can't tell: the final figures of sessions that have ended, and the provider's own totals of days.

A session's last minutes fall after its last snapshot, and one that lived between two snapshots is in none. Both come
from the lists of ended sessions, which tell of a whole app, whatever meetings are watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.errors import FailureKind
from etl.jobs.load import describe_holder, load_and_read, load_run
from etl.jobs.prepare import missing_app_error, read_finals_request, read_spending, start_run
from etl.normalize.finals import normalize_finals
from etl.realtimekit.ended.fetch import fetch_finals
from etl.settings import require_app
from etl.staging.runs import RECONCILIATIONS, only_run, stage, staged_runs, staging_of, sweep
from etl.values.finals import FinalsRequest

if TYPE_CHECKING:
    from pathlib import Path

    from etl.errors import EtlError
    from etl.settings import ReconcileSettings
    from etl.store.database import Connection
    from etl.values.fetch import Spending
    from etl.values.run import Batch, Run, RunContext, RunStart


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileSummary:
    """What a run did: what was `wanted`, the batch that came of it, and what became of that.

    `rows` are how many rows each table gained, those that say something new; None where another job has loaded the
    run, or nobody has yet. The rest is as in a snapshot's summary.
    """

    batch: Batch
    wanted: FinalsRequest
    database: Path
    rows: dict[str, int] | None
    loaded: list[str]
    staged: list[str]
    errors: list[EtlError]
    was_interrupted: bool

    @property
    def run(self) -> Run:
        """The run as the ledger keeps it."""
        return self.batch.run

    @property
    def days(self) -> int:
        """How many days of apps have a total."""
        return self.batch.frames["daily_totals"].height

    def new(self, table: str) -> int | None:
        """How many rows of a table say something new, if that is known."""
        return None if self.rows is None else self.rows.get(table, 0)


async def reconcile_sessions(settings: ReconcileSettings, context: RunContext) -> ReconcileSummary:
    """Learn what has ended since an instant: ask the database what is open, fetch, make rows, stage, load.

    Raises an EtlError while there is nothing to keep; from the first answer on, errors are in the summary. It has a
    lock of its own, so that no snapshot misses its slot because of it.
    """
    start = start_run(settings, context.now())
    staging = staging_of(settings.database)
    if settings.app_id is None and not (settings.database.exists() or staged_runs(staging)):
        raise missing_app_error(settings)
    with only_run(staging, holder=describe_holder(start), job=RECONCILIATIONS):
        sweep(staging, RECONCILIATIONS)
        brought_in, wanted, spent = await _catch_up(settings, start, context)
        finals = await fetch_finals(wanted, settings.api, context, spent=spent)
        batch = normalize_finals(start, finals, context.now())
        run = stage(batch.frames, staging=staging, run_id=start.run_id, job=RECONCILIATIONS)
        kept = await load_run(run, settings, context)
        for defect in finals.fetched.defects:
            raise defect
        return ReconcileSummary(
            batch=batch,
            wanted=wanted,
            database=settings.database,
            rows=kept.rows,
            loaded=brought_in + kept.loaded,
            staged=kept.staged,
            errors=[*finals.fetched.errors, *kept.errors],
            was_interrupted=FailureKind.INTERRUPTED in batch.failures or (bool(kept.staged) and context.is_interrupted),
        )


async def _catch_up(
    settings: ReconcileSettings, start: RunStart, context: RunContext
) -> tuple[list[str], FinalsRequest, list[Spending]]:
    """Bring in what earlier runs left staged; the runs brought in, what is wanted then, what is spent of the limit.

    Nothing is lost by waiting: a database that is locked for too long ends the run before it has asked anything.
    """

    def ask(connection: Connection) -> tuple[FinalsRequest, list[Spending]]:
        return read_finals_request(connection, settings, start), read_spending(connection, settings, start)

    answer = await load_and_read(
        settings.database,
        ask,
        lock_timeout=settings.lock_timeout,
        sleep=context.sleep,
        interrupted=context.interrupted,
    )
    if answer is None:
        return [], FinalsRequest(apps=[require_app(settings.app_id)], since=settings.since_of(start.started_at)), []
    brought_in, (wanted, spent) = answer
    return brought_in, wanted, spent
