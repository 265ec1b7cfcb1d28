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
from etl.simulator.fault_answers import Timing
from etl.simulator.faults import Faults
from etl.simulator.gate import Gate
from etl.simulator.limits import Quota
from etl.simulator.listing import BadQuery, Paginator, read_page_no, read_query
from etl.simulator.wire import deliver
from etl.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from starlette.datastructures import State
    from starlette.types import Receive, Scope, Send

    from etl.simulator.answers import Answer
    from etl.simulator.clock import FastClock

TOKEN = "simulated-token"  # noqa: S105 - it opens nothing but a simulator

# An odd factor makes consecutive numbers look unrelated and never the same.
_RAY_FACTOR = 0x9E3779B97F4A7C15
_RAY_MASK = (1 << 64) - 1


def create_app(  # noqa: PLR0913 - all but the first are keywords with a default, save the clock
    worlds: World | Sequence[World],
    *,
    now: Callable[[], datetime],
    token: str = TOKEN,
    quota: Quota | None = None,
    faults: Faults | None = None,
    latency: float = 0.0,
    most_per_page: int = 100,
    ignores_page: bool = False,
) -> Starlette:
    """Make the API of a world, or of several as the apps of one account, behind one token and one quota.

    `now` is the worlds' time, which the quota's window goes by as well; `quota` is the documented 1,200
    requests in 300 s unless given. `latency` (seconds) is added to every answer. A list has `most_per_page`
    entries at most, and if it `ignores_page` its first page is all it ever gives. ValueError if the worlds
    are of several accounts, or two are the same app. `app.state` tells a test what was asked for: see `Api`.
    """
    app = Starlette()
    endpoints = Endpoints(
        [worlds] if isinstance(worlds, World) else worlds, now, Paginator(most_per_page, ignores_page)
    )
    gate = Gate(token, quota or Quota(), now)
    api = Api(endpoints, gate, faults or Faults(), state=app.state, latency=latency)
    # Mounted as a whole: Starlette matches decoded paths, in which an ID's %2F is a slash like any other.
    app.router.routes.append(Mount("/", app=api))
    return app


def create_demo_app(world: World, clock: FastClock, *, share: float, seed: int, slow_seconds: float) -> Starlette:
    """Make the API of a world in which a `share` (0 to 1) of requests fails, by a clock that processes share.

    A `functools.partial` of this function is what `serve_apart` calls in the process of the server.
    """
    return create_app(world, now=clock.now, faults=Faults(share, seed=seed, timing=Timing(slow=slow_seconds)))


class Api:
    """An ASGI application that answers every GET under `/client/v4`, and counts the requests in `state`.

    `requests` and `refusals`, the quota's 429s among them, are numbers; `windows` lists how many requests each
    window of the quota has let in; `requests_by_meeting`, `requests_by_page` (of sessions lists, by the
    `page_no` asked for) and `requests_by_path` are counters, a path being the decoded part below
    `realtime/kit/`.
    """

    def __init__(self, endpoints: Endpoints, gate: Gate, faults: Faults, *, state: State, latency: float = 0.0) -> None:
        self._endpoints = endpoints
        self._gate = gate
        self._faults = faults
        self._state = state
        self._latency = latency
        self._rays = itertools.count(1)
        state.requests = state.refusals = 0
        state.windows = gate.windows
        state.requests_by_meeting, state.requests_by_page, state.requests_by_path = Counter(), Counter(), Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = _segments(scope["raw_path"])
        meeting_id, page_no = _meeting_of(path), _page_of(path, scope["query_string"])
        self._count(path, meeting_id, page_no)
        refusal, headers = self._gate.check(scope["headers"])
        self._state.refusals = self._gate.refusals
        headers.append((b"cf-ray", self._next_ray()))
        answer = refusal or self._answer(scope, path)
        answer = self._faults.apply(self._faults.next(meeting_id, page_no), answer)
        if delay := self._latency + answer.delay:
            await asyncio.sleep(delay)
        await deliver(answer, headers, scope, receive, send)

    def _answer(self, scope: Scope, path: Sequence[str]) -> Answer:
        match path:
            case ["client", "v4", "accounts", account_id, "realtime", "kit", *below] if scope["method"] == "GET":
                return self._endpoints.answer(account_id, below, scope["query_string"])
        return gateway_error(404, 7003, f"Could not route {scope['method']} {scope['path']}")

    def _count(self, path: Sequence[str], meeting_id: str | None, page_no: int | None) -> None:
        self._state.requests += 1
        self._state.requests_by_path["/".join(path[6:])] += 1
        if meeting_id is not None:
            self._state.requests_by_meeting[meeting_id] += 1
        if page_no is not None:
            self._state.requests_by_page[page_no] += 1

    def _next_ray(self) -> bytes:
        return b"%016x-SIM" % (next(self._rays) * _RAY_FACTOR & _RAY_MASK)


def _meeting_of(path: Sequence[str]) -> str | None:
    match path:
        case [_, _, _, _, _, _, _, "meetings", meeting_id, *_]:
            return meeting_id
    return None


def _page_of(path: Sequence[str], query_string: bytes) -> int | None:
    match path:
        case [_, _, _, _, _, _, _, "sessions"]:
            try:
                return read_page_no(read_query(query_string))
            except BadQuery:  # asks for no page, and is answered with 400
                return None
    return None


def _segments(raw_path: bytes) -> list[str]:
    segments = raw_path.decode("latin-1").split("/")[1:]
    return [unquote(one) for one in segments] if b"%" in raw_path else segments
