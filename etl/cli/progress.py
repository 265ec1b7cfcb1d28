"""The progress bar of a run, on standard error."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TimeElapsedColumn
from rich.text import Text

from etl.cli.plan_text import format_requests
from etl.reports.counts import format_count
from etl.reports.periods import format_duration
from etl.values.fetch import FetchCounts

if TYPE_CHECKING:
    from rich.progress import Task

    from etl.values.fetch import Plan

_REFRESH_SECONDS = 0.1
# Characters: with its texts, a bar fits a line of 80. Without a total, the texts are longer.
_BAR_WIDTH, _PULSE_WIDTH = 20, 6


class ProgressBar:
    """A bar that appears with the first outcome, page or pause, so that all that is printed before stays above it.

    It grows with the outcomes of a known number of meetings. Otherwise it pulses, and its text counts sessions, with a
    noun for one of them.
    """

    def __init__(self, noun: str) -> None:
        self._line = BarColumn(_PULSE_WIDTH)
        self._state = _StateColumn(noun)
        columns = (self._line, self._state, TimeElapsedColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("meetings", total=None, start=False)
        self._shown_at = -_REFRESH_SECONDS
        self._is_started = False

    def start(self, plan: Plan | None = None) -> None:
        """Begin to count the seconds, and note the shortest time that the plan takes, if there is a plan."""
        if plan:
            self._state.begin(plan)
            self._line.bar_width = _PULSE_WIDTH if plan.meetings is None else _BAR_WIDTH
        self._bar.start_task(self._task)

    def show(self, counts: FetchCounts) -> None:
        """Update the bar: at most ten times per second, but at once for the last outcome and for a pause."""
        instant = time.monotonic()
        is_last = counts.done == counts.meetings != 0
        if self._state.update(counts) or is_last or instant - self._shown_at >= _REFRESH_SECONDS:
            self._shown_at = instant
            self._bar.update(self._task, total=counts.meetings or None, completed=counts.done)
            if not self._is_started:
                self._is_started = True
                self._bar.start()

    def stop(self) -> None:
        """Remove the bar, if it has appeared."""
        if self._is_started:
            self._bar.stop()


class _StateColumn(ProgressColumn):
    """The counts so far; and while the limit holds the run, the time left, which counts down between two updates."""

    max_refresh = None

    def __init__(self, noun: str) -> None:
        super().__init__()
        self._noun = noun
        self._counts = FetchCounts()
        self._pause_seconds = 0.0
        self._pause_ends_at = 0.0
        self._plan_ends_at = 0.0

    def begin(self, plan: Plan) -> None:
        """Note when the run can end at the earliest."""
        self._plan_ends_at = time.monotonic() + plan.seconds

    def update(self, counts: FetchCounts) -> bool:
        """Note the counts. Return True if a pause has begun, has grown or has ended."""
        self._counts = counts
        is_changed = counts.pause_seconds_left != self._pause_seconds
        if is_changed:
            self._pause_seconds = counts.pause_seconds_left
            self._pause_ends_at = time.monotonic() + counts.pause_seconds_left
        return is_changed

    def render(self, _task: Task) -> Text:
        """Return the text of the moment."""
        counts = self._counts
        if counts.meetings:
            done = f"{counts.done}/{counts.meetings}"
            details = f"{counts.live} live, {counts.idle} idle, {counts.failed} failed"
        else:
            done = f"{format_count(counts.sessions, self._noun)},"
            details = format_requests(counts.requests)
        left = max(self._pause_ends_at, self._plan_ends_at) - time.monotonic()
        if self._pause_seconds and left > 0:
            details = f"waiting for the limit, at least {format_duration(left)} left"
        return Text(f"{done} {details}")
