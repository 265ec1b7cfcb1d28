"""The reports, on a small world whose figures are worked by hand.

Runs of the app called app every six hours: on Monday, 2 November, and on Tuesday all four, on Wednesday none, on
Thursday those of 00:00 and 06:00. Who was there:

- s, of the meeting m, from Monday 05:00: 60 minutes at 06:00 (3 participants), 102 at 12:00 (2 of them), and 132 when
  it ended at 13:00. The participants' time is 180, 900 and 120 minutes until 06:00, 12:00 and 13:00, 1,200 in all. So
  19.8, 99 and 13.2 of the 132 minutes are placed there. In it is a breakout room from 11:00 to 12:00 with 12 minutes;
- l, a livestream of the meeting n, from Monday 11:00: 20 minutes at 12:00 (40 participants), its end is not known;
- t, of the meeting m again, from Thursday 05:30: 30 minutes at 06:00 (2 participants), its end is not known.

Another app was asked once, on Monday at 06:00: o, since 05:50, had 5 minutes.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.sql.rows import utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.sql.rows import Usage

WEEK = ("2026-11-02 00:00", "2026-11-05 12:00")
SIX_HOURS = 21_600
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 11, day) for day in (2, 3, 4, 5))


@pytest.fixture
def world(usage: Usage) -> Usage:
    """The world above."""
    wednesday = [f"2026-11-04 {hour:02}:00" for hour in (0, 6, 12, 18)]
    usage.runs("2026-11-02 00:00", "2026-11-05 06:00", every=SIX_HOURS, meetings="mn", without=wednesday)
    usage.run("2026-11-02 06:00", every=None, app="other", meetings="x")
    room = {"id": "room", "minutes_consumed": 12, "meeting_display_name": "Corner"}
    room |= {"started_at": "2026-11-02T11:00:00Z", "ended_at": "2026-11-02T12:00:00Z"}
    weekly: dict[str, Any] = {"started_at": "2026-11-02 05:00", "max_concurrent_participants": 4}
    usage.observed("2026-11-02 06:00", 60, **weekly, live_participants=3)
    usage.observed("2026-11-02 12:00", 102, **weekly, live_participants=2, breakout_rooms=[room])
    usage.final("2026-11-02 13:00", 132, **weekly, breakout_rooms=[room])
    show: dict[str, Any] = {"meeting_id": "n", "type": "livestream", "meeting_display_name": "Show"}
    usage.observed("2026-11-02 12:00", 20, "l", started_at="2026-11-02 11:00", live_participants=40, **show)
    usage.observed("2026-11-05 06:00", 30, "t", started_at="2026-11-05 05:30", live_participants=2)
    elsewhere: dict[str, Any] = {"app_id": "other", "meeting_id": "x", "meeting_display_name": "Elsewhere"}
    usage.observed("2026-11-02 06:00", 5, "o", started_at="2026-11-02 05:50", **elsewhere)
    return usage


def columns(rows: list[dict[str, Any]], names: str) -> list[tuple[Any, ...]]:
    """The rows with those columns only."""
    return [tuple(row[name] for name in names.split()) for row in rows]


def test_daily_has_zero_where_nobody_was_and_nothing_where_nothing_is_known(world: Usage) -> None:
    """Monday: 102 minutes and the tail of 30. On Tuesday nobody was there, of Wednesday nothing is known."""
    rows = world.report("daily", *WEEK, app_id="app")
    assert columns(
        rows, "day minutes sessions peak_participants live_sessions unfinished_sessions covered_percent"
    ) == [
        (MONDAY, 132, 1, 3, 0, 1, 100),
        (TUESDAY, 0, 0, 0, 0, 0, 100),
        (WEDNESDAY, None, None, None, None, None, 0),
        (THURSDAY, 30, 1, 2, 1, 0, 100),
    ]


def test_daily_keeps_other_types_apart(world: Usage) -> None:
    """The livestream's 20 minutes and the room's 12 are in no meeting's, nor are the livestream's 40 participants."""
    rows = world.report("daily", *WEEK, app_id="app")[:1]
    apart = "livestream_minutes participant_minutes breakout_minutes unknown_minutes"
    assert columns(rows, apart) == [(20, 0, 12, 0)]


def test_daily_takes_no_unknown_type_for_a_meeting(usage: Usage) -> None:
    """3 minutes of the type participant; 5 of no type and 7 of one that is not known here are unknown."""
    for minutes, kind in [(3, "participant"), (5, None), (7, "webinar")]:
        usage.observed("2026-11-02 12:30", minutes, f"of {kind}", type=kind)
    rows = usage.report("daily", *WEEK)
    assert columns(rows, "minutes sessions participant_minutes unknown_minutes unfinished_sessions") == [
        (0, 0, 3, 12, 3)
    ]


def test_runs_names_the_app_of_a_run_or_the_number_of_its_apps(usage: Usage) -> None:
    """An erased run and a reconcile run have no app."""
    usage.run("2026-11-02 00:00", app="first")
    usage.run("2026-11-02 06:00", list_id="all:second")
    usage.run("2026-11-02 12:00", list_id="both")
    for app in ("first", "first", "third"):
        usage.add("meeting_lists", {"list_id": "both", "app_id": app, "meeting_id": "m"})
    usage.run("2026-11-02 18:00", list_id="ended", kind="reconcile")
    usage.run("2026-11-02 18:00", list_id="erased", kind="erased")
    rows = usage.report("runs", *WEEK)
    assert columns(rows, "kind app_id") == [
        ("erased", None),
        ("reconcile", None),
        ("snapshot", "2 apps"),
        ("snapshot", "second"),
        ("snapshot", "first"),
    ]
    assert columns(usage.report("runs", *WEEK, app_id="first"), "app_id") == [("2 apps",), ("first",)]


def test_daily_of_all_apps_is_the_sum_of_them(world: Usage) -> None:
    """132 + 5 minutes; at 06:00 there were 3 + 1 participants."""
    rows = world.report("daily", *WEEK)[:1]
    assert columns(rows, "day minutes sessions peak_participants") == [(MONDAY, 137, 2, 4)]


def test_daily_goes_by_the_days_of_the_zone(world: Usage) -> None:
    """In Kiritimati (UTC+14), Monday ends at 10:00 UTC. Before are 19.8 minutes, and 70.4 of the 99 until 12:00 UTC."""
    rows = world.report("daily", *WEEK, tz="Pacific/Kiritimati", app_id="app")[:2]
    assert columns(rows, "day minutes sessions") == [(MONDAY, Decimal("90.2"), 1), (TUESDAY, Decimal("41.8"), 0)]


def test_meetings_come_in_the_order_of_their_minutes(world: Usage) -> None:
    """Both sessions of m are its; n had no session of type meeting."""
    rows = world.report("meetings", *WEEK)
    assert columns(rows, "meeting_id meeting minutes sessions peak_participants last_live_at") == [
        ("m", "Weekly", 162, 2, 4, utc("2026-11-05 06:00")),
        ("x", "Elsewhere", 5, 1, 1, utc("2026-11-02 06:00")),
        ("n", "Show", 0, 0, None, utc("2026-11-02 12:00")),
    ]
    assert columns(rows, "livestream_minutes breakout_minutes live_sessions unfinished_sessions") == [
        (0, 12, 1, 0),
        (0, 0, 1, 0),
        (20, 0, 0, 1),
    ]


def test_meeting_days_has_a_row_per_day_meeting_and_type(world: Usage) -> None:
    """The figures are those of daily, meetings and cost, which test the same sessions."""
    rows = world.report("meeting_days", *WEEK, app_id="app")
    names = "day meeting_id meeting type minutes sessions live_sessions unfinished_sessions low_usd high_usd"
    assert columns(rows, names) == [
        (MONDAY, "m", "Weekly", "meeting", 132, 1, 0, 0, Decimal("0.066"), Decimal("0.264")),
        (MONDAY, "n", "Show", "livestream", 20, 1, 0, 1, 0, Decimal("0.2")),
        (MONDAY, "m", "Weekly", "breakout", 12, 1, 0, 0, 0, Decimal("0.024")),
        (THURSDAY, "m", "Weekly", "meeting", 30, 1, 1, 0, Decimal("0.015"), Decimal("0.06")),
    ]


def test_meeting_days_without_a_price_have_no_cost(world: Usage, tmp_path: Path) -> None:
    """A missing price is not a price of zero."""
    prices = tmp_path / "prices.csv"
    prices.write_text("type,low_usd_per_minute,high_usd_per_minute,note\nmeeting,0.01,0.03,ours\n", encoding="utf-8")
    rows = world.report("meeting_days", *WEEK, app_id="app", prices=str(prices))
    assert columns(rows, "low_usd")[:2] == [(Decimal("1.32"),), (None,)]


def test_a_meeting_is_not_called_like_a_room_in_it(world: Usage) -> None:
    """The room Corner began last on Monday."""
    rows = world.report("meetings", "2026-11-02 00:00", "2026-11-03 00:00", app_id="app")
    assert columns(rows, "meeting minutes") == [("Weekly", 132), ("Show", 0)]


def test_sessions_have_their_part_of_the_period_and_their_total(world: Usage) -> None:
    """From Monday 09:00 on, s has 44.55 minutes until 12:00 and 13.2 until its end. Its total has those before, too."""
    rows = world.report("sessions", "2026-11-02 09:00", "2026-11-03 00:00", app_id="app")
    assert columns(rows, "session_id type minutes total_minutes is_final duration_minutes snapshots") == [
        ("s", "meeting", Decimal("57.75"), 132, True, 480, 1),
        ("l", "livestream", 20, 20, False, 60, 1),
        ("room", "breakout", 12, 12, True, 60, 1),
    ]


def test_concurrency_has_one_row_per_slot(world: Usage) -> None:
    """Wednesday has rows without figures; the livestream's participants stand apart."""
    rows = columns(world.report("concurrency", *WEEK, app_id="app"), "slot sessions participants other_participants")
    assert rows[1:3] == [(utc("2026-11-02 06:00"), 1, 3, 0), (utc("2026-11-02 12:00"), 1, 2, 40)]
    assert rows[7:9] == [(utc("2026-11-03 18:00"), 0, 0, 0), (utc("2026-11-04 00:00"), None, None, None)]
    assert len(rows) == 14


