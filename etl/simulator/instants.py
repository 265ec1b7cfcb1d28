"""Instants as whole milliseconds since 1970: exact sums, and the precision the API writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Count the whole milliseconds up to an instant (with a time zone)."""
    return (at - _START) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """Give the instant in UTC."""
    return _START + ms * _MILLISECOND


def iso(ms: int) -> str:
    """Write an instant as the API does: ISO 8601 with milliseconds and Z."""
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % SECOND:03d}Z"
