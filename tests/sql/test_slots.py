"""Slots: loaded and missing ones, their live sessions, and their meetings without an outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sql.rows import Usage

SLOTS = """
select strftime(slot, '%m-%d %H:%M') as slot, is_loaded
from slots_between(cast($since as timestamptz), cast($until as timestamptz))
where app_id = $app
order by slot
"""


def slots(usage: Usage, since: str, until: str, *, app: str = "app") -> dict[str, bool]:
    """Return the slots of a period: True for a loaded slot, False for a missing one."""
    return dict(usage.ask(SLOTS, since=f"2026-{since}+00", until=f"2026-{until}+00", app=app))


def missing(usage: Usage, since: str, until: str, *, app: str = "app") -> list[str]:
    """Return the slots of the schedule for which no run is loaded."""
    return [slot for slot, is_loaded in slots(usage, since, until, app=app).items() if not is_loaded]


def unresolved(usage: Usage) -> list[tuple[Any, ...]]:
    """Return each loaded slot with the number of its meetings without an outcome."""
    return usage.ask("select strftime(slot, '%H:%M'), unresolved_meetings from coverage where is_loaded order by slot")


def test_a_slot_without_a_run_between_two_runs_is_missing(usage: Usage) -> None:
    """Every five minutes from 12:00 to 12:20, without the run of 12:10."""
    usage.runs("2026-11-02 12:00", "2026-11-02 12:20", without=["2026-11-02 12:10"])
    assert slots(usage, "11-02 12:00:00", "11-02 12:25:00") == {
        "11-02 12:00": True,
        "11-02 12:05": True,
        "11-02 12:10": False,
        "11-02 12:15": True,
        "11-02 12:20": True,
    }


def test_the_end_of_the_period_is_not_included(usage: Usage) -> None:
    """From 12:05 up to 12:15 there are the slots of 12:05, which is loaded, and of 12:10, which is missing."""
    usage.runs("2026-11-02 12:00", "2026-11-02 12:20", without=["2026-11-02 12:10"])
    assert slots(usage, "11-02 12:05:00", "11-02 12:15:00") == {"11-02 12:05": True, "11-02 12:10": False}


def test_a_period_without_runs_has_missing_slots_only(usage: Usage) -> None:
    """There are runs until 12:00, and again from 13:00. The period is from 12:20 to 12:35."""
    usage.runs("2026-11-02 11:55", "2026-11-02 12:00")
    usage.runs("2026-11-02 13:00", "2026-11-02 13:05")
    assert missing(usage, "11-02 12:20:00", "11-02 12:35:00") == ["11-02 12:20", "11-02 12:25", "11-02 12:30"]


def test_slots_are_missing_up_to_the_end_of_the_period(usage: Usage) -> None:
    """Runs at 12:00 and 12:05 are the last. The period ends at 12:19, so the slot of 12:20 is not expected yet."""
    usage.runs("2026-11-02 12:00", "2026-11-02 12:05")
    assert missing(usage, "11-02 12:00:00", "11-02 12:19:00") == ["11-02 12:10", "11-02 12:15"]


def test_no_slot_of_the_future_is_missing(usage: Usage) -> None:
    """The last run was one step ago, and the period goes on for a thousand years."""
    now = datetime.now(UTC)
    usage.runs(f"{now - timedelta(seconds=600):%Y-%m-%d %H:%M:%S}", f"{now - timedelta(seconds=300):%Y-%m-%d %H:%M:%S}")
    assert usage.ask("select count(*) from coverage where not is_loaded or slot > now()") == [(0,)]


def test_the_most_frequent_gap_is_the_step_if_no_run_states_one(usage: Usage) -> None:
    """The gaps are 10, 10, 30 and 10 minutes long. Two slots are missing in the gap of 30 minutes."""
    for slot in ("12:00", "12:10", "12:20", "12:50", "13:00"):
        usage.run(f"2026-11-02 {slot}", every=None)
    assert missing(usage, "11-02 12:00:00", "11-02 13:05:00") == ["11-02 12:30", "11-02 12:40"]


def test_the_shorter_of_equally_frequent_gaps_is_the_step(usage: Usage) -> None:
    """There is one gap of 10 minutes and one of 30. Two slots are missing in the second gap."""
    for slot in ("12:00", "12:10", "12:40"):
        usage.run(f"2026-11-02 {slot}", every=None)
    assert missing(usage, "11-02 12:00:00", "11-02 12:44:00") == ["11-02 12:20", "11-02 12:30"]


def test_one_run_without_a_step_makes_no_schedule(usage: Usage) -> None:
    """One run has no gap to derive a schedule from."""
    usage.run("2026-11-02 12:00", every=None)
    assert slots(usage, "11-01 00:00:00", "11-05 00:00:00") == {"11-02 12:00": True}


def test_a_schedule_that_changes_changes_what_is_expected(usage: Usage) -> None:
    """Runs are hourly until 14:00, then every ten minutes. 13:00 and 14:20 are missing."""
    for slot in ("11:00", "12:00"):
        usage.run(f"2026-11-02 {slot}", every=3600)
    for slot in ("14:00", "14:10", "14:30"):
        usage.run(f"2026-11-02 {slot}", every=600)
    assert missing(usage, "11-02 11:00:00", "11-02 14:35:00") == ["11-02 13:00", "11-02 14:20"]


def test_a_run_by_hand_moves_no_schedule(usage: Usage) -> None:
    """A snapshot at 12:02 has no step. The slots of the schedule of five minutes stay the same."""
    usage.runs("2026-11-02 12:00", "2026-11-02 12:10")
    usage.run("2026-11-02 12:02", every=None)
    assert list(slots(usage, "11-02 12:00:00", "11-02 12:12:00")) == [
        "11-02 12:00",
        "11-02 12:02",
        "11-02 12:05",
        "11-02 12:10",
    ]


def test_two_runs_a_second_apart_make_no_schedule(usage: Usage) -> None:
    """A third run follows a year later. The seconds in between are not slots."""
    for slot in ("2025-11-02 12:00:00", "2025-11-02 12:00:01", "2026-11-02 12:00:00"):
        usage.run(slot, every=None)
    assert usage.ask("select count(*) from slots_between('2025-01-01'::timestamptz, '2026-11-03'::timestamptz)") == [
        (3,)
    ]


def test_a_slot_late_by_less_than_half_a_step_is_not_missing(usage: Usage) -> None:
    """The slot of a run without a step is the second of its start. One of five runs starts 29 seconds late."""
    for slot in ("12:00:02", "12:10:31", "12:20:02", "12:30:02", "12:40:02"):
        usage.run(f"2026-11-02 {slot}", every=None)
    assert missing(usage, "11-02 12:00:00", "11-02 12:44:00") == []


def test_apps_have_slots_of_their_own(usage: Usage) -> None:
    """One app has a run every five minutes, and the other every hour. Each has its own missing slot."""
    usage.runs("2026-11-02 12:00", "2026-11-02 12:10", without=["2026-11-02 12:05"])
    usage.runs("2026-11-02 11:00", "2026-11-02 13:00", every=3600, app="other", without=["2026-11-02 12:00"])
    assert missing(usage, "11-02 11:00:00", "11-02 12:12:00") == ["11-02 12:05"]
    assert missing(usage, "11-02 11:00:00", "11-02 13:05:00", app="other") == ["11-02 12:00"]


def test_a_run_for_all_live_sessions_is_a_slot_of_its_app(usage: Usage) -> None:
    """Its list has no meetings; it is called all:app."""
    usage.runs("2026-11-02 12:00", "2026-11-02 12:10", list_id="all:app", without=["2026-11-02 12:05"])
    assert missing(usage, "11-02 12:00:00", "11-02 12:12:00") == ["11-02 12:05"]


def test_only_snapshots_fill_slots(usage: Usage) -> None:
    """A run of reconcile at 12:05 fills no slot, whatever the ID of its list is."""
    usage.runs("2026-11-02 12:00", "2026-11-02 12:10", without=["2026-11-02 12:05"])
    usage.run("2026-11-02 12:05", kind="reconcile", list_id="ended", every=None)
    usage.run("2026-11-02 12:05", kind="reconcile", list_id="all:app", every=None)
    assert missing(usage, "11-02 12:00:00", "11-02 12:12:00") == ["11-02 12:05"]


def test_a_second_run_of_a_slot_makes_no_second_slot(usage: Usage) -> None:
    """Two runs stand for 12:00."""
    usage.run("2026-11-02 12:00")
    usage.run("2026-11-02 12:00")
    assert slots(usage, "11-02 12:00:00", "11-02 12:02:00") == {"11-02 12:00": True}


def test_a_failure_is_unresolved_until_a_later_run_of_its_slot_has_an_outcome(usage: Usage) -> None:
    """At 12:00, a and b fail, and the second run resolves a. At 12:05, a fails. A run of 12:10 resolves neither."""
    for failed in (["a", "b"], ["b"]):
        usage.run("2026-11-02 12:00", meetings="abc", failed=failed)
    usage.run("2026-11-02 12:05", meetings="abc", failed=["a"])
    usage.run("2026-11-02 12:10", meetings="abc")
    assert unresolved(usage) == [("12:00", 1), ("12:05", 1), ("12:10", 0)]


def test_a_meeting_that_fails_again_is_one_unresolved_meeting(usage: Usage) -> None:
    """The meeting a fails in two runs of a slot, each time with two failures."""
    for _ in range(2):
        usage.run("2026-11-02 12:00", meetings="ab", failed=["a", "a"])
    assert unresolved(usage) == [("12:00", 1)]


def test_a_later_run_of_another_list_resolves_nothing(usage: Usage) -> None:
    """The later run did not fetch the meeting that failed."""
    usage.run("2026-11-02 12:00", meetings="ab", failed=["a"])
    usage.run("2026-11-02 12:00", meetings="bc")
    assert unresolved(usage) == [("12:00", 1)]


def test_a_later_run_for_all_live_sessions_resolves_what_failed_before(usage: Usage) -> None:
    """At 12:00 it reads everything. At 12:05 it fails as well, and counts as one unresolved meeting."""
    usage.run("2026-11-02 12:00", list_id="all:app", failed=["*"])
    usage.run("2026-11-02 12:00", list_id="all:app")
    usage.run("2026-11-02 12:05", list_id="all:app", failed=["*", "a"])
    usage.run("2026-11-02 12:05", list_id="all:app", failed=["*"])
    assert unresolved(usage) == [("12:00", 0), ("12:05", 1)]


CONCURRENCY = """
select strftime(slot, '%H:%M'), sessions, participants, other_sessions, other_participants
from concurrency order by slot
"""


def test_a_slot_without_sessions_is_zero_and_a_missing_slot_is_empty(usage: Usage) -> None:
    """There are 3 and 4 participants in two sessions at 12:00, nobody at 12:05 and 12:15, and no run at 12:10."""
    usage.runs("2026-11-02 12:00", "2026-11-02 12:15", without=["2026-11-02 12:10"])
    usage.observed("2026-11-02 12:00", 1, "s", live_participants=3)
    usage.observed("2026-11-02 12:00", 1, "t", meeting_id="n", live_participants=4)
    assert usage.ask(CONCURRENCY)[:4] == [
        ("12:00", 2, 7, 0, 0),
        ("12:05", 0, 0, 0, 0),
        ("12:10", None, None, None, None),
        ("12:15", 0, 0, 0, 0),
    ]


def test_livestreams_and_sessions_without_a_type_are_counted_apart(usage: Usage) -> None:
    """A meeting has 3 participants, a livestream 40, and a session without a type 2."""
    usage.run("2026-11-02 12:00")
    usage.observed("2026-11-02 12:00", 1, "s", live_participants=3)
    usage.observed("2026-11-02 12:00", 1, "t", meeting_id="n", live_participants=40, type="livestream")
    usage.observed("2026-11-02 12:00", 1, "u", meeting_id="o", live_participants=2, type=None)
    assert usage.ask(CONCURRENCY)[0] == ("12:00", 1, 3, 2, 42)


@pytest.mark.parametrize("view", ["coverage", "concurrency"])
def test_without_runs_there_is_no_slot(usage: Usage, view: str) -> None:
    """An empty database has neither loaded nor missing slots."""
    assert usage.ask(f"select * from {view}") == []  # noqa: S608  # one of the two above


def concurrency(usage: Usage) -> dict[str, int | None]:
    """Return the sessions of each loaded slot."""
    return dict(usage.ask("select strftime(slot, '%H:%M:%S'), sessions from concurrency where is_loaded order by slot"))


def test_a_short_list_between_long_ones_is_not_a_slot(usage: Usage) -> None:
    """A run asks for one of three meetings, between two runs that ask for all. Two of three is most of them."""
    usage.run("2026-11-02 12:00", meetings="abc")
    usage.run("2026-11-02 12:02:05", meetings="a", every=None)
    usage.run("2026-11-02 12:05", meetings="ab")
    usage.run("2026-11-02 12:10", meetings="abc")
    for slot in ("12:00", "12:10"):
        usage.observed(f"2026-11-02 {slot}", 1, meeting_id="b")
    assert concurrency(usage) == {"12:00:00": 1, "12:05:00": 0, "12:10:00": 1}
    usage.run("2026-11-02 12:12", meetings="a", every=None)
    usage.run("2026-11-02 12:15", list_id="all:app")
    assert list(concurrency(usage)) == ["12:00:00", "12:05:00", "12:10:00", "12:12:00", "12:15:00"]


def test_a_list_that_became_short_is_a_slot(usage: Usage) -> None:
    """From 12:05 on, all runs ask for one of the three meetings. A run for all live sessions is never short."""
    usage.run("2026-11-02 12:00", meetings="abc")
    usage.runs("2026-11-02 12:05", "2026-11-02 12:10", meetings="a")
    assert list(concurrency(usage)) == ["12:00:00", "12:05:00", "12:10:00"]
    usage.run("2026-11-02 12:15", list_id="all:app")
    usage.run("2026-11-02 12:20", meetings="abc")
    assert list(concurrency(usage)) == ["12:00:00", "12:15:00", "12:20:00"]


def test_the_newest_run_of_a_short_list_waits_an_hour(usage: Usage) -> None:
    """Within an hour after a run for three meetings, the next of them may still come."""
    newest = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    sql = "select count(*) from concurrency where is_loaded"
    usage.run(newest - timedelta(minutes=30), meetings="abc", every=None)
    usage.run(newest, meetings="a", every=None)
    assert usage.ask(sql) == [(1,)]
    usage.clear()
    usage.run(newest - timedelta(minutes=90), meetings="abc", every=None)
    usage.run(newest, meetings="a", every=None)
    assert usage.ask(sql) == [(2,)]
