"""The retry policy: tenacity with full jitter, and at least the wait that the API asks for.

Full jitter draws each wait between zero and a bound that doubles. It keeps workers that failed together from coming
back together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from etl.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

# A server that says `Retry-After: 0` would use up all attempts at once; one that says a day would block a cron job.
# Cloudflare refuses for five minutes at most.
MIN_RETRY_AFTER = 1.0
MAX_RETRY_AFTER = 300.0

_JITTER = wait_random_exponential(multiplier=0.5, max=30)


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


def clamp_retry_after(retry_after: float | None) -> float:
    """Limit a Retry-After to between one second and five minutes. A missing one counts as one second."""
    return min(max(retry_after or 0.0, MIN_RETRY_AFTER), MAX_RETRY_AFTER)
