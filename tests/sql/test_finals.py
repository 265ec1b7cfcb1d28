"""Final figures and breakout rooms: what `reconcile` adds, and what stands in JSON. Sessions begin at noon."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from etl.store import sql_files
from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.sql.rows import Usage

SESSIONS = "select session_id, minutes, is_final from sessions order by session_id"
BY_TYPE = """
select type, sum(minutes)
from minutes_between('-infinity'::timestamptz, 'infinity'::timestamptz, 'UTC', 'day')
group by type
"""

NO_MINUTES: list[object] = ["many", "NaN", "inf", "-inf", 1e300, {}, [3]]


def rooms(usage: Usage) -> dict[str, Any]:
    """The minutes of each type of session."""
    return dict(usage.ask(BY_TYPE))


def longest_sessions(usage: Usage, since: str, until: str) -> list[dict[str, Any]]:
    """The rows of the page's table of the longest sessions."""
    period = {"since": utc(since), "until": utc(until), "app_id": None}
    return usage.frame(sql_files.text("page/longest_sessions"), **period).to_dicts()


def test_a_final_total_is_spread_over_the_whole_session(usage: Usage) -> None:
    """10 minutes at 23:50, 15 at the end at 00:10: 50 of its 60 minutes lie before midnight."""
    usage.observed("2026-11-02 23:50", 10, started_at="2026-11-02 23:10")
    usage.final("2026-11-03 00:10", 15, started_at="2026-11-02 23:10")
    assert usage.minutes() == {"11-02": 12.5, "11-03": 2.5}


def test_without_final_figures_a_total_is_a_lower_bound(usage: Usage) -> None:
    """Without final figures, minutes are those that snapshots saw. `sessions` says which total is final."""
    usage.observed("2026-11-02 23:50", 10)
    usage.observed("2026-11-02 23:50", 6, "open")
    usage.final("2026-11-03 00:10", 14)
    assert usage.minutes(finals=False) == {"11-02": 16}
    assert usage.ask(SESSIONS) == [("open", 6, False), ("s", 14, True)]


def test_a_session_that_lived_between_two_snapshots_is_known_from_its_final_figures(usage: Usage) -> None:
    """60 minutes from 23:30 to 00:30, half of them on either side of midnight."""
    usage.final("2026-11-03 00:30", 60, started_at="2026-11-02 23:30")
    assert usage.minutes() == {"11-02": 30, "11-03": 30}
    assert usage.minutes(finals=False) == {}


def test_the_final_figures_fetched_last_count(usage: Usage) -> None:
    """20 minutes and an end at 00:30 were reported first, then 18 and 00:10. Still older ones do not count either."""
    begin = {"started_at": "2026-11-02 23:50"}
    usage.final("2026-11-03 00:10", 18, fetched_at="2026-11-06 00:00", **begin)
    usage.final("2026-11-03 00:30", 20, fetched_at="2026-11-05 00:00", **begin)
    usage.final("2026-11-03 00:00", 14, fetched_at="2026-11-04 00:00", **begin)
    assert usage.minutes() == {"11-02": 9, "11-03": 9}
    assert usage.ask(SESSIONS) == [("s", 18, True)]


def test_a_session_has_no_minutes_after_its_end(usage: Usage) -> None:
    """The session ended at 00:05, and the list of live sessions still had it at 00:10. Two periods meet at 00:02."""
    usage.observed("2026-11-03 00:10", 10, started_at="2026-11-02 23:50")
    usage.final("2026-11-03 00:05", 15, started_at="2026-11-02 23:50")
    assert usage.minutes() == {"11-02": 10, "11-03": 5}
    assert usage.minutes("UTC", "2026-11-02 00:00", "2026-11-03 00:02") == {"11-02": 10, "11-03": 2}
    assert usage.minutes("UTC", "2026-11-03 00:02", "2026-11-04 00:00") == {"11-03": 3}


def test_a_session_is_not_under_way_until_it_was_last_changed(usage: Usage) -> None:
    """60 minutes of four people from 09:00, changed a week later: at least a quarter of an hour, and all on one day."""
    columns: dict[str, Any] = {"started_at": "2026-11-15 09:00", "max_concurrent_participants": 4}
    usage.final(None, 60, updated_at="2026-11-22 09:00", **columns)
    assert usage.minutes() == {"11-15": 60}
    period = ("2026-11-01 00:00", "2026-12-01 00:00")
    for row in (*usage.report("sessions", *period), *longest_sessions(usage, *period)):
        assert (row["duration_minutes"], row["total_minutes"], row["is_final"]) == (15, 60, True)
    (row,) = usage.report("sessions", *period)
    assert row["ended_at"] is None
    assert usage.report("meetings", "2026-11-16 00:00", "2026-12-01 00:00") == []


