"""The rows that the page reads: of long periods, of one app among several, and of periods with little data."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from etl.errors import ConfigError
from etl.page import text
from tests.page.conftest import HOUR, a_session, hourly
from tests.page.drawings import read_figure
from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.sql.rows import Usage

DAY = ("2026-11-02 00:00", "2026-11-03 00:00")
MINUS, APOSTROPHE = "\N{MINUS SIGN}", "\N{RIGHT SINGLE QUOTATION MARK}"


def test_a_day_in_which_a_month_ends_is_whole(usage: Usage, make: MakePage) -> None:
    """The page reads 28 days at a time. A day that two of these months share has the sum of both in one row."""
    since, until = utc("2026-08-01 13:00"), utc("2026-11-01 13:00")
    usage.runs(since, until, every=12 * HOUR)
    days = [since + timedelta(days=number) for number in range(92)]
    for number, day in enumerate(days):
        begin = day - timedelta(minutes=30) if number else day  # half of it before the end of a month
        columns = {"started_at": begin, "meeting_id": f"m{number % 3}"}
        usage.observed(begin, 0, f"s{number}", **columns)
        usage.observed(begin + timedelta(hours=1), 60, f"s{number}", **columns)
    page = make(since, until)
    assert page.tiles["Minutes"][0] == "5,520"
    assert page.tiles["Sessions"][0] == "92"
    rows = page.table("Usage of each day")
    assert [(row["minutes"], row["sessions started"]) for row in rows] == [("60.0", "1")] * 92 + [("0.0", "0")]
    assert [row["sessions"] for row in page.table("The 3 busiest")] == ["31", "31", "30"]
    (report,) = [row for row in usage.report("cost", since, until) if row["type"] == "all"]
    assert page.tiles["Estimated cost"][0] == text.usd(float(report["low_usd"]), float(report["high_usd"]))


def fill_at_random(usage: Usage) -> None:
    """Some 150 sessions of two apps within three days: live or ended, of several types, with and without a title."""
    chance = random.Random(3)
    for app in ("app", "other"):
        usage.runs("2026-11-01 00:00", "2026-11-03 23:00", every=HOUR, app=app)
    for number, (app, hour) in enumerate(product(("app", "other"), range(72))):
        start = utc("2026-11-01") + timedelta(hours=hour, minutes=-20)
        length = chance.randint(0, 9)
        columns: dict[str, Any] = {
            "app_id": app,
            "meeting_id": f"m{number % 7}",
            "meeting_display_name": chance.choice(["Daily", None]),
            "type": chance.choice(["meeting", "meeting", "meeting", "livestream"]),
            "started_at": start,
        }
        for seen in range(length + 1):
            at = start + timedelta(hours=seen, minutes=20)
            usage.observed(at, 10 * seen, f"s{number}", **columns, max_concurrent_participants=seen + 1)
        if number % 2:
            ended_at = start + timedelta(hours=length, minutes=chance.randint(21, 70))
            changes = {"max_concurrent_participants": length + 2, "meeting_display_name": "Final"}
            usage.final(ended_at, 10 * length + 1, f"s{number}", **columns | changes)


@pytest.mark.parametrize("app_id", [None, "app"])
@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-11-01 00:00", "2026-11-04 00:00"),
        ("2026-11-02 03:10", "2026-11-02 20:40"),
        ("2026-11-03 12:00", "2026-11-03 13:00"),
    ],
)
def test_the_longest_sessions_are_those_of_the_report(
    usage: Usage, make: MakePage, since: str, until: str, app_id: str | None
) -> None:
    """The page finds them without sorting all sessions: the same ones in the same order, with the same figures."""
    fill_at_random(usage)
    page = make(since, until, app_id=app_id)
    sessions = [row for row in usage.report("sessions", since, until, app_id=app_id) if row["type"] == "meeting"]
    sessions.sort(key=lambda row: (-row["duration_minutes"], row["session_id"]))
    assert len(sessions) >= 5
    assert page.table("Ten at most") == [
        {
            "meeting": row["meeting"] or row["meeting_id"],
            "started": text.instant(row["started_at"], "UTC"),
            "duration": ("" if row["is_final"] else "at least ") + text.duration(row["duration_minutes"]),
            "minutes in all": text.tenths(row["total_minutes"]),
            "peak participants": str(row["peak_participants"]),
            "session ID": row["session_id"],
        }
        for row in sessions[:10]
    ]


def test_meetings_of_two_apps_with_one_id_are_two(usage: Usage, make: MakePage) -> None:
    """Each has its own title, peak and minutes. Meetings with as many minutes are in the order of app and ID."""
    for app, minutes, title in (("b", 30, "Two"), ("a", 30, "One"), ("c", 90, "Three")):
        hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00", app=app)
        columns = {"app_id": app, "meeting_display_name": title, "max_concurrent_participants": len(title)}
        a_session(usage, "2026-11-02", minutes, app, **columns)
    page = make(*DAY)
    rows = [(row["meeting"], row["minutes"], row["share"], row["peak participants"]) for row in page.table("The 3")]
    assert rows == [("Three", "90.0", "60.0 %", "5"), ("One", "30.0", "20.0 %", "3"), ("Two", "30.0", "20.0 %", "3")]
    bars = [cell["style"] for cell in page.attributes("th") if cell.get("class") == "share"]
    assert bars == ["--share:100.0%", "--share:33.3%", "--share:33.3%"]
    only = make(*DAY, app_id="b")
    assert [(row["meeting"], row["share"]) for row in only.table("The busiest meeting")] == [("Two", "100.0 %")]


def test_twenty_meetings_have_a_row(usage: Usage, make: MakePage) -> None:
    """The caption says how many there are, and the shares are those of all minutes."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    for number in range(25):
        a_session(usage, "2026-11-02", 1000 if number < 20 else 1001, f"s{number}", meeting_id=f"m{number:02}")
    rows = make(*DAY).table("The 20 busiest of 25 meetings")
    assert [row["meeting ID"] for row in rows] == [f"m{number:02}" for number in (*range(20, 25), *range(15))]
    assert {row["share"] for row in rows} == {"4.0 %"}


