"""The values that a fetch plans, counts and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from etl.errors import EtlError
    from etl.values.meetings import Failure, Meeting


class Idle(NamedTuple):
    """The outcome of a meeting that has no active session. It is a result, not a failure."""


IDLE = Idle()

Payload: TypeAlias = dict[str, Any]


class Observation(NamedTuple):
    """A session as the API described it, and the instant when the answer arrived (UTC).

    A named tuple, because a run may make tens of thousands. `attempts` is the number of requests that it took.
    """

    meeting: Meeting
    observed_at: datetime
    payload: Payload
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """The requests that an earlier run had spent by the instant when it ended (UTC)."""

    finished_at: datetime
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorState:
    """The state that the database knows before a run.

    `resolved` are the meetings that already have an outcome in the slot. `spent` are the requests of earlier runs. They
    are those of staged runs only if the database could not be read, and `is_spending_known` is false then.
    `live_sessions` is the highest number of sessions that were live lately, or None if no run has counted them.
    `newest_run_at` is the latest start of a run whose clock was right, or None if there is none.
    """

    resolved: set[Meeting] = field(default_factory=set)
    spent: list[Spending] = field(default_factory=list)
    is_spending_known: bool = True
    live_sessions: int | None = None
    newest_run_at: datetime | None = None


class ViaReason(StrEnum):
    """The reason why a plan takes its way."""

    ALL_MEETINGS = "all_meetings"
    NOTHING_TO_FETCH = "nothing_to_fetch"
    REQUESTED = "requested"
    ONE_MEETING_PER_APP = "one_meeting_per_app"
    FEWER_REQUESTS = "fewer_requests"
    LIVE_SESSIONS_UNKNOWN = "live_sessions_unknown"
    ONLY_WAY_IN_TIME = "only_way_in_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeShortage:
    """An option (`deadline` or `every`) that leaves a run less time than the run needs.

    `sufficient_seconds` is a value of the option that leaves enough time, or None if no value does.
    """

    option: str
    seconds_left: float
    sufficient_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The way a run will fetch and what it will cost, as far as that is known before the first request.

    `via` is the way (`meetings` or `list`), and `reason` the reason for it. `may_ask_each` allows one request per
    meeting of an app whose list the API refuses. `meetings` is None if the number is unknown.

    `requests` is the expected number without retries; `most_requests` is the number if all meetings and no others are
    live. `other_requests` is the expected number for the other way, or None if there is no other way. `seconds` is the
    shortest time that the limit allows for the run.

    The limit allows `quota` requests in `window_seconds`. Of these, `reserved` are kept free and `spent` were used by
    earlier runs, which leaves `remaining`. Both are wrong if runs whose requests are not known have spent more: unless
    `is_spending_known`.

    `shortages` is empty if the run can end in time. If it can't, `is_other_in_time` is true if the other way can.
    """

    via: str
    reason: ViaReason
    may_ask_each: bool
    meetings: int | None
    requests: int
    most_requests: int | None
    other_requests: int | None
    seconds: float
    quota: int
    window_seconds: float
    reserved: int
    spent: int
    remaining: int
    is_spending_known: bool = True
    shortages: list[TimeShortage] = field(default_factory=list)
    is_other_in_time: bool = False

    @property
    def usable(self) -> int:
        """The number of requests per window that runs may use."""
        return self.quota - self.reserved


@dataclass(slots=True, kw_only=True)
class FetchCounts:
    """The counts of a fetch so far. They change while the fetch runs, so that progress can be shown.

    `sessions` are the sessions that lists have shown. `requests` counts every request sent, and `retries` those that
    repeat another. `waited_seconds` is how long the limit of the API held the run. `pause_seconds_left` is the rest of
    the current pause as it was when the pause began or grew; it is 0 without a pause. `clock_ahead_seconds` is how far
    this machine's clock is ahead of the API's. It is negative if the clock is behind, and None if no response shows
    the API's time.
    """

    meetings: int = 0
    live: int = 0
    idle: int = 0
    failed: int = 0
    sessions: int = 0
    requests: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    pause_seconds_left: float = 0.0
    clock_ahead_seconds: float | None = None

    @property
    def done(self) -> int:
        """The number of meetings that have an outcome."""
        return self.live + self.idle + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """The result of a fetch: every meeting of the list is in `observations`, in `failures`, or was idle.

    `via` is the way it took. `unlisted` are meetings with a live session that are not in the list. `errors` say what
    ended the fetch early. `defects` are exceptions that the code does not expect. The lists are filled while the fetch
    runs, and only by `realtimekit/`; for all others the result is a value.
    """

    counts: FetchCounts
    via: str = "meetings"
    observations: list[Observation] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    unlisted: set[Meeting] = field(default_factory=set)
    errors: list[EtlError] = field(default_factory=list)
    defects: list[BaseException] = field(default_factory=list)
