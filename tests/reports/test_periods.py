"""The parser of lengths of time, instants, periods and zones."""

from __future__ import annotations

import re
import sys
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import ConfigError
from etl.reports.periods import (
    PeriodError,
    midnight,
    parse_period,
    parse_zone,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)  # 22:30 in Berlin
ZONES = zoneinfo.available_timezones()


@pytest.mark.parametrize(
    ("since", "begins"),
    [
        ("30d", datetime(2026, 10, 23, 22, 0, tzinfo=UTC)),  # still summer time
        ("7d", datetime(2026, 11, 15, 23, 0, tzinfo=UTC)),
        ("0d", datetime(2026, 11, 22, 23, 0, tzinfo=UTC)),
        ("12h", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("90m", datetime(2026, 11, 23, 20, 0, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 10, 31, 23, 0, tzinfo=UTC)),
        ("2026-11-01T14:05:00+02:00", datetime(2026, 11, 1, 12, 5, tzinfo=UTC)),
        ("all", datetime(1970, 1, 1, tzinfo=UTC)),
        ("99999d", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_period_begins_at(since: str, begins: datetime) -> None:
    """Days are whole days of the zone, hours are exact, and a date is its midnight in the zone."""
    period = parse_period(since=since, until=None, tz="Europe/Berlin", now=NOW)
    assert (period.since, period.until, period.tz) == (begins, NOW, "Europe/Berlin")


@pytest.mark.parametrize(
    ("until", "ends"),
    [
        (None, NOW),
        ("2026-11-20", datetime(2026, 11, 19, 23, 0, tzinfo=UTC)),
        ("2026-11-20T00:00:00Z", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2h", NOW - timedelta(hours=2)),
        ("24h", NOW - timedelta(hours=24)),
        ("0d", datetime(2026, 11, 22, 23, 0, tzinfo=UTC)),
        ("3d", datetime(2026, 11, 19, 23, 0, tzinfo=UTC)),
        ("30d", datetime(2026, 10, 23, 22, 0, tzinfo=UTC)),  # still summer time
    ],
)
def test_a_period_ends_before(until: str | None, ends: datetime) -> None:
    """The end is not included. Whole days end at a midnight of the zone, hours are counted from now."""
    assert parse_period(since="all", until=until, tz="Europe/Berlin", now=NOW).until == ends


@pytest.mark.parametrize("text", ["0d", "1d", "30d", "19000d", "90m", "12h", "2026-10-25", "2026-10-25T00:00:00Z"])
@pytest.mark.parametrize("tz", ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati"])
def test_the_same_text_is_the_same_instant_at_both_ends(text: str, tz: str) -> None:
    """The start is counted from the end, and the end from now."""
    since = parse_period(since=text, until=None, tz=tz, now=NOW).since
    assert parse_period(since="all", until=text, tz=tz, now=NOW).until == since


def test_a_month_is_two_dates() -> None:
    """--since 2026-11-01 --until 2026-12-01 is exactly November."""
    period = parse_period(since="2026-11-01", until="2026-12-01", tz="UTC", now=NOW)
    assert (period.since, period.until) == (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def test_days_are_counted_back_from_the_end() -> None:
    """--since 7d --until 2026-11-20 are the seven days before that day."""
    period = parse_period(since="7d", until="2026-11-20", tz="UTC", now=NOW)
    assert period.until - period.since == timedelta(days=7)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "",
        "30",
        "1.5",
        "-1d",
        "2026-02-30",
        "2026-11-01T14:05:00",
        "2026-13-01",
        "30 d x",
        "1000000d",
        "²d",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """The message shows a length of time with its unit, a date, and an instant with its zone."""
    with pytest.raises(PeriodError, match=r"30d, 12h.*2026-11-01.*T14:05:00Z"):
        parse_period(since=text, until=None, tz="UTC", now=NOW)


@pytest.mark.parametrize(("text", "days"), [("7", "7d"), ("2w", "14d"), ("1 week", "7d"), ("yesterday", "1d")])
def test_days_are_suggested(text: str, days: str) -> None:
    """A number without a unit, weeks and yesterday have a spelling in days."""
    with pytest.raises(PeriodError, match=rf" Did you mean {days}\?$"):
        parse_period(since=text, until=None, tz="UTC", now=NOW)


def test_an_empty_end_is_not_now() -> None:
    """--until "$END" with an unset variable must not mean now."""
    with pytest.raises(PeriodError, match="is neither a length of time"):
        parse_period(since="7d", until="", tz="UTC", now=NOW)


@pytest.mark.parametrize(
    ("since", "until"), [("2026-11-02", "2026-11-01"), ("2026-11-01", "2026-11-01"), ("all", "1969-01-01")]
)
def test_a_period_that_ends_before_it_begins_is_refused(since: str, until: str) -> None:
    """An empty period is refused, too. The message names both instants."""
    with pytest.raises(PeriodError, match=rf"--since {since} is .*T00:00.* --until {until} is .*T00:00"):
        parse_period(since=since, until=until, tz="UTC", now=NOW)


@pytest.mark.parametrize(
    ("tz", "said"),
    [("europe/berlin", "Europe/Berlin"), ("Berlin", "Europe/Berlin"), ("Europe/Berln", "Europe/Berlin"), ("..", "UTC")],
)
def test_an_unknown_zone_is_refused_with_those_that_might_be_meant(tz: str, said: str) -> None:
    """Case, missing parts and typing errors are recognised."""
    with pytest.raises(PeriodError, match=f"is not a time zone.*{said}"):
        parse_zone(tz)


def suggested(tz: str) -> list[str]:
    """Return the names of zones in the message for a text that is not the name of a zone."""
    with pytest.raises(PeriodError, match="is not a time zone") as caught:
        parse_zone(tz)
    hint = re.sub("(of|behind) UTC:", "", str(caught.value).removeprefix(f"{tz!r} is not a time zone. "))
    return [name for name in re.findall(r"[\w/+-]+", hint) if name in ZONES]


@pytest.mark.parametrize(
    ("tz", "zones"),
    [
        ("UTC+2", ["Europe/Berlin", "Etc/GMT-2"]),
        ("utc +2", ["Europe/Berlin", "Etc/GMT-2"]),
        ("GMT+2", ["Europe/Berlin", "Etc/GMT-2"]),
        ("+02:00", ["Europe/Berlin", "Etc/GMT-2"]),
        ("UTC-5", ["Europe/Berlin", "Etc/GMT+5"]),
        ("UTC\N{MINUS SIGN}5", ["Europe/Berlin", "Etc/GMT+5"]),
        ("UTC+05:30", ["Europe/Berlin"]),
        ("UTC+15", ["Europe/Berlin"]),
        ("UTC+0", ["UTC"]),
        ("Z", ["UTC"]),
        ("CEST", ["Europe/Berlin", "UTC"]),
        ("IST", ["Europe/Berlin", "UTC"]),
        ("Berlin", ["Europe/Berlin"]),
        ("europe/berlin", ["Europe/Berlin"]),
        ("New York", ["America/New_York"]),
        ("newyork", ["America/New_York"]),
        ("utc", ["UTC"]),
        ("Eastern Standard Time", ["Europe/Berlin", "UTC"]),
    ],
)
def test_no_suggestion_is_hours_off(tz: str, zones: list[str]) -> None:
    """The sign in a name such as Etc/GMT-2 is the opposite of that in UTC+2."""
    assert suggested(tz) == zones


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from(["", "UTC", "GMT", "utc"]), st.integers(-15, 15).filter(bool), st.sampled_from(["", ":00", "00"])
)
def test_a_fixed_zone_that_is_suggested_has_the_offset(prefix: str, hours: int, minutes: str) -> None:
    """The fixed zones reach from UTC-12 to UTC+14. For other offsets no fixed zone is suggested."""
    fixed = [name for name in suggested(f"{prefix}{hours:+03}{minutes}") if name.startswith("Etc/")]
    assert [NOW.astimezone(zoneinfo.ZoneInfo(name)).utcoffset() for name in fixed] == (
        [timedelta(hours=hours)] if -12 <= hours <= 14 else []
    )


@pytest.mark.parametrize("tz", ["EST", "CET", "Etc/GMT+2"])
def test_a_name_of_the_database_of_zones_is_accepted(tz: str) -> None:
    """The name is exact, so no suggestion is needed."""
    assert parse_zone(tz).key == tz


@pytest.mark.parametrize("tz", ["", "localtime", "/etc/localtime", "../UTC"])
def test_what_is_no_name_of_a_zone_is_refused(tz: str) -> None:
    """This includes names that Python accepts and DuckDB does not."""
    with pytest.raises(PeriodError, match="is not a time zone"):
        parse_zone(tz)


@pytest.fixture
def no_time_zones(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine such as a minimal container: no zones of the system, and no package `tzdata`."""
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath(to=())
    yield
    zoneinfo.reset_tzpath()


@pytest.mark.usefixtures("no_time_zones")
@pytest.mark.parametrize("tz", ["UTC", "Europe/Berlin", "Berlin"])
def test_without_time_zones_the_message_says_what_to_install(tz: str) -> None:
    """Python has no zones of its own, not even UTC. The machine lacks them, and the command line is valid."""
    with pytest.raises(ConfigError, match="no database of time zones; run: pip install tzdata"):
        parse_zone(tz)


@pytest.mark.parametrize("tz", ["America/Santiago", "Africa/Cairo", "Asia/Beirut", "America/Asuncion", "Europe/Berlin"])
def test_a_day_begins_where_its_clock_says_so(tz: str) -> None:
    """This holds also where clocks skip midnight, or strike it twice."""
    zone = zoneinfo.ZoneInfo(tz)
    for number in range(366):
        day = date(2026, 1, 1) + timedelta(days=number)
        begins = midnight(day, zone)
        assert begins.astimezone(zone).date() == day
        assert (begins - timedelta(microseconds=1)).astimezone(zone).date() < day


def test_every_zone_is_one_to_duckdb_too() -> None:
    """A name that Python knows must not fail in the middle of a report."""
    with duckdb.connect() as connection:
        known = {name for (name,) in connection.execute("select name from pg_timezone_names()").fetchall()}
    accepted = zoneinfo.available_timezones() - {"localtime"}
    assert accepted <= known
