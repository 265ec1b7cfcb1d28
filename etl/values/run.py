"""A run: how it starts, what it touches, what it produces, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Event
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from pathlib import Path

    from httpx import AsyncBaseTransport
    from polars import DataFrame

    from etl.errors import EtlError, FailureKind
    from etl.values.fetch import Failure, FetchCounts, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """The identity of a run, fixed before its first request. Instants are UTC.

    `every_seconds` is the step of its schedule, or None if the run was not given one.
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
    """A run and its rows: one frame per table. `first_failures` holds one example of each kind of failure."""

    run: Run
    frames: dict[str, DataFrame]
    failures: dict[FailureKind, int]
    first_failures: dict[FailureKind, Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Everything through which a run touches the world: the clock, the wait, and the way to the API.

    If `transport` is None, requests go over the network; another transport is closed by its maker. Set `interrupted`
    to end the run early and keep what it has. `planned` is called with the plan before the first request, and
    `progress` with the counts after every outcome.
    """

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    transport: AsyncBaseTransport | None = None
    interrupted: Event | None = None
    planned: Callable[[Plan], None] | None = None
    progress: Callable[[FetchCounts], None] | None = None

    @property
    def is_interrupted(self) -> bool:
        """True once the run has been asked to end early."""
        return self.interrupted is not None and self.interrupted.is_set()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """The result of a run. `staged` are the runs that still wait for the database, `loaded` those that it now holds.

    `already_resolved` is the number of meetings that already had an outcome in this slot. `errors` say what ended the
    run early or kept it out of the database. `was_interrupted` says that a signal left something undone.
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
