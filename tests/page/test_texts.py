"""The texts of the page: what it says, in which order, and with which words for one and for many."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from etl import __version__
from etl.page import text
from tests.page.conftest import HOUR, a_session, hourly
from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.sql.rows import Usage

DAY = ("2026-11-02 00:00", "2026-11-03 00:00")
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
MINUS, DASH, SPACE = "\N{MINUS SIGN}", "\N{EN DASH}", "\N{NO-BREAK SPACE}"
FEW = "23 of 24 expected snapshots have figures (95.8 %)."
MANY = "19 of 24 expected snapshots have figures (79.1 %)."


def isolated(name: str) -> str:
    """Return a name that does not turn the text around it."""
    return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"


PAGE = f"""
Our usage
Our usage
2 Nov 2026, 00:00 to 4 Nov 2026, 00:00 (UTC)
2,000 minutes (100 % more than in the same time before) in 2 sessions, busiest on Monday, 2 November at 12:00 with 4 \
participants, for an estimated $1.00 (audio only) to $4.00 (video).
The newest snapshot was 16 days old when this page was made.
How sure is this? No minutes come from final totals yet: all of them may still grow. Snapshots are 1 h apart, so \
the minutes of one hour are less exact than those of the period.
Headline
Minutes | 2,000 | +100 % | in meetings
Sessions | 2 | +100 % | started in meetings
Peak | 4 | +100 % | participants at a time
Estimated cost | $1.00 {DASH} $4.00 | +100 % | from audio only to video
Coverage | 100.0 % | no change | 48 of 48 snapshots
Changes are against the 48 h before: 31 Oct 2026, 00:00 to 2 Nov 2026, 00:00.
A lower bound. 2 sessions have ended without a final total: minutes after the last snapshot are missing.
Minutes
Minutes per hour, in meetings.
The figures as a table
Usage of each hour
Usage of each day
Busiest meetings
The 2 busiest of 2 meetings
Meetings that changed
Against the 48 h before: 31 Oct 2026, 00:00 to 2 Nov 2026, 00:00.
More minutes: 1
New: 1 without a session before
1 of your 1 meeting was not seen in use. 2 meetings in use are not in your list.
The meetings that were not seen in use
Meetings that were not seen in use
Participants over time
Participants at a time. Each step is a snapshot. The line breaks in a gap.
The figures as a table
The peak of each day
Hours of the week
Participants at a time, on average, by hour of the week (UTC). Each hour is of one snapshot only.
0 |  |  |  |  |  | 4.0 | nothing is known
The figures as a table
Participants on average, by hour and day of the week
Length and size of sessions
1 of 2 sessions never had more than one participant (50.0 %). According to the snapshots, one participant was alone \
for 50.0 % of the session time.
Sessions by length
Sessions by the most participants at a time
2 sessions ended without final figures: they lasted at least until their last snapshot.
Longest sessions
Ten at most, by their duration
Estimated cost
Between $1.00 and $4.00: from meetings alone, with audio only, to every session with video. This is an estimate. \
Cloudflare does not document whether the minutes of its API are the minutes that it bills.
Estimated cost by type of session
Coverage
48 of 48 expected snapshots have figures (100.0 %). No reading of a meeting failed.
The share of the expected snapshots that have figures.
covered
The figures as a table
Snapshots of each day
Accuracy
There is nothing to compare with yet: neither final figures nor Cloudflare{APOSTROPHE}s own totals have been fetched.
How to read this page
Made 20 Nov 2026, 08:30 (UTC) by realtimekit-usage {__version__} from usage.duckdb: 48 snapshots, \
the last at 3 Nov 2026, 23:00. App: app.
Tables that are folded on the page are not printed. Open the page in a browser to see them.
"""


def test_the_page_says_what_it_shows(usage: Usage, make: MakePage) -> None:
    """Every text of a page of two days, but for the explanations at its end, of which the terms are read."""
    hourly(usage, "2026-10-31 00:00", "2026-11-03 23:00")
    for day, minutes, live, meeting in (("01", 1000, 2, "Daily"), ("02", 1500, 4, "Daily"), ("03", 500, 1, "Weekly")):
        columns = {"meeting_id": meeting[0], "meeting_display_name": meeting, "live_participants": live}
        columns["max_concurrent_participants"] = live
        a_session(usage, f"2026-11-{day}", minutes, day, **columns)
    page = make("2026-11-02 00:00", "2026-11-04 00:00", title="Our usage")
    texts = [text.replace(SPACE, " ") for text in page.texts]
    explanations = texts.index("How to read this page") + 1
    *terms, footer, print_note = texts[explanations:]
    expected = [text for line in PAGE.strip().split("\n") for text in line.split(" | ")]
    assert [*texts[:explanations], footer, print_note] == [text.strip() for text in expected]
    assert terms[::2] == ["Minutes", "Sessions", "Participants", "Gap", "Failed reading", "Changes"]
    assert all(text.endswith(".") for text in terms[1::2])
    metas = {meta["name"]: meta["content"] for meta in page.attributes("meta") if "name" in meta}
    assert metas == {
        "viewport": "width=device-width, initial-scale=1",
        "color-scheme": "light dark",
        "referrer": "no-referrer",
        "format-detection": "telephone=no",
        "generator": f"realtimekit-usage {__version__}",
    }
    assert {"charset": "utf-8"} in page.attributes("meta")
    assert page.html.lower().startswith("<!doctype html>")
    assert [tag for tag, _ in page.tags if tag in {"html", "head", "body", "main", "header", "footer"}] == [
        "html",
        "head",
        "body",
        "main",
        "header",
        "footer",
    ]


@pytest.mark.parametrize(
    ("since", "length"),
    [
        ("2026-11-02 22:30", "1 h 30 min"),
        ("2026-11-02 00:00", "24 h"),
        ("2026-10-31 01:00", "71 h"),
        ("2026-10-31 00:00", "3 days"),
        ("2026-10-27 00:00", "7 days"),
    ],
)
def test_the_length_of_the_period_before_is_named(usage: Usage, make: MakePage, since: str, length: str) -> None:
    """A few days are hours, so that a part of a day counts."""
    usage.runs("2026-10-15 00:00", "2026-11-02 23:55", every=1800)
    sentences = [text for text in make(since, "2026-11-03 00:00").texts if text.startswith("Changes are against")]
    assert [text.partition(":")[0] for text in sentences] == [f"Changes are against the {length} before"]


@pytest.mark.parametrize(
    ("failed", "missing", "sentence"),
    [
        (0, 0, "24 of 24 expected snapshots have figures (100.0 %). No reading of a meeting failed."),
        (
            1,
            0,
            f"{FEW} In 1, every meeting failed. 1 reading of a meeting failed.",
        ),
        (0, 1, f"{FEW} 1 is missing. No reading of a meeting failed."),
        (2, 3, f"{MANY} 3 are missing. In 2, every meeting failed. 2 readings of a meeting failed."),
    ],
)
def test_the_coverage_is_said_in_words(usage: Usage, make: MakePage, failed: int, missing: int, sentence: str) -> None:
    """A snapshot is missing, or every meeting failed in it, or it has figures."""
    slots = [f"2026-11-02 {hour:02}:00" for hour in range(2, 2 + failed + missing)]
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00", without=slots)
    for slot in slots[:failed]:
        usage.run(slot, every=HOUR, failed=["m"])
    assert sentence in make(*DAY).texts


def test_other_types_are_counted_beside_meetings(usage: Usage, make: MakePage) -> None:
    """Each has its minutes, in the order of their names. A type without a price has no cost."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    for type_, minutes in (("livestream", 1200), ("breakout", 30), ("seance", 2000), ("meeting", 10)):
        a_session(usage, "2026-11-02", minutes, type_, type=type_)
    page = make(*DAY)
    assert (
        "Sessions of other types are counted separately: 30 minutes in breakout rooms, 1,200 minutes in livestreams, "
        "2,000 minutes of the type seance. Cloudflare does not document whether they are billed in addition to their "
        "meeting." in page.texts
    )
    assert [(row["type"], row["minutes"], row["cost"]) for row in page.table("Estimated cost")] == [
        ("seance", "2,000.0", DASH),
        ("livestream", "1,200.0", f"$0.00{SPACE}{DASH} $12.00"),
        ("breakout", "30.0", f"$0.00{SPACE}{DASH} $0.06"),
        ("meeting", "10.0", f"$0.01{SPACE}{DASH} $0.02"),
        ("all", "3,240.0", f"$0.01{SPACE}{DASH} $12.08"),
    ]
    assert page.table("Estimated cost")[0]["from the lower to the higher price"] == "no price in the file"