def test_an_idle_meeting_has_no_share(usage: Usage, make: MakePage) -> None:
    """Without a minute in the whole period there is nothing to have a share of."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-02", 0)
    page = make(*DAY)
    (row,) = page.table("The busiest meeting")
    assert (row["minutes"], row["share"], row["sessions"]) == ("0.0", "0.0 %", "1")
    assert {"style": "--share:0.0%", "scope": "row", "class": "share"} in page.attributes("th")


def test_the_peaks_of_apps_have_rows_of_their_own(usage: Usage, make: MakePage) -> None:
    """By day and app, with the time between the snapshots around each gap."""
    hourly(usage, "2026-11-02 00:00", "2026-11-03 23:00", app="a", without=["2026-11-03 05:00", "2026-11-03 07:00"])
    usage.runs("2026-11-02 00:00", "2026-11-03 23:30", every=1800, app="b", without=["2026-11-02 05:30"])
    a_session(usage, "2026-11-03", 1, "s", app_id="a", live_participants=1200)
    assert [tuple(row.values()) for row in make("2026-11-02 00:00", "2026-11-04 00:00").table("The peak")] == [
        ("Mon 2 Nov 2026", "a", "0", "0 min"),
        ("Mon 2 Nov 2026", "b", "0", "30 min"),
        ("Tue 3 Nov 2026", "a", "1,200", "2 h"),
        ("Tue 3 Nov 2026", "b", "0", "0 min"),
    ]


def test_accuracy_has_a_row_per_day_and_app(usage: Usage, make: MakePage) -> None:
    """Its days are those of the zone, cut at the ends of the period. Cloudflare's are whole days in UTC."""
    usage.runs("2026-09-01 00:00", "2026-11-02 18:00", every=6 * HOUR)
    usage.run("2026-11-02 20:00", kind="reconcile", list_id="ended")
    for day in ("2026-09-01", "2026-09-29", "2026-11-02"):
        a_session(usage, day, 1000, day)
        usage.total(day, 1010.25, 1)
    a_session(usage, "2026-11-02", 50, "stream", type="livestream")
    names = ("day", "from snapshots alone", "with final totals", "all types, UTC day")
    of_cloudflare = ("Cloudflare’s total, UTC day", "difference, UTC day")  # noqa: RUF001  # as it is set
    rows = [
        ("Tue 1 Sep 2026", "500.00", "500.00", "1,000.00", "1,010.25", "10.25"),
        ("Tue 29 Sep 2026", "1,000.00", "1,000.00", "1,000.00", "1,010.25", "10.25"),
        ("Mon 2 Nov 2026", "1,000.00", "1,000.00", "1,050.00", "1,010.25", f"{MINUS}39.75"),
    ]
    page = make("2026-09-01 12:30", "2026-11-03 00:00", tz="Europe/Berlin")
    table = page.table("Minutes of each day")
    assert table == [dict(zip((*names, *of_cloudflare), row, strict=True)) for row in rows]
    assert (
        f"Final totals changed nothing. Cloudflare{APOSTROPHE}s own totals differ by 0.6 %. Cloudflare totals whole "
        "days in UTC and all types of sessions, so the last three columns compare those." in page.texts
    )
    usage.total("2026-11-02", 5, 1, app="late")
    with_app = make("2026-11-02 00:00", "2026-11-03 00:00").table("Minutes of each day")
    assert [(row["app"], row["difference, UTC day"]) for row in with_app] == [
        ("app", f"{MINUS}39.75"),
        ("late", "5.00"),
    ]


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ([], None),
        (["2026-11-01 05:00"], None),
        (["2026-11-01 05:00", "2026-11-01 06:00"], "snapshots cover only 90.0 % of the period before"),
        (["2026-11-02 05:00"], None),
        (["2026-11-02 05:00", "2026-11-02 06:00"], "snapshots cover only 90.0 % of this period"),
    ],
)
def test_periods_are_compared_from_95_percent_on(
    usage: Usage, make: MakePage, missing: list[str], said: str | None
) -> None:
    """Nineteen of twenty snapshots are enough, before and now."""
    hourly(usage, "2026-10-31 00:00", "2026-11-02 19:00", without=missing)
    page = make("2026-11-02 00:00", "2026-11-02 20:00")
    if said:
        assert f"Changes are not shown: {said}." in page.texts
        assert page.tiles["Minutes"] == ["0", "in meetings"]
    else:
        assert "Changes are against the 20 h before: 1 Nov 2026, 04:00 to 2 Nov 2026, 00:00." in page.texts
        assert page.tiles["Minutes"] == ["0", "no change", "in meetings"]


