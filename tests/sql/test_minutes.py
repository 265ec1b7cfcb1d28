"""The minutes of sessions by day and hour. A session starts at noon of 2 November, with one participant at a time."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.sql.rows import Usage

FLAGS = """
select cast(cast(bucket as date) as varchar), count(*) filter (where is_start), count(*) filter (where is_unfinished)
from minutes_between(cast($since as timestamptz), cast($until as timestamptz), 'UTC', 'day')
group by bucket
order by bucket
"""
MARKS = """
select session_id, bool_or(is_live), bool_or(is_unfinished)
from minutes_between(cast($since as timestamptz), cast($until as timestamptz), 'UTC', 'day')
group by session_id
order by session_id
"""
NIGHT = {"started_at": "2026-11-02 22:00"}


def observe_night(usage: Usage, *, participants: int = 4, minutes: float = 0) -> None:
    """A session from 22:00 to 02:00, observed every 30 minutes."""
    for at in ("22:30", "23:00", "23:30"):
        usage.observed(f"2026-11-02 {at}", minutes, live_participants=participants, **NIGHT)
    for at in ("00:00", "00:30", "01:00", "01:30"):
        usage.observed(f"2026-11-03 {at}", minutes, live_participants=participants, **NIGHT)


def test_minutes_booked_at_the_end_are_placed_where_the_participants_were(usage: Usage) -> None:
    """Four people stay from 22:00 to 02:00. All 960 minutes are booked when they leave, half belong to each day."""
    observe_night(usage)
    usage.final("2026-11-03 02:00", 960, **NIGHT)
    assert usage.minutes() == {"11-02": 480, "11-03": 480}
    assert usage.minutes(unit="hour") == dict.fromkeys(("11-02 22", "11-02 23", "11-03 00", "11-03 01"), 240)


def test_a_day_gets_the_share_of_its_participants(usage: Usage) -> None:
    """Three people until midnight, then one: 3 * 120 minutes and 120 minutes. The number changes evenly from 23:50."""
    for at in ("2026-11-02 22:10", "2026-11-02 23:50"):
        usage.observed(at, 0, live_participants=3, **NIGHT)
    for at in ("2026-11-03 00:10", "2026-11-03 01:50"):
        usage.observed(at, 0, live_participants=1, **NIGHT)
    usage.final("2026-11-03 02:00", 480, **NIGHT)
    # From 23:50 to midnight 2.5 participants on average, then 1.5 until 00:10.
    first, second = 3 * 110 + 2.5 * 10, 1.5 * 10 + 1 * 110
    minutes = {day: float(part) for day, part in usage.minutes().items()}
    assert minutes == pytest.approx({"11-02": 480 * first / (first + second), "11-03": 480 * second / (first + second)})


def test_a_snapshot_at_the_very_start_counts_in_every_period(usage: Usage) -> None:
    """From 3 to 1 participants until 23:00, then 1: 120 and 60 minutes of 180. The last half hour has 30 of them."""
    usage.observed("2026-11-02 22:00", 0, live_participants=3, **NIGHT)
    usage.observed("2026-11-02 23:00", 0, live_participants=1, **NIGHT)
    usage.final("2026-11-03 00:00", 180, **NIGHT)
    assert usage.minutes("UTC", "2026-11-02 23:30", "2026-11-03 00:00") == {"11-02": 30}


def test_a_session_seen_once_is_spread_evenly_over_its_life(usage: Usage) -> None:
    """12 minutes from 23:00 to 01:00: half of the time, and so 6 of them, lie before midnight."""
    usage.observed("2026-11-03 01:00", 12, started_at="2026-11-02 23:00")
    assert usage.minutes() == {"11-02": 6, "11-03": 6}


def test_a_session_never_seen_is_spread_evenly_over_its_life(usage: Usage) -> None:
    """60 minutes from 22:00 to 02:00, known from the final figures only."""
    usage.final("2026-11-03 02:00", 60, **NIGHT)
    assert usage.minutes() == {"11-02": 30, "11-03": 30}


def test_a_session_seen_without_participants_is_spread_evenly(usage: Usage) -> None:
    """All snapshots observed nobody, and yet 60 minutes were consumed."""
    observe_night(usage, participants=0)
    usage.final("2026-11-03 02:00", 60, **NIGHT)
    assert usage.minutes() == {"11-02": 30, "11-03": 30}


def test_an_empty_room_gets_no_minutes(usage: Usage) -> None:
    """Everybody has left by midnight, and the API keeps the session alive until 02:00."""
    for at in ("2026-11-02 22:00", "2026-11-02 23:00"):
        usage.observed(at, 0, live_participants=2, **NIGHT)
    for at in ("2026-11-02 23:30", "2026-11-03 00:30", "2026-11-03 01:30"):
        usage.observed(at, 150, live_participants=0, **NIGHT)
    usage.final("2026-11-03 02:00", 150, **NIGHT)
    assert usage.minutes() == {"11-02": 150, "11-03": 0}


def test_readings_without_participants_say_nothing_of_presence(usage: Usage) -> None:
    """A breakout room whose number of participants is missing is spread evenly over its life."""
    room = [{"id": "room", "minutes_consumed": 8}]
    usage.observed("2026-11-03 02:00", 60, breakout_rooms=room, **NIGHT)
    assert usage.minutes(session="room") == {"11-02": 4, "11-03": 4}


def test_a_session_seen_once_has_consumed_its_total(usage: Usage) -> None:
    """The session lies in one day."""
    usage.observed("2026-11-02 12:10", 5)
    assert usage.minutes() == {"11-02": 5}


def test_the_newest_total_counts_once(usage: Usage) -> None:
    """3, 7 and 9 minutes were its total at three times: 9 in all, and a third of them in each ten minutes."""
    usage.observed("2026-11-02 12:10", 3)
    usage.observed("2026-11-02 12:20", 7)
    usage.observed("2026-11-02 12:30", 9)
    assert usage.minutes() == {"11-02": 9}
    assert usage.minutes("UTC", "2026-11-02 12:10", "2026-11-02 12:20") == {"11-02": 3}


def test_a_gap_of_snapshots_is_bridged(usage: Usage) -> None:
    """Seen at 23:30 and, with five runs missing, at 00:30: the hour between them counts as present."""
    usage.observed("2026-11-02 23:30", 5, started_at="2026-11-02 23:30")
    usage.observed("2026-11-03 00:30", 12, started_at="2026-11-02 23:30")
    assert usage.minutes() == {"11-02": 6, "11-03": 6}


def test_a_session_may_last_for_months_without_a_snapshot(usage: Usage) -> None:
    """915 minutes from 1 November to noon of 31 January, seen twice: ten per day, also where nothing was seen."""
    for at, minutes in [("2024-11-01 12:00", 5), ("2025-01-31 12:00", 915)]:
        usage.observed(at, minutes, started_at="2024-11-01 00:00")
    months = [("2024-11-01", "2024-12-01"), ("2024-12-01", "2025-01-01"), ("2025-01-01", "2025-02-01")]
    days = [usage.minutes("UTC", f"{since} 00:00", f"{until} 00:00") for since, until in months]
    assert [sum(month.values()) for month in days] == [300, 310, 305]
    assert set(days[1].values()) == {10}
    assert usage.minutes("UTC", "2024-12-24 12:00", "2024-12-25 00:00") == {"12-24": 5}


def test_nothing_is_added_after_the_last_snapshot(usage: Usage) -> None:
    """Seen until 12:20: no minutes are invented for the time from 12:30 on."""
    usage.observed("2026-11-02 12:20", 8)
    assert usage.minutes("UTC", "2026-11-02 12:30", "2026-11-03 00:00") == {}


def test_a_session_that_restarts_is_another_session(usage: Usage) -> None:
    """The meeting's first session had come to 30 minutes. The second one, from 13:00 on, begins with 0 and has 4."""
    usage.observed("2026-11-02 12:50", 30, "first")
    usage.observed("2026-11-02 13:05", 4, "second", started_at="2026-11-02 13:00")
    assert usage.minutes() == {"11-02": 34}
    assert usage.minutes(session="second") == {"11-02": 4}


