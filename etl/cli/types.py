"""The types of options. Each parses the text of an option once, into the value that settings hold."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click

from etl.errors import ConfigError
from etl.files import own_descriptor, parse_local_path
from etl.reports.periods import SHORTEST, format_duration, parse_instant, parse_length
from etl.settings import COPY_SUFFIX, Rate
from etl.store.path import parse_database_path

STANDARD_OUTPUT = Path("-")

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_MOST_REQUESTS = 1_000_000_000


def clean_text(text: str) -> str:
    """Remove white space and one pair of quotes around a value, which files of variables add to it."""
    stripped = text.strip()
    is_quoted = len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "\"'"
    return stripped[1:-1].strip() if is_quoted else stripped


class CleanText(click.ParamType):  # type: ignore[type-arg]  # generic in new versions of click only
    """A text such as an ID, without the white space and the quotes that files of variables add to it."""

    name = "text"

    def convert(self, value: object, _param: click.Parameter | None, _ctx: click.Context | None) -> str:
        """Clean a text."""
        return clean_text(str(value))


class NewFile(click.Path):
    """The path of a file on this machine that may exist or not. Its name has to be printable text in UTF-8."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, without `~` and without symbolic links."""
        try:
            path = parse_local_path(clean_text(str(value)))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        return Path(str(super().convert(str(path), param, ctx)))


class OutputFile(NewFile):
    """The path of a file to write. `-` and the paths of standard output become `-`."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, readable=False, allow_dash=True)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, without `~` and without the symbolic links of the file."""
        path = super().convert(value, param, ctx)
        return STANDARD_OUTPUT if own_descriptor(path) == 1 else path


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDirectory:
    """A directory for the pages of a site."""

    path: Path


class PageOutput(OutputFile):
    """The file of a page, or with a final slash the directory of a site."""

    def convert(  # type: ignore[override]  # one option, two kinds of output
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | SiteDirectory:
        """Return the file, or the directory."""
        if not clean_text(str(value)).endswith("/"):
            return super().convert(value, param, ctx)
        return SiteDirectory(path=NewFile(file_okay=False).convert(value, param, ctx))


class ExportDestination(NewFile):
    """The destination of an export: a file that ends with .duckdb, or a directory."""

    name = "destination"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path. Another ending is probably that of a file that an export does not write."""
        path = super().convert(value, param, ctx)
        if path.suffix not in {"", COPY_SUFFIX} and not (path.is_dir() or str(value).endswith("/")):
            self.fail(
                f"{path.name} ends with {path.suffix}; name a file that ends with {COPY_SUFFIX}, "
                f"or write {path.name}/ for a directory of Parquet files.",
                param,
                ctx,
            )
        if path.suffix == COPY_SUFFIX and (path.is_dir() or str(value).endswith("/")):
            self.fail(f"{path} is a directory; name a file, or a directory without this ending.", param, ctx)
        return path


def output_or_none(_context: click.Context, _parameter: click.Parameter, output: Path | None) -> Path | None:
    """Return None if an output is standard output, as if the option were left out."""
    return None if output == STANDARD_OUTPUT else output


class DatabaseFile(click.Path):
    """The path of a database that may exist or not. Any other text is a wrong setting and ends the command with 78."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False)

    def convert(self, value: object, _param: click.Parameter | None, _ctx: click.Context | None) -> Path:
        """Return the path, without `~` and without symbolic links."""
        return parse_database_path(clean_text(str(value)))


class WatchedDatabase(DatabaseFile):
    """The path of a database to look at. A path that can't be one is an error in its place, to be reported."""

    def convert(  # type: ignore[override]  # the error takes the place of the path
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | ConfigError:
        """Return the path, or the error that another command would end with."""
        try:
            return super().convert(value, param, ctx)
        except ConfigError as error:
            return error


def finite(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    """Refuse nan and infinity. Click's ranges accept nan, which is neither below nor above anything."""
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a finite number.")
    return value


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in new versions of click only
    """A length of time such as 90s, 5m, 1h, 1d or 1h30m."""

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


class Interval(Duration):
    """The interval of a schedule: at least a minute. It divides a day, so that each day has the same slots."""

    def __init__(self) -> None:
        super().__init__(shortest=timedelta())

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Parse an interval, and suggest the nearest ones for one that is too short or does not divide a day.

        Seconds were probably meant to be minutes.
        """
        interval = super().convert(value, param, ctx)
        if interval < _MINUTE:
            meant = max(interval * 60, _MINUTE)
            self.fail(
                f"{value!r} is shorter than a minute, the shortest interval; did you mean {_suggest(meant)}?",
                param,
                ctx,
            )
        if _DAY % interval:
            self.fail(f"{value!r} does not divide a day; did you mean {_suggest(interval)}?", param, ctx)
        return interval


def _suggest(interval: timedelta) -> str:
    """Format the interval if it divides a day, or else the next shorter and the next longer one that do."""
    unit = _HOUR if interval >= _HOUR else _MINUTE
    dividing = [unit * count for count in range(1, _DAY // unit + 1) if not _DAY % (unit * count)]
    shorter = max((length for length in dividing if length <= interval), default=None)
    longer = min((length for length in dividing if length >= interval), default=None)
    nearest = dict.fromkeys(length for length in (shorter, longer) if length)
    return " or ".join(format_duration(length.total_seconds()) for length in nearest)


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
        if re.fullmatch(r"[0-9.]*[0-9]", window):
            either = f"{requests}/{window}s for seconds, or {requests}/{window}m for minutes"
            self.fail(f"{value!r} has a window without a unit; write {either}.", param, ctx)
        length = Duration(shortest=timedelta(seconds=1)).convert(window, param, ctx)
        return Rate(requests=int(requests), seconds=length.total_seconds())


def format_rate(rate: Rate) -> str:
    """Format a limit as the option takes it."""
    return f"{rate.requests}/{rate.seconds:g}s"


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
