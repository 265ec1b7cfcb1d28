"""The chart of coverage, read back from its drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.page.conftest import HOUR, hourly
from tests.page.drawings import check_bars, read_figure

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.sql.rows import Usage

DAY = 86_400
WEEK = 7 * DAY


def test_coverage_is_the_lower_part_of_a_day(usage: Usage, make: MakePage) -> None:
    """A missing snapshot and one in which every meeting failed are both not covered. A full day has no upper part."""
    failed = [f"2026-11-04 {hour:02}:00" for hour in range(18)]
    missing = [f"2026-11-03 {hour:02}:00" for hour in range(6, 12)]
    hourly(usage, "2026-11-02 00:00", "2026-11-04 23:00", without=[*missing, *failed])
    for slot in failed:
        usage.run(slot, every=HOUR, failed=["m"])
    figure = read_figure(make("2026-11-02 00:00", "2026-11-06 00:00"), "coverage", days=4)
    assert figure.caption == "The share of the expected snapshots that have figures."
    assert figure.legend == {"covered": "covered", "missing": "not covered"}
    shares = {"Mon 2 Nov": 100, "Tue 3 Nov": 75, "Wed 4 Nov": 25, "Thu 5 Nov": 0}
    for drawing in figure.drawings:
        assert drawing.label == "Coverage by day, 50.0 % of the snapshots in all."
        assert list(drawing.values) == ["0 %", "50 %", "100 %"]
        lower = [(day * DAY, (day + 1) * DAY, 0, share) for day, share in enumerate(shares.values()) if share > 0]
        upper = [(day * DAY, (day + 1) * DAY, share, 100) for day, share in enumerate(shares.values()) if share < 100]
        check_bars(drawing, "covered", lower)
        check_bars(drawing, "missing", upper)
        titles = [f"{day}: {share}.0 % covered" for day, share in shares.items()]
        assert [box.title for box in drawing.boxes_of("covered")] == titles[:3]
        assert [box.title for box in drawing.boxes_of("missing")] == titles[1:]
        assert len(drawing.boxes) == 6


def test_coverage_of_a_week_is_that_of_its_snapshots(usage: Usage, make: MakePage) -> None:
    """A week is the share of all its snapshots. The time before the first snapshot of an app is hatched."""
    without = [f"2026-09-{day:02} 06:00" for day in range(14, 21)]
    usage.runs("2026-08-24 00:00", "2026-11-08 18:00", every=6 * HOUR, app="old")
    usage.runs("2026-09-02 00:00", "2026-11-08 18:00", every=6 * HOUR, without=without)
    page = make("2026-08-24 00:00", "2026-11-09 00:00", app_id="app")
    wide, narrow = read_figure(page, "coverage", days=77).drawings
    shares = [100, 100, 75, *[100] * 7]
    covered = [(place * WEEK, (place + 1) * WEEK, 0, share) for place, share in enumerate(shares, 1)]
    covered[0] = (9 * DAY, 2 * WEEK, 0, 100)
    check_bars(narrow, "covered", covered)
    check_bars(narrow, "missing", [(3 * WEEK, 4 * WEEK, 75, 100)])
    check_bars(narrow, "unknown", [(0, WEEK, 0, 100), (WEEK, 9 * DAY, 0, 100)])
    assert [box.title for box in narrow.boxes[:3]] == [
        "Mon 24 Aug to Sun 30 Aug: nothing is known",
        "Mon 31 Aug to Tue 1 Sep: nothing is known",
        "Wed 2 Sep to Sun 6 Sep: 100.0 % covered",
    ]
    check_bars(wide, "unknown", [(day * DAY, (day + 1) * DAY, 0, 100) for day in range(9)])
    assert wide.boxes_of("unknown")[-1].title == "Tue 1 Sep: nothing is known"


def test_the_first_day_is_drawn_from_its_first_snapshot_as_the_last_is_until_its_end(
    usage: Usage, make: MakePage
) -> None:
    """Both are parts of a day, so both are narrow and say so. The hours before the first snapshot are hatched."""
    hourly(usage, "2026-11-02 15:00", "2026-11-04 08:00")
    page = make("2026-10-30 00:00", "2026-11-04 09:00", tz="UTC")
    for drawing in read_figure(page, "coverage", days=2 + 9 / 24).drawings:
        bars = [(15 * HOUR, DAY, 0, 100), (DAY, 2 * DAY, 0, 100), (2 * DAY, 2 * DAY + 9 * HOUR, 0, 100)]
        check_bars(drawing, "covered", bars)
        check_bars(drawing, "unknown", [(0, 15 * HOUR, 0, 100)])
        assert [box.title for box in drawing.boxes] == [
            "Mon 2 Nov until 15:00: nothing is known",
            "Mon 2 Nov from 15:00: 100.0 % covered",
            "Tue 3 Nov: 100.0 % covered",
            "Wed 4 Nov until 09:00: 100.0 % covered",
        ]
    rows = [(row["day"], row["expected"]) for row in page.table("Snapshots of each day")]
    assert rows == [("Mon 2 Nov 2026 from 15:00", "9"), ("Tue 3 Nov 2026", "24"), ("Wed 4 Nov 2026 until 09:00", "9")]