def test_a_session_recorded_under_two_meeting_ids_counts_once(usage: Usage) -> None:
    """Each run saw it twice, half a minute apart, under both IDs. Its total at last is 10.5."""
    for at, minutes, meeting in [("12:05:00", 5, "m"), ("12:05:30", 5.5, "n"), ("12:10:00", 10, "m")]:
        usage.observed(f"2026-11-02 {at}", minutes, meeting_id=meeting)
    usage.observed("2026-11-02 12:10:30", 10.5, meeting_id="n")
    assert usage.minutes() == {"11-02": 10.5}
    assert usage.ask("select meeting_id, minutes from sessions") == [("m", 10.5)]


def test_sessions_of_two_apps_with_the_same_id_are_different(usage: Usage) -> None:
    """5 minutes of the one, 7 of the other."""
    usage.observed("2026-11-02 12:10", 5)
    usage.observed("2026-11-02 12:10", 7, app_id="other")
    assert usage.minutes() == {"11-02": 12}


def test_of_a_total_that_falls_the_newest_counts(usage: Usage) -> None:
    """10 minutes at 23:50, 4 at 00:10. A check names the session."""
    usage.observed("2026-11-02 23:50", 10, started_at="2026-11-02 23:50")
    usage.observed("2026-11-03 00:10", 4, started_at="2026-11-02 23:50")
    assert usage.minutes() == {"11-02": 2, "11-03": 2}
    assert usage.ask("select minutes from sessions") == [(4,)]


