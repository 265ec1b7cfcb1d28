"""The ends of periods: what a report of a past period says, and what lies exactly at its start or its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.sql.rows import Usage

NOON = "2026-11-02 12:00"
DAY = ("2026-11-02 00:00", "2026-11-03 00:00")


@pytest.fixture
def renamed(usage: Usage) -> Usage:
    """A session from 12:00 to 12:50, renamed twice, with ever more participants. A later session follows at 15:00."""
    usage.observed("2026-11-02 12:10", 6, meeting_display_name="First", max_concurrent_participants=2)
    usage.observed("2026-11-02 12:20", 12, meeting_display_name="Second", max_concurrent_participants=5)
    usage.final("2026-11-02 12:50", 60, meeting_display_name="Third", max_concurrent_participants=9)
    later: dict[str, Any] = {"started_at": "2026-11-02 15:00", "meeting_display_name": "Later"}
    usage.observed("2026-11-02 15:10", 1, "later", **later, max_concurrent_participants=20)
    usage.final("2026-11-02 15:20", 2, "later", **later, max_concurrent_participants=30)
    return usage


@pytest.mark.parametrize(
    ("until", "name", "peak", "snapshots"),
    [
        ("12:05", "First", 2, 0),
        ("12:10", "First", 2, 0),
        ("12:15", "First", 2, 1),
        ("12:20", "First", 2, 1),
        ("12:25", "Second", 5, 2),
        ("12:50", "Third", 9, 2),
        ("15:00", "Third", 9, 2),
    ],
)
def test_a_past_period_has_the_title_and_the_peak_that_were_known_by_its_end(
    renamed: Usage, until: str, name: str, peak: int, snapshots: int
) -> None:
    """Its session ends at 12:50 with 60 minutes, which counts in every period that the session is part of."""
    period = (NOON, f"2026-11-02 {until}")
    (meeting,) = renamed.report("meetings", *period)
    last_live_at = min(utc(period[1]), utc("2026-11-02 12:50"))
    assert (meeting["meeting"], meeting["peak_participants"], meeting["last_live_at"]) == (name, peak, last_live_at)
    (session,) = renamed.report("sessions", *period)
    assert (session["meeting"], session["peak_participants"], session["snapshots"]) == (name, peak, snapshots)
    assert (session["ended_at"], session["total_minutes"], session["is_final"]) == (utc("2026-11-02 12:50"), 60, True)


def test_a_renamed_meeting_has_its_newest_title(renamed: Usage) -> None:
    """In the whole day, the titles and the peaks of all sessions count."""
    (meeting,) = renamed.report("meetings", *DAY)
    assert (meeting["meeting"], meeting["peak_participants"]) == ("Later", 30)
    assert meeting["last_live_at"] == utc("2026-11-02 15:20")
    assert [row["meeting"] for row in renamed.report("sessions", *DAY)] == ["Third", "Later"]
    assert {row["meeting"] for row in renamed.report("meeting_days", *DAY)} == {"Later"}


def test_a_period_after_a_session_does_not_have_it(renamed: Usage) -> None:
    """The first session ends at 12:50, and the second one starts at 15:00."""
    after = ("2026-11-02 12:50:00.000001", "2026-11-02 15:00")
    assert renamed.report("meetings", *after) == renamed.report("sessions", *after) == []
    from_its_end = renamed.ask(
        "select session_id from sessions_between($since, $until)", since=utc("2026-11-02 12:50"), until=utc(after[1])
    )
    assert from_its_end == [("s",)]
    assert renamed.ask(
        "select peak_participants, last_live_at from meetings_between($since, $until)",
        since=utc("2026-11-02 12:50"),
        until=utc(after[1]),
    ) == [(9, utc("2026-11-02 12:50"))]


def test_a_session_known_from_its_final_only_has_its_figures_in_every_period(usage: Usage) -> None:
    """Nobody knows its maximum and its title at 12:10, so those of its end are shown."""
    usage.final("2026-11-02 12:50", 60, meeting_display_name="Third", max_concurrent_participants=9)
    for report in ("meetings", "sessions"):
        (row,) = usage.report(report, NOON, "2026-11-02 12:10")
        assert (row["meeting"], row["peak_participants"]) == ("Third", 9)


def test_the_peak_of_a_meeting_is_that_of_the_type_meeting(usage: Usage) -> None:
    """A livestream of the meeting had more participants, in the period and after it."""
    for at, peak in (("12:10", 3), ("12:30", 4)):
        usage.observed(f"2026-11-02 {at}", 1, max_concurrent_participants=peak)
        usage.observed(f"2026-11-02 {at}", 1, "stream", type="livestream", max_concurrent_participants=peak - 3)
    peaks = {
        until: usage.report("meetings", NOON, f"2026-11-02 {until}")[0]["peak_participants"]
        for until in ("12:05", "12:20", "12:40")
    }
    assert peaks == {"12:05": 3, "12:20": 3, "12:40": 4}


def test_a_snapshot_at_the_start_of_a_period_belongs_to_it(renamed: Usage) -> None:
    """A snapshot at its end belongs to the next period."""
    (session,) = renamed.report("sessions", "2026-11-02 12:10", "2026-11-02 12:20")
    assert session["snapshots"] == 1


def test_a_failure_at_the_start_of_a_period_belongs_to_it(usage: Usage) -> None:
    """A failure at the end of a period belongs to the next period."""
    for slot in ("12:00", "12:05", "12:10"):
        usage.run(f"2026-11-02 {slot}", meetings="mn", failed=["m"])
    (row,) = usage.report("coverage", "2026-11-02 12:05", "2026-11-02 12:10")
    assert (row["expected_snapshots"], row["unresolved_outcomes"]) == (1, 1)


@pytest.mark.parametrize("report", ["concurrency", "live", "hours", "daily"])
def test_snapshots_at_the_ends_of_a_period(usage: Usage, report: str) -> None:
    """There are 2, 3 and 4 participants at 12:00, 12:05 and 12:10. The period begins at 12:05 and ends at 12:10."""
    usage.runs(NOON, "2026-11-02 12:10")
    for minute, participants in ((0, 2), (5, 3), (10, 4)):
        usage.observed(f"2026-11-02 12:{minute:02}", 1, live_participants=participants)
    name = {"concurrency": "participants", "live": "participants"}.get(report, "peak_participants")
    rows = usage.report(report, "2026-11-02 12:05", "2026-11-02 12:10")
    assert [row[name] for row in rows if row[name] is not None] == [3]


def test_figures_of_one_app_leave_out_other_apps(usage: Usage) -> None:
    """At 12:00 the app has 3 participants and 10 minutes; another app has 4 participants and 5 minutes."""
    other: dict[str, Any] = {"app_id": "other", "meeting_id": "n", "live_participants": 4}
    usage.run(NOON)
    usage.run(NOON, app="other", meetings="n")
    usage.observed(NOON, 10, live_participants=3, started_at="2026-11-02 11:50")
    usage.observed(NOON, 5, "o", started_at="2026-11-02 11:50", **other)
    for app, minutes, participants in (("app", 10, 3), ("other", 5, 4), (None, 15, 7)):
        hours = usage.report("hours", *DAY, app_id=app)
        assert [row["peak_participants"] for row in hours if row["peak_participants"] is not None] == [participants]
        assert sum(row["minutes"] or 0 for row in hours) == minutes
        (day,) = usage.report("daily", *DAY, app_id=app)
        assert (day["minutes"], day["peak_participants"]) == (minutes, participants)
        assert usage.report("cost", *DAY, app_id=app)[-1]["minutes"] == minutes
        for report in ("meetings", "sessions", "meeting_days"):
            assert sum(row["minutes"] for row in usage.report(report, *DAY, app_id=app)) == minutes
        apps = {app} if app else {"app", "other"}
        for report in ("meetings", "sessions", "meeting_days", "live", "concurrency", "coverage", "accuracy"):
            assert {row["app_id"] for row in usage.report(report, *DAY, app_id=app)} == apps


def test_a_day_with_one_snapshot_and_nobody_there_is_zero(usage: Usage) -> None:
    """One run observed that nobody was there. The counts are 0, not empty."""
    usage.run(NOON, every=None)
    (day,) = usage.report("daily", *DAY)
    counts = "minutes sessions peak_participants livestream_minutes participant_minutes breakout_minutes"
    assert [day[name] for name in f"{counts} unknown_minutes unfinished_sessions".split()] == [0] * 8
    (hour,) = (row for row in usage.report("hours", *DAY) if row["minutes"] is not None)
    assert [hour[name] for name in ("hour", "minutes", "other_minutes", "started_sessions", "peak_participants")] == [
        12,
        *[0] * 4,
    ]


def test_a_day_whose_only_snapshot_failed_is_empty(usage: Usage) -> None:
    """Nothing is known of the day."""
    usage.run(NOON, every=None, failed=["m"])
    (day,) = usage.report("daily", *DAY)
    assert {name: value for name, value in day.items() if value is not None} == {
        "day": utc(NOON).date(),
        "covered_percent": 0,
    }


def test_a_session_of_zero_length_has_its_minutes_at_its_start(usage: Usage) -> None:
    """The session started and ended at midnight, is known from its final only, and has 2 minutes."""
    midnight = "2026-11-03 00:00"
    usage.final(midnight, 2, started_at=midnight, max_concurrent_participants=3)
    assert usage.report("sessions", *DAY) == usage.report("meetings", *DAY) == []
    next_day = (midnight, "2026-11-04 00:00")
    (session,) = usage.report("sessions", *next_day)
    assert (session["minutes"], session["duration_minutes"], session["snapshots"]) == (2, 0, 0)
    (meeting,) = usage.report("meetings", *next_day)
    assert (meeting["minutes"], meeting["sessions"], meeting["last_live_at"]) == (2, 1, utc(midnight))


def test_a_session_seen_before_it_began_is_placed_at_its_start(usage: Usage) -> None:
    """A snapshot of 23:59 observed a session that starts at 00:01: its 4 minutes belong to the next day."""
    usage.observed("2026-11-02 23:59", 1, started_at="2026-11-03 00:01")
    usage.final("2026-11-03 00:10", 4, started_at="2026-11-03 00:01")
    assert usage.minutes() == {"11-03": 4}
    assert usage.report("sessions", *DAY) == usage.report("meetings", *DAY) == []
    (session,) = usage.report("sessions", "2026-11-03 00:00", "2026-11-04 00:00")
    assert (session["minutes"], session["snapshots"]) == (4, 0)


def test_a_session_seen_only_before_it_began_is_placed_at_its_start(usage: Usage) -> None:
    """Up to an hour before its start, the snapshot is believed; its duration is 0."""
    usage.observed("2026-11-02 23:30", 1, started_at="2026-11-03 00:01")
    assert usage.minutes(since="2026-11-03 00:00", until="2026-11-04 00:00") == {"11-03": 1}
    (session,) = usage.report("sessions", "2026-11-03 00:00", "2026-11-04 00:00")
    assert (session["minutes"], session["duration_minutes"]) == (1, 0)
    for report in ("meetings", "meeting_days"):
        (row,) = usage.report(report, "2026-11-03 00:00", "2026-11-04 00:00")
        assert (row["meeting_id"], row["minutes"]) == ("m", 1)


def test_an_hour_without_a_meeting_has_its_other_minutes(usage: Usage) -> None:
    """A livestream of 12 minutes began and ended in an hour without a snapshot."""
    usage.final("2026-11-02 12:50", 12, type="livestream")
    (hour,) = (row for row in usage.report("hours", *DAY) if row["minutes"] is not None)
    assert (hour["hour"], hour["minutes"], hour["other_minutes"], hour["started_sessions"]) == (12, 0, 12, 0)
    assert hour["peak_participants"] is None
