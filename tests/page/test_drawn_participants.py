"""The line of participants and the hours of the week, read back from their drawings."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import pytest

from etl.page import text
from tests.page.conftest import HOUR
from tests.page.drawings import NEAR, read_figure
from tests.sql.rows import utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.page.conftest import MakePage
    from tests.page.drawings import Drawing, Step
    from tests.sql.rows import Usage

DAY = 86_400
Steps = list[tuple[float, float, float]]
"""Begin and end in seconds of the period, and the participants between them."""


def meet(usage: Usage, first: str, participants: Sequence[int | None], *, every: int = HOUR, app: str = "app") -> None:
    """A meeting per snapshot with so many participants. A snapshot without a number is missing."""
    for number, live in enumerate(participants):
        at = utc(first) + timedelta(seconds=number * every)
        if live is not None:
            usage.run(at, every=every, app=app)
        if live:
            columns = {"live_participants": live, "max_concurrent_participants": live + 1, "started_at": at}
            usage.observed(at, 1, f"{app} at {at}", app_id=app, **columns)


def steps_of(participants: Sequence[int | None], *, every: float = HOUR, begin: float = 0) -> list[Steps]:
    """Return the parts of the line that these snapshots make: each goes on until the next snapshot."""
    parts: list[Steps] = [[]]
    for number, live in enumerate(participants):
        if live is None:
            parts.append([])
        else:
            parts[-1].append((begin + number * every, begin + (number + 1) * every, live))
    return [part for part in parts if part]


def check_parts(drawing: Drawing, drawn: Sequence[Sequence[Step]], expected: Sequence[Steps]) -> None:
    """Compare the parts of a line with seconds and participants, to a tenth of a pixel."""
    assert [len(part) for part in drawn] == [len(part) for part in expected]
    for step, (begin, end, value) in zip(chain(*drawn), chain(*expected), strict=True):
        places = [drawing.x(second) for second in (step.begin, step.end)] + [drawing.y(step.value)]
        assert places == pytest.approx([drawing.x(begin), drawing.x(end), drawing.y(value)], abs=NEAR)


def check_bands(drawing: Drawing, gaps: Sequence[tuple[float, float]]) -> None:
    """Each gap is hatched over the whole height, and marked on the axis by a band of four pixels."""
    for css_class, top in (("unknown", min(drawing.values.values())), ("missing", drawing.zero - 4)):
        bands = [box.edges for box in drawing.boxes_of(css_class)]
        assert len(bands) == len(gaps)
        for edges, (begin, end) in zip(bands, gaps, strict=True):
            assert edges == pytest.approx((drawing.x(begin), top, drawing.x(end), drawing.zero), abs=NEAR)


def test_the_line_goes_through_every_snapshot(usage: Usage, make: MakePage) -> None:
    """The line breaks in a gap, which is hatched and marked. The area below it has the same upper edge."""
    participants = [3, 3, 0, None, None, 5, 1, 0, 0, 12, None, 7, *[2] * 11, 4]
    meet(usage, "2026-11-02 00:00", participants)
    figure = read_figure(make("2026-11-02 00:00", "2026-11-03 00:00"), "concurrency", days=1)
    assert figure.caption == "Participants at a time. Each step is a snapshot. The line breaks in a gap."
    assert figure.legend == {"missing": "not covered", "unknown": "nothing is known"}
    for drawing in figure.drawings:
        assert drawing.label == "Participants over time, 12 at most."
        assert list(drawing.values) == ["0", "5", "10", "15"]
        (line,), (area,) = drawing.paths_of("line"), drawing.paths_of("area")
        check_parts(drawing, drawing.steps(line), steps_of(participants))
        check_parts(drawing, drawing.outline(area), steps_of(participants))
        check_bands(drawing, [(3 * HOUR, 5 * HOUR), (10 * HOUR, 11 * HOUR)])
        assert drawing.paths_of("series-0") == [line]


def test_nothing_is_drawn_before_the_first_snapshot(usage: Usage, make: MakePage) -> None:
    """The time from midnight to the first snapshot is hatched. No snapshot is missing in it."""
    meet(usage, "2026-11-02 09:00", [2] * 15)
    figure = read_figure(make("2026-11-02 00:00", "2026-11-03 00:00"), "concurrency", days=1)
    for drawing in figure.drawings:
        check_parts(drawing, drawing.steps(drawing.paths_of("line")[0]), steps_of([2] * 15, begin=9 * HOUR))
        (hatched,) = drawing.boxes_of("unknown")
        assert hatched.edges[::2] == pytest.approx((drawing.x(0), drawing.x(9 * HOUR)), abs=NEAR)
        assert drawing.boxes_of("missing") == []


@pytest.mark.parametrize(
    ("days", "steps", "caption"),
    [
        (4, (0, 0), "a snapshot"),
        (5, (0, 1_800), "a snapshot (on a phone, the peak of 30 min)"),
        (10, (0, 3_600), "a snapshot (on a phone, the peak of 1 h)"),
        (12, (1_800, 3_600), "the peak of 30 min (on a phone, the peak of 1 h)"),
        (16.5, (1_800, 3_600), "the peak of 30 min (on a phone, the peak of 1 h)"),
        (24, (3_600, 7_200), "the peak of 1 h (on a phone, the peak of 2 h)"),
        (50, (7_200, 10_800), "the peak of 2 h (on a phone, the peak of 3 h)"),
    ],
)
def test_many_snapshots_are_one_step_each(
    usage: Usage, make: MakePage, days: float, steps: tuple[int, int], caption: str
) -> None:
    """No more steps than can be seen: a step is then the peak of its snapshots, and the caption says so."""
    participants = [(7 * number) % 23 for number in range(int(days * 96))]
    meet(usage, "2026-11-02 00:00", participants, every=900)
    figure = read_figure(make("2026-11-02 00:00", utc("2026-11-02") + timedelta(days=days)), "concurrency", days=days)
    assert figure.caption == f"Participants at a time. Each step is {caption}. The line breaks in a gap."
    for drawing, step in zip(figure.drawings, steps, strict=True):
        size = max(step // 900, 1)
        peaks = [max(participants[begin : begin + size]) for begin in range(0, len(participants), size)]
        (line,) = drawing.paths_of("line")
        check_parts(drawing, drawing.steps(line), steps_of(peaks, every=size * 900))


def test_short_gaps_can_be_seen(usage: Usage, make: MakePage) -> None:
    """A gap that is narrower than a pixel has a mark of its own, but no room to be hatched. Gaps that meet are one."""
    participants: list[int | None] = [1] * (20 * 96)
    for missing in (300, 301, 1000):
        participants[missing] = None
    meet(usage, "2026-11-02 00:00", participants, every=900)
    figure = read_figure(make("2026-11-02 00:00", "2026-11-22 00:00"), "concurrency", days=20)
    for drawing in figure.drawings:
        assert drawing.boxes_of("unknown") == []
        marks = [(box.left, box.width) for box in drawing.boxes_of("missing")]
        expected = [(drawing.x(number * 900), 1.2) for number in (300, 1000)]
        for mark, place in zip(marks, expected, strict=True):
            assert mark == pytest.approx(place, abs=NEAR)


@pytest.mark.parametrize("apps", [2, 8, 9, 12])
def test_each_app_keeps_its_colour(usage: Usage, make: MakePage, apps: int) -> None:
    """In the legend as in both charts. Eight apps have a colour of their own, all others share one."""
    names = [f"app {number:02}" for number in range(apps)]
    for place, name in enumerate(names):
        meet(usage, "2026-11-02 00:00", [place + 1] * 24, app=name)
    page = make("2026-11-02 00:00", "2026-11-03 00:00")
    figure = read_figure(page, "concurrency", days=1)
    own = {f"series-{place}": name for place, name in enumerate(names[:8])}
    assert figure.legend == own | ({"series-others": "all others"} if apps > 8 else {})
    for drawing in figure.drawings:
        assert drawing.paths_of("area") == []
        drawn = {
            color: [drawing.steps(path)[0][0].value for path in drawing.paths_of(color)] for color in figure.legend
        }
        heights = {f"series-{place}": [place + 1] for place in range(min(apps, 8))}
        others = {"series-others": list(range(9, apps + 1))} if apps > 8 else {}
        assert drawn.keys() == (heights | others).keys()
        for color, values in (heights | others).items():
            assert drawn[color] == pytest.approx(values, abs=NEAR * drawing.value_of_a_pixel)
    assert [row["app"] for row in page.table("The peak")] == names


def test_an_app_of_many_keeps_the_colour_of_its_place(usage: Usage, make: MakePage) -> None:
    """A page of one app has no legend of apps: its line is the first colour."""
    for place, name in enumerate(("one", "two")):
        meet(usage, "2026-11-02 00:00", [place + 1] * 24, app=name)
    figure = read_figure(make("2026-11-02 00:00", "2026-11-03 00:00", app_id="two"), "concurrency", days=1)
    assert figure.legend == {}
    for drawing in figure.drawings:
        check_parts(drawing, drawing.steps(drawing.paths_of("series-0")[0]), steps_of([2] * 24))


def test_each_hour_of_the_week_stands_in_its_place(usage: Usage, make: MakePage) -> None:
    """Its colour is a step of its mean, which its title and the table name. Days are rows, or columns on a phone.

    Only an hour with nobody has the first colour: one participant is not nobody.
    """
    participants = [None if number % 11 == 0 else number % 30 for number in range(168)]
    meet(usage, "2026-11-02 00:00", participants)
    page = make("2026-11-02 00:00", "2026-11-09 00:00")
    figure = read_figure(page, "week", days=7)
    assert (
        figure.caption
        == "Participants at a time, on average, by hour of the week (UTC). Each hour is of one snapshot only."
    )
    assert figure.legend_classes == "legend ramp"
    assert list(figure.legend.items()) == [
        ("heat-0", "0"),
        *((f"heat-{level}", "") for level in range(1, 6)),
        ("heat-6", "29.0"),
        ("unknown", "nothing is known"),
    ]
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    clock = [f"{hour:02}" for hour in range(0, 24, 3)]
    for drawing in figure.drawings:
        assert drawing.label == "Participants by hour of the week, on average."
        above = {label.text: label.x for label in drawing.texts if label.anchor == "middle"}
        beside = {label.text: label.y - drawing.font / 3 for label in drawing.texts if label.anchor == "end"}
        assert (list(above), list(beside)) == ((clock, list(days)) if drawing.name == "wide" else (list(days), clock))
        assert {label.y for label in drawing.texts if label.anchor == "middle"} == {14}
        assert {label.x for label in drawing.texts if label.anchor == "end"} == {32}
        assert len(drawing.boxes) == 168
        assert all(left >= 40 and top >= 22 for left, top, _, _ in (box.edges for box in drawing.boxes))
        for number, box in enumerate(drawing.boxes):
            (day, hour), mean = divmod(number, 24), participants[number]
            is_labelled = hour % 3 == 0
            x, y = (f"{hour:02}", days[day]) if drawing.name == "wide" else (days[day], f"{hour:02}")
            center = ((box.edges[0] + box.edges[2] + 2) / 2, (box.edges[1] + box.edges[3] + 2) / 2)
            if is_labelled:
                assert center == pytest.approx((above[x], beside[y]), abs=2 * NEAR)
            color = "unknown" if mean is None else f"heat-{-(-6 * mean // 29)}"
            assert box.classes == {"mark", "cell", color}
            figures = (
                "nothing is known" if mean is None else f"{mean} participant{'s' if mean != 1 else ''} in one snapshot"
            )
            assert box.title == f"{days[day]} {hour:02}:00: {figures}"
        for before, after in pairwise(drawing.boxes[:24]):
            assert (after.left - before.left, after.top - before.top) == pytest.approx(
                ((drawing.width - 40) / 24, 0) if drawing.name == "wide" else (0, (drawing.height - 22) / 24),
                abs=NEAR,
            )
    table = page.table("Participants on average")
    cells = [row[day] for day in days for row in table]
    assert cells == [text.NOTHING if mean is None else f"{mean}.0" for mean in participants]
    assert [row["hour"] for row in table] == [f"{hour:02}:00" for hour in range(24)]
