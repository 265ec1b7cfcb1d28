"""The retry policy: tenacity with jitter, and at least the wait that the API asks for.

Each wait is drawn between half of a bound that doubles and the bound. The random half keeps workers that failed
together from coming back together. The fixed half makes five attempts last for more than eleven seconds, so that an
outage of ten seconds costs no meeting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random_exponential,
)

from etl.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

# A server that says `Retry-After: 0` would use up all attempts at once; one that says a day would block a cron job.
# Cloudflare refuses for five minutes at most.
MIN_RETRY_AFTER = 1.0
MAX_RETRY_AFTER = 300.0

# The first bound is 1.5 seconds, and the longest half a minute.
_JITTER = wait_exponential(multiplier=0.75, max=15) + wait_random_exponential(multiplier=0.75, max=15)
_MOST_DOUBLINGS = 10


def retrying(*, attempts: int, sleep: Callable[[float], Awaitable[None]]) -> AsyncRetrying:
    """Make the policy: repeat a call that raises TryAgain, up to `attempts` times in all, then raise its error."""
    return AsyncRetrying(
        retry=retry_if_exception_type(TryAgain),
        stop=stop_after_attempt(attempts),
        wait=wait_seconds,
        sleep=sleep,
        reraise=True,
    )


def wait_seconds(state: RetryCallState) -> float:
    """Return the wait before the next attempt: jitter, but at least the Retry-After of the last response."""
    error = state.outcome.exception() if state.outcome else None
    retry_after = getattr(error, "retry_after", None)
    return max(_JITTER(state), clamp_retry_after(retry_after) if retry_after is not None else 0.0)


def rate_limit_wait(retry_after: float | None, attempt: int) -> float:
    """Return the wait after a response 429: its Retry-After, or else a second that doubles with every attempt."""
    doubled = MIN_RETRY_AFTER * 2 ** min(attempt - 1, _MOST_DOUBLINGS)
    return clamp_retry_after(doubled if retry_after is None else retry_after)


def clamp_retry_after(retry_after: float) -> float:
    """Limit a Retry-After to between one second and five minutes."""
    return min(max(retry_after, MIN_RETRY_AFTER), MAX_RETRY_AFTER)
