"""Running a job from a terminal or from cron: signals, progress, logs, exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from etl.errors import EXIT_WITH_FAILURES
from etl.jobs.load import load_staged
from etl.jobs.snapshot import take_snapshot
from etl.staging.runs import Staging
from etl.values.run import RunContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import timedelta
    from pathlib import Path

    from etl.settings import ReconcileSettings, SnapshotSettings
    from etl.values.fetch import FetchCounts, Plan
    from etl.values.finals import ReconcileSummary
    from etl.values.run import RunSummary, SnapshotSummary

_T = TypeVar("_T")
_REFRESH_SECONDS = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def snapshot(
    settings: SnapshotSettings,
    *,
    planned: Callable[[Plan], None] | None = None,
    progress: Callable[[FetchCounts], None] | None = None,
    context: RunContext | None = None,
) -> tuple[SnapshotSummary, int | None]:
    """Take a snapshot; the summary, and the signal that ended it early if one did."""
    gc.freeze()  # what is imported by now stays: the collector need not look through it during the fetch
    return _run(
        lambda real: take_snapshot(settings, replace(real, report_plan=planned, report_progress=progress)), context
    )


def reconcile(settings: ReconcileSettings) -> tuple[ReconcileSummary, int | None]:
    """Take final figures; the summary, and the signal that ended it early if one did."""
    from etl.jobs.reconcile import reconcile_sessions  # noqa: PLC0415  # a snapshot does without

    return _run(lambda real: reconcile_sessions(settings, real))


def _run(job: Callable[[RunContext], Awaitable[_T]], context: RunContext | None = None) -> tuple[_T, int | None]:
    """Run a job to its end, or until a signal ends it early, which comes beside what it returns."""
    received: list[int] = []

    async def run() -> _T:
        interrupted = asyncio.Event()
        with _signals_to(interrupted, received):
            return await job(replace(context or RunContext(now=now, sleep=asyncio.sleep), interrupted=interrupted))

    return asyncio.run(run()), received[0] if received else None


def load(database: Path, *, lock_timeout: timedelta) -> list[str]:
    """Bring staged runs in, and the database up to date, unless a run is under way, which will do so itself."""
    staging = Staging(database)
    if not (staging.directory.is_dir() or database.exists()):
        return []
    context = RunContext(now=now, sleep=asyncio.sleep)
    with staging.lock("(load)", now()):
        loaded = asyncio.run(load_staged(database, context, lock_timeout=lock_timeout))
    for error in loaded.damaged.values():
        raise error
    return loaded.run_ids


def exit_code(summary: RunSummary, signal_number: int | None) -> int:
    """The code a run ends with: a signal's, the first error's, 3 with failures, or 0."""
    if summary.was_interrupted and signal_number is not None:
        return 128 + signal_number
    if summary.errors:
        return summary.errors[0].exit_code
    return EXIT_WITH_FAILURES if summary.run.failed else 0


@contextlib.contextmanager
def progress(*, is_shown: bool) -> Iterator[Callable[[FetchCounts], None] | None]:
    """A progress bar on stderr; None where it would not be seen."""
    if not is_shown:
        yield None
        return
    from rich.console import Console  # noqa: PLC0415  # cron sees no bar
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415  # only when needed

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[text]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("meetings", total=None, text="")
        started = shown = time.monotonic()
        was_paused = False

        def show(counts: FetchCounts) -> None:
            nonlocal shown, was_paused
            instant = time.monotonic()
            if instant - shown >= _REFRESH_SECONDS or counts.done == counts.meetings or counts.is_paused != was_paused:
                shown, was_paused = instant, counts.is_paused
                text = _progress_text(counts, instant - started)
                bar.update(task, total=counts.meetings, completed=counts.done, text=text)

        yield show


def _progress_text(counts: FetchCounts, seconds: float) -> str:
    waiting = ", waiting for the limit" if counts.is_paused else ""
    rate = counts.requests / seconds if seconds else 0.0
    return f"{counts.live} live, {counts.idle} idle, {counts.failed} failed, {rate:.0f} requests/s{waiting}"


@contextlib.contextmanager
def _signals_to(interrupted: asyncio.Event, received: list[int]) -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into an event, so that what there is gets stored; a second one ends at once."""
    loop = asyncio.get_running_loop()

    def receive(number: int) -> None:
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
