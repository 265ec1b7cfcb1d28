from __future__ import annotations

import contextlib
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.cli.types import Duration, Instant, Interval, NewFile, RateLimit, Share, finite
from etl.settings import Rate

YEAR = 366 * 86400


def seconds(text: object, *, least: float = 0.001) -> float:
    """Convert the text of an option as click does."""
    return Duration(shortest=timedelta(seconds=least)).convert(text, None, None).total_seconds()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1h", 3600),
        ("1d", 86400),
        ("1h30m", 5400),
        ("1d12h", 129600),
        ("1.5h", 5400),
        ("0.25s", 0.25),
        ("366d", YEAR),
        (" 5M ", 300),
    ],
)
def test_a_duration_is_numbers_with_units(text: str, expected: float) -> None:
    """Several parts add up, and case does not matter."""
    assert seconds(text) == expected


def test_a_value_that_is_parsed_already_is_taken_as_it_is() -> None:
    """A default needs no parsing."""
    length, rate = timedelta(seconds=10), Rate(requests=1200, seconds=300.0)
    assert Duration().convert(length, None, None) is length
    assert RateLimit().convert(rate, None, None) is rate


@pytest.mark.parametrize(
    "text", ["", " ", "h", "5x", "1 h", "1h 30m", "-5m", "+5m", ".5", "5.", "1.2.3", "1e3", "1,5h", "nan", "inf", "5mm"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    """The message quotes the text and shows a valid example."""
    with pytest.raises(click.BadParameter) as caught:
        seconds(text)
    assert caught.value.message == f"{text!r} is not a duration; write it like 30s, 5m, 1h or 1d."


@pytest.mark.parametrize("text", ["5", "2m5", "5.0m5"])
def test_a_number_without_a_unit_is_refused_with_both_meanings(text: str) -> None:
    """5 could mean seconds or minutes. Only zero needs no unit."""
    with pytest.raises(click.BadParameter) as caught:
        seconds(text)
    assert caught.value.message == (f"{text!r} has a number without a unit; write 5s for seconds, or 5m for minutes.")


@pytest.mark.parametrize(
    ("text", "suggested"),
    [
        ("7m", "6m or 8m"),
        ("100m", "1h or 2h"),
        ("25h", "1d"),
        ("2d", "1d"),
        ("90.5s", "1m or 2m"),
        ("86399s", "12h or 1d"),
    ],
)
def test_an_interval_that_does_not_divide_a_day_is_refused_with_its_neighbours(text: str, suggested: str) -> None:
    """The days of a schedule would otherwise have different slots."""
    with pytest.raises(click.BadParameter) as caught:
        Interval().convert(text, None, None)
    assert caught.value.message == f"{text!r} does not divide a day; did you mean {suggested}?"


@pytest.mark.parametrize(
    ("text", "suggested"),
    [
        ("5s", "5m"),
        ("1s", "1m"),
        ("30s", "30m"),
        ("59s", "48m or 1h"),
        ("7s", "6m or 8m"),
        ("1.1s", "1m or 2m"),
        ("0.5s", "1m"),
        ("0.01m", "1m"),
        ("0", "1m"),
    ],
)
def test_an_interval_below_a_minute_is_refused_with_what_was_probably_meant(text: str, suggested: str) -> None:
    """Seconds were written for minutes."""
    with pytest.raises(click.BadParameter) as caught:
        Interval().convert(text, None, None)
    assert caught.value.message == (
        f"{text!r} is shorter than a minute, the shortest interval; did you mean {suggested}?"
    )


@given(st.sampled_from([second for second in range(60, 86401) if not 86400 % second]))
def test_an_interval_that_divides_a_day_is_taken(length: int) -> None:
    """The shortest is a minute, the longest a day."""
    assert Interval().convert(f"{length}s", None, None) == timedelta(seconds=length)


@pytest.mark.parametrize("text", ["0", "0s", "0.0005s", "367d", "9" * 400 + "s"])
def test_a_duration_is_more_than_nothing_and_at_most_a_year(text: str) -> None:
    """A timeout of zero or of a century is a mistake."""
    with pytest.raises(click.BadParameter, match=r"out of range: from 0\.001 s to a year"):
        seconds(text)


def test_an_option_may_ask_for_more_or_for_less() -> None:
    """The window of a limit is at least one second, and a wait for a lock can be zero."""
    with pytest.raises(click.BadParameter, match="out of range: from 1 s to a year"):
        seconds("0.5s", least=1)
    assert seconds("1s", least=1) == 1
    assert seconds("0", least=0) == 0


@given(st.text(max_size=20) | st.from_regex(r"[0-9.smhd ]{1,12}", fullmatch=True))
def test_no_text_breaks_a_duration(text: str) -> None:
    """Any text gives seconds within the range, or a usage error."""
    with contextlib.suppress(click.BadParameter):
        assert 0.001 <= seconds(text) <= YEAR


@pytest.mark.parametrize(
    "text", ["2026-11-23T12:00:00Z", "2026-11-23T13:00+01:00", "20261123T120000Z", "2026-11-23 12:00:00.000+00:00"]
)
def test_an_instant_is_iso_8601_with_its_zone(text: str) -> None:
    """The instant is converted to UTC."""
    instant = Instant().convert(text, None, None)
    assert instant == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert instant.tzinfo is UTC


def test_an_instant_that_is_one_already_is_taken_as_it_is() -> None:
    """A default needs no parsing."""
    instant = datetime(2026, 11, 23, tzinfo=UTC)
    assert Instant().convert(instant, None, None) is instant


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-11-23", "2026-11-23T12:00:00", "2026-13-01T00:00Z", "0001-01-01T00:00+01:00", "\ud800", "12:00Z"],
)
def test_what_is_no_instant_is_refused_with_an_example(text: str) -> None:
    """An instant needs a zone, and a year that UTC can represent."""
    with pytest.raises(click.BadParameter) as caught:
        Instant().convert(text, None, None)
    assert caught.value.message == f"{text!r} is not an instant; write it with its zone, like 2026-11-23T12:00:00Z."


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)),  # noqa: DTZ001  # the zone is the next line's
    st.integers(-1439, 1439),
)
def test_every_instant_means_the_same_whatever_its_zone(naive: datetime, minutes: int) -> None:
    """The zone is used, not ignored."""
    instant = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert Instant().convert(instant.isoformat(), None, None) == instant


