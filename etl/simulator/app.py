"""The API as a web application: gate, endpoint, fault, and then the answer onto the wire."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.routing import Mount

from etl.simulator.answers import gateway_error
from etl.simulator.endpoints import Endpoints
from etl.simulator.faults import Faults
from etl.simulator.gate import Gate
from etl.simulator.limits import Quota
from etl.simulator.wire import deliver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from starlette.datastructures import State
    from starlette.types import Receive, Scope, Send

    from etl.simulator.answers import Answer
    from etl.simulator.world import World

TOKEN = "simulated-token"  # noqa: S105 - it opens nothing but a simulator

# An odd factor makes consecutive numbers look unrelated and never the same.
_RAY_FACTOR = 0x9E3779B97F4A7C15
_RAY_MASK = (1 << 64) - 1


def create_app(  # noqa: PLR0913 - all but the first are keywords with a default, save the clock
    world: World,
    *,
    now: Callable[[], datetime],
    token: str = TOKEN,
    quota: Quota | None = None,
    faults: Faults | None = None,
    latency: float = 0.0,
) -> Starlette:
    """Make the API of a world whose time is `now`, which the quota's window goes by as well.

    `quota` is the documented 1,200 requests in 300 s unless given; `latency` (seconds) is added to every
    answer. Tests read what was asked for from `app.state`: `requests` (int), `requests_by_meeting` and
    `requests_by_path` (counters; a path is the decoded part below `realtime/kit/`).
    """
    app = Starlette()
    app.state.requests = 0
    app.state.requests_by_meeting = Counter()
    app.state.requests_by_path = Counter()
    gate = Gate(token, quota or Quota(), now)
    api = Api(Endpoints(world, now), gate, faults or Faults(), state=app.state, latency=latency)
    # Mounted as a whole: Starlette matches decoded paths, in which an ID's %2F is a slash like any other.
    app.router.routes.append(Mount("/", app=api))
    return app


class Api:
    """An ASGI application that answers every GET under `/client/v4`, and counts the requests in `state`."""

    def __init__(self, endpoints: Endpoints, gate: Gate, faults: Faults, *, state: State, latency: float = 0.0) -> None:
        self._endpoints = endpoints
        self._gate = gate
        self._faults = faults
        self._state = state
        self._latency = latency
        self._rays = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = _segments(scope["raw_path"])
        meeting_id = _meeting_of(path)
        self._count(path, meeting_id)
        refusal, headers = self._gate.check(scope["headers"])
        headers.append((b"cf-ray", self._next_ray()))
        answer = refusal or self._answer(scope, path)
        answer = self._faults.apply(self._faults.next(meeting_id), answer)
        if delay := self._latency + answer.delay:
            await asyncio.sleep(delay)
        await deliver(answer, headers, scope, receive, send)

    def _answer(self, scope: Scope, path: Sequence[str]) -> Answer:
        match path:
            case ["client", "v4", "accounts", account_id, "realtime", "kit", *below] if scope["method"] == "GET":
                return self._endpoints.answer(account_id, below, scope["query_string"])
        return gateway_error(404, 7003, f"Could not route {scope['method']} {scope['path']}")

    def _count(self, path: Sequence[str], meeting_id: str | None) -> None:
        self._state.requests += 1
        self._state.requests_by_path["/".join(path[6:])] += 1
        if meeting_id is not None:
            self._state.requests_by_meeting[meeting_id] += 1

    def _next_ray(self) -> bytes:
        return b"%016x-SIM" % (next(self._rays) * _RAY_FACTOR & _RAY_MASK)


def _meeting_of(path: Sequence[str]) -> str | None:
    match path:
        case [_, _, _, _, _, _, _, "meetings", meeting_id, *_]:
            return meeting_id
    return None


def _segments(raw_path: bytes) -> list[str]:
    segments = raw_path.decode("latin-1").split("/")[1:]
    return [unquote(one) for one in segments] if b"%" in raw_path else segments
