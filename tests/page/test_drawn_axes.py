"""The axes of the charts, read back from their drawings: which label stands where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from etl.page.canvas import value_steps
from tests.page.conftest import HOUR, a_session, hourly
from tests.page.drawings import NEAR, read_figure
from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.page.drawings import Drawing
    from tests.sql.rows import Usage

DAY = 86_400
WIDTH_OF_CHARACTER = 0.56  # as a share of the height of a font


def check_ticks(drawing: Drawing, since: datetime, labels: dict[str, str], *, shift: float = 0) -> None:
    """Compare the labels with local instants, to a tenth of a pixel. The last one may be moved to stay in the chart."""
    expected = {
        text: (datetime.fromisoformat(at).astimezone(UTC) - since).total_seconds() + shift
        for text, at in labels.items()
    }
    assert [text for text, _ in drawing.ticks] == list(expected)
    for (text, second), place in zip(drawing.ticks, expected.values(), strict=True):
        half = WIDTH_OF_CHARACTER * drawing.font * len(text) / 2
        assert drawing.x(second) == pytest.approx(min(drawing.x(place), drawing.width - half), abs=NEAR)


def days(first: str, count: int, *, step: int = 1, tz: str = "UTC") -> dict[str, str]:
    """Return the labels of midnights, with their instants."""
    start = datetime.fromisoformat(first).replace(tzinfo=ZoneInfo(tz))
    midnights = [start + timedelta(days=number * step) for number in range(count)]
    return {f"{at.day} {at:%b}": at.isoformat() for at in midnights}


def hours(first: str, count: int, *, step: int, tz: str = "UTC") -> dict[str, str]:
    """Return the labels of full hours, with their instants."""
    start = datetime.fromisoformat(first).replace(tzinfo=ZoneInfo(tz))
    instants = [start.astimezone(UTC) + timedelta(hours=number * step) for number in range(count)]
    return {f"{at.astimezone(ZoneInfo(tz)):%H:%M}": at.isoformat() for at in instants}


def months(*names: str) -> dict[str, str]:
    """Return the labels of months, with the midnights that they begin at."""
    return {name: datetime.strptime(name, "%b %Y").replace(tzinfo=UTC).isoformat() for name in names}


# By the first and the last midnight: the labels below the line of participants, wide and narrow.
CASES = {
    "an hour": ("2026-11-02 10:30", "2026-11-02 11:30", hours("2026-11-02 11:00", 1, step=1), None),
    "a day": (
        "2026-11-02 00:00",
        "2026-11-03 00:00",
        hours("2026-11-02 00:00", 12, step=2),
        hours("2026-11-02 00:00", 4, step=6),
    ),
    "a night": (
        "2026-11-02 20:00",
        "2026-11-03 04:00",
        hours("2026-11-02 20:00", 8, step=1),
        hours("2026-11-02 20:00", 4, step=2),
    ),
    "three days": ("2026-11-02 00:00", "2026-11-05 00:00", days("2026-11-02", 3), None),
    "two weeks": (
        "2026-11-02 00:00",
        "2026-11-16 00:00",
        days("2026-11-02", 7, step=2),
        days("2026-11-02", 2, step=7),
    ),
    "70 days": (
        "2026-11-04 00:00",
        "2027-01-13 00:00",
        days("2026-11-09", 10, step=7),
        days("2026-11-09", 5, step=14),
    ),
    "71 days": (
        "2026-11-04 00:00",
        "2027-01-14 00:00",
        {"Dec": "2026-12-01T00:00Z", "Jan 2027": "2027-01-01T00:00Z"},
        None,
    ),
    "400 days": (
        "2026-01-15 00:00",
        "2027-02-19 00:00",
        months("Mar 2026", "May 2026", "Jul 2026", "Sep 2026", "Nov 2026", "Jan 2027"),
        months("Apr 2026", "Jul 2026", "Oct 2026", "Jan 2027"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_labels_of_the_time_stand_at_their_instants(usage: Usage, make: MakePage, case: str) -> None:
    """Full hours, midnights, Mondays, or the first days of months, as many as there is room for."""
    since, until, wide, narrow = CASES[case]
    length = utc(until) - utc(since)
    usage.runs(since, until, every=max(900, length.total_seconds() // 100))
    figure = read_figure(make(since, until), "concurrency", days=length.total_seconds() / DAY)
    for drawing, labels in ((figure.wide, wide), (figure.narrow, narrow or wide)):
        check_ticks(drawing, utc(since), labels)


def test_the_hours_are_those_of_the_zone(usage: Usage, make: MakePage) -> None:
    """In India full hours are half an hour off those of UTC. A day in Berlin has the hour from two twice in October."""
    hourly(usage, "2026-10-24 00:00", "2026-10-26 23:00")
    india = make("2026-10-24 18:30", "2026-10-25 00:30", tz="Asia/Kolkata")
    labels = hours("2026-10-25 00:00", 6, step=1, tz="Asia/Kolkata")
    check_ticks(read_figure(india, "concurrency", days=0.25).wide, utc("2026-10-24 18:30"), labels)
    berlin = make("2026-10-24 22:00", "2026-10-25 23:00", tz="Europe/Berlin")
    figure = read_figure(berlin, "concurrency", days=25 / 24)
    texts = [text for text, _ in figure.wide.ticks]
    assert texts == ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]
    places = [second / HOUR for _, second in figure.wide.ticks]
    assert places == pytest.approx([0, 4, 7, 10, 13, 16, 19, 22], abs=0.01)


@pytest.mark.parametrize(("count", "labels"), [(1, 1), (2, 2), (8, 8), (20, 10)])
def test_a_bar_of_a_day_is_labelled_at_its_noon(usage: Usage, make: MakePage, count: int, labels: int) -> None:
    """A bar has one label below its middle, also on a day of 25 hours. A bar of a week is labelled by its Monday."""
    since = utc("2026-10-24 22:00")
    until = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin")) + timedelta(days=count)
    hourly(usage, since, until - timedelta(hours=1))
    page = make(since, until.astimezone(UTC), tz="Europe/Berlin")
    length = (until.astimezone(UTC) - since).total_seconds() / DAY
    expected = days("2026-10-25", labels, step=count // labels, tz="Europe/Berlin")
    for name in ("minutes", "coverage") if count > 2 else ("coverage",):  # one or two days have bars of hours
        check_ticks(read_figure(page, name, days=length).wide, since, expected, shift=DAY / 2)


def test_a_bar_of_less_than_a_day_is_labelled_in_its_middle(usage: Usage, make: MakePage) -> None:
    """The label of eight hours stands at the fourth."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    for drawing in read_figure(make("2026-11-02 08:00", "2026-11-02 16:00"), "coverage", days=1 / 3).drawings:
        check_ticks(drawing, utc("2026-11-02 08:00"), {"2 Nov": "2026-11-02T08:00Z"}, shift=4 * HOUR)


