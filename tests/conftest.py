"""The fixtures of many tests: the simulated API over a real socket, a clock that moves, and an existing database."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import is_hypothesis_test, settings

from etl.settings import ApiSettings, Limits, Rate, SnapshotSettings
from etl.simulator.app import TOKEN, create_app
from etl.simulator.clock import SimulatedClock
from etl.simulator.faults import Faults
from etl.simulator.server import serve
from etl.simulator.world import World
from etl.values.run import RunContext
from tests.samples import write_empty_database
from tests.sql.recorded import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from starlette.applications import Starlette

    from etl.simulator.sessions import Booking, Session
    from tests.sql.recorded import Recorded

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
UNLIMITED = Rate(requests=10**9, seconds=300.0)
FREE = Limits(stated=UNLIMITED, reserve=0.0)  # nothing waits, so that the clock stands still
SLOW_SECONDS = 5.0

# No test fails for the time that an example takes: the machine may do other work.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure no coverage in tests of properties, since that doubles the time of their many examples."""
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.function):
            item.add_marker("no_cover")


@dataclass(frozen=True)
class Api:
    """A running simulator, its world and its clock, and settings that reach it; `worlds` are all apps' of it."""

    app: Starlette
    base_url: str
    world: World
    clock: SimulatedClock
    worlds: Sequence[World] = ()

    def settings(self, **changes: Any) -> ApiSettings:  # as ApiSettings takes them
        """Settings for this API, with a time-out that a test can wait for."""
        here = ApiSettings(
            token=TOKEN,
            account_id=self.world.account_id,
            base_url=self.base_url,
            timeout=timedelta(seconds=2),
            limits=FREE,
        )
        return replace(here, **changes)

    def context(self, **changes: Any) -> RunContext:
        """The clock of the world; waiting moves it on at once."""

        async def sleep(seconds: float) -> None:
            self.clock.advance(timedelta(seconds=seconds))
            await asyncio.sleep(0)

        return replace(RunContext(now=self.clock.now, sleep=sleep), **changes)

    def live(self) -> dict[str, dict[str, Any]]:
        """The truth: the payload of every meeting that is in session now."""
        now = self.clock.now()
        sessions = {meeting_id: self.world.active_session(meeting_id, now) for meeting_id in self.world.meeting_ids}
        return {meeting_id: session for meeting_id, session in sessions.items() if session is not None}

    def write_list(self, path: Path) -> Path:
        """Write the world's meetings as a list file."""
        path.write_text("".join(f"{meeting_id}\n" for meeting_id in self.world.meeting_ids), encoding="utf-8")
        return path


@contextmanager
def running_api(  # noqa: PLR0913  # what a test may want of the world and its server, each by its name
    *,
    meetings: int = 40,
    live_share: float = 0.4,
    booking: Booking = "on-leave",
    added_sessions: Sequence[Session] = (),
    world_seed: int = 7,
    apps: int = 1,
    quota: Rate = UNLIMITED,
    latency: float = 0.0,
    max_per_page: int = 100,
    ignores_page_no: bool = False,
    owner: Literal["user", "account"] = "user",
    token_expires_at: datetime | None = None,
    **faults: Any,
) -> Iterator[Api]:
    """Serve a world of some meetings at START, or as many as there are apps; `faults` are the arguments of Faults.

    `added_sessions` are sessions made by hand (see `make_session`); with 0 meetings there are no others.
    """
    clock = SimulatedClock(START)
    suffixes, epoch = ["", "-2", "-3"][:apps], START - timedelta(days=2)
    worlds = [
        World(
            seed=seed,
            meetings=meetings,
            live_share=live_share,
            booking=booking,
            added_sessions=tuple(added_sessions),
            epoch=epoch,
            app_id=f"simulated-app{suffix}",
        )
        for seed, suffix in enumerate(suffixes, world_seed)
    ]
    app = create_app(
        worlds,
        now=clock.now,
        quota=quota,
        faults=Faults(**({"slow_seconds": SLOW_SECONDS} | faults)),
        latency=latency,
        max_per_page=max_per_page,
        ignores_page_no=ignores_page_no,
        owner=owner,
        token_expires_at=token_expires_at,
    )
    with serve(app) as simulator:
        yield Api(simulator.app, simulator.base_url, worlds[0], clock, worlds)


@pytest.fixture
def serve_api() -> Iterator[Callable[..., Api]]:
    """Start an API with the faults that the test names; it is stopped when the test ends."""
    with ExitStack() as stack:

        def start(**options: Any) -> Api:  # as running_api takes them
            context: AbstractContextManager[Api] = running_api(**options)
            return stack.enter_context(context)

        yield start


@pytest.fixture
def api(serve_api: Callable[..., Api]) -> Api:
    """An API without faults."""
    return serve_api()


@pytest.fixture
def snapshot_settings(tmp_path: Path) -> Callable[..., SnapshotSettings]:
    """Settings of a snapshot of all meetings of an API, into an empty database of the test's own."""
    database = write_empty_database(tmp_path / "usage.duckdb")

    def make(api: Api, /, **changes: Any) -> SnapshotSettings:  # as SnapshotSettings takes them
        settings = SnapshotSettings(
            api=api.settings(),
            meetings=api.write_list(tmp_path / "meetings.txt"),
            app_id=api.world.app_id,
            database=database,
            slot=START,
            lock_timeout=timedelta(seconds=0.2),
        )
        return replace(settings, **changes)

    return make


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An existing database."""
    return write_empty_database(tmp_path / "usage.duckdb")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Eleven days of a simulated world, recorded once and changed by no test."""
    return record(tmp_path_factory.mktemp("recorded"))