@pytest.mark.parametrize(("snapshots", "sentence"), [(1, "1 snapshot before"), (3, "3 snapshots before")])
def test_snapshots_before_a_long_gap_are_not_drawn(usage: Usage, make: MakePage, snapshots: int, sentence: str) -> None:
    """After a gap of more than 366 days, charts begin anew. The figures are those of the whole period."""
    hourly(usage, "2025-11-01 00:00", f"2025-11-01 {snapshots - 1:02}:00")
    hourly(usage, "2026-11-03 05:00", "2026-11-03 23:00")
    page = make("2025-01-01 00:00", "2026-11-04 00:00")
    is_or_are = "is" if snapshots == 1 else "are"
    assert (
        f"Not in the charts by day. {sentence} 3 Nov 2026, 00:00 {is_or_are} counted, but not drawn, because no other "
        "snapshot follows for more than 366 days. Either no schedule ran in that time, or the clock of a run was wrong."
        in page.texts
    )
    assert "1 Jan 2025, 00:00 to 4 Nov 2026, 00:00 (UTC)" in page.texts
    assert page.tiles["Coverage"][1] == f"{19 + snapshots} of {19 + snapshots} snapshots"
    assert [row["day"] for row in page.table("Usage of each day")] == ["Tue 3 Nov 2026"]
    assert f"{19 + snapshots} snapshots, the last at 3 Nov 2026, 23:00" in page.texts[-2]


