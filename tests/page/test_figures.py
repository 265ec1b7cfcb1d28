"""Every figure of the page is that of a report: on eleven recorded days with gaps, failed runs and final figures."""

from __future__ import annotations

import math
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from etl.page import text
from etl.page.html import render
from etl.page.query import PageOptions, fetch_page_data
from etl.reports.parameters import query_parameters
from etl.reports.periods import Period
from etl.store import sql_files
from etl.store.database import open_database, open_to_read
from etl.store.read import run_query
from tests.page.conftest import NOW, a_session
from tests.page.parsed_page import ParsedPage
from tests.sql.recorded import FIRST, LAST, OFF, STEP
from tests.sql.rows import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.page.conftest import MakePage
    from tests.sql.recorded import Recorded

HOUR = timedelta(hours=1)
MINUTES_BY_HOUR = """
    select bucket, sum(minutes) as minutes
    from minutes_between($since, $until, $tz, 'hour')
    where type = 'meeting'
    group by bucket
"""
LENGTHS = (0, 5, 15, 30, 60, 120, 240, math.inf)
SIZES = (1, 2, 3, 6, 11, 26, 51, math.inf)
FAILED = (OFF[0], OFF[0] + STEP)
# All of it by days of 23 to 25 hours, and a part that begins and ends within a day and within sessions.
PERIODS = [
    Period(since=FIRST, until=LAST + 3 * HOUR, tz="Europe/Berlin"),
    Period(since=FIRST + 41 * HOUR, until=LAST - 53 * HOUR, tz="UTC"),
]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A page, and the reports of the same period."""

    period: Period
    page: ParsedPage
    reports: dict[str, list[dict[str, Any]]]

    @property
    def tiles(self) -> dict[str, str]:
        """The value of each tile."""
        return {label: lines[0] for label, lines in self.page.tiles.items()}

    def sum(self, report: str, column: str) -> float:
        """Add up a column of a report."""
        return float(sum(row[column] or 0 for row in self.reports[report]))


@pytest.fixture(scope="module")
def database(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded database, with two runs in which every meeting failed in the time when the machine was off."""
    folder = tmp_path_factory.mktemp("figures")
    copy = Path(shutil.copy(recorded.database, folder))
    meetings = recorded.world.meeting_ids
    with open_database(copy) as connection:
        usage = Usage(connection, folder)
        for slot in FAILED:
            usage.run(slot, every=STEP.total_seconds(), app=recorded.world.app_id, meetings=meetings, failed=meetings)
        usage.write()
    return copy


@pytest.fixture(scope="module", params=PERIODS, ids=lambda period: period.tz)
def answers(request: pytest.FixtureRequest, database: Path) -> Answers:
    """The page and the reports of a period."""
    return ask(database, request.param, sql_files.names("reports"))


def ask(database: Path, period: Period, names: Iterable[str]) -> Answers:
    """Make the page of a period, and read the reports of that period."""
    options = PageOptions(period=period, title="Usage")
    with open_to_read(database, to_analyse=True) as connection:
        data = fetch_page_data(connection, database, options)
        parameters = query_parameters(data.current.period)
        reports = {
            name.removeprefix("reports/"): run_query(connection, text_of(name), parameters, where=name).to_dicts()
            for name in names
        }
    page = ParsedPage(render(data, options, database="usage.duckdb", made_at=NOW))
    return Answers(period=period, page=page, reports=reports)


def text_of(name: str) -> str:
    """Return the text of a report, or the query itself."""
    return name if " " in name else sql_files.text(name)


def columns(rows: list[dict[str, str]], *names: str) -> list[tuple[str, ...]]:
    """Return the rows with those columns only."""
    return [tuple(row[name] for name in names) for row in rows]


def number(value: Any) -> float | None:
    """Return a figure of a report as the page rounds it."""
    return None if value is None else float(value)


def test_the_headline(answers: Answers) -> None:
    """Minutes, sessions and peak are those of daily, the cost that of cost, the coverage that of coverage."""
    (cost,) = [row for row in answers.reports["cost"] if row["type"] == "all"]
    covered, expected = (answers.sum("coverage", f"{name}_snapshots") for name in ("covered", "expected"))
    assert covered < expected
    assert answers.sum("coverage", "missing_snapshots") < expected - covered
    assert answers.tiles == {
        "Minutes": text.count(answers.sum("daily", "minutes")),
        "Sessions": text.count(answers.sum("daily", "sessions")),
        "Peak": text.count(max(row["peak_participants"] or 0 for row in answers.reports["daily"])),
        "Estimated cost": text.usd(float(cost["low_usd"]), float(cost["high_usd"])),
        "Coverage": text.percent(covered / expected),
    }