def test_coverage_counts_slots_by_day(world: Usage) -> None:
    """From Tuesday 18:00 to Thursday 00:00 are 30 hours; the other app has one run, and no schedule."""
    world.run("2026-11-05 06:00", every=SIX_HOURS, meetings="mn", failed=["n"])
    rows = world.report("coverage", *WEEK)
    names = "day app_id expected_snapshots loaded_snapshots missing_snapshots covered_percent unresolved_outcomes"
    assert columns(rows, names) == [
        (MONDAY, "app", 4, 4, 0, 100, 0),
        (MONDAY, "other", 1, 1, 0, 100, 0),
        (TUESDAY, "app", 4, 4, 0, 100, 0),
        (WEDNESDAY, "app", 4, 0, 4, 0, 0),
        (THURSDAY, "app", 2, 2, 0, 100, 1),
    ]


def test_a_snapshot_in_which_everything_failed_covers_nothing(world: Usage) -> None:
    """Nobody knows who was there: two of Thursday's three snapshots cover it, and of the hour 12 nothing is known."""
    world.run("2026-11-05 12:00", every=SIX_HOURS, meetings="mn", failed=["m", "n"])
    thursday = ("2026-11-05 00:00", "2026-11-05 13:00")
    names = "expected_snapshots loaded_snapshots missing_snapshots covered_snapshots covered_percent"
    (row,) = columns(world.report("coverage", *thursday, app_id="app"), names)
    assert row == (3, 3, 0, 2, pytest.approx(200 / 3))
    assert columns(world.report("concurrency", *thursday, app_id="app"), "participants unresolved_meetings")[-1] == (
        None,
        2,
    )
    assert columns(world.report("daily", *thursday, app_id="app"), "covered_percent") == [(pytest.approx(200 / 3),)]
    hours = {(row["day"], row["hour"]): row["minutes"] for row in world.report("hours", *thursday, app_id="app")}
    assert hours["Thursday", 12] is None