def test_a_session_that_consumes_nothing_has_zero_minutes(usage: Usage) -> None:
    """0 minutes on the days on which it was under way, which is not the same as no row."""
    usage.observed("2026-11-02 12:10", 0)
    usage.observed("2026-11-03 12:10", 0)
    assert usage.minutes() == {"11-02": 0, "11-03": 0}


def test_a_period_includes_its_start_and_not_its_end(usage: Usage) -> None:
    """10 minutes per ten minutes until 12:20. A session of no length belongs to the period that starts with it."""
    usage.observed("2026-11-02 12:20", 20)
    usage.observed("2026-11-02 12:20", 3, "instant", started_at="2026-11-02 12:20")
    assert usage.minutes("UTC", "2026-11-02 12:00", "2026-11-02 12:10") == {"11-02": 10}
    assert usage.minutes("UTC", "2026-11-02 12:10", "2026-11-02 12:20") == {"11-02": 10}
    assert usage.minutes("UTC", "2026-11-02 12:20", "2026-11-02 12:30") == {"11-02": 3}


@pytest.mark.parametrize("at", ["2026-11-03 00:00", "2026-11-03 12:07", "2026-11-03 23:59"])
def test_a_session_of_zero_length_known_from_its_final_figures_only(usage: Usage, at: str) -> None:
    """Its minutes belong to the instant, in whichever part of a quarter of an hour the period is cut."""
    usage.final(at, 7, started_at=at)
    assert usage.minutes() == {"11-03": 7}
    assert usage.minutes("UTC", at, "2026-11-05 00:00") == {"11-03": 7}
    assert usage.minutes("UTC", "2026-11-01 00:00", at) == {}
    assert usage.ask(FLAGS, since="-infinity", until="infinity") == [("2026-11-03", 1, 0)]


def test_periods_that_meet_share_no_millionth_of_a_minute(usage: Usage) -> None:
    """10 minutes in half an hour, cut at two thirds of it: 3.333333, 3.333334 (6.666667 less that) and 3.333333."""
    usage.observed("2026-11-02 12:30", 10)
    cuts = ["2026-11-02 12:00", "2026-11-02 12:10", "2026-11-02 12:20", "2026-11-02 12:30"]
    parts = [usage.minutes("UTC", *period)["11-02"] for period in pairwise(cuts)]
    assert parts == [Decimal("3.333333"), Decimal("3.333334"), Decimal("3.333333")]


@pytest.mark.parametrize("cut", ["12:04:59.999999", "12:10", "12:10:00.000001", "12:17:03.123457", "12:25"])
def test_wherever_a_period_is_cut_its_parts_add_up(usage: Usage, cut: str) -> None:
    """19.9999 minutes, cut before, at and after a snapshot, and after the last snapshot."""
    usage.observed("2026-11-02 12:10", 7.1234, live_participants=3)
    usage.observed("2026-11-02 12:20", 19.9999)
    before = usage.minutes("UTC", "2026-11-02 12:00", f"2026-11-02 {cut}").get("11-02", 0)
    after = usage.minutes("UTC", f"2026-11-02 {cut}", "2026-11-02 13:00").get("11-02", 0)
    assert before + after == Decimal("19.9999")


def test_a_session_starts_once_and_is_unfinished_at_its_last_snapshot(usage: Usage) -> None:
    """A session starts on the 2nd and is last observed on the 4th. A period of the 3rd has neither mark."""
    usage.observed("2026-11-02 13:00", 1)
    usage.observed("2026-11-04 13:00", 5)
    whole = [("2026-11-02", 1, 0), ("2026-11-03", 0, 0), ("2026-11-04", 0, 1)]
    assert usage.ask(FLAGS, since="-infinity", until="infinity") == whole
    assert usage.ask(FLAGS, since="2026-11-03 00:00:00+00", until="2026-11-04 00:00:00+00") == [("2026-11-03", 0, 0)]


