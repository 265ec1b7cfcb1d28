"""Cloudflare's limit on requests: a quota per window, and over it a refusal of five minutes.

Documented: 1,200 requests in 300 s per token, then every call is refused for five minutes with 429, and the headers
`Ratelimit`, `Ratelimit-Policy` and `Retry-After`. Inferred: a window begins with its first request.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from etl.settings import Rate

# The refusal lasts five minutes, whatever the window.
REFUSAL = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaState:
    """The state of a token's quota after a request: refused or not, requests left, whole seconds to the reset."""

    is_refused: bool
    left: int
    reset_seconds: int


class Quota:
    """A counter of one token's requests. `let_in_by_window` holds the requests let in, window by window."""

    def __init__(self, rate: Rate) -> None:
        self.let_in_by_window: list[int] = []
        self._rate = rate
        self._until: datetime | None = None
        self._is_refusing = False

    def count(self, at: datetime) -> QuotaState:
        """Count a request at the instant and return the state; a refused request does not prolong the refusal."""
        if self._until is None or at >= self._until:
            self.let_in_by_window.append(0)
            self._until, self._is_refusing = at + timedelta(seconds=self._rate.seconds), False
        if self.let_in_by_window[-1] < self._rate.requests:
            self.let_in_by_window[-1] += 1
        elif not self._is_refusing:
            self._until, self._is_refusing = at + REFUSAL, True
        return self.peek(at)

    def peek(self, at: datetime) -> QuotaState:
        """Return the state at the instant without counting a request."""
        if self._until is None or at >= self._until:
            return QuotaState(is_refused=False, left=self._rate.requests, reset_seconds=0)
        left = self._rate.requests - self.let_in_by_window[-1]
        seconds = math.ceil((self._until - at).total_seconds())
        return QuotaState(is_refused=self._is_refusing, left=left, reset_seconds=seconds)


def format_headers(rate: Rate, state: QuotaState) -> list[tuple[bytes, bytes]]:
    """Write `Ratelimit` (r requests left, t seconds to the reset) and `Ratelimit-Policy` (q requests in w seconds)."""
    return [
        (b"ratelimit", b'"default";r=%d;t=%d' % (state.left, state.reset_seconds)),
        (b"ratelimit-policy", b'"default";q=%d;w=%d' % (rate.requests, math.ceil(rate.seconds))),
    ]
