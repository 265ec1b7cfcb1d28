"""The types of options. Each parses the text of an option once, into the value that settings hold."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from etl.settings import Rate

_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_MOST_REQUESTS = 1_000_000_000
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST, _LONGEST = timedelta(milliseconds=1), timedelta(days=366)


class NewFile(click.Path):
    """A path that may be there or not, and can be a file's: not empty, and of characters that UTF-8 can hold."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path."""
        if not str(value) or not str(value).isprintable():
            self.fail("a file needs a name that can be printed.", param, ctx)
        path = super().convert(str(value), param, ctx)
        named = Path(str(path))
        # Staged runs and the run lock belong to the file itself, whatever links lead to it.
        return named.resolve() if named.is_symlink() else named


def finite(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    """A number that is one: click's ranges let nan through, which is neither below nor above anything."""
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a finite number.")
    return value


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in new versions of click only
    """A length of time such as 30, 90s, 5m, 1h, 1d or 1h30m. A number without a unit is in seconds."""

    name = "duration"

    def __init__(self, *, least: timedelta = _SHORTEST) -> None:
        self._least = least

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Parse a length of time from `least` to a year."""
        if isinstance(value, timedelta):
            return value
        text = str(value).strip().lower()
        parts = _PART.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            self.fail(f"{value!r} is not a duration; write it like 30s, 5m, 1h or 1d.", param, ctx)
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
        if not self._least.total_seconds() <= seconds <= _LONGEST.total_seconds():
            self.fail(f"{value!r} is out of range: from {self._least.total_seconds():g} s to a year.", param, ctx)
        return timedelta(seconds=seconds)


class RateLimit(click.ParamType):  # type: ignore[type-arg]  # generic in new versions of click only
    """A limit such as 1200/300s or 1200/5m: requests per window."""

    name = "requests/window"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Rate:
        """Parse a number of requests, and a window of at least one second."""
        if isinstance(value, Rate):
            return value
        requests, _, window = str(value).strip().partition("/")
        if not (re.fullmatch(r"[0-9]{1,15}", requests) and window):
            self.fail(f"{value!r} is not a limit; write requests and a window, like 1200/300s or 1200/5m.", param, ctx)
        if not 1 <= int(requests) <= _MOST_REQUESTS:
            self.fail(f"{value!r} is out of range: from 1 to {_MOST_REQUESTS:,} requests.", param, ctx)
        length = Duration(least=timedelta(seconds=1)).convert(window, param, ctx)
        return Rate(requests=int(requests), seconds=length.total_seconds())


class Share(click.ParamType):  # type: ignore[type-arg]  # generic in new versions of click only
    """A part of a whole, such as 10% or 0.1: from nothing up to, not including, all of it."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share, from 0 to below 1."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            self.fail(f"{value!r} is no share; write it like 10% or 0.1.", param, ctx)
        if not 0 <= share < 1:
            self.fail(f"{value!r} is out of range: from 0% to below 100%.", param, ctx)
        return share


class Instant(click.ParamType):  # type: ignore[type-arg]  # generic in new versions of click only
    """An ISO 8601 instant with its zone, such as 2026-11-23T12:00:00Z."""

    name = "instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return _aware(datetime.fromisoformat(str(value))).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no instant; write it with its zone, like 2026-11-23T12:00:00Z.", param, ctx)


def _aware(instant: datetime) -> datetime:
    """The instant, if it names its zone: without one it would be a guess."""
    if instant.tzinfo is None:
        raise ValueError(instant)
    return instant
