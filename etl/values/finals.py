"""Final figures: what a reconciliation asks for, what it fetches, and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from etl.values.run import RunSummary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from etl.errors import EtlError
    from etl.values.fetch import FetchCounts, Observation, Spending
    from etl.values.meetings import Failure


class OpenSession(NamedTuple):
    """A session that was observed live and has no final figures yet. A named tuple, because there may be thousands."""

    app_id: str
    meeting_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalsRequest:
    """The final figures to fetch: sessions of these apps that began since then, and earlier `open_sessions`.

    `spent` are the requests of earlier runs in the window of the limit. `newest_run_at` is the latest start of a run
    whose clock was right, or None if there is none.
    """

    apps: Sequence[str]
    since: datetime
    open_sessions: Sequence[OpenSession] = ()
    spent: Sequence[Spending] = ()
    newest_run_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotals:
    """The totals of an app's days from `first` to `last` (UTC, both included). `entries` are as the API sent them."""

    app_id: str
    first: date
    last: date
    fetched_at: datetime
    entries: list[Any]
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finals:
    """The result of a fetch of final figures: ended sessions, totals per day, and what could not be fetched.

    `errors` say what ended the fetch early. `defects` are exceptions that the code does not expect.
    """

    sessions: list[Observation]
    days: list[DayTotals]
    failures: list[Failure]
    counts: FetchCounts
    errors: list[EtlError] = field(default_factory=list)
    defects: list[BaseException] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileSummary(RunSummary):
    """The result of a reconciliation, and the request it made."""

    request: FinalsRequest

    @property
    def days(self) -> int:
        """The number of days of apps that have a total."""
        return self.batch.frames["daily_totals"].height

    def new_rows(self, table: str) -> int | None:
        """The number of rows in a table that are new or changed, or None if that is not known."""
        rows = self.load_result.rows
        return None if rows is None else rows.get(table, 0)
