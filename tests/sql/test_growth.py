"""Growth of a session's running total, by day and hour. Sessions start at noon of 2 November."""

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
from growth_between(cast($since as timestamptz), cast($until as timestamptz), 'UTC', 'day', true)
group by bucket
order by bucket
"""


def test_a_session_seen_once_has_consumed_its_total(usage: Usage) -> None:
    """A session starts with 0 minutes at 12:00 and has 5 at 12:10."""
    usage.observed("2026-11-02 12:10", 5)
    assert usage.growth() == {"11-02": 5}


def test_what_was_consumed_before_the_first_snapshot_is_spread_from_the_start(usage: Usage) -> None:
    """12 minutes from 23:00 to 01:00: half of the time, and so 6 of them, lie before midnight."""
    usage.observed("2026-11-03 01:00", 12, started_at="2026-11-02 23:00")
    assert usage.growth() == {"11-02": 6, "11-03": 6}


def test_growth_and_not_the_total_is_what_a_snapshot_adds(usage: Usage) -> None:
    """3, 7 and 9 minutes were its total at three times: 9 in all, and of the ten minutes from 12:10 on 4."""
    usage.observed("2026-11-02 12:10", 3)
    usage.observed("2026-11-02 12:20", 7)
    usage.observed("2026-11-02 12:30", 9)
    assert usage.growth() == {"11-02": 9}
    assert usage.growth("UTC", "2026-11-02 12:10", "2026-11-02 12:20") == {"11-02": 4}


def test_a_run_missing_in_between_changes_no_sum(usage: Usage) -> None:
    """5 minutes at 23:45 and, with two runs missing, 11 at 00:15: of the 6 in half an hour 3 lie before midnight."""
    usage.observed("2026-11-02 23:45", 5)
    usage.observed("2026-11-03 00:15", 11)
    assert usage.growth() == {"11-02": 8, "11-03": 3}


def test_a_session_may_span_months_of_which_nothing_is_known(usage: Usage) -> None:
    """Seen on 1 November and again 91 days later, with 910 minutes more: 10 a day, also in a period without snapshots.

    30 days of November have the 5 minutes before it was seen, then 29.5 days of 10; the last half day of January is
    behind its last sight.
    """
    usage.observed("2026-11-01 12:00", 5, started_at="2026-11-01 00:00")
    usage.observed("2027-01-31 12:00", 915, started_at="2026-11-01 00:00")
    months = [("2026-11-01", "2026-12-01"), ("2026-12-01", "2027-01-01"), ("2027-01-01", "2027-02-01")]
    days = [usage.growth("UTC", f"{since} 00:00", f"{until} 00:00") for since, until in months]
    assert [sum(month.values()) for month in days] == [300, 310, 305]
    assert set(days[1].values()) == {10}
    assert usage.growth("UTC", "2026-12-24 12:00", "2026-12-25 00:00") == {"12-24": 5}


def test_of_what_lies_behind_the_last_sight_nothing_is_known(usage: Usage) -> None:
    """Seen until 12:20: nothing is made up for the time from 12:30 on."""
    usage.observed("2026-11-02 12:20", 8)
    assert usage.growth("UTC", "2026-11-02 12:30", "2026-11-03 00:00") == {}


def test_a_session_that_restarts_is_another_one(usage: Usage) -> None:
    """The meeting's first session had come to 30 minutes; the second one, from 13:00 on, begins with 0 and has 4."""
    usage.observed("2026-11-02 12:50", 30, "first")
    usage.observed("2026-11-02 13:05", 4, "second", started_at="2026-11-02 13:00")
    assert usage.growth() == {"11-02": 34}
    assert usage.growth(session="second") == {"11-02": 4}


def test_a_session_recorded_under_two_meeting_ids_counts_once(usage: Usage) -> None:
    """Each run saw it twice, half a minute apart, under both; its total at last is 10.5."""
    for at, minutes, meeting in [("12:05:00", 5, "m"), ("12:05:30", 5.5, "n"), ("12:10:00", 10, "m")]:
        usage.observed(f"2026-11-02 {at}", minutes, meeting_id=meeting)
    usage.observed("2026-11-02 12:10:30", 10.5, meeting_id="n")
    assert usage.growth() == {"11-02": 10.5}
    assert usage.ask("select meeting_id, minutes from sessions") == [("m", 10.5)]


def test_sessions_of_two_apps_with_one_id_are_two(usage: Usage) -> None:
    """5 minutes of the one, 7 of the other."""
    usage.observed("2026-11-02 12:10", 5)
    usage.observed("2026-11-02 12:10", 7, app_id="other")
    assert usage.growth() == {"11-02": 12}


def test_a_total_that_falls_is_shown_as_negative_growth(usage: Usage) -> None:
    """10 minutes at 23:50, 4 at 00:10: -6 in 20 minutes, half of it before midnight. 10 - 3 and -3 add up to 4."""
    usage.observed("2026-11-02 23:50", 10)
    usage.observed("2026-11-03 00:10", 4)
    assert usage.growth() == {"11-02": 7, "11-03": -3}
    assert usage.ask("select minutes from sessions") == [(4,)]


def test_a_session_that_consumes_nothing_was_there(usage: Usage) -> None:
    """0 minutes on the days on which it was seen, which is not nothing at all."""
    usage.observed("2026-11-02 12:10", 0)
    usage.observed("2026-11-03 12:10", 0)
    assert usage.growth() == {"11-02": 0, "11-03": 0}