def test_live_shows_the_last_snapshot_of_the_period(world: Usage) -> None:
    """At 13:00 on Monday it was that of 12:00; now it is that of Thursday; at 18:00 on Monday nobody was there."""
    at_one = world.report("live", "2026-10-01 00:00", "2026-11-02 13:00", app_id="app")
    assert columns(at_one, "meeting type participants minutes session_id") == [
        ("Show", "livestream", 40, 20, "l"),
        ("Weekly", "meeting", 2, 102, "s"),
    ]
    assert columns(world.report("live", *WEEK, app_id="app"), "session_id") == [("t",)]
    assert world.report("live", "2026-10-01 00:00", "2026-11-02 19:00", app_id="app") == []


def test_cost_is_minutes_by_price(world: Usage) -> None:
    """162 x 0.0005 = 0.081 and x 0.002 = 0.324; 20 x 0.01 = 0.2; 12 x 0.002 = 0.024. In all 0.081 to 0.548."""
    rows = world.report("cost", *WEEK, app_id="app")
    assert columns(rows, "type minutes low_usd high_usd") == [
        ("meeting", 162, Decimal("0.081"), Decimal("0.324")),
        ("livestream", 20, 0, Decimal("0.2")),
        ("breakout", 12, 0, Decimal("0.024")),
        ("all", 194, Decimal("0.081"), Decimal("0.548")),
    ]
    assert rows[-1]["note"] == "estimate"


