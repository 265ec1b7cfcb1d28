"""The progress bar of a run, on standard error."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TimeElapsedColumn
from rich.text import Text

from etl.reports.periods import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Task

    from etl.values.fetch import FetchCounts, Plan

_REFRESH_SECONDS = 0.1
_BAR_WIDTH = 20  # characters: with its texts, the bar fits a line of 80


class ProgressBar:
    """A bar that appears with the first outcome or pause, so that everything printed before it stays above it."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._state = _StateColumn()
        columns = (BarColumn(_BAR_WIDTH), MofNCompleteColumn(), self._state, TimeElapsedColumn())
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._task = self._bar.add_task("meetings", total=None, start=False)
        self._shown_at = -_REFRESH_SECONDS
        self._is_started = False

    def start(self, plan: Plan) -> None:
        """Note the shortest time that the plan takes, and begin to count the seconds."""
        self._state.begin(plan)
        self._bar.start_task(self._task)

    def show(self, counts: FetchCounts) -> None:
        """Update the bar: at most ten times per second, but at once for the last outcome and for a pause."""
        instant = time.monotonic()
        is_last = counts.done == counts.meetings
        if self._state.update(counts) or is_last or instant - self._shown_at >= _REFRESH_SECONDS:
            self._shown_at = instant
            self._bar.update(self._task, total=counts.meetings, completed=counts.done)
            if not self._is_started:
                self._is_started = True
                self._bar.start()

    def stop(self) -> None:
        """Remove the bar, if it has appeared."""
        if self._is_started:
            self._bar.stop()


class _StateColumn(ProgressColumn):
    """The outcomes so far; or while the limit holds the run, the time left, which counts down between two updates."""

    max_refresh = None

    def __init__(self) -> None:
        super().__init__()
        self._outcomes = ""
        self._pause_seconds = 0.0
        self._pause_ends_at = 0.0
        self._plan_ends_at = 0.0

    def begin(self, plan: Plan) -> None:
        """Note when the run can end at the earliest."""
        self._plan_ends_at = time.monotonic() + plan.seconds

    def update(self, counts: FetchCounts) -> bool:
        """Note the counts. Return True if a pause has begun, has grown or has ended."""
        self._outcomes = f"{counts.live} live, {counts.idle} idle, {counts.failed} failed"
        is_changed = counts.pause_seconds_left != self._pause_seconds
        if is_changed:
            self._pause_seconds = counts.pause_seconds_left
            self._pause_ends_at = time.monotonic() + counts.pause_seconds_left
        return is_changed

    def render(self, _task: Task) -> Text:
        """Return the text of the moment."""
        if not self._pause_seconds:
            return Text(self._outcomes)
        left = max(self._pause_ends_at, self._plan_ends_at) - time.monotonic()
        return Text(f"waiting for the limit, at least {format_duration(max(left, 0))} left")


@contextlib.contextmanager
def progress_bar() -> Iterator[ProgressBar]:
    """Make a progress bar, and remove it at the end of the block."""
    bar = ProgressBar()
    try:
        yield bar
    finally:
        bar.stop()