def test_bars_of_weeks_are_labelled_at_the_beginning_of_months(usage: Usage, make: MakePage) -> None:
    """The labels of a chart of weeks are not moved to a noon."""
    usage.runs("2026-01-01 00:00", "2026-10-31 18:00", every=6 * HOUR)
    figure = read_figure(make("2026-01-01 00:00", "2026-11-01 00:00"), "minutes", days=304)
    names = ("Jan 2026", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct")
    labels = {name: f"2026-{month:02}-01T00:00Z" for month, name in enumerate(names, 1)}
    check_ticks(figure.wide, utc("2026-01-01"), labels)


@pytest.mark.parametrize("length", [1, 7, 24, 47, 72, 24 * 9, 24 * 33, 24 * 65, 24 * 200, 24 * 400, 24 * 1500])
def test_labels_neither_touch_nor_leave_the_chart(usage: Usage, make: MakePage, length: int) -> None:
    """From an hour to four years there are at least two labels on a wide chart of more than a day."""
    since = utc("2026-11-02 00:00") - timedelta(hours=length)
    usage.runs(since, "2026-11-01 23:00", every=max(HOUR, length * HOUR // 100))
    page = make(since, "2026-11-02 00:00")
    for drawing in [
        d for name in ("concurrency", "minutes") for d in read_figure(page, name, days=length / 24).drawings
    ]:
        half = WIDTH_OF_CHARACTER * drawing.font / 2
        places = [(drawing.x(second), half * len(text)) for text, second in drawing.ticks]
        assert all(x + half <= after - half_after for (x, half), (after, half_after) in pairwise(places))
        assert all(x - half >= 0 and x + half <= drawing.width + NEAR for x, half in places)
        assert len(places) >= (1 if length <= 24 else 2)


@pytest.mark.parametrize(
    ("minutes", "labels"),
    [
        (0, ["0", "1"]),
        (5, ["0", "1", "2", "3", "4", "5"]),
        (5.1, ["0", "2", "4", "6"]),
        (1_001, ["0", "500", "1k", "1.5k"]),
        (12_000, ["0", "5k", "10k", "15k"]),
        (999_999, ["0", "200k", "400k", "600k", "800k", "1M"]),
    ],
)
def test_the_axis_of_values_is_short_and_round(usage: Usage, make: MakePage, minutes: float, labels: list[str]) -> None:
    """A bar never reaches above the highest label, and each label stands at its value."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-02", minutes)
    for drawing in read_figure(make("2026-11-02 00:00", "2026-11-03 00:00"), "minutes", days=1).drawings:
        assert list(drawing.values) == labels
        assert [box.edges for box in drawing.boxes] == [
            pytest.approx(drawing.bar(12 * HOUR, 13 * HOUR, 0, minutes), abs=NEAR) for _ in range(minutes > 0)
        ]
        assert drawing.left == 46
        assert drawing.right == drawing.width - 10
        assert min(drawing.values.values()) == 10
        assert drawing.zero == drawing.height - 28


@pytest.mark.parametrize("most", [0.2, 1, 3, 7, 10, 49, 51, 333, 1e4, 123_456])
def test_the_values_of_an_axis_are_whole_and_few(most: float) -> None:
    """At most five lie above zero, and the last but one lies below the greatest value."""
    steps = value_steps(most)
    assert steps[0] == 0
    assert 2 <= len(steps) <= 6
    assert steps[-2] < most <= steps[-1]
    assert all(step == int(step) for step in steps)


def test_charts_have_a_size_for_a_page_and_for_a_phone(usage: Usage, make: MakePage) -> None:
    """Width, height and font of each: coverage is low, and the week of a phone is tall."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    page = make("2026-11-02 00:00", "2026-11-03 00:00")
    sizes = {
        "minutes": [(920, 290, 13), (340, 240, 12)],
        "concurrency": [(920, 290, 13), (340, 240, 12)],
        "week": [(920, 250, 13), (340, 460, 12)],
        "coverage": [(920, 120, 13), (340, 110, 12)],
    }
    for name, expected in sizes.items():
        drawings = read_figure(page, name, days=1).drawings
        assert [(drawing.width, drawing.height, drawing.font) for drawing in drawings] == expected
