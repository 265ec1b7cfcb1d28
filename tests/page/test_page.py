from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from etl import __version__
from etl.errors import ConfigError
from etl.page import text
from tests.page.conftest import HOUR, a_session, hourly
from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.page.parsed_page import ParsedPage
    from tests.sql.rows import Usage

DAY = ("2026-11-02 00:00", "2026-11-03 00:00")
NASTY = "<script>alert(1)</script> & \"both\" 'quotes' ]]> {{ 7 * 7 }} %}"


def headings(parsed: ParsedPage) -> list[str]:
    """The levels of the headings in order."""
    return [tag for tag, _ in parsed.tags if re.fullmatch("h[1-6]", tag)]


def test_the_headline_is_what_the_reports_say(usage: Usage, make: MakePage) -> None:
    """Minutes and sessions of the type meeting, the peak, the cost range of all types, the snapshots that are there."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-02", 100, live_participants=4)
    a_session(usage, "2026-11-02", 50, "stream", type="livestream", live_participants=9)
    page = make(*DAY)
    values = {label: texts[0] for label, texts in page.tiles.items()}
    assert values["Minutes"] == "100"
    assert values["Sessions"] == "1"
    assert values["Peak"] == "4"
    assert values["Estimated cost"].replace("\N{NO-BREAK SPACE}", " ") == f"$0.05 {text.NOTHING} $0.70"
    assert values["Coverage"] == "100.0 %"
    assert "50 minutes in livestreams" in page.sections["minutes"]
    assert page.table("Usage of each day")[0] == {
        "day": "Mon 2 Nov 2026",
        "minutes": "100.0",
        "sessions started": "1",
        "peak participants": "4",
        "minutes of other types": "50.0",
    }


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [(100, 150, "+50 %"), (200, 150, "\N{MINUS SIGN}25 %"), (100, 100, "no change"), (1, 100, "100 times as much")],
)
def test_a_change_is_against_the_period_before(
    usage: Usage, make: MakePage, before: float, now: float, said: str
) -> None:
    """The previous period has the same length and ends where this one begins."""
    hourly(usage, "2026-11-01 00:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-01", before, "s1")
    a_session(usage, "2026-11-02", now, "s2")
    assert make(*DAY).tiles["Minutes"][1] == said


def test_a_figure_that_was_zero_before_is_new(usage: Usage, make: MakePage) -> None:
    """A growth from zero has no percentage."""
    hourly(usage, "2026-11-01 00:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-02", 10)
    assert make(*DAY).tiles["Minutes"][1] == "new"


def test_a_change_that_would_mislead_is_not_shown(usage: Usage, make: MakePage) -> None:
    """Without enough snapshots of the period before the page shows no change, and says why."""
    hourly(usage, "2026-11-02 00:00", "2026-11-03 23:00", without=[f"2026-11-02 {hour:02}:00" for hour in range(4, 9)])
    a_session(usage, "2026-11-02", 10, "s1")
    a_session(usage, "2026-11-03", 20, "s2")
    first = make("2026-11-02 00:00", "2026-11-03 00:00")
    assert first.tiles["Minutes"] == ["10", "in meetings"]
    assert "there are no snapshots of the period before" in first.sections["headline"]
    second = make("2026-11-03 00:00", "2026-11-04 00:00")
    assert second.tiles["Minutes"] == ["20", "in meetings"]
    assert "snapshots cover only 79.1 % of the period before" in second.sections["headline"]


def test_half_a_previous_period_is_not_compared_with(usage: Usage, make: MakePage) -> None:
    """The first snapshot was taken in the middle of the previous period."""
    hourly(usage, "2026-11-01 12:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-02", 10)
    assert "snapshots cover only 50.0 % of the period before" in make(*DAY).sections["headline"]


def test_live_sessions_are_no_lower_bound_of_the_past(usage: Usage, make: MakePage) -> None:
    """A session of the newest snapshot is live. Another one has ended, and the page gives no command to its reader."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 13:00")
    a_session(usage, "2026-11-02", 10, "live")
    headline = make(*DAY).sections["headline"]
    assert "1 session was still under way at the end of the period." in " ".join(headline.split())
    assert "A lower bound" not in headline
    usage.observed("2026-11-02 11:00", 5, "ended")
    usage.observed("2026-11-02 13:00", 5, "live too", meeting_id="n")
    page = make(*DAY)
    headline = " ".join(page.sections["headline"].split())
    assert "2 sessions were still under way at the end of the period." in headline
    assert "A lower bound. 1 session has ended without a final total" in headline
    assert not [text for text in page.texts if "rtk-usage" in text]