def test_a_period_holds_its_beginning_and_not_its_end(usage: Usage) -> None:
    """10 minutes at 12:10, 25 at 12:20, both at the edges of a period: what grew in between is all that is in it."""
    usage.observed("2026-11-02 12:10", 10)
    usage.observed("2026-11-02 12:20", 25)
    assert usage.growth("UTC", "2026-11-02 12:00", "2026-11-02 12:10") == {"11-02": 10}
    assert usage.growth("UTC", "2026-11-02 12:10", "2026-11-02 12:20") == {"11-02": 15}
    assert usage.growth("UTC", "2026-11-02 12:20", "2026-11-02 12:30") == {"11-02": 0}


def test_periods_that_meet_share_no_millionth_of_a_minute(usage: Usage) -> None:
    """10 minutes in half an hour, cut at two thirds of it: 3.333333, 3.333334 (6.666667 less that) and 3.333333."""
    usage.observed("2026-11-02 12:30", 10)
    cuts = ["2026-11-02 12:00", "2026-11-02 12:10", "2026-11-02 12:20", "2026-11-02 12:30"]
    parts = [usage.growth("UTC", *period)["11-02"] for period in pairwise(cuts)]
    assert parts == [Decimal("3.333333"), Decimal("3.333334"), Decimal("3.333333")]


@pytest.mark.parametrize("cut", ["12:04:59.999999", "12:10", "12:10:00.000001", "12:17:03.123457", "12:25"])
def test_wherever_a_period_is_cut_its_parts_add_up(usage: Usage, cut: str) -> None:
    """7.1234 minutes until 12:10, 19.9999 until 12:20, before, at and after a snapshot and behind the last one."""
    usage.observed("2026-11-02 12:10", 7.1234)
    usage.observed("2026-11-02 12:20", 19.9999)
    before = usage.growth("UTC", "2026-11-02 12:00", f"2026-11-02 {cut}").get("11-02", 0)
    behind = usage.growth("UTC", f"2026-11-02 {cut}", "2026-11-02 13:00").get("11-02", 0)
    assert before + behind == Decimal("19.9999")


def test_a_session_begins_once_and_is_open_at_its_last_sight(usage: Usage) -> None:
    """A session starts on the 2nd and is last observed on the 4th. A period of the 3rd has neither mark."""
    usage.observed("2026-11-02 13:00", 1)
    usage.observed("2026-11-04 13:00", 5)
    whole = [("2026-11-02", 1, 0), ("2026-11-03", 0, 0), ("2026-11-04", 0, 1)]
    assert usage.ask(FLAGS, since="-infinity", until="infinity") == whole
    assert usage.ask(FLAGS, since="2026-11-03 00:00:00+00", until="2026-11-04 00:00:00+00") == [("2026-11-03", 0, 0)]


def test_a_session_seen_before_it_began_began_when_it_was_seen(usage: Usage) -> None:
    """Our clock is two minutes slow: 0.5 minutes at 11:58, 3 at 12:03; what is cut at 11:59 and at 12:00 adds up.

    From 11:58 to 12:03 it grew by 2.5 minutes, half a minute a minute: 0.5 + 0.5 until 11:59, 0.5 until noon, then 1.5.
    """
    usage.observed("2026-11-02 11:58", 0.5)
    usage.observed("2026-11-02 12:03", 3)
    cuts = ["2026-11-02 11:00", "2026-11-02 11:59", "2026-11-02 12:00", "2026-11-02 13:00"]
    assert [usage.growth("UTC", *period) for period in pairwise(cuts)] == [
        {"11-02": 1},
        {"11-02": 0.5},
        {"11-02": 1.5},
    ]
    assert usage.ask(
        "select session_id from sessions_between($since, $until)", since=utc("2026-11-02 11:00"), until=utc(cuts[1])
    ) == [("s",)]


def test_a_session_without_a_type_is_of_the_type_unknown(usage: Usage) -> None:
    """One that said its type once is of that type."""
    usage.observed("2026-11-02 12:10", 5, "never", type=None)
    usage.observed("2026-11-02 12:10", 5, "once", type=None)
    usage.observed("2026-11-02 12:20", 9, "once", type="meeting")
    assert usage.ask("select session_id, type from sessions order by all") == [
        ("never", "unknown"),
        ("once", "meeting"),
    ]


def test_the_worked_example_of_the_data_model(usage: Usage) -> None:
    """The document shows the steps and the days of a session that was observed three times over midnight."""
    for at, minutes in [("2026-11-02 23:45", 12), ("2026-11-02 23:55", 22), ("2026-11-03 00:15", 42)]:
        usage.observed(at, minutes, started_at="2026-11-02 23:30")
    usage.final("2026-11-03 00:25", 50, started_at="2026-11-02 23:30")
    steps = """
        select strftime(from_at, '%H:%M'), from_minutes, strftime(to_at, '%H:%M'), to_minutes, minutes_within_bucket
        from growth_steps_between('-infinity'::timestamptz, 'infinity'::timestamptz, 'UTC', 'day', true)
        order by from_at
    """
    assert usage.ask(steps) == [
        ("23:30", 0, "23:45", 12, 10),
        ("23:55", 22, "00:15", 42, 0),
        ("00:15", 42, "00:25", 50, 0),
    ]
    assert usage.growth() == {"11-02": 12 + 10 + 5, "11-03": 15 + 8}
