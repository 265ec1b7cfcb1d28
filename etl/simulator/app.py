"""The API as a web application: check token and quota, find the answer, apply the fault, send."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.routing import Mount

from etl.settings import CLOUDFLARE_RATE
from etl.simulator.answers import (
    AUTHENTICATION_ERROR,
    INVALID_TOKEN,
    MALFORMED_TOKEN,
    Answer,
    gateway_error,
    rate_limit_error,
    to_json,
)
from etl.simulator.clock import to_iso, to_ms
from etl.simulator.endpoints import Endpoints
from etl.simulator.faults import Faults
from etl.simulator.limits import Quota, format_headers
from etl.simulator.query import BadQueryError, Pagination, read_page_no, read_query
from etl.simulator.server import send_answer
from etl.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import Literal

    from starlette.datastructures import State
    from starlette.types import Receive, Scope, Send

    from etl.settings import Rate
    from etl.simulator.clock import FastClock

    Headers = list[tuple[bytes, bytes]]

TOKEN = "simulated-token"  # noqa: S105 - it opens nothing but a simulator

# The characters that RFC 6750 allows in a bearer token.
_BEARER = re.compile(rb"Bearer [A-Za-z0-9._~+/-]+=*", re.IGNORECASE)
# An odd factor makes consecutive numbers look unrelated, and never gives the same number twice.
_RAY_FACTOR = 0x9E3779B97F4A7C15
_RAY_MASK = (1 << 64) - 1


def create_app(  # noqa: PLR0913 - keywords, of which all but the clock have a default
    worlds: World | Sequence[World],
    *,
    now: Callable[[], datetime],
    token: str = TOKEN,
    quota: Rate = CLOUDFLARE_RATE,
    faults: Faults | None = None,
    latency: float = 0.0,
    max_per_page: int = 100,
    ignores_page_no: bool = False,
    owner: Literal["user", "account"] = "user",
    token_expires_at: datetime | None = None,
) -> Starlette:
    """Make the API of a world, or of several worlds as the apps of one account, behind one token and one quota.

    `now` is the time of the worlds and of the quota's window. `latency` (seconds) is added to every answer. A list
    has `max_per_page` entries per page at most; if it `ignores_page_no`, every page is the first. The token belongs to
    `owner`, and is verified at the owner's address only. ValueError if the worlds belong to several accounts, or
    two are the same app. `app.state` counts the requests: see `Api`.
    """
    app = Starlette()
    pagination = Pagination(max_per_page=max_per_page, ignores_page_no=ignores_page_no)
    endpoints = Endpoints([worlds] if isinstance(worlds, World) else worlds, now, pagination)
    auth = Auth(token, quota, now)
    verification = Verification(owner=owner, expires_at=token_expires_at)
    api = Api(endpoints, auth, faults or Faults(), verification, state=app.state, latency=latency)
    # Mounted as a whole: Starlette matches decoded paths, in which an ID's %2F is a slash like any other.
    app.router.routes.append(Mount("/", app=api))
    return app


def create_demo_app(world: World, clock: FastClock, *, share: float, seed: int, slow_seconds: float) -> Starlette:
    """Make the API of a world in which a `share` (0 to 1) of requests fails, by a clock that processes share.

    A `functools.partial` of this function is what `serve_in_process` calls in the process of the server.
    """
    return create_app(world, now=clock.now, faults=Faults(share, seed=seed, slow_seconds=slow_seconds))


class Auth:
    """The check of a request: its token must be right, and the token's quota not used up by the clock `now`.

    `refusals` counts the requests that the quota refused.
    """

    def __init__(self, token: str, rate: Rate, now: Callable[[], datetime]) -> None:
        self._expected = b"Bearer " + token.encode()
        self._rate = rate
        self._now = now
        self.quota = Quota(rate)
        self.refusals = 0

    def check(self, headers: Iterable[tuple[bytes, bytes]]) -> tuple[Answer | None, Headers]:
        """Return the refusal, or None for a request that is accepted, and the limit's headers for its answer.

        The quota is the token's: a request with another token is not counted.
        """
        refusal = self._refuse_token(headers)
        state = self.quota.peek(self._now()) if refusal else self.quota.count(self._now())
        if state.is_refused and not refusal:
            self.refusals += 1
            refusal = rate_limit_error(state.reset_seconds)
        return refusal, format_headers(self._rate, state)

    def _refuse_token(self, headers: Iterable[tuple[bytes, bytes]]) -> Answer | None:
        given = next((value for name, value in headers if name == b"authorization"), b"")
        if given == self._expected:
            return None
        return AUTHENTICATION_ERROR if _BEARER.fullmatch(given) else MALFORMED_TOKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer about a token, at the address of its owner: `user`, or `account`. It never expires without a date."""

    owner: str
    expires_at: datetime | None

    def answer(self, owner: str) -> Answer:
        """Answer a token that is right."""
        if owner != self.owner:
            return INVALID_TOKEN
        result = {"id": "0123456789abcdef0123456789abcdef", "status": "active"}
        if self.expires_at:
            result["expires_on"] = to_iso(to_ms(self.expires_at))
        message = {"code": 10000, "message": "This API Token is valid and active", "type": None}
        content = {"result": result, "success": True, "errors": [], "messages": [message]}
        return Answer(status=200, body=to_json(content))