def test_a_session_of_the_newest_snapshot_is_live_and_one_that_has_ended_is_not(usage: Usage) -> None:
    """No final total of both is known. A run in which every meeting failed, and one of the future, tell nothing."""
    usage.run("2026-11-02 12:00", meetings=["m", "n"])
    usage.observed("2026-11-02 12:00", 1, "ended", meeting_id="n")
    usage.run("2026-11-02 13:00", meetings=["m", "n"])
    usage.observed("2026-11-02 13:00", 2, "live", started_at="2026-11-02 11:00")
    usage.run("2026-11-02 11:00", app="other")
    usage.observed("2026-11-02 11:00", 3, "live too", started_at="2026-11-02 11:00", app_id="other")
    marks = [("ended", False, True), ("live", True, False), ("live too", True, False)]
    assert usage.ask(MARKS, since="-infinity", until="infinity") == marks
    assert usage.ask("select session_id from sessions where is_live order by all") == [("live",), ("live too",)]
    assert usage.ask("select session_id from live_now order by all") == [("live",), ("live too",)]
    usage.observed("2126-11-02 14:00", 4, "ahead", started_at="2026-11-02 11:00")
    for slot in ("2026-11-02 14:00", "2126-11-02 14:00"):
        usage.run(slot)
        failed = {"live": 0, "idle": 0, "failed": 1} if slot.startswith("2026") else {"live": 0, "idle": 1}
        usage.write()
        usage.connection.execute(
            f"update runs set {', '.join(f'{name} = {count}' for name, count in failed.items())} where slot = $slot",  # noqa: S608  # our own
            {"slot": utc(slot)},
        )
    assert usage.ask(MARKS, since="-infinity", until="infinity") == marks
    assert usage.ask(MARKS, since="-infinity", until="2026-11-02 12:30:00+00")[1:] == [
        ("live", False, False),
        ("live too", True, False),
    ]
    usage.run("2026-11-02 15:00")
    usage.final("2026-11-02 11:30", 3, "live too", started_at="2026-11-02 11:00", app_id="other")
    marks[-2:] = [("live", False, True), ("live too", False, False)]
    assert usage.ask(MARKS, since="-infinity", until="infinity") == marks


def test_a_session_last_observed_at_midnight_is_unfinished_on_the_day_before(usage: Usage) -> None:
    """No time of it lies in the next day."""
    usage.observed("2026-11-03 00:00", 5)
    assert usage.ask(FLAGS, since="-infinity", until="infinity") == [("2026-11-02", 1, 1)]


@pytest.mark.parametrize("unit", ["day", "hour"])
def test_a_session_observed_before_its_start_across_midnight_counts_at_its_start(usage: Usage, unit: str) -> None:
    """The clock here is two minutes slow. The minutes belong to the time that the API gives for the session."""
    usage.observed("2026-11-02 23:59", 3, started_at="2026-11-03 00:01")
    assert sum(usage.minutes("UTC", "2026-11-02 00:00", "2026-11-03 00:00", unit=unit).values()) == 0
    assert sum(usage.minutes("UTC", "2026-11-03 00:00", "2026-11-04 00:00", unit=unit).values()) == 3
    day = {"since": utc("2026-11-03 00:00"), "until": utc("2026-11-04 00:00")}
    assert usage.ask("select session_id, snapshots from sessions_between($since, $until)", **day) == [("s", 0)]


def test_a_session_observed_after_its_end_has_its_minutes_before_the_end(usage: Usage) -> None:
    """The session ended a minute before midnight. The list of live sessions still had it two minutes later."""
    usage.observed("2026-11-02 23:50", 4, started_at="2026-11-02 23:30")
    usage.observed("2026-11-03 00:01", 4, started_at="2026-11-02 23:30", live_participants=0)
    usage.final("2026-11-02 23:59", 6, started_at="2026-11-02 23:30")
    assert usage.minutes() == {"11-02": 6}


def test_a_final_total_without_an_end_is_spread_until_the_last_snapshot(usage: Usage) -> None:
    """The API gives no end. With four people at most, 420 minutes would need less time than the snapshots show."""
    observe_night(usage)
    usage.final(None, 420, max_concurrent_participants=4, **NIGHT)
    assert usage.minutes() == {"11-02": 240, "11-03": 180}
    assert usage.ask("select ended_at, is_final from sessions") == [(None, True)]


def test_a_session_without_a_type_is_of_the_type_unknown(usage: Usage) -> None:
    """A session that had a type in one snapshot is of that type."""
    usage.observed("2026-11-02 12:10", 5, "never", type=None)
    usage.observed("2026-11-02 12:10", 5, "once", type=None)
    usage.observed("2026-11-02 12:20", 9, "once", type="meeting")
    assert usage.ask("select session_id, type from sessions order by all") == [
        ("never", "unknown"),
        ("once", "meeting"),
    ]


def test_the_worked_example_of_the_data_model(usage: Usage) -> None:
    """The document places the minutes of a session that was observed three times, from 23:30 to 00:30."""
    for at, participants in [("2026-11-02 23:40", 2), ("2026-11-02 23:50", 4), ("2026-11-03 00:10", 2)]:
        usage.observed(at, 0, started_at="2026-11-02 23:30", live_participants=participants)
    usage.final("2026-11-03 00:30", 120, started_at="2026-11-02 23:30")
    assert usage.minutes() == {"11-02": 68, "11-03": 52}
