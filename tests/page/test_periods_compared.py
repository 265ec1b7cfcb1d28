"""The period before is named, so that its figures can be asked for again. A period that is not over is not compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.reports.periods import parse_period
from tests.page.conftest import NOW, a_session, hourly

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.sql.rows import Usage


def test_a_report_of_the_period_before_has_its_figures(usage: Usage, make: MakePage) -> None:
    """Its instants are named to the last digit, as --since and --until take them, in the zone of the page."""
    hourly(usage, "2026-11-01 00:00", "2026-11-04 23:00")
    for day in range(1, 5):
        a_session(usage, f"2026-11-0{day}", 100 * day, f"{day}")
    page = make("2026-11-02 23:00", "2026-11-04 12:30:15.250", tz="Europe/Berlin")
    assert "Changes are against the 37 h 30 min before: 1 Nov 2026, 10:29 to 3 Nov 2026, 00:00." in page.texts
    (sentence,) = [text for text in page.texts if text.startswith("The time before is ")]
    since, until = sentence.removeprefix("The time before is ").partition(". ")[0].split(" to ")
    assert (since, until) == ("2026-11-01T10:29:44.750000+01:00", "2026-11-03T00:00:00+01:00")
    period = parse_period(since=since, until=until, tz="Europe/Berlin", now=NOW)
    before = make(period.since, period.until, tz="Europe/Berlin")
    report = usage.report("daily", period.since, period.until, tz="Europe/Berlin")
    assert before.tiles["Minutes"][0] == f"{sum(row['minutes'] for row in report):.0f}" == "300"
    now, change, _ = page.tiles["Minutes"]
    assert (now, change) == ("502", "+67 %")


def test_a_period_that_is_not_over_says_so(usage: Usage, make: MakePage) -> None:
    """It is compared with no other period, since only a part of it has passed."""
    hourly(usage, "2026-11-18 00:00", "2026-11-20 08:00")
    a_session(usage, "2026-11-18", 10, "before")
    a_session(usage, "2026-11-19", 20, "now")
    page = make("2026-11-19 00:00", "2026-11-21 00:00")
    notice = "This period is not over. It ends on 21 Nov 2026, 00:00, and what comes is not in the figures."
    assert notice in page.texts
    assert "Changes are not shown: this period is not over." in page.texts
    assert page.tiles["Minutes"] == ["20", "in meetings"]
    assert notice not in make("2026-11-19 00:00", NOW).texts


def test_an_hour_of_several_snapshots_has_a_mean(usage: Usage, make: MakePage) -> None:
    """An hour of one snapshot has none, and says so."""
    usage.runs("2026-11-02 12:00", "2026-11-02 13:00", every=1800)
    usage.observed("2026-11-02 13:00", 5, live_participants=4)
    page = make("2026-11-02 00:00", "2026-11-03 00:00")
    titles = [
        title for title in page.titles if title.startswith("Mon 1") and "nothing" not in title and ":00: " in title
    ]
    assert titles[:2] == ["Mon 12:00: 0.0 participants on average", "Mon 13:00: 4 participants in one snapshot"]
    assert "Participants at a time, on average, by hour of the week (UTC)." in page.texts
