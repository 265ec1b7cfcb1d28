"""Running a job from a terminal or from cron: signals and exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from etl import RELEASED_AT
from etl.errors import EXIT_WITH_FAILURES
from etl.jobs.compact import compact_database
from etl.jobs.erase import erase_rows
from etl.jobs.load import load_staged
from etl.jobs.prepare import require_own_database
from etl.jobs.reconcile import reconcile_sessions
from etl.jobs.snapshot import take_snapshot
from etl.staging.erasure import is_erasure_pending
from etl.staging.runs import Staging
from etl.values.run import RunContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import timedelta
    from pathlib import Path

    from etl.jobs.erase import Erasure
    from etl.settings import ReconcileSettings, SnapshotSettings
    from etl.store.compact import CompactedSize
    from etl.store.database import Connection
    from etl.store.erase import ErasureRequest
    from etl.values.fetch import FetchCounts, Plan
    from etl.values.finals import ReconcileSummary
    from etl.values.run import RunSummary, SnapshotSummary

_T = TypeVar("_T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def run_snapshot(
    settings: SnapshotSettings,
    *,
    planned: Callable[[Plan], None] | None = None,
    progress: Callable[[FetchCounts], None] | None = None,
    context: RunContext | None = None,
) -> tuple[SnapshotSummary, int | None]:
    """Take a snapshot. Return its summary, and the number of the signal that ended it early, if any."""
    context = replace(context or _real_context(), report_plan=planned, report_progress=progress)
    return _run_until_signal(lambda interruptible: take_snapshot(settings, interruptible), context)


def run_reconcile(
    settings: ReconcileSettings, *, progress: Callable[[FetchCounts], None] | None = None
) -> tuple[ReconcileSummary, int | None]:
    """Store final figures. Return the summary, and the number of the signal that ended it early, if any."""
    context = replace(_real_context(), report_progress=progress)
    return _run_until_signal(lambda interruptible: reconcile_sessions(settings, interruptible), context)


def staging_directory(database: Path) -> Path:
    """Return the directory of the runs that are not yet in a database."""
    return Staging(database).directory


def count_staged(database: Path) -> int:
    """Return the number of runs that are not yet in a database."""
    return len(Staging(database).runs())


def run_load(database: Path, *, lock_timeout: timedelta) -> list[str]:
    """Load staged runs, and bring the database up to date. Return the IDs of the loaded runs.

    Raises RunOverlap while a snapshot is being taken: it loads them itself.
    """
    staging = Staging(database)
    if not (staging.directory.is_dir() or database.exists()):
        return []
    require_own_database(database)
    with staging.lock("(load)", utc_now()):
        loaded = asyncio.run(load_staged(database, _real_context(), lock_timeout=lock_timeout))
    for error in loaded.damaged.values():
        raise error
    return list(loaded.rows)


def run_erase(database: Path, find: Callable[[Connection], ErasureRequest], *, lock_timeout: timedelta) -> Erasure:
    """Erase what `find` finds, and return what was erased."""
    return asyncio.run(erase_rows(database, find, _real_context(), lock_timeout=lock_timeout))


def complete_erasure(database: Path, *, lock_timeout: timedelta) -> bool:
    """Complete an erasure that was interrupted. Return True if there was one."""
    is_pending = database.exists() and is_erasure_pending(database)
    if is_pending:
        run_compact(database, lock_timeout=lock_timeout)
    return is_pending


def run_compact(database: Path, *, lock_timeout: timedelta) -> CompactedSize:
    """Compact a database, and return its size before and after."""
    return asyncio.run(compact_database(database, _real_context(), lock_timeout=lock_timeout))


def exit_code(summary: RunSummary, signal_number: int | None) -> int:
    """Return the exit code of a run: of its signal, of its first error, 3 if meetings failed, or 0."""
    if summary.was_interrupted and signal_number is not None:
        return 128 + signal_number
    if summary.errors:
        return summary.errors[0].exit_code
    return EXIT_WITH_FAILURES if summary.run.failed else 0


def _real_context() -> RunContext:
    return RunContext(now=utc_now, sleep=asyncio.sleep, released_at=RELEASED_AT)


def _run_until_signal(job: Callable[[RunContext], Awaitable[_T]], context: RunContext) -> tuple[_T, int | None]:
    """Run a job to its end, or until a signal ends it early. Return its result, and the number of the signal."""
    received: list[int] = []

    async def run() -> _T:
        """Run the job while signals set its event."""
        interrupted = asyncio.Event()
        with _signals_to(interrupted, received):
            return await job(replace(context, interrupted=interrupted))

    return asyncio.run(run()), received[0] if received else None


@contextlib.contextmanager
def _signals_to(interrupted: asyncio.Event, received: list[int]) -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into an event, so that results so far are stored. A second one ends at once."""
    loop = asyncio.get_running_loop()

    def receive(number: int) -> None:
        """Note the first signal; raise at the second."""
        if received:
            raise KeyboardInterrupt
        received.append(number)
        interrupted.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, receive, number)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