def test_cost_takes_a_users_own_prices(world: Usage, tmp_path: Path) -> None:
    """One to three cents per minute of a meeting. A type without a price has a note instead of a cost."""
    prices = tmp_path / "prices.csv"
    prices.write_text("type,low_usd_per_minute,high_usd_per_minute,note\nmeeting,0.01,0.03,ours\n", encoding="utf-8")
    rows = world.report("cost", *WEEK, app_id="app", prices=str(prices))
    assert columns(rows, "type low_usd high_usd note") == [
        ("meeting", Decimal("1.62"), Decimal("4.86"), "ours"),
        ("livestream", None, None, "no price in the file"),
        ("breakout", None, None, "no price in the file"),
        ("all", Decimal("1.62"), Decimal("4.86"), "estimate, without what has no price"),
    ]


def test_cost_of_nothing_is_nothing(usage: Usage) -> None:
    """Without sessions there is the sum alone, of no minutes."""
    assert columns(usage.report("cost", *WEEK), "type minutes") == [("all", 0)]


def test_accuracy_compares_snapshots_and_final_figures_with_cloudflares(world: Usage) -> None:
    """Snapshots saw 102 minutes of the meeting, with its tail 132. The livestream has 20, the room 12.

    Cloudflare says 152, after it said 160: all types without the room. Its days are whole.
    """
    world.total("2026-11-02", 152, 2, at="2026-11-06 00:00")
    world.total("2026-11-02", 160, 3, at="2026-11-03 00:00")
    rows = world.report("accuracy", "2026-11-02 05:00", "2026-11-05 12:00", app_id="app")
    minutes = "day snapshot_minutes reconciled_minutes shortfall_minutes other_minutes"
    assert columns(rows, minutes) == [(MONDAY, 102, 132, 30, 32), (THURSDAY, 30, 30, 0, 0)]
    utc_days = "utc_minutes utc_cloudflare_minutes utc_difference_minutes utc_sessions utc_cloudflare_sessions"
    assert columns(rows, utc_days) == [(152, 152, 0, 2, 2), (30, None, None, 1, None)]
    sessions = "snapshot_sessions reconciled_sessions live_sessions unfinished_sessions totalled_at"
    assert columns(rows, sessions) == [(1, 1, 0, 1, utc("2026-11-06 00:00")), (1, 1, 1, 0, None)]
    (cut,) = world.report("accuracy", "2026-11-02 12:30", "2026-11-03 00:00", app_id="app")
    assert 0 < cut["reconciled_minutes"] < 30
    assert columns([cut], utc_days) == [(152, 152, 0, 2, 2)]
    rows_of_all = world.report("accuracy", "2026-11-02 00:00", "2026-11-05 00:00")
    assert columns(rows_of_all, "day app_id") == [(MONDAY, "app"), (MONDAY, "other")]


@pytest.mark.parametrize("tz", ["UTC", "Pacific/Kiritimati", "America/New_York"])
@pytest.mark.parametrize("period", [WEEK, ("2026-11-02 11:20", "2026-11-05 05:45")])
def test_accuracy_adds_up_to_report_daily(world: Usage, period: tuple[str, str], tz: str) -> None:
    """The same types apart, the same days and the same period: every day, and in sum."""
    daily = [row for row in world.report("daily", *period, tz=tz) if row["minutes"] is not None]
    accuracy = world.report("accuracy", *period, tz=tz)
    others = ("livestream_minutes", "participant_minutes", "breakout_minutes", "unknown_minutes")
    for day in daily:
        rows = [row for row in accuracy if row["day"] == day["day"]]
        assert sum(row["reconciled_minutes"] for row in rows) == day["minutes"]
        assert sum(row["other_minutes"] for row in rows) == sum(day[name] for name in others)
        assert sum(row["reconciled_sessions"] for row in rows) == day["sessions"]
        for name in ("live_sessions", "unfinished_sessions"):
            assert sum(row[name] for row in rows) == day[name]
    assert sum(row["reconciled_minutes"] for row in accuracy) == sum(day["minutes"] for day in daily) > 0


