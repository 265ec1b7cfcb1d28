"""The charts as drawings: where a shape is, how large, and what stands beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from etl.page import calendar, charts
from etl.page.canvas import Box, Canvas, Path, value_steps
from etl.page.concurrency import Hour, Point, Series
from etl.page.daily import Bar
from etl.reports.periods import Period

if TYPE_CHECKING:
    from etl.page.canvas import Chart

START = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
WIDE, NARROW = charts.SIZES
DAY = 86_400.0
KEYS = {("app", "a"): "Daily", ("app", "b"): "Weekly"}


def period(days: float, *, start: datetime = START, tz: str = "UTC") -> Period:
    """Return a period of so many days."""
    return Period(since=start, until=start + timedelta(days=days), tz=tz)


def boxes(chart: Chart, css_class: str) -> list[Box]:
    """Return the boxes of a colour."""
    return [shape for shape in chart.shapes if isinstance(shape, Box) and css_class in shape.classes.split()]


def paths(chart: Chart, css_class: str) -> list[str]:
    """Return the paths of a class."""
    return [shape.path for shape in chart.shapes if isinstance(shape, Path) and css_class in shape.classes.split()]


def line(*participants: int | None, step: float = 3600.0) -> Series:
    """Return one app's line, of one point per hour."""
    points = [
        Point(begin=place * step, end=(place + 1) * step, participants=each) for place, each in enumerate(participants)
    ]
    gaps = [(point.begin, point.end) for point in points if point.participants is None]
    return Series(app_id="app", step=0.0, points=points, gaps=gaps)


def test_a_bar_is_as_high_as_its_minutes() -> None:
    """Of 400 minutes, 100 are a quarter of the axis. Nothing is drawn for zero, and an unknown span is hatched."""
    spans = calendar.days(period(4))
    bars = [Bar(span=span, minutes=minutes) for span, minutes in zip(spans, (100.0, 400.0, 0.0, None), strict=True)]
    chart = charts.minutes(period(4), WIDE, bars)
    first, second = boxes(chart, "series-0")
    assert second.height == pytest.approx(4 * first.height, abs=0.2)
    assert second.y + second.height == first.y + first.height
    assert [first.title, second.title] == ["Mon 2 Nov: 100 minutes", "Tue 3 Nov: 400 minutes"]
    (hatched,) = boxes(chart, "unknown")
    assert hatched.title == "Thu 5 Nov: nothing is known"
    assert [label.text for label in chart.labels[:5]] == ["0", "100", "200", "300", "400"]


def test_a_day_of_25_hours_is_wider() -> None:
    """Clocks in Berlin are put back on 25 October."""
    saturday, sunday = calendar.days(period(49 / 24, start=datetime(2026, 10, 23, 22, tzinfo=UTC), tz="Europe/Berlin"))
    assert (saturday.end - saturday.begin, sunday.end - sunday.begin) == (24 * 3600, 25 * 3600)


def test_coverage_is_the_lower_part_of_a_bar() -> None:
    """Three quarters are covered; a full day has no upper part, an empty one no lower part."""
    spans = calendar.days(period(4))
    chart = charts.coverage(period(4), WIDE, list(zip(spans, (0.75, 1.0, 0.0, None), strict=True)))
    covered, missing = boxes(chart, "covered"), boxes(chart, "missing")
    assert [box.title for box in covered] == ["Mon 2 Nov: 75.0 % covered", "Tue 3 Nov: 100.0 % covered"]
    assert [box.title for box in missing] == ["Mon 2 Nov: 75.0 % covered", "Wed 4 Nov: 0.0 % covered"]
    assert covered[0].height == pytest.approx(3 * missing[0].height, abs=0.3)
    assert missing[0].y + missing[0].height == pytest.approx(covered[0].y, abs=0.1)
    assert [box.title for box in boxes(chart, "unknown")] == ["Thu 5 Nov: nothing is known"]
    assert [label.text for label in chart.labels[:3]] == ["0 %", "50 %", "100 %"]


def test_a_line_steps_and_breaks() -> None:
    """The line goes on to the end of a point, then up or down. After a gap it begins anew, and the gap is marked."""
    four_hours = Period(since=START, until=START + timedelta(hours=4), tz="UTC")
    chart = charts.concurrency(four_hours, WIDE, [line(2, 4, None, 0)])
    canvas = Canvas(period=four_hours, size=WIDE, most=4)
    x, y = canvas.x, canvas.y
    first = f"M{x(0):g} {y(2):g}H{x(3600):g}V{y(4):g}H{x(7200):g}"
    second = f"M{x(10_800):g} {y(0):g}H{x(14_400):g}"
    assert paths(chart, "line") == [first + second]
    (area,) = paths(chart, "area")
    assert area.count("Z") == area.count("M") == 2
    (hatched,), (mark,) = boxes(chart, "unknown"), boxes(chart, "missing")
    assert (hatched.x, hatched.width) == (mark.x, mark.width) == (x(7200), round(x(10_800) - x(7200), 1))
    assert mark.y + mark.height == hatched.y + hatched.height == y(0)