def test_the_first_period_has_none_before(usage: Usage, make: MakePage) -> None:
    """The first snapshot is the first instant of the page."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    assert "Changes are not shown: there are no snapshots of the period before." in make(*DAY).texts


def test_ended_sessions_alone_have_a_page(usage: Usage, make: MakePage) -> None:
    """Without any snapshot, the charts begin on the day of the first one. It has minutes, but no participants."""
    usage.run("2026-11-10 00:00", kind="reconcile", list_id="ended")
    usage.final("2026-11-02 13:00", 45, started_at=utc("2026-11-02 12:00"), max_concurrent_participants=3)
    page = make("2026-10-01 00:00", "2026-11-03 00:00")
    assert "1 Oct 2026, 00:00 to 3 Nov 2026, 00:00 (UTC)" in page.texts
    assert "No data before 2 Nov 2026, 12:00. The charts by day begin with the first data." in page.texts
    assert [lines[0] for lines in page.tiles.values()] == [
        "45",
        "1",
        text.NOTHING,
        text.usd(0.0225, 0.09),
        "0.0 %",
    ]
    assert page.texts[-2].endswith(": 0 snapshots. App: app.")
    assert [row["minutes"] for row in page.table("Usage of each day")] == ["45.0"]
    for drawing in read_figure(page, "concurrency", days=1).drawings:
        assert drawing.paths_of("line") == []


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-10-01 00:00", "2026-11-02 12:00"),
        ("2026-11-02 13:00", "2026-11-03 00:00"),
        ("2026-11-02 13:00:01", "2026-11-02 13:30"),
    ],
)
def test_a_period_beside_all_data_is_refused(usage: Usage, make: MakePage, since: str, until: str) -> None:
    """The message names the period and the data."""
    usage.run("2026-11-10 00:00", kind="reconcile", list_id="ended")
    usage.final("2026-11-02 13:00", 45, started_at=utc("2026-11-02 12:00"))
    with pytest.raises(ConfigError) as refusal:
        make(since, until)
    assert str(refusal.value) == (
        f"no snapshot and no ended session from {utc(since).isoformat()} to {utc(until).isoformat()}; the database "
        "holds data from 2026-11-02 12:00:00+00:00 to 2026-11-02 13:00:00+00:00. "
        "Name another period with --since and --until"
    )


def test_tables_end_after_400_rows(usage: Usage, make: MakePage) -> None:
    """The last rows are kept, and the caption says how many there are."""
    usage.runs("2025-09-18 00:00", "2026-11-01 12:00", every=12 * HOUR)
    page = make("2025-09-18 00:00", "2026-11-02 00:00")
    for caption in ("Usage of each day", "The peak of each day", "Snapshots of each day"):
        rows = page.table(f"{caption} (the last 400 of 410 rows)")
        assert (rows[0]["day"], rows[-1]["day"]) == ("Sun 28 Sep 2025", "Sun 1 Nov 2026")
    usage.clear()
    usage.runs("2025-09-28 00:00", "2026-11-01 12:00", every=12 * HOUR)
    assert "Usage of each day" in make("2025-09-28 00:00", "2026-11-02 00:00").tables


def test_great_numbers_have_separated_thousands(usage: Usage, make: MakePage) -> None:
    """In every table."""
    every: dict[str, Any] = {"every": 60}
    usage.runs(
        "2026-11-02 00:00",
        "2026-11-02 23:59",
        **every,
        without=[f"2026-11-02 {hour:02}:{minute:02}" for hour in range(1, 19) for minute in range(60)],
    )
    usage.runs("2026-11-02 01:00", "2026-11-02 18:59", **every, failed=["m"])
    page = make(*DAY)
    (row,) = page.table("Snapshots of each day")
    assert list(row.values())[1:] == ["1,440", "0", "360", "25.0 %", "1,080"]
    assert page.tiles["Coverage"] == ["25.0 %", "360 of 1,440 snapshots"]
    assert (
        "360 of 1,440 expected snapshots have figures (25.0 %). In 1,080, every meeting failed. "
        "1,080 readings of a meeting failed." in page.texts
    )