def test_accuracy_has_days_that_only_cloudflare_knows(usage: Usage) -> None:
    """All of its minutes are missing. Apps stand apart: one without a total must not count against that of another."""
    usage.total("2026-11-02", 152, 2)
    usage.total("2026-11-02", 8, 1, app="other")
    usage.total("2026-11-05", 1, 1)
    rows = usage.report("accuracy", "2026-11-02 00:00", "2026-11-05 00:00")
    names = "day app_id snapshot_minutes shortfall_minutes utc_difference_minutes utc_cloudflare_sessions"
    assert columns(rows, names) == [
        (MONDAY, "app", 0, 0, 152, 2),
        (MONDAY, "other", 0, 0, 8, 1),
    ]


def test_figures_of_each_type_are_summed_over_days_and_meetings(usage: Usage) -> None:
    """Two meetings on two days have sessions of each type, with 1, 10, 100 and 1,000 minutes by meeting and day.

    There is no snapshot, so that none of the days is covered.
    """
    kinds = {"meeting": 1, "livestream": 2, "participant": 3, "webinar": 4}
    for place, (day, meeting) in enumerate([(2, "m"), (2, "n"), (3, "m"), (3, "n")]):
        start = f"2026-11-0{day} 12:00"
        for kind, factor in kinds.items():
            room = [{"id": f"room {place}", "minutes_consumed": 5 * 10**place}] if kind == "meeting" else []
            session = {"type": kind, "meeting_id": meeting, "started_at": start, "breakout_rooms": room}
            usage.final(f"2026-11-0{day} 13:00", factor * 10**place, f"{kind} {place}", **session)
    figures = "minutes livestream_minutes participant_minutes unknown_minutes breakout_minutes sessions"
    factors = (1, 2, 3, 4, 5)
    assert columns(usage.report("daily", *WEEK), f"{figures} covered_percent") == [
        (*(factor * 11 for factor in factors), 2, 0),
        (*(factor * 1100 for factor in factors), 2, 0),
    ]
    assert columns(usage.report("meetings", *WEEK), f"meeting_id {figures}") == [
        ("n", *(factor * 1010 for factor in factors), 2),
        ("m", *(factor * 101 for factor in factors), 2),
    ]
    costs = {row["type"]: row["minutes"] for row in usage.report("cost", *WEEK)}
    assert costs == {
        "meeting": 1111,
        "livestream": 2222,
        "participant": 3333,
        "webinar": 4444,
        "breakout": 5555,
        "all": 16665,
    }
    (hour, _) = (row for row in usage.report("hours", *WEEK) if row["minutes"])
    assert (hour["minutes"], hour["other_minutes"], hour["started_sessions"]) == (11, 14 * 11, 2)
    rows = columns(usage.report("meeting_days", *WEEK), "day meeting_id type minutes sessions")
    assert rows[:2] == [(MONDAY, "n", "breakout", 50, 1), (MONDAY, "n", "webinar", 40, 1)]
    assert rows[-1] == (TUESDAY, "m", "meeting", 100, 1)


def test_unfinished_sessions_are_summed_over_days_meetings_and_types(usage: Usage) -> None:
    """Two meetings have a meeting and a livestream on each of two days. No final total is known."""
    for day in ("2026-11-02", "2026-11-03"):
        for meeting in ("m", "n"):
            for kind in ("meeting", "livestream"):
                session = {"type": kind, "meeting_id": meeting, "started_at": f"{day} 12:00"}
                usage.observed(f"{day} 12:10", 1, f"{day} {meeting} {kind}", **session)
    assert columns(usage.report("daily", *WEEK), "sessions unfinished_sessions") == [(2, 4), (2, 4)]
    assert columns(usage.report("meetings", *WEEK), "sessions unfinished_sessions") == [(2, 4), (2, 4)]
    assert columns(usage.report("accuracy", *WEEK), "snapshot_sessions unfinished_sessions") == [(2, 4), (2, 4)]


