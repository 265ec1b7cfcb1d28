"""Pages with little data: all snapshots failed, one snapshot, one idle day. What is not known is not shown as zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl.page.text import NOTHING
from tests.page.conftest import HOUR, a_session, hourly
from tests.page.drawings import NEAR, check_bars, read_figure
from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.sql.rows import Usage

DAY = 86_400
LITTLE = ("minutes", "concurrency", "week", "coverage")


def test_a_period_in_which_every_snapshot_failed(usage: Usage, make: MakePage) -> None:
    """Every chart is hatched, every figure is a dash, and the page says that nothing is known."""
    hourly(usage, "2026-11-02 00:00", "2026-11-04 23:00", failed=["m"])
    page = make("2026-11-02 00:00", "2026-11-05 00:00")
    notice = (
        "Nothing is known. No snapshot of this period has figures. Minutes, sessions and costs are unknown, which is "
        "not zero."
    )
    assert notice in page.texts
    assert [lines[0] for lines in page.tiles.values()] == [NOTHING, NOTHING, NOTHING, NOTHING, "0.0 %"]
    sentences = (
        "No meeting had a session that is known.",
        "No session is known.",
        "Nothing is known that could have a cost.",
        (
            "0 of 72 expected snapshots have figures (0.0 %). In 72, every meeting failed. 72 readings of a meeting "
            "failed."
        ),
    )
    assert all(sentence in page.texts for sentence in sentences)
    assert page.texts.count("No session is known.") == 2
    assert [set(list(row.values())[1:]) for row in page.table("Usage of each day")] == [{NOTHING}] * 3
    assert [list(row.values())[1:] for row in page.table("The peak")] == [[NOTHING, "24 h"]] * 3
    assert {cell for row in page.table("Participants on") for cell in list(row.values())[1:]} == {NOTHING}
    minutes, concurrency, week, coverage = (read_figure(page, name, days=3) for name in LITTLE)
    assert minutes.legend == week.legend == {"unknown": "nothing is known"}
    assert minutes.legend_classes == week.legend_classes == "legend"
    assert concurrency.legend == {"missing": "not covered", "unknown": "nothing is known"}
    assert coverage.legend == {"covered": "covered", "missing": "not covered"}
    days = [(day * DAY, (day + 1) * DAY) for day in range(3)]
    for size in ("wide", "narrow"):
        check_bars(getattr(minutes, size), "unknown", [(*day, 0, 1) for day in days])
        check_bars(getattr(coverage, size), "missing", [(*day, 0, 100) for day in days])
        assert len(getattr(coverage, size).boxes) == 3
        assert {tuple(sorted(box.classes)) for box in getattr(week, size).boxes} == {("cell", "mark", "unknown")}
        drawing = getattr(concurrency, size)
        assert [path for path in drawing.paths_of("line") if path] == []
        for css_class in ("unknown", "missing"):
            (band,) = drawing.boxes_of(css_class)
            assert band.edges[::2] == pytest.approx((drawing.left, drawing.right), abs=NEAR)


def test_a_period_with_one_snapshot(usage: Usage, make: MakePage) -> None:
    """The snapshot stands for five minutes, since its schedule is not known. The rest of the day is hatched."""
    usage.run("2026-11-02 12:00", every=None)
    usage.observed("2026-11-02 12:00", 3, live_participants=4)
    page = make("2026-11-02 00:00", "2026-11-03 00:00")
    assert [lines[0] for lines in page.tiles.values()][::2] == ["3", "4", "1 of 1"]
    concurrency, week = (read_figure(page, name, days=1) for name in ("concurrency", "week"))
    assert concurrency.legend == {"unknown": "nothing is known"}
    for drawing in concurrency.drawings:
        ((step,),) = drawing.steps(drawing.paths_of("line")[0])
        places = (drawing.x(step.begin), drawing.x(step.end), step.value)
        end = 12 * HOUR + 300
        assert places == pytest.approx((drawing.x(12 * HOUR), drawing.x(end), 4), abs=NEAR)
        bands = [edge for box in drawing.boxes_of("unknown") for edge in box.edges[::2]]
        assert bands == pytest.approx([drawing.left, drawing.x(12 * HOUR), drawing.x(end), drawing.right], abs=NEAR)
    for drawing in week.drawings:
        (cell,) = (box for box in drawing.boxes if "unknown" not in box.classes)
        assert (cell.title, "heat-6" in cell.classes) == ("Mon 12:00: 4 participants in one snapshot", True)


def test_two_snapshots_without_a_schedule_are_as_far_apart_as_they_stand_for(usage: Usage, make: MakePage) -> None:
    """The last snapshot goes on for as long as is usual between two, but not beyond the period."""
    for hour in ("04", "06", "08"):
        usage.run(f"2026-11-02 {hour}:00", every=None)
    for until, end in (("2026-11-02 16:00", 10 * HOUR), ("2026-11-02 09:00", 9 * HOUR)):
        length = (utc(until) - utc("2026-11-02")).total_seconds()
        for drawing in read_figure(make("2026-11-02 00:00", until), "concurrency", days=length / DAY).drawings:
            ((*_, last),) = drawing.steps(drawing.paths_of("line")[0])
            assert (drawing.x(last.begin), drawing.x(last.end)) == pytest.approx(
                (drawing.x(8 * HOUR), drawing.x(end)), abs=NEAR
            )


def test_an_idle_day_is_zero(usage: Usage, make: MakePage) -> None:
    """All snapshots have figures, and nobody was there: the line lies on the axis, and no colour promises more."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    page = make("2026-11-02 00:00", "2026-11-03 00:00")
    assert [lines[0] for lines in page.tiles.values()] == ["0", "0", "0", "$0.00", "100.0 %"]
    assert "Nothing is known." not in " ".join(page.texts)
    minutes, concurrency, week, coverage = (read_figure(page, name, days=1) for name in LITTLE)
    assert minutes.legend == concurrency.legend == {}
    assert week.legend == {"heat-0": "0", "unknown": "nothing is known"}
    assert coverage.legend == {"covered": "covered"}
    for drawing in concurrency.drawings:
        assert {step.value for step in drawing.steps(drawing.paths_of("line")[0])[0]} == {0}
        assert drawing.boxes == []
    assert {cell for row in page.table("Participants on") for cell in (row["Mon"], row["Tue"])} == {"0.0", NOTHING}


def test_a_legend_names_only_what_is_drawn(usage: Usage, make: MakePage) -> None:
    """An unknown day within a week that is known is not hatched in a chart of weeks, so its legend has no hatching."""
    usage.runs(
        "2026-01-01 00:00", "2026-10-31 12:00", every=12 * HOUR, without=["2026-05-05 00:00", "2026-05-05 12:00"]
    )
    a_session(usage, "2026-06-01", 10)
    page = make("2026-01-01 00:00", "2026-11-01 00:00")
    assert page.table("Usage of each day")[124]["minutes"] == NOTHING
    assert read_figure(page, "minutes", days=304).legend == {}


def test_every_week_hour_known_needs_no_hatching(usage: Usage, make: MakePage) -> None:
    """Seven whole days fill the week."""
    hourly(usage, "2026-11-02 00:00", "2026-11-08 23:00")
    a_session(usage, "2026-11-02", 10, live_participants=7)
    figure = read_figure(make("2026-11-02 00:00", "2026-11-09 00:00"), "week", days=7)
    assert list(figure.legend) == [f"heat-{level}" for level in range(7)]
    assert figure.legend_classes == "legend ramp"
