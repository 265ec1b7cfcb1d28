"""A clock that is plainly wrong: the run logs it once, and notes it in the ledger. It never fails for it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from etl.settings import CLOCK_TOLERANCE

if TYPE_CHECKING:
    from datetime import datetime

    from etl.values.fetch import FetchCounts
    from etl.values.run import RunContext, RunStart

_log = logging.getLogger(__name__)

_TOLERANCE_BEFORE_NEWEST_RUN = timedelta(days=1)


def with_clock_note(
    start: RunStart, context: RunContext, *, newest_run_at: datetime | None, counts: FetchCounts
) -> RunStart:
    """Return the start of a run with a note if its clock is plainly wrong. The note is also logged as a warning.

    A simulated clock is not checked.
    """
    if context.released_at is None:
        return start
    note = describe_wrong_clock(
        start.started_at,
        released_at=context.released_at,
        newest_run_at=newest_run_at,
        ahead_seconds=counts.clock_ahead_seconds,
    )
    if note:
        _log.warning("%s. Set the clock of this machine, for example with NTP; this run keeps the wrong time", note)
    return replace(start, clock_note=note)


def describe_wrong_clock(
    clock: datetime, *, released_at: datetime, newest_run_at: datetime | None, ahead_seconds: float | None
) -> str | None:
    """Describe why a clock is plainly wrong. Return None if it may be right.

    `ahead_seconds` is how far the clock is ahead of the API's. It and `newest_run_at` may be unknown, as None.
    """
    reasons = []
    if clock < released_at:
        reasons.append(f"before the release of this version ({_format(released_at)})")
    if newest_run_at is not None and newest_run_at - clock > _TOLERANCE_BEFORE_NEWEST_RUN:
        reasons.append(f"more than a day before the newest run of the database ({_format(newest_run_at)})")
    ahead = timedelta(seconds=ahead_seconds or 0.0)
    if abs(ahead) > CLOCK_TOLERANCE:
        side = "ahead of" if ahead > timedelta() else "behind"
        length = timedelta(seconds=round(abs(ahead).total_seconds()))
        reasons.append(f"{length} {side} the API's clock ({_format(clock - ahead)})")
    return f"the clock shows {_format(clock)}, which is {', and '.join(reasons)}" if reasons else None


def _format(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