def test_a_new_file_is_a_path_that_need_not_be_there(tmp_path: Path) -> None:
    """Its directory may be missing, and its name can be in any alphabet."""
    path = NewFile().convert(str(tmp_path / "none" / "caf\xe9 1.duckdb"), None, None)
    assert path == tmp_path / "none" / "caf\xe9 1.duckdb"
    assert NewFile().convert(Path("usage.duckdb"), None, None) == Path("usage.duckdb")


@pytest.mark.parametrize("name", ["", "a\udcff", "a\nb", "a\x1b[2J"])
def test_a_new_file_needs_a_name_that_can_be_printed(name: str) -> None:
    """A name can't be empty, hold control characters, or be other than UTF-8."""
    with pytest.raises(click.BadParameter, match="the name of a file has to be printable text"):
        NewFile().convert(name, None, None)


def test_a_directory_is_no_new_file(tmp_path: Path) -> None:
    """An option can refuse directories."""
    with pytest.raises(click.BadParameter, match="is a directory"):
        NewFile(dir_okay=False).convert(str(tmp_path), None, None)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_is_finite(value: float) -> None:
    """Click's ranges accept nan, which is neither below nor above anything."""
    context, parameter = click.Context(click.Command("any")), click.Option(["--any"])
    with pytest.raises(click.BadParameter, match="is not a finite number"):
        finite(context, parameter, value)
    assert finite(context, parameter, 0.5) == 0.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1200/300s", (1200, 300.0)),
        ("1200/5m", (1200, 300.0)),
        (" 3500/5M ", (3500, 300.0)),
        ("1/1s", (1, 1.0)),
        ("1000000000/366d", (10**9, float(YEAR))),
        ("007/1m30s", (7, 90.0)),
    ],
)
def test_a_limit_is_requests_per_window(text: str, expected: tuple[int, float]) -> None:
    """The window is a duration of at least one second."""
    requests, window = expected
    assert RateLimit().convert(text, None, None) == Rate(requests=requests, seconds=window)


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "1200", "1200/", "/300s", "-1/300s", "+5/300s", "1.5/1s", "1e3/1s", "1,200/5m", "many/5m"),
        *("1 200/5m", "\N{ARABIC-INDIC DIGIT ONE}/5m", "\N{SUPERSCRIPT TWO}/5m"),
    ],
)
def test_what_is_no_limit_is_refused_with_an_example(text: str) -> None:
    """The message quotes the text and shows a valid example."""
    with pytest.raises(click.BadParameter) as caught:
        RateLimit().convert(text, None, None)
    assert caught.value.message == (f"{text!r} is not a limit; write requests and a window, like 1200/300s or 1200/5m.")


