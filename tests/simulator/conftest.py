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


# Made once, because making it takes longer than many tests; no test needs it, as the simulator speaks plain HTTP.
TLS = httpx.create_ssl_context()


@dataclass(frozen=True)
class Caller:
    """A client of a running simulator over a real socket, with the right token by default."""

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
        """Call a path below the app, and return the data of the answer, which must be a success."""
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def below(self, path: str) -> str:
        """Return the whole path of a path below the app."""
        return f"/accounts/{self.world.account_id}/realtime/kit/{self.world.app_id}{path}"


class Start(Protocol):
    """Starts a simulator of one or several worlds, with the options of `create_app`; the caller calls the first app."""

    def __call__(self, *worlds: World, **options: Any) -> Caller: ...  # noqa: D102  # the class says it


@pytest.fixture
def clock() -> SimulatedClock:
    """A clock that stands at 03:00 on the third day of the default world."""
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
