"""The chart of minutes, read back from its drawing: which bars stand when, how high, and in which colour."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from etl.page import text
from tests.page.conftest import HOUR, a_session, hourly
from tests.page.drawings import check_bars, read_figure
from tests.sql.rows import utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.page.conftest import MakePage
    from tests.sql.rows import Usage

DAY = 86_400


def fill(usage: Usage, minutes: Mapping[str, Mapping[str, float]]) -> None:
    """Sessions of one hour at noon, with the minutes of each day and meeting."""
    for day, by_meeting in minutes.items():
        for meeting, amount in by_meeting.items():
            name = f"{meeting} on {day}"
            a_session(usage, day, amount, name, meeting_id=meeting, meeting_display_name=f"Room {meeting}")


def snapshots(usage: Usage, first: str, days: int, *, without: Sequence[int] = ()) -> None:
    """A snapshot at every noon and at every midnight, but none on some days."""
    for number in range(days):
        if number not in without:
            begin = utc(first) + timedelta(days=number)
            usage.runs(begin, begin + timedelta(hours=23), every=12 * HOUR)


def test_a_bar_per_day(usage: Usage, make: MakePage) -> None:
    """A bar has the minutes of all meetings. A day without snapshots is hatched, an idle day is empty."""
    minutes = {"2026-11-02": {"a": 40, "b": 30}, "2026-11-03": {"a": 2, "b": 40, "c": 7}, "2026-11-06": {"c": 12}}
    fill(usage, minutes)
    hourly(usage, "2026-11-02 00:00", "2026-11-04 23:00")
    hourly(usage, "2026-11-06 00:00", "2026-11-06 23:00")
    figure = read_figure(make("2026-11-02 00:00", "2026-11-07 00:00"), "minutes", days=5)
    assert figure.caption == "Minutes per day, in meetings."
    assert figure.legend == {"unknown": "nothing is known"}
    for drawing in figure.drawings:
        assert drawing.label == "Minutes in meetings, 131 in all."
        assert list(drawing.values) == ["0", "20", "40", "60", "80"]
        check_bars(drawing, "series-0", [(0, DAY, 0, 70), (DAY, 2 * DAY, 0, 49), (4 * DAY, 5 * DAY, 0, 12)])
        check_bars(drawing, "unknown", [(3 * DAY, 4 * DAY, 0, 80)])
        assert [box.title for box in drawing.boxes] == [
            "Thu 5 Nov: nothing is known",
            "Mon 2 Nov: 70 minutes",
            "Tue 3 Nov: 49 minutes",
            "Fri 6 Nov: 12 minutes",
        ]


def test_one_or_two_days_have_a_bar_per_hour(usage: Usage, make: MakePage) -> None:
    """The caption says so, and the table has the hours. An hour without a snapshot and without minutes is hatched."""
    a_session(usage, "2026-11-02", 60)
    hourly(usage, "2026-11-02 00:00", "2026-11-02 21:00")
    page = make("2026-11-02 00:00", "2026-11-03 00:00")
    figure = read_figure(page, "minutes", days=1)
    assert figure.caption == "Minutes per hour, in meetings."
    for drawing in figure.drawings:
        check_bars(drawing, "series-0", [(12 * HOUR, 13 * HOUR, 0, 60)])
        check_bars(drawing, "unknown", [(hour * HOUR, (hour + 1) * HOUR, 0, 60) for hour in (22, 23)])
        assert drawing.boxes_of("series-0")[0].title == "Mon 2 Nov, 12:00: 60 minutes"
    hours = {row["hour"]: row["minutes"] for row in page.table("Usage of each hour")}
    assert (len(hours), hours["Mon 2 Nov, 12:00"], hours["Mon 2 Nov, 13:00"]) == (24, "60.0", "0.0")
    assert hours["Mon 2 Nov, 23:00"] == text.NOTHING


def test_an_hour_that_clocks_repeat_has_one_bar(usage: Usage, make: MakePage) -> None:
    """In Berlin the hour from two on 25 October lasts two hours. Its minutes are counted once."""
    usage.observed("2026-10-25 00:00", 0, started_at=utc("2026-10-25 00:00"))
    usage.final("2026-10-25 02:00", 120, started_at=utc("2026-10-25 00:00"))
    hourly(usage, "2026-10-24 22:00", "2026-10-25 22:00")
    page = make("2026-10-24 22:00", "2026-10-25 23:00", tz="Europe/Berlin")
    drawing = read_figure(page, "minutes", days=25 / 24).wide
    check_bars(drawing, "series-0", [(2 * HOUR, 4 * HOUR, 0, 120)])


@pytest.mark.parametrize(
    ("days", "bars", "caption"),
    [
        (62, (62, 62), "Minutes per day"),
        (63, (63, 10), "Minutes per day (on a phone, per week)"),
        (190, (190, 28), "Minutes per day (on a phone, per week)"),
        (191, (29, 29), "Minutes per week"),
    ],
)
def test_a_chart_of_many_days_has_a_bar_per_week(
    usage: Usage, make: MakePage, days: int, bars: tuple[int, int], caption: str
) -> None:
    """The caption says what a bar is. A chart of minutes and one of coverage change to weeks with the same day."""
    first = date(2026, 11, 2) - timedelta(days=days - 1)
    fill(usage, {str(first + timedelta(days=number)): {"a": 10} for number in range(days)})
    snapshots(usage, str(first), days)
    page = make(str(first), "2026-11-03 00:00")
    minutes = read_figure(page, "minutes", days=days)
    assert minutes.caption == f"{caption}, in meetings."
    for name, shape in (("minutes", "series-0"), ("coverage", "covered")):
        wide, narrow = read_figure(page, name, days=days).drawings
        assert (len(wide.boxes_of(shape)), len(narrow.boxes_of(shape))) == bars


def test_a_week_is_monday_to_sunday(usage: Usage, make: MakePage) -> None:
    """Its bar is the sum of its days, and its title names the first and the last. Whole unknown weeks are hatched."""
    first, days = datetime(2026, 8, 27, tzinfo=UTC), 69  # from a Thursday to a Tuesday
    unknown = [2, *range(18, 25), *range(25, 28)]  # a Saturday, the week of 14 September, and three days of the next
    fill(
        usage,
        {"2026-08-27": {"a": 40}, "2026-08-30": {"a": 8, "b": 2}, "2026-08-31": {"b": 30}, "2026-11-03": {"a": 5}},
    )
    snapshots(usage, str(first.date()), days, without=unknown)
    page = make(first, "2026-11-04 00:00")
    figure = read_figure(page, "minutes", days=days)
    wide, narrow = figure.drawings
    check_bars(wide, "unknown", [(day * DAY, (day + 1) * DAY, 0, 40) for day in unknown])
    check_bars(narrow, "unknown", [(18 * DAY, 25 * DAY, 0, 50)])
    check_bars(narrow, "series-0", [(0, 4 * DAY, 0, 50), (4 * DAY, 11 * DAY, 0, 30), (67 * DAY, 69 * DAY, 0, 5)])
    assert [box.title for box in narrow.boxes] == [
        "Mon 14 Sep to Sun 20 Sep: nothing is known",
        "Thu 27 Aug to Sun 30 Aug: 50 minutes",
        "Mon 31 Aug to Sun 6 Sep: 30 minutes",
        "Mon 2 Nov to Tue 3 Nov: 5 minutes",
    ]


def test_days_of_23_and_25_hours_have_their_own_width(usage: Usage, make: MakePage) -> None:
    """Clocks in Berlin are put back on 25 October."""
    fill(usage, {"2026-10-24": {"a": 10}, "2026-10-25": {"a": 20}, "2026-10-26": {"a": 30}})
    hourly(usage, "2026-10-23 22:00", "2026-10-26 22:00")
    page = make("2026-10-23 22:00", "2026-10-26 23:00", tz="Europe/Berlin")
    for drawing in read_figure(page, "minutes", days=73 / 24).drawings:
        days = [(0, DAY), (DAY, 49 * HOUR), (49 * HOUR, 73 * HOUR)]
        check_bars(drawing, "series-0", [(*day, 0, minutes) for day, minutes in zip(days, (10, 20, 30), strict=True)])


def test_parts_of_days_are_as_wide_as_they_are_long(usage: Usage, make: MakePage) -> None:
    """A period that begins and ends within a day has shorter bars there."""
    fill(usage, {"2026-11-02": {"a": 10}, "2026-11-03": {"a": 20}, "2026-11-04": {"a": 30}})
    hourly(usage, "2026-11-01 00:00", "2026-11-04 23:00")
    page = make("2026-11-02 06:00", "2026-11-04 18:00")
    for drawing in read_figure(page, "minutes", days=2.5).drawings:
        days = [(0, 18 * HOUR, 0, 10), (18 * HOUR, 42 * HOUR, 0, 20), (42 * HOUR, 60 * HOUR, 0, 30)]
        check_bars(drawing, "series-0", days)