def test_a_period_with_a_long_gap_is_not_compared(usage: Usage, make: MakePage) -> None:
    """Most of it is not known, although no snapshot is missing."""
    hourly(usage, "2024-01-01 00:00", "2024-01-02 00:00")
    hourly(usage, "2026-11-03 05:00", "2026-11-03 23:00")
    page = make("2024-01-01 12:00", "2026-11-04 00:00")
    assert "Changes are not shown: there is a gap of more than 366 days in this period." in page.texts


def test_snapshots_up_to_a_year_apart_are_one_period(usage: Usage, make: MakePage) -> None:
    """A gap of 366 days is drawn. What lies before the period that was asked for is not mentioned."""
    usage.run("2025-11-01 05:00", every=HOUR)
    usage.run("2026-11-02 05:00", every=HOUR)
    days = make("2025-01-01 00:00", "2026-11-03 00:00").table("Usage of each day")
    assert (days[0]["day"], len(days)) == ("Sat 1 Nov 2025", 367)
    page = make("2026-11-01 00:00", "2026-11-03 00:00")
    assert not any("No data" in text or "Not in the charts" in text for text in page.texts)


def test_a_session_before_the_first_snapshot_is_drawn(usage: Usage, make: MakePage) -> None:
    """The first snapshot saw a session that had started two days before. Its days are bars, and rows of the table."""
    hourly(usage, "2026-11-03 00:00", "2026-11-03 23:00")
    usage.observed("2026-11-03 00:00", 48, started_at=utc("2026-11-01 00:00"))
    page = make("2026-10-01 00:00", "2026-11-04 00:00")
    assert [row["minutes"] for row in page.table("Usage of each day")] == ["24.0", "24.0", "0.0"]
    assert page.tiles["Minutes"][0] == "48"
    assert "No data before 3 Nov 2026, 00:00. The charts by day begin with the first data." in page.texts


def test_the_age_of_the_data_stands_at_the_top(usage: Usage, make: MakePage) -> None:
    """The age follows the period. After more than two steps without a snapshot, later ones are said to be missing."""
    usage.run("2026-11-20 05:30", every=HOUR)
    usage.run("2026-11-20 06:30", every=HOUR)
    today = ("2026-11-20 00:00", "2026-11-20 08:30")
    assert make(*today).texts[4] == "The newest snapshot was 2 hours old when this page was made."
    usage.run("2026-11-20 06:00", every=HOUR, app="other")
    assert make(*today).texts[4] == (
        "The newest snapshot of app app was 2 hours old when this page was made. The newest snapshot of app other was "
        "2 hours old when this page was made; later ones are missing."
    )
    usage.clear()
    usage.run("2026-11-20 07:00", kind="reconcile", list_id="ended")
    usage.final("2026-11-20 05:00", 5, started_at="2026-11-20 04:00")
    assert make(*today).texts[4] == "There is no snapshot of this period."


