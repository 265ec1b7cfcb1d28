"""How long sessions lasted, and how many participants they had: two histograms of worked examples."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.page.conftest import hourly
from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.page.parsed_page import ParsedPage
    from tests.sql.rows import Usage

DAYS = ("2026-11-02 00:00", "2026-11-05 00:00")
START = "2026-11-03 09:00"


def ended(usage: Usage, minutes: float, participants: int = 1, start: str = START, **columns: Any) -> None:
    """A session that ended after so many minutes. No snapshot has seen it."""
    name = f"{start} {minutes} {participants} {columns}"
    started_at = utc(start)
    ended_at = (started_at + timedelta(minutes=minutes)).isoformat()
    columns = {"max_concurrent_participants": participants, "live_participants": 0} | columns
    usage.final(ended_at, minutes, name, started_at=started_at, **columns)


def bars(page: ParsedPage, caption: str) -> dict[str, tuple[str, str]]:
    """Return the sessions and the share of each range that has sessions."""
    rows = [list(row.values()) for row in page.table(caption)]
    return {text: (sessions, share) for text, sessions, share in rows if sessions != "0"}


def test_each_length_is_in_its_range(usage: Usage, make: MakePage) -> None:
    """A length on a limit is in the longer range. All seven ranges are there, the shortest first."""
    hourly(usage, *DAYS)
    lengths = [0, 4.9, 5, 14.9, 15, 29.9, 30, 59.9, 60, 90, 119.9, 120, 239.9, 240, 600, 601]
    for minutes in lengths:
        ended(usage, minutes)
    page = make(*DAYS)
    assert [tuple(row.values()) for row in page.table("Sessions by length")] == [
        ("under 5 minutes", "2", "12.5 %"),
        ("5 to 15 minutes", "2", "12.5 %"),
        ("15 to 30 minutes", "2", "12.5 %"),
        ("30 to 60 minutes", "2", "12.5 %"),
        ("1 to 2 hours", "3", "18.8 %"),
        ("2 to 4 hours", "2", "12.5 %"),
        ("4 hours or more", "3", "18.8 %"),
    ]
    shares = [row["style"] for row in page.shapes("bar")][:7]
    assert shares == ["--part:0.667"] * 4 + ["--part:1.000", "--part:0.667", "--part:1.000"]


def test_each_number_of_participants_is_in_its_range(usage: Usage, make: MakePage) -> None:
    """Those who never had more than one participant are counted above."""
    hourly(usage, *DAYS)
    for participants in (1, 2, 3, 5, 6, 10, 11, 25, 26, 50, 51, 900):
        ended(usage, 30, participants)
    ended(usage, 31)
    page = make(*DAYS)
    assert [tuple(row.values())[:2] for row in page.table("Sessions by the most participants at a time")] == [
        *(("1", "2"), ("2", "1"), ("3 to 5", "2"), ("6 to 10", "2")),
        *(("11 to 25", "2"), ("26 to 50", "2"), ("51 or more", "2")),
    ]
    assert "2 of 13 sessions never had more than one participant (15.4 %)." in page.texts


def test_a_session_without_participants_has_a_range_of_its_own(usage: Usage, make: MakePage) -> None:
    """It never had more than one participant either."""
    hourly(usage, *DAYS)
    ended(usage, 3, 0)
    page = make(*DAYS)
    assert bars(page, "Sessions by the most") == {"0": ("1", "100.0 %")}
    assert "1 of 1 session never had more than one participant (100.0 %)." in page.texts


def test_only_meetings_that_started_in_the_period_count(usage: Usage, make: MakePage) -> None:
    """A session counts with its whole length, also if it ended after the period."""
    hourly(usage, DAYS[0], "2026-11-06 00:00")
    ended(usage, 120, 2, "2026-11-01 23:59")
    ended(usage, 90, 2, "2026-11-02 00:00")
    ended(usage, 300, 2, "2026-11-04 23:00")
    ended(usage, 20, 2, "2026-11-05 00:00")
    ended(usage, 20, 2, type="livestream")
    page = make(*DAYS)
    assert bars(page, "Sessions by length") == {"1 to 2 hours": ("1", "50.0 %"), "4 hours or more": ("1", "50.0 %")}
    assert page.tiles["Sessions"][0] == "2"
    assert "Every session had more than one participant at some time." in page.texts


def test_a_page_of_one_app_has_the_sessions_of_that_app(usage: Usage, make: MakePage) -> None:
    """Sessions and snapshots of other apps are left out."""
    hourly(usage, *DAYS)
    ended(usage, 10, 2)
    ended(usage, 40, app_id="other")
    usage.observed("2026-11-03 10:00", 1, "other", app_id="other", started_at=utc("2026-11-03 09:30"))
    page = make(*DAYS, app_id="app")
    assert bars(page, "Sessions by length") == {"5 to 15 minutes": ("1", "100.0 %")}
    assert "alone" not in page.sections["sessions"]


def test_a_live_session_has_no_length_and_an_unfinished_one_a_lower_bound(usage: Usage, make: MakePage) -> None:
    """Live is what the newest snapshot has. The other one was last seen 25 minutes after its start."""
    usage.runs("2026-11-03 09:00", "2026-11-03 12:00", every=300)
    usage.observed("2026-11-03 09:25", 5, "unfinished", started_at=utc(START))
    usage.observed("2026-11-03 12:00", 5, "live", started_at=utc(START))
    page = make("2026-11-03 00:00", "2026-11-03 12:05")
    assert bars(page, "Sessions by length") == {"15 to 30 minutes": ("1", "100.0 %")}
    assert bars(page, "Sessions by the most") == {"1": ("2", "100.0 %")}
    assert (
        "1 live session has no length yet. 1 session ended without final figures: it lasted at least until its last "
        "snapshot." in page.texts
    )


def test_the_time_alone_is_the_share_of_the_snapshots(usage: Usage, make: MakePage) -> None:
    """Of four snapshots with participants, one saw one. A snapshot without a participant is nobody's time."""
    usage.runs("2026-11-03 09:00", "2026-11-03 12:00", every=300)
    for minute, participants in enumerate([0, 1, 2, 3, 2]):
        usage.observed(f"2026-11-03 09:{5 * minute:02}", minute, started_at=utc(START), live_participants=participants)
    page = make("2026-11-03 09:00", "2026-11-03 12:05")
    assert "one participant was alone for 25.0 % of the session time." in page.sections["sessions"]


