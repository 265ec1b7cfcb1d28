from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import httpx
import pytest

from etl.simulator.app import TOKEN, create_app
from etl.simulator.clock import SimulatedClock
from etl.simulator.server import serve
from etl.simulator.world import DEFAULT_EPOCH, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.datastructures import State


# Making one costs more than many a test, and no test needs it: the simulator speaks plain HTTP.
TLS = httpx.create_ssl_context()


@dataclass(frozen=True)
class Caller:
    """Somebody who calls a running simulator over a real socket, with the right token unless told."""

    base_url: str
    world: World
    state: State
    http: httpx.Client

    def get(self, path: str, **params: str | int) -> httpx.Response:
        """Call a path below the app."""
        return self.http.get(f"{self.base_url}{self.below(path)}", params=params)

    def active(self, meeting_id: str) -> httpx.Response:
        """Call for a meeting's active session."""
        return self.get(f"/meetings/{meeting_id}/active-session")

    def of(self, world: World) -> Caller:
        """Call another app of the same account."""
        return replace(self, world=world)

    def data(self, path: str, **params: str | int) -> Any:
        """Call, and take the data of an answer that must have succeeded."""
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def below(self, path: str) -> str:
        """Write out a path below the app."""
        return f"/accounts/{self.world.account_id}/realtime/kit/{self.world.app_id}{path}"


class Start(Protocol):
    """Starts a simulator of a world or several, with the options of `create_app`; the caller calls the first."""

    def __call__(self, *worlds: World, **options: Any) -> Caller: ...  # noqa: D102


@pytest.fixture
def clock() -> SimulatedClock:
    """Stand still at 03:00 on the third day of the default world."""
    return SimulatedClock(DEFAULT_EPOCH + timedelta(days=2, hours=3))


@pytest.fixture
def start(clock: SimulatedClock) -> Iterator[Start]:
    """Start simulators whose time is the clock's, and stop them after the test."""
    with ExitStack() as stack:

        def begin(*worlds: World, **options: Any) -> Caller:
            world = worlds[0] if worlds else World()
            app = create_app(worlds if len(worlds) > 1 else world, **{"now": clock.now} | options)
            running = stack.enter_context(serve(app))
            headers = {"Authorization": f"Bearer {options.get('token', TOKEN)}"}
            http = stack.enter_context(httpx.Client(headers=headers, verify=TLS, trust_env=False))
            return Caller(running.base_url, world, app.state, http)

        yield begin