def test_one_snapshot_and_two_apps_are_named_as_such(usage: Usage, make: MakePage) -> None:
    """The footer says 1 snapshot, and lists the apps."""
    usage.run("2026-11-02 05:00", every=None, app="one")
    assert make(*DAY).texts[-2].endswith(": 1 snapshot, the last at 2 Nov 2026, 05:00. App: one.")
    usage.run("2026-11-02 06:00", every=None, app="two")
    assert make(*DAY).texts[-2].endswith(": 2 snapshots, the last at 2 Nov 2026, 06:00. Apps: one, two.")


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (text.count(None), DASH),
        (text.count(0), "0"),
        (text.count(1234567), "1,234,567"),
        (text.count(-0.4), "0"),
        (text.count(-12), f"{MINUS}12"),
        (text.tenths(0.04), "0.0"),
        (text.tenths(1234.56), "1,234.6"),
        (text.hundredths(-0.004), "0.00"),
        (text.hundredths(-1.5), f"{MINUS}1.50"),
        (text.percent(None), DASH),
        (text.percent(0.9999), "99.9 %"),
        (text.percent(0.29), "29.0 %"),
        (text.percent(1), "100.0 %"),
        (text.rounded_percent(0.9999), "100.0 %"),
        (text.rounded_percent(0.00498), "0.5 %"),
        (text.usd(0, 0), "$0.00"),
        (text.usd(0.001, 0.004), "$0.00"),
        (text.usd(1.234, 5.678), f"$1.23{SPACE}{DASH} $5.68"),
        (text.usd(99.5, 99.99), f"$99.50{SPACE}{DASH} $99.99"),
        (text.usd(12.5, 100), f"$12{SPACE}{DASH} $100"),
        (text.usd(1234.4, 1234.3), "$1,234"),
        (text.change(5, 5), "no change"),
        (text.change(0, 0), "no change"),
        (text.change(5, 0), "new"),
        (text.change(0, 5), f"{MINUS}100 %"),
        (text.change(1005, 1000), "+0.5 %"),
        (text.change(101, 100), "+1 %"),
        (text.change(10.99, 1), "+999 %"),
        (text.change(11, 1), "11 times as much"),
        (text.change(123_456, 1), "123,456 times as much"),
        (text.duration(0), "0 min"),
        (text.duration(59.4), "59 min"),
        (text.duration(59.6), "1 h"),
        (text.duration(61), "1 h 01 min"),
        (text.duration(60 * 1234), "1,234 h"),
        (text.duration(60 * 1234 + 5), "1,234 h 05 min"),
        (text.day(date(2026, 11, 2)), "Mon 2 Nov 2026"),
        (text.instant(datetime(2026, 11, 2, 23, 5, 59, tzinfo=UTC), "Europe/Berlin"), "3 Nov 2026, 00:05"),
        (text.name("a" * 10, most=10), "a" * 10),
        (text.name("a" * 11, most=10), isolated("a" * 9 + "…")),
        (text.name("a" * 8 + "  b c", most=10), isolated("a" * 8 + "…")),
        (text.name(" a\t\nb\x00c "), "a bc"),
        (text.name(None), "unknown"),
        (text.name("\u200b\x07", "id"), "id"),
        (text.name("", "", most=3), ""),
        (text.name("né"), isolated("né")),
        (text.name("\ud800\ue000\u2028a"), "a"),
    ],
)
def test_figures_are_formatted_for_people(figure: str, expected: str) -> None:
    """Thousands are separated, a minus is a minus sign, and what is not known is a dash."""
    assert figure == expected


def test_a_joiner_stays_in_a_name() -> None:
    """A joiner makes one emoji of several, and joins letters of Persian."""
    assert "\N{ZERO WIDTH JOINER}" in text.name("👩\N{ZERO WIDTH JOINER}👧")
    assert "\N{ZERO WIDTH NON-JOINER}" in text.name("می\N{ZERO WIDTH NON-JOINER}خواهم")


def test_long_app_ids_are_cut(usage: Usage, make: MakePage) -> None:
    """An app is named by its ID, as long as a name in a chart may be."""
    for app in ("a" * 50, "b" * 40):
        hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00", app=app)
    shown = [text.name("a" * 50, most=40), "b" * 40]
    page = make(*DAY)
    assert [row["app"] for row in page.table("The peak")] == shown
    assert all(name in page.texts for name in shown)