def test_unfinished_sessions_are_a_lower_bound(usage: Usage, make: MakePage) -> None:
    """The page says how many sessions have ended without a final total."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-02", 10)
    assert "1 session has ended without a final total" in make(*DAY).sections["headline"]
    usage.final("2026-11-02 13:30", 15, started_at=utc("2026-11-02 12:00"))
    page = make(*DAY)
    assert "lower bound" not in page.sections["headline"].lower()
    assert page.tiles["Minutes"][0] == "15"


def test_a_gap_is_not_zero(usage: Usage, make: MakePage) -> None:
    """The line breaks where snapshots are missing, and the gap is marked. An hour with nobody there is zero."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00", without=["2026-11-02 05:00", "2026-11-02 06:00"])
    a_session(usage, "2026-11-02", 10, live_participants=2)
    page = make(*DAY)
    assert [line["d"].count("M") for line in page.shapes("line")] == [2, 2]
    assert page.shapes("unknown")
    assert len(page.shapes("missing")) == 6  # in each size: two in the legends, one over the gap, one in the coverage
    assert page.table("The peak") == [{"day": "Mon 2 Nov 2026", "peak participants": "2", "time not covered": "2 h"}]
    week = {row["hour"]: row["Mon"] for row in page.table("Participants on average")}
    assert (week["04:00"], week["05:00"], week["12:00"]) == ("0.0", text.NOTHING, "2.0")
    assert page.table("Snapshots of each day")[0]["missing"] == "2"


def test_an_unknown_day_is_empty(usage: Usage, make: MakePage) -> None:
    """The day is a dash in the table, and hatched in the chart."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    hourly(usage, "2026-11-04 00:00", "2026-11-04 23:00")
    page = make("2026-11-02 00:00", "2026-11-05 00:00")
    assert [row["minutes"] for row in page.table("Usage of each day")] == ["0.0", text.NOTHING, "0.0"]
    assert "Tue 3 Nov: nothing is known" in page.titles


@pytest.mark.parametrize(
    "name", [NASTY, "\u202eevil\u202c\x00\x07\x1b[31m", "👩‍👩‍👧 équipe 会議", "x" * 500, "", "   "]
)
def test_names_are_text_and_nothing_else(usage: Usage, make: MakePage, name: str) -> None:
    """Any title of a meeting is shown whole in the tables, and adds no element to the page."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00", app="app")
    a_session(usage, "2026-11-02", 10, meeting_display_name=name)
    page = make(*DAY, title=name or "Usage")
    assert not page.attributes("script")
    assert not page.attributes("b")
    assert [row["meeting"] for row in page.table("The busiest")] == [text.name(name, "m")]
    assert [row["meeting"] for row in page.table("Ten at most")] == [text.name(name, "m")]
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e]", page.html)


def test_meetings_with_the_same_title_show_their_id(usage: Usage, make: MakePage) -> None:
    """The first eight characters of the ID stand behind the title."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00", meetings=["aaaaaaaa-1", "bbbbbbbb-2"])
    for place, meeting_id in enumerate(["aaaaaaaa-1", "bbbbbbbb-2"]):
        a_session(usage, "2026-11-02", 20 - place, meeting_id, meeting_id=meeting_id, meeting_display_name="Daily")
    names = [row["meeting"] for row in make(*DAY).table("The 2 busiest")]
    assert names == ["Daily (aaaaaaaa)", "Daily (bbbbbbbb)"]


def test_an_app_without_a_session_has_a_page(usage: Usage, make: MakePage) -> None:
    """Every figure is zero, not unknown."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    page = make(*DAY)
    assert page.tiles["Minutes"][0] == "0"
    assert page.tiles["Peak"][0] == "0"
    assert len(page.attributes("figure")) == 4


def test_a_single_snapshot_has_a_page(usage: Usage, make: MakePage) -> None:
    """Its schedule is not known yet."""
    usage.run("2026-11-02 12:00", every=None)
    usage.observed("2026-11-02 12:00", 3)
    assert make(*DAY).tiles["Peak"][0] == "1"


def test_a_period_without_snapshots_is_an_error(usage: Usage, make: MakePage) -> None:
    """The message names the options for another period."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    with pytest.raises(ConfigError, match="--since"):
        make("2026-10-01 00:00", "2026-10-02 00:00")


def test_each_app_has_a_line_of_its_own(usage: Usage, make: MakePage) -> None:
    """Snapshots of two apps may be of different instants, so their participants are not added up."""
    for app in ("one", "two"):
        hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00", app=app)
        a_session(usage, "2026-11-02", 10, app, app_id=app, meeting_id=app)
    page = make(*DAY)
    assert [row["app"] for row in page.table("The peak")] == ["one", "two"]
    assert page.tiles["Peak"][0] == "2"
    only = make(*DAY, app_id="one")
    assert only.tiles["Peak"][0] == "1"
    assert "two" not in only.sections["busiest"]


def test_days_are_those_of_the_zone(usage: Usage, make: MakePage) -> None:
    """The day on which clocks are put back has 25 hours, each with its own snapshot."""
    usage.runs("2026-10-24 22:00", "2026-10-25 22:00", every=HOUR)
    page = make("2026-10-24 22:00", "2026-10-25 23:00", tz="Europe/Berlin")
    assert [(row["day"], row["expected"]) for row in page.table("Snapshots of each day")] == [("Sun 25 Oct 2026", "25")]


def test_accuracy_is_shown_after_a_reconcile(usage: Usage, make: MakePage) -> None:
    """The columns are snapshots alone, final figures, and Cloudflare's own total of the day."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-02", 10)
    assert "nothing to compare with yet" in make(*DAY).sections["accuracy"]
    usage.run("2026-11-02 20:00", kind="reconcile", list_id="ended")
    usage.final("2026-11-02 13:30", 15, started_at=utc("2026-11-02 12:00"))
    usage.total("2026-11-02", 15.5, 1)
    assert make(*DAY).table("Minutes of each day") == [
        {
            "day": "Mon 2 Nov 2026",
            "from snapshots alone": "10.00",
            "with final totals": "15.00",
            "all types, UTC day": "15.00",
            "Cloudflare’s total, UTC day": "15.50",  # noqa: RUF001  # as it is set
            "difference, UTC day": "0.50",
        }
    ]