def test_accuracy_is_zero_where_a_source_has_nothing_of_a_day(usage: Usage) -> None:
    """Only the final figures have a session on Tuesday, and only Cloudflare has one on Wednesday."""
    usage.final("2026-11-03 12:10", 5, started_at="2026-11-03 12:00")
    usage.total("2026-11-04", 2, 1)
    names = "day snapshot_minutes snapshot_sessions reconciled_minutes reconciled_sessions unfinished_sessions"
    assert columns(usage.report("accuracy", *WEEK), names) == [
        (TUESDAY, 0, 0, 5, 1, 0),
        (WEDNESDAY, 0, 0, 0, 0, 0),
    ]


@pytest.mark.parametrize(
    ("steps", "still", "word"),
    [
        (100, 1, "not clear"),
        (101, 1, "steadily"),
        (100, 5, "not clear"),
        (100, 6, "on leaving"),
    ],
)
def test_accuracy_judges_booking_by_the_share_of_steps_without_growth(
    usage: Usage, steps: int, still: int, word: str
) -> None:
    """Less than one step of a hundred is steady, and more than five are on leaving."""
    start = utc("2026-11-02 12:00")
    for step in range(steps + 1):
        usage.observed(start + timedelta(minutes=step), float(max(step - still, 0)), live_participants=2)
    assert booking(usage)[0][1] == word


def observe_steps(usage: Usage, minutes: Sequence[float], participants: Sequence[int]) -> None:
    """A session with these totals and participants, a minute apart from noon on."""
    for number, (total, present) in enumerate(zip(minutes, participants, strict=True)):
        usage.observed(f"2026-11-02 12:{number:02}", total, live_participants=present)


def booking(usage: Usage, **parameters: Any) -> list[tuple[Any, ...]]:
    """Return how the report on accuracy says that minutes are booked."""
    return columns(usage.report("accuracy", *WEEK, **parameters), "stayed_growth_percent booking")


def test_accuracy_judges_booking_by_the_growth_seen_while_nobody_left(usage: Usage) -> None:
    """In 20 steps nobody left: 3 of 12 minutes grew then, in one step. 9 were booked when the second person left."""
    observe_steps(usage, [0] * 20 + [3, 12], [2] * 21 + [1])
    assert booking(usage) == [(25, "on leaving")]


def test_accuracy_knows_steady_booking_by_totals_that_never_stand_still(usage: Usage) -> None:
    """Two minutes per minute, also in the step in which somebody left."""
    observe_steps(usage, [2.0 * number for number in range(22)], [2] * 21 + [1])
    assert booking(usage) == [(pytest.approx(100 * 20 / 21), "steadily")]


def test_accuracy_does_not_judge_booking_by_a_total_that_seldom_stands_still(usage: Usage) -> None:
    """One step of 25 without growth."""
    observe_steps(usage, [0.0, *map(float, range(25))], [2] * 26)
    assert booking(usage) == [(100, "not clear")]


def test_accuracy_does_not_judge_booking_by_few_steps(usage: Usage) -> None:
    """19 steps are too few."""
    observe_steps(usage, [2.0 * number for number in range(20)], [2] * 20)
    assert booking(usage) == [(None, None)]


@pytest.mark.parametrize(
    ("minutes", "participants"), [([0.0] * 30, [2] * 30), ([float(n) for n in range(30)], [0] * 30)]
)
def test_accuracy_does_not_judge_booking_without_growth_or_participants(
    usage: Usage, minutes: list[float], participants: list[int]
) -> None:
    """Neither shows when minutes are booked."""
    observe_steps(usage, minutes, participants)
    assert booking(usage) == [(None, None)]


def test_accuracy_judges_the_booking_of_each_app_in_the_period(usage: Usage) -> None:
    """Another app, and snapshots outside of the period, do not count."""
    observe_steps(usage, [2.0 * number for number in range(22)], [2] * 22)
    for number in range(30):
        usage.observed(f"2026-11-05 12:{number:02}", 5 if number else 0, "later", live_participants=2)
        usage.observed(f"2026-11-02 13:{number:02}", 5 if number else 0, "theirs", live_participants=2, app_id="theirs")
    assert booking(usage, app_id="app")[0] == (100, "steadily")
    assert {row["app_id"]: row["booking"] for row in usage.report("accuracy", *WEEK)} == {
        "app": "steadily",
        "theirs": "on leaving",
    }