class Api:
    """An ASGI application that answers every GET under `/client/v4`, and counts the requests in `state`.

    `requests` and, of these, `refusals` by the quota are numbers. `let_in_by_window` lists the requests that each
    window of the quota has let in. `requests_by_meeting`, `requests_by_page` (of sessions lists, by `page_no`) and
    `requests_by_path` (by the decoded path below `realtime/kit/`) are counters.
    """

    def __init__(  # noqa: PLR0913 - the parts of an answer, and two keywords
        self,
        endpoints: Endpoints,
        auth: Auth,
        faults: Faults,
        verification: Verification,
        *,
        state: State,
        latency: float = 0.0,
    ) -> None:
        self._endpoints = endpoints
        self._verification = verification
        self._auth = auth
        self._faults = faults
        self._state = state
        self._latency = latency
        self._ray_numbers = itertools.count(1)
        state.requests = state.refusals = 0
        state.let_in_by_window = auth.quota.let_in_by_window
        state.requests_by_meeting, state.requests_by_page, state.requests_by_path = Counter(), Counter(), Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = _split_path(scope["raw_path"])
        meeting_id, page_no = _find_meeting_id(path), _find_page_no(path, scope["query_string"])
        self._count(path, meeting_id, page_no)
        refusal, headers = self._auth.check(scope["headers"])
        self._state.refusals = self._auth.refusals
        headers.append((b"cf-ray", b"%016x-SIM" % (next(self._ray_numbers) * _RAY_FACTOR & _RAY_MASK)))
        if refusal is AUTHENTICATION_ERROR and path[-2:] == ["tokens", "verify"]:
            refusal = INVALID_TOKEN
        answer = refusal or self._answer(scope, path)
        answer = self._faults.apply(self._faults.next_name(meeting_id, page_no), answer)
        if delay := self._latency + answer.delay_seconds:
            await asyncio.sleep(delay)
        await send_answer(answer, headers, scope, receive, send)

    def _answer(self, scope: Scope, path: Sequence[str]) -> Answer:
        match path:
            case ["client", "v4", "accounts", account_id, "realtime", "kit", *below] if scope["method"] == "GET":
                return self._endpoints.answer(account_id, below, scope["query_string"])
            case ["client", "v4", "user", "tokens", "verify"] if scope["method"] == "GET":
                return self._verification.answer("user")
            case ["client", "v4", "accounts", account_id, "tokens", "verify"] if scope["method"] == "GET":
                return self._verification.answer("account" if account_id == self._endpoints.account_id else "")
        return gateway_error(404, 7003, f"Could not route {scope['method']} {scope['path']}")

    def _count(self, path: Sequence[str], meeting_id: str | None, page_no: int | None) -> None:
        self._state.requests += 1
        self._state.requests_by_path["/".join(path[6:])] += 1
        if meeting_id is not None:
            self._state.requests_by_meeting[meeting_id] += 1
        if page_no is not None:
            self._state.requests_by_page[page_no] += 1


def _find_meeting_id(path: Sequence[str]) -> str | None:
    match path:
        case [_, _, _, _, _, _, _, "meetings", meeting_id, *_]:
            return meeting_id
    return None


def _find_page_no(path: Sequence[str], query_string: bytes) -> int | None:
    match path:
        case [_, _, _, _, _, _, _, "sessions"]:
            try:
                return read_page_no(read_query(query_string))
            except BadQueryError:  # names no page, and is answered with 400
                return None
    return None


def _split_path(raw_path: bytes) -> list[str]:
    segments = raw_path.decode("latin-1").split("/")[1:]
    return [unquote(segment) for segment in segments] if b"%" in raw_path else segments