def test_the_longest_sessions_come_first(usage: Usage, make: MakePage) -> None:
    """At most ten sessions are shown. One without final figures lasted "at least" so long."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    for hours in range(1, 13):
        start = utc("2026-11-02 00:00")
        usage.observed(f"2026-11-02 {hours:02}:00", 1, f"s{hours}", started_at=start, max_concurrent_participants=hours)
    usage.final("2026-11-02 12:30", 2, "s12", started_at=utc("2026-11-02 00:00"))
    rows = make(*DAY).table("Ten at most")
    assert [row["peak participants"] for row in rows] == [str(hours) for hours in range(12, 2, -1)]
    lasted = [row["duration"] for row in rows]
    assert lasted == ["12 h 30 min", *(f"at least {hours} h" for hours in range(11, 2, -1))]


def test_the_page_makes_no_request(usage: Usage, make: MakePage) -> None:
    """The page has no script and no reference to anything outside, and its policy forbids both."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-02", 10)
    page = make(*DAY)
    kinds = {tag for tag, _ in page.tags}
    assert not kinds & {"script", "iframe", "object", "embed", "img", "audio", "video", "form", "base", "image", "use"}
    references = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name.rpartition(":")[2] in {"src", "href", "srcset", "action", "data", "poster"}
    ]
    assert references == ["data:,"]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert set(re.findall(r"url\(([^)]*)\)", page.html)) <= {"#unknown"}
    assert "@import" not in page.html
    policy = next(one for one in page.attributes("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_the_page_is_accessible(usage: Usage, make: MakePage) -> None:
    """The page has a language, ordered headings, a label for each chart, and tables whose headers have a scope."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-02", 10)
    page = make(*DAY)
    assert page.attributes("html") == [{"lang": "en"}]
    assert headings(page) == ["h1", *["h2"] * (len(headings(page)) - 1)]
    charts = [one for one in page.attributes("svg") if one.get("class") in {"wide", "narrow"}]
    assert len(charts) == 2 * len(page.attributes("figure")) == 8
    others = [one for one in page.attributes("svg") if one not in charts]
    assert all(one.get("aria-hidden") == "true" for one in others)
    assert all(one["role"] == "img" and one["aria-label"] for one in charts)
    assert len(page.attributes("details")) == 4
    assert all("scope" in one for one in page.attributes("th"))
    assert len(page.attributes("caption")) == len(page.attributes("table"))
    identifiers = [one["id"] for _, one in page.tags if "id" in one]
    assert len(identifiers) == len(set(identifiers))
    named = [one["aria-labelledby"] for _, one in page.tags if "aria-labelledby" in one]
    assert set(named) <= set(identifiers)


def test_the_footer_names_the_source(usage: Usage, make: MakePage) -> None:
    """The footer names the time, the version, the file and the number of snapshots."""
    hourly(usage, "2026-11-02 00:00", "2026-11-02 23:00")
    html = " ".join(make(*DAY, tz="Europe/Berlin").html.split())
    made = f"Made 20 Nov 2026, 09:30 (Europe/Berlin) by realtimekit-usage {__version__} from usage.duckdb: 24 snapshots"
    assert made in html
    assert "the last at 3 Nov 2026, 00:00" in html


@pytest.mark.parametrize("days", [2, 63, 191, 410])
def test_a_long_period_has_a_small_page(usage: Usage, make: MakePage, days: int) -> None:
    """Bars become weeks, points become the most of hours, tables end after 400 rows."""
    since = utc("2026-11-03 00:00") - timedelta(days=days)
    usage.runs(since, "2026-11-02 18:00", every=6 * HOUR)
    for number in range(20):
        a_session(usage, "2026-11-02", 10, f"s{number}", meeting_id=f"m{number}")
    page = make(since, "2026-11-03 00:00")
    assert len(page.html) < 900_000
    assert len(page.table("Usage of each day")) == min(days, 400)
    assert page.sections["minutes"].count("per week") == (days > 62)
