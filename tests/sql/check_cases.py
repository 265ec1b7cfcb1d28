"""Statements that break the rule of a check, and the offending rows that the check then selects."""
# ruff: noqa: S608  # the statements are made of this file's own names

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.samples import SLOT

if TYPE_CHECKING:
    from datetime import datetime

HOUR = timedelta(hours=1)
NEXT = SLOT + HOUR
START, ENDED, FETCH = SLOT - HOUR, SLOT + 1.5 * HOUR, SLOT + 2 * HOUR
SECOND = timedelta(seconds=1)
RECONCILED = "00000000-0000-7000-8000-000000000001"
STRANGE = "00000000-0000-7000-8000-000000000002"

# A run of reconcile that fetched the end of the session of a, and the totals of a day.
RECONCILE = f"""
insert into runs by name
select * replace (
    '{RECONCILED}' as run_id, 'reconcile' as kind, slot + interval 2 hours as slot, 'list' as via, 'ended' as list_id,
    slot + interval 2 hours as started_at, slot + interval 2 hours as finished_at,
    1 as meetings, 0 as live, 0 as idle, 0 as failed, null as unlisted, 2 as requests, null as every_seconds
)
from runs limit 1;

insert into session_finals by name
select * exclude (slot, observed_at) replace (
    '{RECONCILED}' as run_id, 'ENDED' as status, 0 as live_participants, 9.5 as minutes_consumed,
    timestamptz '2026-11-02 13:30:00+00' as ended_at
), timestamptz '2026-11-02 14:00:00+00' as fetched_at
from session_snapshots where session_id = 'of a' and slot = '2026-11-02 12:00:00+00';

insert into daily_totals
values ('{RECONCILED}', '2026-11-02 14:00:00+00', 'app', '2026-11-02', 2, 11.8);
"""


@dataclass(frozen=True)
class CheckCase:
    """A statement that breaks the rule of a check, and some columns of the offending rows.

    A period selects offenders if it starts at `last_at` or before, and ends after `first_at`.
    """

    check: str
    change: str
    offenders: list[dict[str, Any]]
    first_at: datetime = NEXT
    last_at: datetime = NEXT


OF_A = "session_id = 'of a' and slot = '2026-11-02 13:00:00+00'"
FINAL = "session_finals set"

