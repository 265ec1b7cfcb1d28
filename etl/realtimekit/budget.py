"""The request budget: what all workers share of the API's limit."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from etl.models import Tally

_log = logging.getLogger(__name__)

_WORTH_A_WARNING = 30.0  # seconds; what is shorter happens now and then without any limit being reached


class RequestBudget:
    """Lets requests pass, counts them, and holds all of them together once the API says to slow down."""

    def __init__(
        self,
        tally: Tally,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        on_hold: Callable[[], None] = lambda: None,
    ) -> None:
        self._tally = tally
        self._now = now
        self._sleep = sleep
        self._on_hold = on_hold
        self._held_until: datetime | None = None
        self._hold_seconds = 0.0

    async def acquire(self, *, is_retry: bool) -> None:
        """Wait until a request may be sent, and count it."""
        while (wait := self._rest_of_hold()) > 0:
            self._show(is_held=True)
            await self._sleep(wait)
        self._show(is_held=False)
        self._tally.requests += 1
        self._tally.retries += is_retry

    def hold(self, seconds: float) -> None:
        """Let nothing pass for so many seconds from now. Several holds at once last as long as the longest."""
        _log.log(
            logging.WARNING if seconds >= _WORTH_A_WARNING else logging.INFO,
            "the API asks to slow down: no request for %.0f s",
            seconds,
        )
        now, rest = self._now(), self._rest_of_hold()
        if seconds > rest:
            self._tally.waited_seconds += seconds - rest
            self._held_until, self._hold_seconds = now + timedelta(seconds=seconds), seconds
            self._show(is_held=True)

    def settle(self) -> None:
        """Take back what was counted as waited and is not waited for: the run is over."""
        self._tally.waited_seconds -= self._rest_of_hold()
        self._held_until = None
        self._tally.is_held = False

    def _show(self, *, is_held: bool) -> None:
        if self._tally.is_held != is_held:
            self._tally.is_held = is_held
            self._on_hold()

    def _rest_of_hold(self) -> float:
        """Seconds until a request may be sent; 0 where nothing is held, and never more than the hold itself.

        A clock that was set back has ended the hold: nobody can say how much of it is left.
        """
        if self._held_until is None:
            return 0.0
        rest = (self._held_until - self._now()).total_seconds()
        return rest if 0 < rest <= self._hold_seconds else 0.0
