"""The ranked meetings: their small drawings, and which of them rose, fell, began, stopped or were not used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.page.conftest import HOUR, a_session, hourly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.page.conftest import MakePage
    from tests.page.parsed_page import ParsedPage
    from tests.sql.rows import Usage

WEEK = ("2026-11-09 00:00", "2026-11-12 00:00")
MINUS = "\N{MINUS SIGN}"


def fill(usage: Usage, before: Mapping[str, float], now: Mapping[str, float]) -> None:
    """A session of each meeting three days before, and now. Snapshots cover both periods."""
    meetings = sorted({*before, *now, "unused", "unused too"})
    hourly(usage, "2026-11-06 00:00", "2026-11-11 23:00", meetings=meetings)
    for day, minutes in (("2026-11-06", before), ("2026-11-09", now)):
        for meeting, amount in minutes.items():
            name = f"{meeting} on {day}"
            a_session(usage, day, amount, name, meeting_id=meeting, meeting_display_name=f"Room {meeting}")


def changes(page: ParsedPage, caption: str) -> list[tuple[str, str, str, str]]:
    """Return the rows of a table of changes."""
    return [(row["meeting"], row["minutes"], row["minutes before"], row["change"]) for row in page.table(caption)]


def test_meetings_that_rose_and_fell_are_those_of_both_periods(usage: Usage, make: MakePage) -> None:
    """The largest change comes first. New and silent meetings have tables of their own."""
    before = {"a": 100, "b": 50, "c": 40, "d": 30, "gone": 20}
    fill(usage, before, {"a": 40, "b": 70, "c": 80, "d": 30, "new": 10, "newer": 15})
    page = make(*WEEK)
    assert changes(page, "More minutes") == [
        ("Room c", "80.0", "40.0", "+100 %"),
        ("Room b", "70.0", "50.0", "+40 %"),
    ]
    assert changes(page, "Fewer minutes") == [("Room a", "40.0", "100.0", f"{MINUS}60 %")]
    assert page.table("New: 2 without a session before") == [
        {"meeting": "Room newer", "minutes": "15.0"},
        {"meeting": "Room new", "minutes": "10.0"},
    ]
    assert page.table("Silent: 1 without a session now") == [{"meeting": "Room gone", "minutes before": "20.0"}]


def test_at_most_five_meetings_of_a_kind_are_shown(usage: Usage, make: MakePage) -> None:
    """The caption of each table says how many there are."""
    names = [f"{number}" for number in range(6)]
    before = {f"less {name}": 20 for name in names} | {f"more {name}": 20 for name in names}
    now = {f"less {name}": 10 for name in names} | {f"more {name}": 30 for name in names}
    fill(usage, before | {f"old {name}": 5 for name in names}, now | {f"new {name}": 5 for name in names})
    page = make(*WEEK)
    captions = (
        "More minutes: 5 of 6",
        "Fewer minutes: 5 of 6",
        "New: 5 of 6 without a session before",
        "Silent: 5 of 6 without a session now",
    )
    assert [len(page.table(caption)) for caption in captions] == [5] * 4


def test_without_a_period_before_nothing_is_compared(usage: Usage, make: MakePage) -> None:
    """The page says why."""
    hourly(usage, "2026-11-09 00:00", "2026-11-11 23:00")
    a_session(usage, "2026-11-09", 10)
    page = make(*WEEK)
    assert "No meeting is compared: there are no snapshots of the period before." in page.texts


def test_listed_meetings_without_a_session_are_counted_and_named(usage: Usage, make: MakePage) -> None:
    """Their list is that of the snapshots of the period."""
    fill(usage, {"a": 1}, {"a": 1})
    page = make(*WEEK)
    assert "2 of your 3 meetings were not seen in use." in page.texts
    rows = [tuple(row.values()) for row in page.table("Meetings that were not seen in use")]
    assert rows == [("no title known", "unused"), ("no title known", "unused too")]


def test_meetings_in_use_add_up_with_those_that_are_not(usage: Usage, make: MakePage) -> None:
    """A listed meeting may have sessions of other types only, and a meeting in use may be in no list."""
    fill(usage, {"b": 1}, {"a": 1})
    a_session(usage, "2026-11-09", 5, "of stream", meeting_id="unused", type="livestream")
    sentence = "2 of your 4 meetings were not seen in use, and 1 only in sessions of another type than meeting."
    page = make(*WEEK)
    assert sentence in page.texts
    assert len(page.table("The busiest meeting")) == 4 - 2 - 1
    a_session(usage, "2026-11-09", 5, "of stranger", meeting_id="stranger")
    assert f"{sentence} 1 meeting in use is not in your list." in make(*WEEK).texts


def test_an_unused_meeting_has_its_last_known_title(usage: Usage, make: MakePage) -> None:
    """The title is the newest one of before the end of the period. One of later is not known yet."""
    fill(usage, {"b": 1}, {"a": 1})
    for day, title in (("2026-11-05", "Old"), ("2026-11-07", "Last"), ("2026-11-13", "Later")):
        columns = {"meeting_id": "unused", "meeting_display_name": title}
        a_session(usage, day, 5, f"of {title}", **columns)
    rows = [tuple(row.values()) for row in make(*WEEK).table("Meetings that were not seen in use")]
    assert rows == [("Room b", "b"), ("Last", "unused"), ("no title known", "unused too")]


def test_a_list_whose_meetings_are_all_used_is_not_mentioned(usage: Usage, make: MakePage) -> None:
    """Nothing is missing."""
    hourly(usage, "2026-11-09 00:00", "2026-11-11 23:00")
    a_session(usage, "2026-11-09", 10)
    assert not [text for text in make(*WEEK).texts if "not seen in use" in text]


def test_a_small_drawing_has_a_bar_per_day_with_minutes(usage: Usage, make: MakePage) -> None:
    """The highest bar fills the drawing, and the others stand in proportion."""
    hourly(usage, "2026-11-09 00:00", "2026-11-11 23:00")
    a_session(usage, "2026-11-09", 10, "s1")
    a_session(usage, "2026-11-11", 40, "s2")
    pattern = r'<svg viewBox="0 0 (\d+) 16"[^>]*><path class="mark series-0" d="([^"]*)"'
    (drawing,) = re.findall(pattern, make(*WEEK).html)
    assert drawing == ("3", "M0 16v-4h.8V16zM2 16v-16h.8V16z")


def test_a_long_period_has_a_bar_per_week(usage: Usage, make: MakePage) -> None:
    """The column says so."""
    usage.runs("2026-08-01 00:00", "2026-11-11 12:00", every=12 * HOUR)
    a_session(usage, "2026-11-09", 10)
    assert "by week" in make("2026-08-01 00:00", "2026-11-12 00:00").table("The busiest meeting")[0]


def test_a_period_of_one_day_has_no_small_drawings(usage: Usage, make: MakePage) -> None:
    """Each would be one bar of full height."""
    hourly(usage, "2026-11-09 00:00", "2026-11-09 23:00")
    a_session(usage, "2026-11-09", 10)
    page = make("2026-11-09 00:00", "2026-11-10 00:00")
    assert "by day" not in page.table("The busiest meeting")[0]
    assert page.shapes("spark") == []


def test_the_bar_of_a_change_is_its_share_of_the_largest(usage: Usage, make: MakePage) -> None:
    """The largest change of each table fills its line."""
    fill(usage, {"a": 100, "b": 50, "gone": 20, "left": 5}, {"a": 120, "b": 90, "new": 10})
    shares = [shape["style"] for shape in make(*WEEK).shapes("share")][3:]
    assert shares == ["--share:100.0%", "--share:50.0%", "--share:100.0%", "--share:100.0%", "--share:25.0%"]
