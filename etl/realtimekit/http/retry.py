"""The retry policy, as a value for tenacity.

Full jitter (each wait is drawn between nothing and a bound that doubles) keeps workers that failed together
from coming back together; what the API says in Retry-After is the least that is waited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from etl.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

# A server that says `Retry-After: 0` would burn all attempts at once; one that says a day would hang a cron job.
# Cloudflare's refusal lasts five minutes at most.
RETRY_AFTER_FLOOR = 1.0
RETRY_AFTER_CAP = 300.0

_T = TypeVar("_T")
_JITTER = wait_random_exponential(multiplier=0.5, max=30)


class Retrying(AsyncRetrying):
    """A policy that is entered once an attempt has failed.

    Nearly every call succeeds at once: tenacity's part in those was an eighth of the CPU of the whole job.
    """

    attempts = 0
    """How many attempts the last call took."""

    async def __call__(self, fn: Callable[..., Awaitable[_T]], *args: object) -> _T:  # type: ignore[override]
        """What the first good attempt returns. Raises what the policy does not try again, or the last TryAgain."""
        self.attempts = 1
        try:
            return await fn(*args)
        except TryAgain as error:
            failed = [error]

        async def attempt() -> _T:
            if failed:  # tenacity's first attempt is the one that was made already
                raise failed.pop()
            self.attempts += 1
            return await fn(*args)

        return await super().__call__(attempt)


def retrying(*, attempts: int, sleep: Callable[[float], Awaitable[None]]) -> Retrying:
    """The policy: TryAgain is tried again, up to `attempts` times in all; then, as for any other, it is raised.

    One value serves one call at a time: tenacity keeps the state of the call in it.
    """
    return Retrying(
        retry=retry_if_exception_type(TryAgain),
        stop=stop_after_attempt(attempts),
        wait=wait_seconds,
        sleep=sleep,
        reraise=True,
    )


def wait_seconds(state: RetryCallState) -> float:
    """How long to wait before the next attempt: jitter, and at least what the API asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error, "retry_after", None)
    return max(_JITTER(state), clamped(asked) if asked is not None else 0.0)


def clamped(retry_after: float | None) -> float:
    """What a Retry-After is taken for: at least a second, at most five minutes; a second where there is none."""
    return min(max(retry_after or 0.0, RETRY_AFTER_FLOOR), RETRY_AFTER_CAP)
