"""The gate before the endpoints: the bearer token, and the quota that belongs to it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from etl.simulator.answers import AUTHENTICATION, MALFORMED_TOKEN, SLOW_DOWN, retry_after
from etl.simulator.limits import Meter, policy_header, standing_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from etl.simulator.answers import Answer
    from etl.simulator.limits import Quota

    Headers = list[tuple[bytes, bytes]]

# The characters RFC 6750 allows in a bearer token.
_BEARER = re.compile(rb"Bearer [A-Za-z0-9._~+/-]+=*", re.IGNORECASE)


class Gate:
    """Lets a request in if its token is right and its quota not used up, by the clock `now`.

    `windows` holds how many requests each of the quota's windows has let in, `refusals` how many it refused.
    """

    def __init__(self, token: str, quota: Quota, now: Callable[[], datetime]) -> None:
        self._expected = b"Bearer " + token.encode()
        self._meter = Meter(quota)
        self._policy = (b"ratelimit-policy", policy_header(quota))
        self._now = now
        self.windows = self._meter.windows
        self.refusals = 0

    def check(self, headers: Iterable[tuple[bytes, bytes]]) -> tuple[Answer | None, Headers]:
        """Give the refusal, or None to let the request in, and the limit's headers for its answer.

        Only the requests of the right token count: the quota is that token's.
        """
        refusal = self._refuse_token(headers)
        standing = self._meter.peek(self._now()) if refusal else self._meter.count(self._now())
        if standing.refused and not refusal:
            self.refusals += 1
            refusal = replace(SLOW_DOWN, headers=retry_after(standing.reset))
        return refusal, [(b"ratelimit", standing_header(standing)), self._policy]

    def _refuse_token(self, headers: Iterable[tuple[bytes, bytes]]) -> Answer | None:
        given = next((value for name, value in headers if name == b"authorization"), b"")
        if given == self._expected:
            return None
        return AUTHENTICATION if _BEARER.fullmatch(given) else MALFORMED_TOKEN