def test_the_sentence_on_top(answers: Answers) -> None:
    """Its figures are those of the tiles, and its instant is the first one of the greatest sum of all apps."""
    (cost,) = [row for row in answers.reports["cost"] if row["type"] == "all"]
    participants = {row["slot"]: row["participants"] or 0 for row in answers.reports["concurrency"]}
    busiest_at = max(sorted(participants), key=participants.__getitem__)
    local = busiest_at.astimezone(ZoneInfo(answers.period.tz))
    low, high = (f"${float(cost[name]):.0f}" for name in ("low_usd", "high_usd"))
    others = float(cost["minutes"]) - answers.sum("daily", "minutes")
    assert answers.page.texts[3] == (
        f"{answers.tiles['Minutes']} minutes in {answers.tiles['Sessions']} sessions, busiest on "
        f"{local:%A}, {local.day} {local:%B} at {local:%H:%M} with {participants[busiest_at]} participants, for an "
        f"estimated {low} (audio only) to {high} (video, with {text.count(others)} minutes of other types)."
    )


def test_the_bars_of_the_days(answers: Answers) -> None:
    """Each bar, on a wide page and on a phone, is the minutes of its day."""
    bars = [title for title in answers.page.titles if title.endswith(" minutes")]
    expected = [
        f"{row['day']:%a} {row['day'].day} {row['day']:%b}: {text.count(number(row['minutes']))} minutes"
        for row in answers.reports["daily"]
        if row["minutes"]
    ]
    assert bars == [*expected, *expected]


def test_the_hours_of_a_day(database: Path) -> None:
    """Each hour is the part of the minutes that is placed in it, and all of them are the day's."""
    day = Period(since=datetime(2026, 11, 3, tzinfo=UTC), until=datetime(2026, 11, 4, tzinfo=UTC), tz="UTC")
    answers = ask(database, day, ["reports/daily", MINUTES_BY_HOUR])
    minutes = {row["bucket"].hour: number(row["minutes"]) for row in answers.reports[MINUTES_BY_HOUR]}
    table = answers.page.table("Usage of each hour")
    assert [row["minutes"] for row in table] == [text.tenths(minutes.get(hour, 0)) for hour in range(24)]
    assert sum(value or 0 for value in minutes.values()) == pytest.approx(answers.sum("daily", "minutes"))


def test_the_weeks_of_a_long_period(usage: Usage, make: MakePage) -> None:
    """Each bar of a wide page is the sum of the days of its week in daily."""
    period = ("2026-04-13 00:00", "2026-11-09 00:00")
    usage.runs(period[0], "2026-11-08 12:00", every=12 * 3600)
    for number_of_day in range(0, 205, 3):
        a_session(usage, f"{date(2026, 4, 14) + timedelta(days=number_of_day)}", 1 + number_of_day, f"{number_of_day}")
    weeks: dict[date, float] = {}
    for row in usage.report("daily", *period):
        monday = row["day"] - timedelta(days=row["day"].weekday())
        weeks[monday] = weeks.get(monday, 0) + float(row["minutes"] or 0)
    expected = [f"{monday:%a} {monday.day} {monday:%b}: {text.count(minutes)}" for monday, minutes in weeks.items()]
    bars = [title for title in make(*period).titles if title.endswith(" minutes")]
    assert len(expected) == 30
    assert [re.sub(" to [^:]*|(?= minutes).*", "", title) for title in bars] == [*expected, *expected]


def test_the_meetings_that_changed(database: Path) -> None:
    """They are those of the report meetings for the period and the one before."""
    until, days = datetime(2026, 11, 5, tzinfo=UTC), timedelta(days=3)
    answers = ask(database, Period(since=until - days, until=until, tz="UTC"), ["reports/meetings"])
    earlier = ask(database, Period(since=until - 2 * days, until=until - days, tz="UTC"), ["reports/meetings"])
    now, before = minutes_of_meetings(answers), minutes_of_meetings(earlier)
    growth = {meeting: now.get(meeting, 0) - before.get(meeting, 0) for meeting in now | before}
    most = sorted((now.keys() & before.keys()), key=growth.__getitem__)
    risers = [(text.tenths(before[one]), text.tenths(now[one])) for one in reversed(most) if growth[one] > 0]
    fallers = [(text.tenths(before[one]), text.tenths(now[one])) for one in most if growth[one] < 0]
    both = ("minutes before", "minutes")
    assert len(risers) > 2
    assert len(fallers) > 2
    assert columns(answers.page.table("More minutes"), *both) == risers[:5]
    assert columns(answers.page.table("Fewer minutes"), *both) == fallers[:5]
    for caption, column, one, other in (("New", "minutes", now, before), ("Silent", "minutes before", before, now)):
        alone = sorted((one[meeting] for meeting in one.keys() - other.keys()), reverse=True)
        found = [row for name in answers.page.tables if name.startswith(caption) for row in answers.page.table(name)]
        assert columns(found, column) == [(text.tenths(value),) for value in alone[:5]]