@pytest.mark.parametrize(
    ("last_snapshot", "final", "last_live_at"),
    [
        ("12:10", (60, 2, "2026-11-05 00:00"), "12:30"),
        ("12:40", (60, 2, "2026-11-05 00:00"), "12:40"),
        (None, (60, 1, "2026-11-05 00:00"), "13:00"),
        (None, (60, 1, "2026-11-02 12:20"), "12:20"),
        (None, (1e11, 1, "2026-11-02 14:00"), "14:00"),
        (None, (60, 0, "2026-11-05 00:00"), "12:00"),
        (None, (0, 3, "2026-11-05 00:00"), "12:00"),
        (None, (60, 1, "2026-11-02 11:00"), "12:00"),
    ],
)
def test_a_session_without_an_end_lasts_to_its_last_snapshot_and_as_long_as_its_minutes_took(
    usage: Usage, last_snapshot: str | None, final: tuple[float, int, str], last_live_at: str
) -> None:
    """The session had ended when its figures were fetched. Nothing is known without participants."""
    minutes, most, fetched_at = final
    if last_snapshot:
        usage.observed(f"2026-11-02 {last_snapshot}", 10, max_concurrent_participants=most)
    usage.final(None, minutes, max_concurrent_participants=most, fetched_at=fetched_at)
    answer = usage.ask("select ended_at, strftime(last_live_at, '%H:%M') from sessions")
    assert answer == [(None, last_live_at)]
    assert usage.minutes() == {"11-02": minutes}


@pytest.mark.parametrize("last_snapshot", ["12:10", "12:40"])
def test_periods_that_meet_share_a_session_without_an_end(usage: Usage, last_snapshot: str) -> None:
    """60 minutes of two people, wherever the periods meet: before, at or after its last snapshot and its end."""
    usage.observed(f"2026-11-02 {last_snapshot}", 10, live_participants=2, max_concurrent_participants=2)
    usage.final(None, 60, max_concurrent_participants=2)
    for meet in ("12:05", "12:10", "12:20", "12:30", "12:35", "12:40", "13:30", "13:55"):
        border = f"2026-11-02 {meet}"
        periods = (("2026-11-01 00:00", border), (border, "2026-11-04 00:00"))
        assert sum(sum(usage.minutes("UTC", *period).values()) for period in periods) == 60


def test_an_end_that_an_earlier_fetch_gave_stays_known(usage: Usage) -> None:
    """The newest figures lack it."""
    usage.final("2026-11-02 12:30", 20, fetched_at="2026-11-03 00:00")
    usage.final(None, 21, fetched_at="2026-11-04 00:00")
    assert usage.ask("select minutes, strftime(ended_at, '%H:%M') from sessions") == [(21, "12:30")]


def test_a_breakout_room_keeps_its_end_if_its_parent_has_none(usage: Usage) -> None:
    """The room ended at 12:30. A room without an end of its own lasts as long as its minutes took."""
    room = {"started_at": "2026-11-02T12:15:00Z", "max_concurrent_participants": 2, "minutes_consumed": 10}
    rows = [room | {"id": "ended", "ended_at": "2026-11-02T12:30:00Z"}, room | {"id": "open"}]
    usage.final(None, 60, breakout_rooms=rows)
    answer = usage.ask("select session_id, strftime(last_live_at, '%H:%M') from sessions where type = 'breakout'")
    assert sorted(answer) == [("ended", "12:30"), ("open", "12:20")]


def test_a_final_total_may_be_less_than_a_snapshot_showed(usage: Usage) -> None:
    """10 minutes were seen, 8 are final. The days add up to 8, and a check names the session."""
    usage.observed("2026-11-02 23:50", 10, started_at="2026-11-02 23:50")
    usage.final("2026-11-03 00:10", 8, started_at="2026-11-02 23:50")
    assert usage.minutes() == {"11-02": 4, "11-03": 4}


def test_the_most_participants_are_the_most_of_all_reports(usage: Usage) -> None:
    """2, then 5 in snapshots, where the final figures say 4; 6 where they say 6."""
    for session, last in [("less", 4), ("more", 6)]:
        usage.observed("2026-11-02 12:10", 10, session, max_concurrent_participants=2)
        usage.observed("2026-11-02 12:20", 10, session, max_concurrent_participants=5)
        usage.final("2026-11-02 12:30", 10, session, max_concurrent_participants=last)
    assert dict(usage.ask("select session_id, max_participants from sessions")) == {"less": 5, "more": 6}


@pytest.mark.parametrize("status", ["ENDED", "ended", None, "FINISHED"])
def test_final_figures_count_whatever_their_status_is(usage: Usage, status: str | None) -> None:
    """A session that says that it is live has no row of final figures."""
    usage.observed("2026-11-02 12:10", 10)
    usage.final("2026-11-02 12:30", 14, status=status)
    assert usage.ask(SESSIONS) == [("s", 14, True)]
    (row,) = longest_sessions(usage, "2026-11-02 00:00", "2026-11-03 00:00")
    assert (row["total_minutes"], row["is_final"]) == (14, True)