CASES = [
    CheckCase(
        "totals_never_fall",
        f"update session_snapshots set minutes_consumed = 2.25 where {OF_A}",
        [{"session_id": "of a", "observed_at": NEXT, "previous_minutes": 2.3434, "minutes": 2.25}],
    ),
    CheckCase(
        "totals_never_fall",
        f"update session_snapshots set live_participants = 1, max_concurrent_participants = 1 where {OF_A}",
        [{"session_id": "of a", "observed_at": NEXT, "previous_max_participants": 2, "max_participants": 1}],
    ),
    CheckCase(
        "live_participants_within_maximum",
        f"update session_snapshots set live_participants = 3 where {OF_A}",
        [{"slot": NEXT, "meeting_id": "a", "live_participants": 3, "max_concurrent_participants": 2}],
    ),
    CheckCase(
        "one_snapshot_per_meeting_and_slot",
        f"insert into session_snapshots select * replace ('other' as session_id) from session_snapshots where {OF_A}",
        [{"slot": NEXT, "meeting_id": "a", "snapshots": 2}],
    ),
    CheckCase(
        "one_meeting_per_session",
        f"update session_snapshots set meeting_id = 'b' where {OF_A}",
        [{"session_id": "of a", "meeting_id": "a", "other_meeting_id": "b"}],
        first_at=START,
    ),
    CheckCase(
        "one_meeting_per_session",
        f"update {FINAL} meeting_id = 'b'",
        [{"session_id": "of a", "meeting_id": "a", "other_meeting_id": "b"}],
        first_at=START,
    ),
    CheckCase(
        "session_belongs_to_requested_meeting",
        f"update session_snapshots set associated_id = 'b' where {OF_A}",
        [{"slot": NEXT, "meeting_id": "a", "session_id": "of a", "associated_id": "b"}],
    ),
    CheckCase(
        "rows_belong_to_runs",
        f"update session_snapshots set run_id = '{STRANGE}' where session_id = 'of c'",
        [{"table_name": "session_snapshots", "run_id": STRANGE, "slot": SLOT, "run_kind": None, "row_count": 1}],
        first_at=SLOT,
        last_at=SLOT,
    ),
    CheckCase(
        "rows_belong_to_runs",
        f"update fetch_failures set run_id = '{STRANGE}'",
        [{"table_name": "fetch_failures", "run_id": STRANGE, "run_kind": None}],
        first_at=SLOT,
        last_at=SLOT,
    ),
    CheckCase(
        "rows_belong_to_runs",
        "update session_snapshots set slot = slot + interval 1 minute where session_id = 'of c'",
        [{"table_name": "session_snapshots", "slot": SLOT + timedelta(minutes=1), "run_slot": SLOT}],
        first_at=SLOT + timedelta(minutes=1),
        last_at=SLOT + timedelta(minutes=1),
    ),
    CheckCase(
        "rows_belong_to_runs",
        f"update runs set kind = 'snapshot' where run_id = '{RECONCILED}'",
        [
            {"table_name": "daily_totals", "run_id": RECONCILED, "run_kind": "snapshot"},
            {"table_name": "session_finals", "run_id": RECONCILED, "run_kind": "snapshot"},
        ],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "observed_during_run",
        "update session_snapshots set observed_at = observed_at - interval 1 second where session_id = 'of c'",
        [{"table_name": "session_snapshots", "first_observed_at": SLOT - timedelta(seconds=1), "started_at": SLOT}],
        first_at=SLOT,
        last_at=SLOT,
    ),
    CheckCase(
        "observed_during_run",
        f"update {FINAL} fetched_at = fetched_at + interval 1 second",
        [{"table_name": "session_finals", "run_id": RECONCILED, "finished_at": SLOT + 2 * HOUR}],
        first_at=FETCH + SECOND,
        last_at=FETCH + SECOND,
    ),
    CheckCase(
        "observed_during_run",
        "update daily_totals set fetched_at = fetched_at - interval 1 second",
        [{"table_name": "daily_totals", "run_id": RECONCILED, "started_at": SLOT + 2 * HOUR}],
        first_at=FETCH - SECOND,
        last_at=FETCH - SECOND,
    ),
    CheckCase(
        "run_outcomes_add_up",
        "update runs set idle = idle + 1 where slot = '2026-11-02 13:00:00+00'",
        [{"slot": NEXT, "meetings": 3, "live": 1, "idle": 3}, {"slot": NEXT, "meetings": 1, "live": 1, "idle": 1}],
    ),
    CheckCase(
        "run_outcomes_add_up",
        f"update runs set finished_at = started_at - interval 1 second where run_id = '{RECONCILED}'",
        [{"kind": "reconcile", "run_id": RECONCILED}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "run_outcomes_add_up",
        f"update runs set failed = -1 where run_id = '{RECONCILED}'",
        [{"kind": "reconcile", "failed": -1}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "one_outcome_per_listed_meeting",
        "delete from meeting_lists where meeting_id = 'b'",
        [
            {"slot": SLOT, "listed_meetings": 2, "outcomes": 3},
            {"slot": NEXT, "listed_meetings": 2, "outcomes": 3},
        ],
        first_at=SLOT,
    ),
    CheckCase(
        "one_outcome_per_listed_meeting",
        "update runs set list_id = 'lost' where slot = '2026-11-02 13:00:00+00' and meetings = 3",
        [{"slot": NEXT, "list_id": "lost", "listed_meetings": 0, "outcomes": 3}],
    ),
    CheckCase(
        "row_counts_match_ledger",
        "delete from session_snapshots where slot = '2026-11-02 13:00:00+00'",
        [{"slot": NEXT, "live": 1, "snapshots": 0}, {"slot": NEXT, "live": 1, "snapshots": 0}],
    ),
    CheckCase(
        "row_counts_match_ledger",
        f"insert into session_snapshots select * replace ('b' as meeting_id) from session_snapshots where {OF_A}",
        [{"slot": NEXT, "live": 1, "snapshots": 2}],
    ),
    CheckCase(
        "row_counts_match_ledger",
        "delete from fetch_failures",
        [{"slot": SLOT, "failed": 1, "failures": 0}],
        first_at=SLOT,
        last_at=SLOT,
    ),
    CheckCase(
        "one_outcome_per_meeting_and_run",
        "insert into fetch_failures select * from fetch_failures",
        [{"slot": SLOT, "meeting_id": "c", "failures": 2, "snapshots": 0}],
        first_at=SLOT,
        last_at=SLOT,
    ),
    CheckCase(
        "one_outcome_per_meeting_and_run",
        "update fetch_failures set meeting_id = 'a'",
        [{"slot": SLOT, "meeting_id": "a", "failures": 1, "snapshots": 1}],
        first_at=SLOT,
        last_at=SLOT,
    ),
    CheckCase(
        "session_start_never_changes",
        f"update session_snapshots set started_at = started_at + interval 2 seconds where {OF_A}",
        [
            {
                "session_id": "of a",
                "first_started_at": SLOT - HOUR,
                "last_started_at": SLOT - HOUR + timedelta(seconds=2),
            }
        ],
        first_at=START + 2 * SECOND,
    ),
    CheckCase(
        "session_start_never_changes",
        f"update {FINAL} started_at = started_at - interval 1 minute",
        [{"session_id": "of a", "last_started_at": SLOT - HOUR}],
        first_at=START,
    ),
    CheckCase(
        "session_start_not_in_future",
        "update session_snapshots set started_at = slot + interval 6 minutes where session_id = 'of c'",
        [{"session_id": "of c", "reported_at": SLOT, "started_at": SLOT + timedelta(minutes=6), "source": "snapshot"}],
        first_at=SLOT,
        last_at=SLOT,
    ),
    CheckCase(
        "session_start_not_in_future",
        f"update {FINAL} started_at = fetched_at + interval 6 minutes",
        [{"session_id": "of a", "reported_at": SLOT + 2 * HOUR, "source": "final"}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "clocks_of_runs_are_right",
        f"update runs set clock_note = 'an hour ahead' where run_id = '{RECONCILED}'",
        [{"run_id": RECONCILED, "kind": "reconcile", "clock_note": "an hour ahead"}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "session_end_not_before_start",
        f"update {FINAL} ended_at = started_at - interval 1 second",
        [{"source": "final", "session_id": "of a"}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "session_end_not_before_start",
        "update session_snapshots set ended_at = started_at - interval 1 second where session_id = 'of c'",
        [{"source": "snapshot", "session_id": "of c", "reported_at": SLOT}],
        first_at=SLOT,
        last_at=SLOT,
    ),
    CheckCase(
        "finals_say_when_the_session_ended",
        f'update {FINAL} ended_at = null, extra = \'{{"ended_at": "unknown"}}\'',
        [{"session_id": "of a", "started_at": START, "fetched_at": FETCH, "unreadable_end": "unknown"}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "final_total_not_below_snapshots",
        f"update {FINAL} minutes_consumed = 2.25",
        [{"session_id": "of a", "observed_minutes": 2.3434, "final_minutes": 2.25}],
        first_at=SLOT,
    ),
    CheckCase(
        "no_snapshot_after_session_end",
        f"update {FINAL} ended_at = timestamptz '2026-11-02 12:44:00+00'",
        [{"session_id": "of a", "last_live_at": NEXT, "ended_at": NEXT - timedelta(minutes=16)}],
    ),
    CheckCase(
        "one_final_per_session_and_fetch",
        "insert into session_finals select * replace (10 as minutes_consumed) from session_finals",
        [{"table_name": "session_finals", "session_id": "of a", "row_count": 2}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "one_final_per_session_and_fetch",
        "insert into daily_totals select * replace (10 as minutes) from daily_totals",
        [{"table_name": "daily_totals", "day": SLOT.date(), "row_count": 2}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "figures_are_not_negative",
        "update session_snapshots set live_participants = -1 where session_id = 'of c'",
        [{"table_name": "session_snapshots", "session_id": "of c", "least_count": -1}],
        first_at=SLOT,
        last_at=SLOT,
    ),
    CheckCase(
        "figures_are_not_negative",
        f"update {FINAL} minutes_consumed = 'nan'",
        [{"table_name": "session_finals", "session_id": "of a"}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "figures_are_not_negative",
        "update daily_totals set minutes = -0.5",
        [{"table_name": "daily_totals", "day": SLOT.date(), "minutes": -0.5}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "session_types_are_documented",
        "update session_snapshots set type = 'webinar' where session_id = 'of c'",
        [{"app_id": "app", "type": "webinar", "sessions": 1, "first_reported_at": SLOT}],
        first_at=SLOT,
        last_at=SLOT,
    ),
    CheckCase(
        "session_types_are_documented",
        f"update {FINAL} type = null",
        [{"type": None, "sessions": 1, "last_reported_at": SLOT + 2 * HOUR}],
        first_at=FETCH,
        last_at=FETCH,
    ),
    CheckCase(
        "one_meeting_per_session",
        "insert into session_finals select * replace ('b' as meeting_id) from session_finals",
        [{"session_id": "of a", "meeting_id": "a", "other_meeting_id": "b"}],
        first_at=START,
        last_at=ENDED,
    ),
    CheckCase(
        "session_start_never_changes",
        "insert into session_finals "
        "select * replace (started_at - interval 1 minute as started_at) from session_finals",
        [{"session_id": "of a", "last_started_at": START}],
        first_at=START,
        last_at=ENDED,
    ),
]
