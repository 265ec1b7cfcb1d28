"""Refusals of the token, held against the evidence of the same run.

A refusal may be a passing fault, or may concern a single app. So a request that is refused is sent once more. If it is
refused again, the request that the API accepted last shows whether the token itself is refused now. Meanwhile the other
workers wait, so that a wrong token costs two requests.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from etl.errors import FailureKind, GiveUp, Refused, RequestError
from etl.realtimekit.http.retry import MIN_RETRY_AFTER, clamp_retry_after

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from httpx import Request

    from etl.realtimekit.http.responses import RawResponse
    from etl.realtimekit.limit.budget import RequestBudget

REFUSALS = frozenset({FailureKind.UNAUTHORIZED, FailureKind.FORBIDDEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request about an app, and the function that parses its response. A longer response is not read."""

    app_id: str
    request: Request
    parse: Callable[[RawResponse], Any]
    max_bytes: int


Send: TypeAlias = "Callable[[Call], Awaitable[Any]]"


class Refusals:
    """The evidence of a run about its token. All workers share it.

    `is_confirmed` is True while the last refusal was confirmed, and nothing was accepted since.
    """

    def __init__(self, budget: RequestBudget, sleep: Callable[[float], Awaitable[None]]) -> None:
        self.is_confirmed = False
        self._budget = budget
        self._sleep = sleep
        self._accepted: Call | None = None
        self._accepted_calls = 0
        self._refused_apps: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    def record_acceptance(self, call: Call) -> None:
        """Record a request that the API accepted."""
        self.is_confirmed = False
        self._accepted, self._accepted_calls = call, self._accepted_calls + 1
        self._refused_apps.discard(call.app_id)

    async def send(self, call: Call, send: Send) -> Any:  # noqa: ANN401  # what the call parses
        """Send a request, and once more if it is refused. Every request goes through `send`, and raises what it raises.

        Raises Refused only if the API refuses the token. If it still accepts another request, that is a GiveUp.
        """
        try:
            return await send(call)
        except RequestError as error:
            if error.kind not in REFUSALS:
                raise
            return await self._confirm(call, send, error)

    async def _confirm(self, call: Call, send: Send, error: RequestError) -> Any:  # noqa: ANN401  # what the call parses
        accepted_calls = self._accepted_calls
        async with self._one_at_a_time:
            if self.is_confirmed or call.app_id in self._refused_apps:
                raise self._judge(error) from None
            with self._budget.hold():
                if accepted_calls == self._accepted_calls:  # a request accepted since shows that the fault has passed
                    await self._sleep(clamp_retry_after(error.retry_after or MIN_RETRY_AFTER))
                return await self._send_again(call, send)

    async def _send_again(self, call: Call, send: Send) -> Any:  # noqa: ANN401  # what the call parses
        try:
            return await send(call)
        except RequestError as error:
            if error.kind not in REFUSALS:
                raise
            self.is_confirmed = self._accepted is None or await self._is_refused(self._accepted, send)
            if not self.is_confirmed:
                self._refused_apps.add(call.app_id)
            raise self._judge(error) from None

    async def _is_refused(self, accepted: Call, send: Send) -> bool:
        try:
            await send(accepted)
        except RequestError as error:
            return error.kind in REFUSALS
        return False

    def _judge(self, error: RequestError) -> RequestError:
        """Return the error, which concerns this request alone unless the refusal of the token is confirmed."""
        if self.is_confirmed or not isinstance(error, Refused):
            return error
        return GiveUp(error.kind, error.message, error.http_status, error.api_code, error.cf_ray)