def test_a_long_period_has_its_last_31_days(usage: Usage, make: MakePage) -> None:
    """They end with the last data, and begin at a midnight of the zone. The captions say so."""
    usage.runs("2026-08-01 00:00", "2026-11-05 12:00", every=12 * 3600)
    ended(usage, 10, 1, "2026-10-05 21:59")
    ended(usage, 20, 2, "2026-10-05 22:00")
    page = make("2026-08-01 00:00", "2026-11-20 00:00", tz="Europe/Berlin")
    assert bars(page, "Sessions by length, since Tue 6 Oct 2026") == {"15 to 30 minutes": ("1", "100.0 %")}
    assert bars(page, "Sessions by the most participants at a time, since Tue 6 Oct 2026") == {"2": ("1", "100.0 %")}


def test_a_month_of_31_days_is_whole(usage: Usage, make: MakePage) -> None:
    """Its first minute counts, and the captions name no day."""
    usage.runs("2026-10-01 00:00", "2026-10-31 12:00", every=12 * 3600)
    ended(usage, 10, 1, "2026-10-01 00:00")
    page = make("2026-10-01 00:00", "2026-11-01 00:00")
    assert len(page.tables["Sessions by length"]) == 8


def test_without_a_session_there_is_no_histogram(usage: Usage, make: MakePage) -> None:
    """The page says so in words, also of the cost."""
    hourly(usage, *DAYS)
    page = make(*DAYS)
    assert "No session started in this period." in page.texts
    assert "Nothing was used that could have a cost." in page.texts
    assert not [caption for caption in page.tables if caption.startswith("Sessions by")]