def test_several_lines_have_a_colour_each_and_no_area() -> None:
    """An area would hide the lines behind it."""
    chart = charts.concurrency(period(1), WIDE, [line(1, 2), line(3, 4)])
    assert len(paths(chart, "series-0")) == len(paths(chart, "series-1")) == 1
    assert paths(chart, "area") == []


def test_short_gaps_are_marked_and_not_hatched() -> None:
    """A minute of 60 days is narrower than a pixel. Marks that meet are one."""
    points = line(1, step=60 * DAY).points
    own = Series(app_id="app", step=0.0, points=points, gaps=[(3600.0, 3660.0), (3660.0, 3720.0)])
    chart = charts.concurrency(period(60), NARROW, [own])
    (mark,) = boxes(chart, "missing")
    assert mark.width > 0
    assert boxes(chart, "unknown") == []


def test_a_week_is_a_grid() -> None:
    """Days are the rows of a wide chart and the columns of a tall one; colours go from zero to the greatest mean."""
    means = {(1, 0): 0.0, (1, 1): 7.0, (7, 23): 3.5}
    hours = [
        Hour(weekday=day, hour=hour, mean_participants=means.get((day, hour)), snapshots=2)
        for day in range(1, 8)
        for hour in range(24)
    ]
    wide, tall = (charts.week(size, hours) for size in charts.WEEK_SIZES)
    for chart, columns in ((wide, 24), (tall, 7)):
        assert len({shape.x for shape in chart.shapes if isinstance(shape, Box)}) == columns
        assert [box.title for box in boxes(chart, "heat-0")] == ["Mon 00:00: 0.0 participants on average"]
        assert [box.title for box in boxes(chart, "heat-6")] == ["Mon 01:00: 7.0 participants on average"]
        assert [box.title for box in boxes(chart, "heat-3")] == ["Sun 23:00: 3.5 participants on average"]
        assert len(boxes(chart, "unknown")) == 165
    assert boxes(wide, "heat-3")[0].y > boxes(wide, "heat-0")[0].y
    assert boxes(tall, "heat-3")[0].x > boxes(tall, "heat-0")[0].x


@pytest.mark.parametrize(
    ("most", "steps"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (6, [0, 2, 4, 6]),
        (48, [0, 10, 20, 30, 40, 50]),
        (2_600, [0, 1_000, 2_000, 3_000]),
    ],
)
def test_the_axis_of_values_has_round_steps(most: float, steps: list[float]) -> None:
    """Whole ones, at most five, up to one that is not below the greatest value."""
    assert value_steps(most) == steps


@pytest.mark.parametrize(
    ("days", "texts"),
    [
        (0.5, ["00:00", "02:00", "04:00", "06:00", "08:00", "10:00"]),
        (3, ["2 Nov", "3 Nov", "4 Nov"]),
        (8, ["2 Nov", "4 Nov", "6 Nov", "8 Nov"]),
        (21, ["2 Nov", "9 Nov", "16 Nov"]),
        (120, ["Dec", "Jan 2027", "Feb", "Mar"]),
        (730, ["Jan 2027", "Jul 2027", "Jan 2028", "Jul 2028"]),
    ],
)
def test_the_axis_of_time_has_round_labels(days: float, texts: list[str]) -> None:
    """Full hours, days, Mondays or the first days of months, as many as there is room for."""
    assert [tick.text for tick in calendar.ticks(period(days), most=6)] == texts


def test_great_values_have_a_unit() -> None:
    """A thousand, a million and more are written with a letter, so that each label has room."""
    values = [0, 999, 1e3, 2.5e3, 999e3, 1e6, 1e9, 5e12]
    chart = Canvas(period=period(1), size=WIDE, most=values[-1]).chart([], values, unit=" %")
    texts = [label.text for label in chart.labels if label.anchor == "end"]
    assert texts == [f"{text} %" for text in ("0", "999", "1k", "2.5k", "999k", "1M", "1G", "5000G")]


def test_weeks_begin_on_mondays() -> None:
    """The first and the last week may be parts of one."""
    weeks = calendar.days_or_weeks(period(12, start=datetime(2026, 11, 5, tzinfo=UTC)), most=10)
    assert [(week.first, week.last) for week in weeks] == [
        (date(2026, 11, 5), date(2026, 11, 8)),
        (date(2026, 11, 9), date(2026, 11, 15)),
        (date(2026, 11, 16), date(2026, 11, 16)),
    ]
    assert weeks[1].text == "Mon 9 Nov to Sun 15 Nov"
    assert (weeks[1].begin, weeks[1].end) == (4 * DAY, 11 * DAY)