def test_a_period_after_the_last_snapshot_has_its_part_of_the_final_total(usage: Usage) -> None:
    """40 minutes until the end at 12:40: from 12:20 to 12:30 there are 10, from 12:40 on none."""
    usage.observed("2026-11-02 12:10", 10)
    usage.final("2026-11-02 12:40", 40)
    assert usage.minutes("UTC", "2026-11-02 12:20", "2026-11-02 12:30") == {"11-02": 10}
    assert usage.minutes("UTC", "2026-11-02 12:40", "2026-11-02 13:00") == {}


def test_a_breakout_room_is_placed_like_a_session(usage: Usage) -> None:
    """10 minutes from 23:30 to 00:10, with one participant: 7.5 before midnight. Its parent is counted without it."""
    for at, minutes, room_minutes in [("2026-11-02 23:45", 50, 6), ("2026-11-03 00:10", 72, 10)]:
        room = {"id": "room", "minutes_consumed": room_minutes, "live_participants": 1}
        usage.observed(at, minutes, breakout_rooms=[room | {"started_at": "2026-11-02T23:30:00Z"}])
    assert usage.minutes(session="room") == {"11-02": 7.5, "11-03": 2.5}
    assert rooms(usage) == {"meeting": 72, "breakout": 10}
    assert usage.ask("select meeting_id, type, minutes from usage_daily where day = '2026-11-03' order by all") == [
        ("m", "breakout", 2.5),
        ("m", "meeting", Decimal("0.986301")),
    ]


def test_a_breakout_room_has_final_figures_in_those_of_its_meeting(usage: Usage) -> None:
    """10 minutes from 12:30 to 12:50. A room without an end ends with its meeting, at 13:00."""
    rows = [{"id": one, "minutes_consumed": 6, "started_at": "2026-11-02T12:30:00Z"} for one in ("ended", "open")]
    usage.observed("2026-11-02 12:45", 50, breakout_rooms=rows)
    final = [
        {**rows[0], "minutes_consumed": 10, "ended_at": "2026-11-02T12:50:00Z"},
        {**rows[1], "minutes_consumed": 9},
    ]
    usage.final("2026-11-02 13:00", 60, breakout_rooms=final)
    first = ("UTC", "2026-11-02 12:45", "2026-11-02 12:50")
    assert usage.minutes(*first, session="ended") == {"11-02": 2.5}
    assert usage.minutes(*first, session="open") == {"11-02": 1.5}
    assert rooms(usage) == {"meeting": 60, "breakout": 19}


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "room", "minutes_consumed": 3},
        "rooms",
        7,
        True,
        None,
        [],
        [None, 5, "room", True, [], [{"id": "room", "minutes_consumed": 3}], {}],
        [{"id": None, "minutes_consumed": 3}, {"id": "room"}, {"id": "room", "minutes_consumed": None}],
        [{"id": "room", "minutes_consumed": minutes} for minutes in NO_MINUTES],
        [{"id": "s", "minutes_consumed": 3}],
    ],
)
def test_rooms_of_another_shape_have_no_figures_and_spoil_none(usage: Usage, odd: object) -> None:
    """Their shape is documented nowhere: no list, no objects, no ID or minutes, or called like their meeting."""
    usage.observed("2026-11-02 12:10", 10, breakout_rooms=odd)
    usage.final("2026-11-02 12:20", 12, breakout_rooms=odd)
    assert usage.minutes() == {"11-02": 12}
    assert rooms(usage) == {"meeting": 12}
    for name in sql_files.names("reports"):
        usage.report(name.removeprefix("reports/"), "2026-11-02 00:00", "2026-11-03 00:00")


def test_minutes_of_a_room_may_be_text(usage: Usage) -> None:
    """Other numbers of the API may be text, too."""
    usage.observed("2026-11-02 12:10", 10, breakout_rooms=[{"id": "room", "minutes_consumed": "3.5"}])
    assert rooms(usage) == {"meeting": 10, "breakout": 3.5}


@pytest.mark.parametrize(
    "odd", ["0001-01-01T00:00:00Z", "infinity", "-infinity", "9999-12-31T23:59:59Z", "soon", 5, {}]
)
def test_a_room_lives_within_the_time_of_its_meeting(usage: Usage, odd: object) -> None:
    """A start or an end outside of that time is replaced by the meeting's: 3 minutes from 12:00 to 12:20."""
    room = {"id": "room", "minutes_consumed": 3, "started_at": odd, "ended_at": odd}
    usage.observed("2026-11-02 12:10", 10, breakout_rooms=[room])
    usage.final("2026-11-02 12:20", 12, breakout_rooms=[room])
    assert usage.minutes(session="room", unit="hour") == {"11-02 12": 3}
    assert usage.minutes("UTC", "2026-11-02 11:00", "2026-11-02 12:05", session="room") == {"11-02": 0.75}
