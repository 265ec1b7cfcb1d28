"""The period that a report is about, and the zone whose days it goes by."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etl.cli.types import Duration, Instant
from etl.errors import ConfigError
from etl.settings import Period

if TYPE_CHECKING:
    from collections.abc import Callable

_C = TypeVar("_C", bound="Callable[..., Any]")

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAYS = re.compile(r"(\d{1,5})d", re.ASCII)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_NO_UNIT = re.compile(r"[\d.]+")
_MANY_ZONES = 5

_OPTIONS = (
    click.option(
        "--since",
        default="30d",
        show_default=True,
        metavar="30d|DATE|INSTANT|all",
        help="From when on. 7d is today so far and the seven days before it; a date is its midnight.",
    ),
    click.option(
        "--until",
        metavar="DATE|INSTANT|1d",
        help="Up to when, not included: --since 2026-11-01 --until 2026-12-01 is November. Default: now.",
    ),
    click.option(
        "--tz",
        default="UTC",
        show_default=True,
        envvar="RTK_USAGE_TZ",
        show_envvar=True,
        help="The time zone whose days and hours are meant, such as Europe/Berlin.",
    ),
    click.option("--app-id", help="One app only; all of them unless told."),
)


def period_options(command: _C) -> _C:
    """Add the options that say what a report is about."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def period_of(*, since: str, until: str | None, tz: str, now: datetime) -> Period:
    """The period that those options mean at the instant `now`. Raises click's errors where they mean none."""
    zone = zone_of(tz)
    end = now if until is None else _until(until, zone, now)
    start = _since(since, zone, end)
    if start >= end:
        raise click.UsageError(
            f"The period ends before it begins: --since {since} is {_told(start, zone)}, "
            f"--until {until or 'now'} is {_told(end, zone)}."
        )
    return Period(since=start, until=end, tz=tz)


def zone_of(tz: str) -> zoneinfo.ZoneInfo:
    """A zone by its name, with those that are called something like it where there is none."""
    known = zoneinfo.available_timezones() - {"localtime", "Factory"}  # which are none, or unknown to DuckDB
    if not known:
        raise ConfigError("this machine has no database of time zones: pip install tzdata")
    if tz in known:
        return zoneinfo.ZoneInfo(tz)
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(tz.casefold(), by_folded, n=_MANY_ZONES, cutoff=0.5)
    inside = [folded for folded in by_folded if tz.casefold() and tz.casefold() in folded]
    names = [by_folded[folded] for folded in dict.fromkeys([*near, *sorted(inside)])][:_MANY_ZONES]
    hint = f" Did you mean {', '.join(names)}?" if names else " Zones are called like UTC or Europe/Berlin."
    raise click.BadParameter(f"{tz!r} is no time zone.{hint}", param_hint="--tz")


def midnight(day: date, zone: zoneinfo.ZoneInfo) -> datetime:
    """The instant at which a day begins: the first midnight where it comes twice, the skip where it is skipped."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _since(text: str, zone: zoneinfo.ZoneInfo, end: datetime) -> datetime:
    """The beginning. Whole days are counted from the midnight before the end, so that they are whole."""
    if text == "all":
        return BEGINNING
    if days := _DAYS.fullmatch(text):
        today = end.astimezone(zone).date()
        try:
            return max(midnight(today - timedelta(days=int(days[1])), zone), BEGINNING)
        except OverflowError:
            return BEGINNING
    return _instant(text, zone, "--since", end)


def _until(text: str, zone: zoneinfo.ZoneInfo, now: datetime) -> datetime:
    return _instant(text, zone, "--until", now)


def _instant(text: str, zone: zoneinfo.ZoneInfo, option: str, before: datetime) -> datetime:
    """A date in the zone, an instant, or a length of time before another one."""
    try:
        if _DATE.fullmatch(text):
            return midnight(date.fromisoformat(text), zone)
        if text[:4].isdecimal() and "-" in text:
            return Instant().convert(text, None, None)
        return before - _length(text)
    except (click.BadParameter, ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is neither a length of time (30d, 12h), nor a date (2026-11-01), nor an instant "
            "(2026-11-01T14:05:00Z).",
            param_hint=option,
        ) from None


def _length(text: str) -> timedelta:
    """A length of time that says its unit: 30 could be days as well as seconds."""
    if _NO_UNIT.fullmatch(text):
        raise ValueError(text)
    return Duration().convert(text, None, None)


def _told(instant: datetime, zone: zoneinfo.ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat(timespec="minutes")
