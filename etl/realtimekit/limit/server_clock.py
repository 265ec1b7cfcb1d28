"""The clock of the API, as the Date header of its responses shows it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def measure_clock_ahead(headers: Mapping[str, str], *, sent_at: float, received_at: float) -> float | None:
    """Return how many seconds this machine's clock is ahead of the API's, negative if it is behind.

    The API wrote the date between the two instants, so a clock that shows it between them is right. Return None if the
    response has no date that is valid.
    """
    try:
        api_time = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(sent_at - api_time, 0.0) or min(received_at - api_time, 0.0)


def nearest_to_zero(ahead: float | None, other: float | None) -> float | None:
    """Return the smaller of two differences: one response that shows the right time proves that the clock is right."""
    return min((seconds for seconds in (ahead, other) if seconds is not None), key=abs, default=None)