def test_hours_has_all_of_a_week(world: Usage) -> None:
    """168 rows, empty where no snapshot is and no session was under way."""
    rows = world.report("hours", *WEEK, app_id="app")
    known = {(row["day"], row["hour"]): float(row["minutes"]) for row in rows if row["minutes"] is not None}
    monday = {0: 0, 5: 19.8, 6: 19.25, 7: 18.15, 8: 17.05, 9: 15.95, 10: 14.85, 11: 13.75, 12: 13.2, 18: 0}
    thursday = {0: 0, 5: 30, 6: 0}
    expected = {("Monday", hour): minutes for hour, minutes in monday.items()}
    expected |= {("Tuesday", hour): 0 for hour in (0, 6, 12, 18)}
    expected |= {("Thursday", hour): minutes for hour, minutes in thursday.items()}
    assert known == expected
    assert len(rows) == 168
    assert columns(rows, "other_minutes peak_participants")[11:13] == [(32, None), (0, 2)]


def test_hours_takes_the_mean_of_the_weeks_that_were_seen(world: Usage) -> None:
    """On the next Monday nobody was there at 06:00. Both hours came twice."""
    world.run("2026-11-09 06:00", every=SIX_HOURS, meetings="mn")
    rows = world.report("hours", "2026-11-02 00:00", "2026-11-10 00:00", app_id="app")
    assert columns(rows, "day hour minutes mean_minutes")[5:7] == [
        ("Monday", 5, Decimal("19.8"), 9.9),
        ("Monday", 6, Decimal("19.25"), 9.625),
    ]


def test_hours_takes_the_mean_of_the_snapshots(world: Usage) -> None:
    """At 06:00 on Monday there were 3 participants, and 1 on the next Monday."""
    world.run("2026-11-09 06:00", every=SIX_HOURS, meetings="mn")
    world.observed("2026-11-09 06:00", 1, "u", started_at="2026-11-09 05:59")
    rows = world.report("hours", "2026-11-02 00:00", "2026-11-10 00:00", app_id="app")
    assert columns(rows, "hour peak_participants mean_participants")[5:7] == [(5, None, None), (6, 3, 2)]


@pytest.mark.parametrize(
    "name", ["accuracy", "concurrency", "coverage", "daily", "live", "meeting_days", "meetings", "sessions"]
)
def test_a_period_before_the_first_snapshot_has_no_rows(world: Usage, name: str) -> None:
    """Nothing is known of it."""
    assert world.report(name, "2026-10-01 00:00", "2026-11-01 00:00") == []


@pytest.mark.parametrize("tz", ["UTC", "America/Los_Angeles", "Asia/Kathmandu"])
def test_reports_of_a_period_agree(world: Usage, tz: str) -> None:
    """From 05:40 to 12:50 s has 6.6 + 99 + 11 minutes, and o has 5. From 05:54 on, they have 1.98 + 99 + 11, and 3."""
    for since, minutes in [("2026-11-02 05:40", Decimal("121.6")), ("2026-11-02 05:54", Decimal("114.98"))]:
        period = (since, "2026-11-02 12:50")
        sums = {name: world.report(name, *period, tz=tz) for name in ("daily", "hours", "meetings", "sessions", "cost")}
        sums["sessions"] = [row for row in sums["sessions"] if row["type"] == "meeting"]
        sums["cost"] = [row for row in sums["cost"] if row["type"] == "meeting"]
        assert {name: sum(row["minutes"] or 0 for row in rows) for name, rows in sums.items()} == dict.fromkeys(
            sums, minutes
        )


def test_a_session_without_a_title_is_named_by_its_meeting(usage: Usage) -> None:
    """Its row shows the ID of the meeting, as the page does."""
    at = "2026-11-02 13:00"
    usage.observed(at, 5.0, "titled", meeting_id="m", meeting_display_name="Daily")
    usage.observed(at, 5.0, "plain", meeting_id="other", meeting_display_name=None)
    rows = usage.report("sessions", "2026-11-02", "2026-11-03")
    names = {row["session_id"]: row["meeting"] for row in rows}
    assert names == {"titled": "Daily", "plain": "other"}
