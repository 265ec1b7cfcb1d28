"""The chart of minutes, read back from its drawing: which bars stand when, how high, and in which colour."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from etl.page.charts import SERIES_COLORS
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


def test_a_bar_per_day_and_meeting(usage: Usage, make: MakePage) -> None:
    """Meetings are stacked in the order of all their minutes. A day without snapshots is hatched, an idle one empty."""
    minutes = {"2026-11-02": {"a": 40, "b": 30}, "2026-11-03": {"a": 2, "b": 40, "c": 7}, "2026-11-06": {"c": 12}}
    fill(usage, minutes)
    hourly(usage, "2026-11-02 00:00", "2026-11-04 23:00")
    hourly(usage, "2026-11-06 00:00", "2026-11-06 23:00")
    figure = read_figure(make("2026-11-02 00:00", "2026-11-07 00:00"), "minutes", days=5)
    assert figure.caption == "Minutes per day of the meetings, in sessions of the type meeting."
    assert figure.legend_classes == "legend"
    assert figure.legend == {
        "series-0": "Room b",
        "series-1": "Room a",
        "series-2": "Room c",
        "unknown": "nothing is known",
    }
    for drawing in figure.drawings:
        assert drawing.label == "Minutes by day and meeting, 131 in all."
        assert list(drawing.values) == ["0", "20", "40", "60", "80"]
        check_bars(drawing, "series-0", [(0, DAY, 0, 30), (DAY, 2 * DAY, 0, 40)])
        check_bars(drawing, "series-1", [(0, DAY, 30, 70), (DAY, 2 * DAY, 40, 42)])
        check_bars(drawing, "series-2", [(DAY, 2 * DAY, 42, 49), (4 * DAY, 5 * DAY, 0, 12)])
        check_bars(drawing, "series-others", [])
        check_bars(drawing, "unknown", [(3 * DAY, 4 * DAY, 0, 80)])
        assert [box.title for box in drawing.boxes] == [
            "Thu 5 Nov: nothing is known",
            "Mon 2 Nov, Room b: 30 minutes",
            "Mon 2 Nov, Room a: 40 minutes",
            "Tue 3 Nov, Room b: 40 minutes",
            "Tue 3 Nov, Room a: 2 minutes",
            "Tue 3 Nov, Room c: 7 minutes",
            "Fri 6 Nov, Room c: 12 minutes",
        ]


def test_only_boxes_with_room_for_it_have_an_edge(usage: Usage, make: MakePage) -> None:
    """A box of at most three pixels would be all edge, and so would a bar of at most five."""
    fill(usage, {"2026-11-02": {"a": 100, "b": 1.9, "c": 1.6}})
    snapshots(usage, "2026-09-06 00:00", 58)
    page = make("2026-09-06 00:00", "2026-11-03 00:00")
    figure = read_figure(page, "minutes", days=58)
    wide, narrow = ([box for box in drawing.boxes if box.classes - {"unknown"}] for drawing in figure.drawings)
    assert [(round(box.height, 1), "edged" in box.classes) for box in wide] == [(168, True), (3.2, True), (2.7, False)]
    assert not any("edged" in box.classes for box in narrow)


@pytest.mark.parametrize(
    ("days", "bars", "caption"),
    [
        (62, (62, 62), "Minutes per day of the meetings"),
        (63, (63, 10), "Minutes per day (on a phone, per week) of the meetings"),
        (190, (190, 28), "Minutes per day (on a phone, per week) of the meetings"),
        (191, (29, 29), "Minutes per week of the meetings"),
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
    assert minutes.caption == f"{caption}, in sessions of the type meeting."
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
    assert figure.legend == {"series-0": "Room a", "series-1": "Room b", "unknown": "nothing is known"}
    wide, narrow = figure.drawings
    check_bars(wide, "unknown", [(day * DAY, (day + 1) * DAY, 0, 40) for day in unknown])
    check_bars(narrow, "unknown", [(18 * DAY, 25 * DAY, 0, 50)])
    check_bars(narrow, "series-0", [(0, 4 * DAY, 0, 48), (67 * DAY, 69 * DAY, 0, 5)])
    check_bars(narrow, "series-1", [(0, 4 * DAY, 48, 50), (4 * DAY, 11 * DAY, 0, 30)])
    assert [box.title for box in narrow.boxes] == [
        "Mon 14 Sep to Sun 20 Sep: nothing is known",
        "Thu 27 Aug to Sun 30 Aug, Room a: 48 minutes",
        "Thu 27 Aug to Sun 30 Aug, Room b: 2 minutes",
        "Mon 31 Aug to Sun 6 Sep, Room b: 30 minutes",
        "Mon 2 Nov to Tue 3 Nov, Room a: 5 minutes",
    ]


@pytest.mark.parametrize("meetings", [SERIES_COLORS, SERIES_COLORS + 1, 21])
def test_all_meetings_but_the_busiest_share_a_colour(usage: Usage, make: MakePage, meetings: int) -> None:
    """Eight meetings have a colour of their own. All others are on top of them, in grey."""
    by_meeting = {f"m{number:02}": 100 - 2 * number for number in range(meetings)}
    fill(usage, {"2026-11-02": by_meeting})
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    page = make("2026-11-02 00:00", "2026-11-03 00:00")
    figure = read_figure(page, "minutes", days=1)
    others = {"series-others": "all others"} if meetings > SERIES_COLORS else {}
    assert figure.legend == {f"series-{number}": f"Room m{number:02}" for number in range(SERIES_COLORS)} | others
    named = "8 busiest meetings and all others" if others else "meetings"
    assert figure.caption == f"Minutes per day of the {named}, in sessions of the type meeting."
    amounts = list(by_meeting.values())
    heights = [*amounts[:SERIES_COLORS], *([sum(amounts[SERIES_COLORS:])] if others else [])]
    for drawing in figure.drawings:
        for place, (color, name) in enumerate(figure.legend.items()):
            base = sum(heights[:place])
            check_bars(drawing, color, [(0, DAY, base, base + heights[place])])
            assert [box.title for box in drawing.boxes_of(color)] == [f"Mon 2 Nov, {name}: {heights[place]} minutes"]
        assert len(drawing.boxes) == len(heights)


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
    fill(usage, {"2026-11-02": {"a": 10}, "2026-11-03": {"a": 20}})
    hourly(usage, "2026-11-01 00:00", "2026-11-03 23:00")
    page = make("2026-11-02 06:00", "2026-11-03 18:00")
    for drawing in read_figure(page, "minutes", days=1.5).drawings:
        check_bars(drawing, "series-0", [(0, 18 * HOUR, 0, 10), (18 * HOUR, 36 * HOUR, 0, 20)])
