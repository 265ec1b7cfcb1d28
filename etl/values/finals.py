"""What is asked for after the fact, and what came of it: frozen values, as those of `models` are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from etl.values.fetch import FetchResult


class OpenSession(NamedTuple):
    """A session that was observed live and of which no final figures are known."""

    app_id: str
    meeting_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalsRequest:
    """What final figures are to be had of these apps: what began since then, and the `open_sessions` from before."""

    apps: Sequence[str]
    since: datetime
    open_sessions: Sequence[OpenSession] = ()


class DayTotals(NamedTuple):
    """The totals of an app's days from `first` to `last` (UTC, both included), entries as sent, at their arrival."""

    app_id: str
    first: date
    last: date
    fetched_at: datetime
    entries: list[Any]
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finals:
    """What was learned after the fact: sessions that are no longer live, as a fetch brings them, and totals of days."""

    fetched: FetchResult
    days: list[DayTotals]
