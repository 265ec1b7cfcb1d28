"""A run: how it starts, what it touches, what it produces, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.errors import FailureKind

if TYPE_CHECKING:
    from asyncio import Event
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from pathlib import Path

    from httpx import AsyncBaseTransport
    from polars import DataFrame

    from etl.errors import EtlError
    from etl.values.fetch import FetchCounts, Plan
    from etl.values.meetings import Failure

_NOT_LOOKED_AT = {FailureKind.DEADLINE, FailureKind.INTERRUPTED, FailureKind.NOT_ASKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """The identity of a run, and what its clock showed when it began. Instants are UTC.

    `every_seconds` is the step of its schedule, or None if the run was not given one. `clock_note` says why the clock
    is wrong; it is None if the clock seems right, and until the fetch has ended.
    """

    run_id: str
    slot: datetime
    started_at: datetime
    account_id: str
    tool_version: str
    host: str
    every_seconds: float | None = None
    clock_note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(RunStart):
    """One execution of a job: a row of the ledger `runs`.

    `unlisted` is the number of live meetings outside the list, or None if the run could not see them.
    """

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
    """A run and its rows: one frame per table.

    `failures` counts them by kind, and `first_failures` holds one example of each kind. `wrong_ids` are failures of
    entries of the list that last until the list is corrected: the first thousand of them.
    """

    run: Run
    frames: dict[str, DataFrame]
    failures: dict[FailureKind, int]
    first_failures: dict[FailureKind, Failure]
    wrong_ids: list[Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRun:
    """A run on disk, not yet in the database. Its ID is a UUIDv7, so that staged runs sort by the time they started."""

    run_id: str
    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Everything through which a run touches the world: the clock, the wait, and the way to the API.

    Without `transport`, requests go over the network; another transport is closed by its maker. Set `interrupted`
    to end the run early and keep what it has. `report_plan` is called with the plan before the first request,
    and `report_progress` with the counts after every outcome. No right clock shows an instant before `released_at`,
    the release of this version. It is None for a simulated clock, which is not checked.
    """

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    transport: AsyncBaseTransport | None = None
    interrupted: Event | None = None
    report_plan: Callable[[Plan], None] | None = None
    report_progress: Callable[[FetchCounts], None] | None = None
    released_at: datetime | None = None

    @property
    def is_interrupted(self) -> bool:
        """True once the run has been asked to end early."""
        return self.interrupted is not None and self.interrupted.is_set()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """The result of a load: IDs of the runs loaded and of those still staged, and the errors that kept runs out.

    `rows` is the number of rows that this run added to each table, or None if this job has not loaded the run itself.
    `is_new_database` says that this load made the database. `was_interrupted` says that a signal ended the wait for it.
    """

    loaded: list[str]
    staged: list[str]
    errors: list[EtlError]
    rows: dict[str, int] | None
    is_new_database: bool
    was_interrupted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """The result of a run of any job."""

    batch: Batch
    database: Path
    fetch_errors: list[EtlError]
    load_result: LoadResult

    @property
    def run(self) -> Run:
        """The run as it stands in the ledger."""
        return self.batch.run

    @property
    def errors(self) -> list[EtlError]:
        """The errors that ended the run early or kept it out of the database."""
        return [*self.fetch_errors, *self.load_result.errors]

    @property
    def is_complete(self) -> bool:
        """True if the run has looked at every meeting: neither an error, a signal nor the deadline ended it early."""
        return not (self.fetch_errors or self.was_interrupted or _NOT_LOOKED_AT & self.batch.failures.keys())

    @property
    def was_interrupted(self) -> bool:
        """True if a signal left something undone."""
        return FailureKind.INTERRUPTED in self.batch.failures or self.load_result.was_interrupted


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSummary(RunSummary):
    """The result of a snapshot.

    `already_resolved` is the number of meetings that already had an outcome in this slot. `repeats` is the number of
    lines of the list that repeat a meeting.
    """

    plan: Plan
    already_resolved: int
    repeats: int
