"""The values that travel between the rooms: frozen, without behaviour that touches the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from asyncio import Event
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from httpx import AsyncBaseTransport
    from polars import DataFrame

    from etl.errors import EtlError, FailureKind


MAX_ID_LENGTH = 128
PATH_STEPS = frozenset({".", ".."})


def is_id(value: object) -> bool:
    """Whether a value can be the ID of a meeting, an app or an account.

    IDs are not validated as UUIDs: V1 meetings are room names. What no ID can hold is white space, what
    can't be printed (controls, invisible marks, bytes that are not UTF-8), and what would change the path
    of a request.
    """
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_ID_LENGTH
        and value.isprintable()
        and " " not in value
        and "/" not in value
        and value not in PATH_STEPS
    )


class Meeting(NamedTuple):
    """A room to watch. A named tuple, since a list may hold a million and they are made one by one."""

    app_id: str
    meeting_id: str


# In the place of a meeting's ID: all meetings of its app, or those of them that nobody can name.
ALL_MEETINGS = "*"


class Idle(NamedTuple):
    """The API says that the meeting has no active session: a result, not a failure."""


IDLE = Idle()

Payload: TypeAlias = dict[str, Any]


class Observation(NamedTuple):
    """A live session as the API described it, at the instant its answer arrived (UTC)."""

    meeting: Meeting
    observed_at: datetime
    payload: Payload
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A meeting whose outcome a run could not learn, and what is known about why.

    `app_id` is None for a line of the list that names no app. `attempts` is 0 when nothing was asked;
    `line` is the number of the offending line, for `invalid_id` only.
    """

    app_id: str | None
    meeting_id: str
    kind: FailureKind
    message: str
    http_status: int | None = None
    api_code: int | None = None
    attempts: int = 0
    cf_ray: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingList:
    """A meeting list as read: distinct meetings in the order of the file, and the lines that are none.

    `all_of` names the app whose live sessions are wanted all; then there is no list.
    """

    meetings: Sequence[Meeting]
    invalid: list[Failure] = field(default_factory=list)
    repeats: int = 0
    all_of: str | None = None


class Spending(NamedTuple):
    """So many requests that an earlier run had spent of the API's limit by the instant it ended (UTC)."""

    at: datetime
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database knows before a run: the meetings that the slot has an outcome for, and what runs cost.

    `live_before` is the most sessions that were live lately, None where nobody knows.
    """

    resolved: set[Meeting] = field(default_factory=set)
    spent: list[Spending] = field(default_factory=list)
    live_before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run will ask for and what that costs, as far as it can be known before the first request.

    `via` is the way, `why` says why. `meetings` is None where nobody knows how many there are. `requests` is how many
    are expected without retries, `most_requests` how many it takes if all meetings are live. `limit_requests` are
    allowed in `limit_seconds`, of which `reserved` are not ours; earlier runs have `spent` some, which leaves `left`.
    `seconds` is the least that the limit lets the run take. `warning` says why it can't end in time, with the flag
    that would make it fit.
    """

    via: str
    why: str
    meetings: int | None
    requests: int
    most_requests: int | None
    seconds: float
    limit_requests: int
    limit_seconds: float
    reserved: int
    spent: int
    left: int
    warning: str | None = None


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a fetch has come to so far; the one value here that changes, so that progress can be shown.

    `requests` counts every request sent, `retries` those that repeat one, `waited_seconds` how long the
    API's limit held the run.
    """

    meetings: int = 0
    live: int = 0
    idle: int = 0
    failed: int = 0
    requests: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    is_held: bool = False

    @property
    def done(self) -> int:
        """How many meetings have an outcome."""
        return self.live + self.idle + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a fetch brought: every meeting asked for is in `observations`, in `failures`, or was idle.

    `via` is the way it took; `unlisted` are the meetings with a live session that were not asked for. `errors` says
    what ended the fetch before its time; `defects` are exceptions that nothing of ours foresees.
    """

    observations: list[Observation]
    failures: list[Failure]
    tally: Tally
    via: str = "meetings"
    unlisted: list[Meeting] = field(default_factory=list)
    errors: list[EtlError] = field(default_factory=list)
    defects: list[BaseException] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """What is known of a run before it has asked anything. Instants are UTC.

    `every_seconds` is the step of its schedule, None where it was not told.
    """

    run_id: str
    slot: datetime
    started_at: datetime
    account_id: str
    tool_version: str
    host: str
    every_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(RunStart):
    """One execution of the job, as the ledger `runs` keeps it; `unlisted` is None where it could not be seen."""

    kind: str
    via: str
    list_id: str
    finished_at: datetime
    meetings: int
    live: int
    idle: int
    failed: int
    requests: int
    retries: int
    waited_seconds: float
    unlisted: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A run and its rows, as a frame a table. `first_failures` quotes one failure of each kind."""

    run: Run
    frames: dict[str, DataFrame]
    failures: dict[FailureKind, int]
    first_failures: dict[FailureKind, Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """Where a run touches the world, as arguments: the time, waiting, the way to the API.

    `transport` None is the network; another one is not closed, it is its maker's. `interrupted` is set to end
    the run early with what there is; `planned` is told the plan before the first request, `progress` after every
    outcome how far the fetch is.
    """

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    transport: AsyncBaseTransport | None = None
    interrupted: Event | None = None
    planned: Callable[[Plan], None] | None = None
    progress: Callable[[Tally], None] | None = None

    @property
    def is_interrupted(self) -> bool:
        """Whether the run is to end early."""
        return self.interrupted is not None and self.interrupted.is_set()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What a run did. `staged` are the runs that still wait for the database, `loaded` those brought in.

    `already_resolved` counts the meetings that this slot had an outcome for. `errors` says what ended the run
    early or kept it out of the database. `was_interrupted` says that a signal kept something undone.
    """

    batch: Batch
    plan: Plan
    database: Path
    already_resolved: int
    repeats: int
    loaded: list[str]
    staged: list[str]
    errors: list[EtlError]
    was_interrupted: bool

    @property
    def run(self) -> Run:
        """The run as the ledger keeps it."""
        return self.batch.run
