"""The types of options. Each parses the text of an option once, into the value that settings hold."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from pathlib import Path

import click

from etl.reports.periods import SHORTEST, parse_instant, parse_length
from etl.settings import Rate

_MOST_REQUESTS = 1_000_000_000


class NewFile(click.Path):
    """The path of a file that may exist or not. Its name has to be printable text in UTF-8."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, without symbolic links."""
        if not str(value) or not str(value).isprintable():
            self.fail("the name of a file has to be printable text.", param, ctx)
        path = Path(str(super().convert(str(value), param, ctx)))
        # Staged runs and the lock of a run belong to the file itself, whatever links lead to it.
        return path.resolve() if path.is_symlink() else path


def finite(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    """Refuse nan and infinity. Click's ranges accept nan, which is neither below nor above anything."""
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a finite number.")
    return value


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in new versions of click only
    """A length of time such as 30, 90s, 5m, 1h, 1d or 1h30m. A number without a unit is in seconds."""

    name = "duration"

    def __init__(self, *, shortest: timedelta = SHORTEST) -> None:
        self._shortest = shortest

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Parse a length of time from `shortest` to a year."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse_length(str(value), shortest=self._shortest)
        except ValueError as error:
            self.fail(str(error), param, ctx)


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
        length = Duration(shortest=timedelta(seconds=1)).convert(window, param, ctx)
        return Rate(requests=int(requests), seconds=length.total_seconds())


class Share(click.ParamType):  # type: ignore[type-arg]  # generic in new versions of click only
    """A part of a whole, such as 10% or 0.1. It can be nothing, but not all."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse a share from 0 to below 1."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            self.fail(f"{value!r} is not a share; write it like 10% or 0.1.", param, ctx)
        if not 0 <= share < 1:
            self.fail(f"{value!r} is out of range: from 0% to below 100%.", param, ctx)
        return share


class Instant(click.ParamType):  # type: ignore[type-arg]  # generic in new versions of click only
    """An ISO 8601 instant with its zone, such as 2026-11-23T12:00:00Z."""

    name = "instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse an instant, into UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_instant(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