@pytest.mark.parametrize("text", ["0/300s", "000/5m", "1000000001/300s"])
def test_a_limit_that_makes_no_sense_is_refused(text: str) -> None:
    """A limit of zero would block every request, and a huge one would not limit anything."""
    with pytest.raises(click.BadParameter, match="is out of range: from 1 to 1,000,000,000 requests"):
        RateLimit().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1200/soon", "'soon' is not a duration"),
        ("1200/5m/2", "'5m/2' is not a duration"),
        ("1200/0s", "from 1 s to a year"),
        ("1200/5m30", "write 30s for seconds, or 30m for minutes"),
        ("1200/0.5s", "from 1 s to a year"),
        ("1200/367d", "from 1 s to a year"),
    ],
)
def test_the_window_of_a_limit_is_a_duration(text: str, message: str) -> None:
    """The messages are those of a duration."""
    with pytest.raises(click.BadParameter, match=message):
        RateLimit().convert(text, None, None)


@pytest.mark.parametrize("window", ["300", "0", "0.5", "1.2.3"])
def test_a_window_without_a_unit_is_refused_with_both_limits(window: str) -> None:
    """The message shows the whole value of the option, ready to be copied."""
    with pytest.raises(click.BadParameter) as caught:
        RateLimit().convert(f"1200/{window}", None, None)
    assert caught.value.message == (
        f"'1200/{window}' has a window without a unit; write 1200/{window}s for seconds, or 1200/{window}m for minutes."
    )


@given(st.text(max_size=20) | st.from_regex(r"[0-9+.-]{0,12}/[0-9.smhd]{0,6}", fullmatch=True))
def test_no_text_breaks_a_limit(text: str) -> None:
    """Any text gives requests per window, or a usage error."""
    with contextlib.suppress(click.BadParameter):
        rate = RateLimit().convert(text, None, None)
        assert 1 <= rate.requests <= 10**9
        assert 1 <= rate.seconds <= YEAR


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10%", 0.1), ("0.1", 0.1), ("0", 0), ("0%", 0), ("99.9%", 0.999), (" 2.5% ", 0.025), (".5", 0.5), (0.25, 0.25)],
)
def test_a_share_is_a_part_of_a_whole(text: object, expected: float) -> None:
    """A share is a percentage or a fraction."""
    assert Share().convert(text, None, None) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "%", "ten", "10%%", "1/10", "10 percent", "0,1"])
def test_what_is_no_share_is_refused_with_an_example(text: str) -> None:
    """The message quotes the text and shows a valid example."""
    with pytest.raises(click.BadParameter) as caught:
        Share().convert(text, None, None)
    assert caught.value.message == f"{text!r} is not a share; write it like 10% or 0.1."


@pytest.mark.parametrize("text", ["100%", "1", "1.0", "10", "110%", "-1%", "-0.1", "nan", "nan%", "inf", "-inf"])
def test_a_share_is_less_than_all_and_not_less_than_nothing(text: str) -> None:
    """100% would leave nothing, and 10 could mean 10%."""
    with pytest.raises(click.BadParameter) as caught:
        Share().convert(text, None, None)
    assert caught.value.message == f"{text!r} is out of range: from 0% to below 100%."


@given(st.text(max_size=12) | st.from_regex(r"[0-9.e+-]{0,8}%?", fullmatch=True))
def test_no_text_breaks_a_share(text: str) -> None:
    """Any text gives a share, or a usage error."""
    with contextlib.suppress(click.BadParameter):
        assert 0 <= Share().convert(text, None, None) < 1