def minutes_of_meetings(answers: Answers) -> dict[str, float]:
    """Return the minutes of each meeting that has some."""
    return {row["meeting_id"]: float(row["minutes"]) for row in answers.reports["meetings"] if row["minutes"]}


def test_the_days(answers: Answers) -> None:
    """Minutes, sessions, peak and the minutes of other types are those of daily."""
    others = ("livestream_minutes", "participant_minutes", "breakout_minutes", "unknown_minutes")
    expected = [
        (
            text.day(row["day"]),
            text.tenths(number(row["minutes"])),
            text.count(row["sessions"]),
            text.count(row["peak_participants"]),
            text.tenths(None if row["minutes"] is None else float(sum(row[name] for name in others))),
        )
        for row in answers.reports["daily"]
    ]
    assert [tuple(row.values()) for row in answers.page.table("Usage of each day")] == expected


def test_the_coverage(answers: Answers) -> None:
    """Every column is that of coverage. A part of a day says when it begins and ends."""
    has_data_before = "No data before" not in answers.page.sections["headline"]
    first = answers.period.since if has_data_before else answers.reports["concurrency"][0]["slot"]
    parts = {0: f" from {first.astimezone(ZoneInfo(answers.period.tz)):%H:%M}"}
    until = answers.period.until.astimezone(ZoneInfo(answers.period.tz))
    if until.hour:
        parts[len(answers.reports["coverage"]) - 1] = f" until {until:%H:%M}"
    expected = [
        (
            text.day(row["day"]) + parts.get(place, ""),
            *(text.count(row[f"{name}_snapshots"]) for name in ("expected", "missing", "covered")),
            text.percent(row["covered_percent"] / 100),
            text.count(row["unresolved_outcomes"]),
        )
        for place, row in enumerate(answers.reports["coverage"])
    ]
    assert [tuple(row.values()) for row in answers.page.table("Snapshots of each day")] == expected


def test_the_hours_of_the_week(answers: Answers) -> None:
    """Each cell is the mean of hours."""
    means = {(row["hour"], row["day"][:3]): text.tenths(row["mean_participants"]) for row in answers.reports["hours"]}
    table = answers.page.table("Participants on average")
    assert {(hour, day): row[day] for hour, row in enumerate(table) for day in list(row)[1:]} == means


def test_the_busiest_meetings(answers: Answers) -> None:
    """They are the first ones of meetings, in its order."""
    rows = answers.page.table(f"The {len(busiest(answers))} busiest")
    assert len(rows) > 5
    whole = answers.sum("meetings", "minutes")
    expected = [
        (
            text.tenths(number(row["minutes"])),
            text.rounded_percent(float(row["minutes"]) / whole),
            text.count(row["sessions"]),
            text.count(row["peak_participants"]),
            row["meeting_id"],
        )
        for row in busiest(answers)
    ]
    assert columns(rows, "minutes", "share", "sessions", "peak participants", "meeting ID") == expected
    titles = zip((row["meeting"] for row in rows), (row["meeting"] for row in busiest(answers)), strict=True)
    assert all(shown.startswith(text.name(title, "")) for shown, title in titles)
    assert sum(float(row["minutes"].replace(",", "")) for row in rows) == pytest.approx(whole, abs=len(rows) / 20)


def busiest(answers: Answers) -> list[dict[str, Any]]:
    """Return the rows of meetings for meetings that had a session of the type meeting."""
    return [row for row in answers.reports["meetings"] if row["minutes"] or row["sessions"]][:20]


def test_the_longest_sessions(answers: Answers) -> None:
    """They are those of sessions with the greatest duration."""
    sessions = [row for row in answers.reports["sessions"] if row["type"] == "meeting"]
    sessions.sort(key=lambda row: (-row["duration_minutes"], row["session_id"]))
    expected = [
        (
            ("" if row["is_final"] else "at least ") + text.duration(row["duration_minutes"]),
            text.tenths(number(row["total_minutes"])),
            text.count(row["peak_participants"]),
            row["session_id"],
        )
        for row in sessions[:10]
    ]
    names = ("duration", "minutes in all", "peak participants", "session ID")
    assert columns(answers.page.table("Ten at most"), *names) == expected


def test_the_lengths_and_sizes_of_sessions(answers: Answers) -> None:
    """They are those of the sessions that started in the period, as the report has them."""
    since = answers.period.since
    sessions = [row for row in answers.reports["sessions"] if row["type"] == "meeting" and row["started_at"] >= since]
    assert len(sessions) == answers.sum("daily", "sessions")
    lengths = [row["duration_minutes"] for row in sessions if not row["is_live"]]
    sizes = [row["peak_participants"] for row in sessions]
    for caption, values, limits in (
        ("Sessions by length", lengths, LENGTHS),
        ("Sessions by the most participants", sizes, SIZES),
    ):
        counts = [sum(low <= value < high for value in values) for low, high in pairwise(limits)]
        expected = [(text.count(count), text.rounded_percent(count / len(values))) for count in counts]
        assert columns(answers.page.table(caption), "sessions", "share") == expected
        assert sum(count > 0 for count in counts) > 2


def test_the_cost(answers: Answers) -> None:
    """Every row is that of cost."""
    expected = [
        (
            row["type"],
            text.tenths(number(row["minutes"])),
            text.usd(float(row["low_usd"]), float(row["high_usd"])),
            row["note"],
        )
        for row in answers.reports["cost"]
    ]
    assert [tuple(row.values()) for row in answers.page.table("Estimated cost")] == expected


def test_the_accuracy(answers: Answers) -> None:
    """Every row is that of accuracy, of which one has a total of Cloudflare."""
    names = (
        *("snapshot_minutes", "reconciled_minutes"),
        *("utc_minutes", "utc_cloudflare_minutes", "utc_difference_minutes"),
    )
    expected = [
        (text.day(row["day"]), *(text.hundredths(number(row[name])) for name in names))
        for row in answers.reports["accuracy"]
    ]
    assert any(row["utc_cloudflare_minutes"] for row in answers.reports["accuracy"])
    assert [tuple(row.values()) for row in answers.page.table("Minutes of each day")] == expected


def test_the_peaks_and_the_gaps(answers: Answers) -> None:
    """The peak of each day is that of daily, and every slot without figures is a gap of three hours."""
    peaks = [text.count(row["peak_participants"]) for row in answers.reports["daily"]]
    table = answers.page.table("The peak")
    assert [row["peak participants"] for row in table] == peaks
    unknown = [row["slot"] for row in answers.reports["concurrency"] if row["participants"] is None]
    assert set(FAILED) < set(unknown)
    assert sum(row["time not covered"] != "0 min" for row in table) == len(
        {slot.astimezone(ZoneInfo(answers.period.tz)).date() for slot in unknown}
    )


def test_a_failed_snapshot_is_loaded_and_covers_nothing(usage: Usage, make: MakePage) -> None:
    """Of 24 snapshots two failed for every meeting: none is missing, 22 are covered, on the page as in the report."""
    failed = ["2026-11-02 05:00", "2026-11-02 06:00"]
    usage.runs("2026-11-02 00:00", "2026-11-02 23:00", every=3600, without=failed)
    for slot in failed:
        usage.run(slot, every=3600, failed=["m"])
    page = make("2026-11-02 00:00", "2026-11-03 00:00")
    (report,) = usage.report("coverage", "2026-11-02 00:00", "2026-11-03 00:00")
    assert [report[f"{name}_snapshots"] for name in ("expected", "loaded", "missing", "covered")] == [24, 24, 0, 22]
    (row,) = page.table("Snapshots of each day")
    assert (row["expected"], row["missing"], row["covered"], row["coverage"]) == ("24", "0", "22", "91.6 %")
    assert page.tiles["Coverage"] == ["91.6 %", "22 of 24 snapshots"]
    assert "In 2, every meeting failed." in page.sections["coverage"]
    assert "missing" not in page.sections["coverage"].partition("In 2")[0]


def test_a_period_of_failed_snapshots_has_a_page_without_figures(usage: Usage, make: MakePage) -> None:
    """Nothing is known, which is not zero."""
    usage.runs("2026-11-02 00:00", "2026-11-02 23:00", every=3600, failed=["m"])
    page = make("2026-11-02 00:00", "2026-11-03 00:00")
    assert page.tiles["Peak"][0] == text.NOTHING
    assert page.tiles["Coverage"] == ["0.0 %", "0 of 24 snapshots"]
    assert [row["minutes"] for row in page.table("Usage of each hour")] == [text.NOTHING] * 24
    assert [line["d"] for line in page.shapes("line")] == ["", ""]
