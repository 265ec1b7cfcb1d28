"""Findings are pure: from what was read, and the present instant, to a severity and a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from etl.errors import ConfigError, FailureKind, StoreError, StoreLocked
from etl.jobs.prepare import uuid7
from etl.reports.age import NewestSnapshot
from etl.reports.ask import DataRange
from etl.reports.checks import CheckResult
from etl.reports.periods import Period
from etl.settings import ApiSettings, Limits
from etl.values.fetch import Spending
from etl.values.meetings import Failure, Meeting, MeetingList
from etl.values.run import StagedRun
from etl.watch.configuration import find_configuration, find_list
from etl.watch.database import (
    DiskSpace,
    bytes_per_day,
    find_closed_database,
    find_disk_space,
    find_figures,
    format_bytes,
    read_disk_space,
)
from etl.watch.findings import Finding, Severity, sort_findings, worst_severity
from etl.watch.glance import Glance, glance_as_lines, glance_as_record, read_budget
from etl.watch.runs import (
    StagedSlots,
    find_backlog,
    find_coverage,
    find_reconcile_age,
    find_snapshot_age,
    next_slot,
)
from etl.watch.state import Coverage, DayUsage, FailureCount, History, LastRun, LiveNow

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 11, 25, 12, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FINE, WARNING, CRITICAL = Severity.FINE, Severity.WARNING, Severity.CRITICAL
LIST = Path("data/meetings.txt")
API = ApiSettings(token="token", account_id="account")  # noqa: S106  # it opens nothing
NOBODY = StagedSlots()


def listed(*meeting_ids: str, invalid: int = 0) -> MeetingList:
    """Return a list of an app."""
    failure = Failure(app_id=None, meeting_id="?", kind=FailureKind.INVALID_ID, message="line 4: the meeting ID is bad")
    return MeetingList(meetings=meetings(*meeting_ids), invalid=[failure] * invalid)


def meetings(*meeting_ids: str) -> list[Meeting]:
    """Return meetings of an app."""
    return [Meeting("app", meeting_id) for meeting_id in meeting_ids]


def newest(age: timedelta, *, step: float | None = 300.0, app: str = "app") -> NewestSnapshot:
    """Return the newest snapshot of an app, so long ago."""
    return NewestSnapshot(app_id=app, slot=NOW - age, step_seconds=step)


def history(**changes: object) -> History:
    """Return a history of ten days with a hundred snapshots per day."""
    usual = {"first_slot": NOW - 10 * DAY, "reconciled_at": NOW - DAY, "recent_rows": 700, "stored_rows": 1000}
    return History(**usual | changes)  # type: ignore[arg-type]  # what a test changes has the type


def coverage(**changes: object) -> Coverage:
    """Return the coverage of a day without a gap."""
    usual = {
        "until": NOW,
        "slots": 288,
        "missing_slots": 0,
        "known_outcomes": 1000,
        "unknown_outcomes": 0,
        "failures": [],
    }
    return Coverage(**usual | changes)  # type: ignore[arg-type]  # what a test changes has the type


def severities(findings: Sequence[Finding]) -> list[Severity]:
    """Return the severities of findings."""
    return [finding.severity for finding in findings]


def test_the_worst_is_first_and_decides_the_exit_code() -> None:
    """Findings that are equally bad keep their order. Without a finding all is fine."""
    given = [FINE, WARNING, CRITICAL, WARNING, FINE]
    findings = [Finding(severity=one, subject=str(number), message="") for number, one in enumerate(given)]
    assert [one.subject for one in sort_findings(findings)] == ["2", "1", "3", "0", "4"]
    assert [worst_severity(some).exit_code for some in ([FINE, WARNING, CRITICAL], [WARNING, FINE], [])] == [2, 1, 0]


@pytest.mark.parametrize(
    ("api", "app_id", "severity", "message"),
    [
        (API, "app", FINE, "there is a token for account account, and app app"),
        (API, None, FINE, "there is a token for account account, and no app: the meeting list has to name it"),
        (API, "a b", CRITICAL, "REALTIMEKIT_APP_ID or --app-id 'a b' is not a valid app ID"),
        (ConfigError("missing:\n  the token\n  the account"), "app", CRITICAL, "missing: the token; the account"),
        (ConfigError("one line"), "app", CRITICAL, "one line"),
    ],
)
def test_the_configuration(
    api: ApiSettings | ConfigError, app_id: str | None, severity: Severity, message: str
) -> None:
    """A setting that is missing or not valid is critical, in one line."""
    finding = find_configuration(api, app_id)
    assert (finding.severity, finding.message) == (severity, message)
    assert bool(finding.advice) == (severity is CRITICAL)
    assert "token" not in finding.details


@pytest.mark.parametrize(
    ("present", "before", "severity", "message"),
    [
        (listed("a", "b"), None, FINE, "2 meetings"),
        (listed("a", "b"), {"a", "b"}, FINE, "2 meetings, those of the last run"),
        (listed("a", "c"), {"a", "b"}, FINE, "2 meetings; since the last run 1 added (c) and 1 gone (b)"),
        (listed("a"), {"a", "b", "c", "d", "e"}, WARNING, "1 meeting; since the last run 4 gone (b, c, d, ...)"),
        (listed("a", "b"), {"a"}, FINE, "2 meetings; since the last run 1 added (b)"),
    ],
)
def test_the_list_is_compared_with_that_of_the_last_run(
    present: MeetingList, before: set[str] | None, severity: Severity, message: str
) -> None:
    """A list without most of its meetings is a warning."""
    last = None if before is None else set(meetings(*before))
    (finding,) = find_list(LIST, present, last_meetings=last, is_same=False)
    assert (finding.severity, finding.message) == (severity, f"{LIST}: {message}")


def test_lines_of_the_list_that_are_not_valid_are_a_warning() -> None:
    """The first one is quoted. The rest of the list is judged beside it."""
    invalid, rest = find_list(LIST, listed("a", invalid=2), last_meetings=None, is_same=True)
    assert invalid.message == f"{LIST}: 2 lines are not meeting IDs, the first, line 4: the meeting ID is bad"
    assert rest.message == f"{LIST}: 1 meeting, those of the last run"
    assert severities([invalid, rest]) == [WARNING, FINE]


def test_a_list_that_cannot_be_read_is_critical() -> None:
    """None stands for runs that need no list."""
    error = ConfigError("data/meetings.txt: the meeting list is empty")
    assert severities(find_list(LIST, error, last_meetings=None, is_same=False)) == [CRITICAL]
    assert severities(find_list(LIST, None, last_meetings=None, is_same=False)) == [FINE]


@pytest.mark.parametrize(
    ("age", "step", "severity"),
    [
        (10 * MINUTE, 300.0, FINE),
        (11 * MINUTE, 300.0, WARNING),
        (30 * MINUTE, 300.0, WARNING),
        (31 * MINUTE, 300.0, CRITICAL),
        (31 * MINUTE, 3600.0, FINE),
        (2 * DAY, None, FINE),
        (2 * DAY + MINUTE, None, WARNING),
    ],
)
def test_the_age_of_the_last_good_snapshot(age: timedelta, step: float | None, severity: Severity) -> None:
    """More than two steps of the schedule are a warning, more than six are critical. An unknown step is a day."""
    assert severities(find_snapshot_age([newest(age, step=step)], NOBODY, NOW)) == [severity]


def test_each_app_has_its_own_age_and_the_young_ones_share_a_finding() -> None:
    """A staged snapshot counts, because it is not lost. No snapshot at all is critical."""
    both = [newest(5 * MINUTE, app="young"), newest(60 * MINUTE, app="old")]
    (finding,) = find_snapshot_age(both, NOBODY, NOW)
    assert finding.message == "the last good snapshot of app old is 1 hour old, for a step of 5m"
    staged = StagedSlots(snapshot_slot=NOW - MINUTE)
    (fine,) = find_snapshot_age(both, staged, NOW)
    assert fine.message == "the last good snapshot is 1 minute old, for a step of 5m"
    assert severities([fine, *find_snapshot_age([], staged, NOW)]) == [FINE, FINE]
    assert severities(find_snapshot_age([], NOBODY, NOW)) == [CRITICAL]


@pytest.mark.parametrize(
    ("reconciled", "first", "staged", "severity", "message"),
    [
        (2 * DAY, 9 * DAY, None, FINE, "the last good reconciliation was 2 days ago"),
        (2 * DAY + MINUTE, 9 * DAY, None, WARNING, "the last good reconciliation was 2 days ago"),
        (7 * DAY, 9 * DAY, None, CRITICAL, "the last good reconciliation was 7 days ago"),
        (7 * DAY, 9 * DAY, DAY, FINE, "the last good reconciliation was 1 day ago"),
        (None, DAY, None, FINE, "no reconciliation yet, and the first snapshot is less than two days old"),
        (None, 3 * DAY, None, WARNING, "no reconciliation yet: all minutes are lower bounds"),
    ],
)
def test_the_age_of_the_last_good_reconciliation(
    reconciled: timedelta | None, first: timedelta, staged: timedelta | None, severity: Severity, message: str
) -> None:
    """One per day is expected: more than two days are a warning, more than six are critical."""
    stored = history(reconciled_at=NOW - reconciled if reconciled else None, first_slot=NOW - first)
    (finding,) = find_reconcile_age(stored, StagedSlots(reconciled_at=NOW - staged if staged else None), NOW)
    assert (finding.severity, finding.message) == (severity, message)


def test_nothing_is_said_about_reconciliations_before_the_first_snapshot() -> None:
    """The missing snapshot is a finding of its own."""
    assert find_reconcile_age(history(first_slot=None, reconciled_at=None), NOBODY, NOW) == []


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, FINE),
        ({"missing_slots": 2}, FINE),
        ({"missing_slots": 3}, WARNING),
        ({"missing_slots": 29}, CRITICAL),
        ({"unknown_outcomes": 10}, FINE),
        ({"unknown_outcomes": 11}, WARNING),
        ({"unknown_outcomes": 112}, CRITICAL),
        ({"known_outcomes": 0}, FINE),
    ],
)
def test_missing_slots_and_outcomes(changes: dict[str, int], severity: Severity) -> None:
    """More than one per cent is a warning, more than ten are critical."""
    assert severities(find_coverage(coverage(**changes), NOW - DAY, "UTC")) == [severity]


def test_the_most_frequent_failure_is_named() -> None:
    """A period without any slot is not judged."""
    failures = [FailureCount(kind="not_found", failures=50, meeting_id="m", message="unknown")]
    (finding,) = find_coverage(coverage(unknown_outcomes=50, failures=failures), NOW - DAY, "UTC")
    assert finding.message == (
        "since 2026-11-24 12:01, 288 of 288 snapshots and 1,000 of 1,050 outcomes are there; "
        "the most frequent failure is not_found (50 times, such as meeting m)"
    )
    assert "failing_meetings" in finding.advice
    assert find_coverage(coverage(slots=0), NOW - DAY, "UTC") == []


@pytest.mark.parametrize(
    ("ages", "severity", "message"),
    [
        ([], FINE, "no staged runs"),
        ([10 * MINUTE], FINE, "1 run in staged not loaded, the oldest 10 minutes old"),
        ([MINUTE, 11 * MINUTE], WARNING, "2 runs in staged not loaded, the oldest 11 minutes old"),
        ([DAY + MINUTE], CRITICAL, "1 run in staged not loaded, the oldest 1 day old"),
    ],
)
def test_the_backlog(ages: list[timedelta], severity: Severity, message: str) -> None:
    """A run that waits for more than ten minutes is a warning, for more than a day it is critical."""
    staged = [StagedRun(run_id=str(uuid7(NOW - age)), directory=Path()) for age in ages]
    finding = find_backlog(staged, Path("staged"), NOW)
    assert (finding.severity, finding.message) == (severity, message)


def test_a_staged_directory_with_another_name_counts_as_new() -> None:
    """Its age is not known. `rtk-usage load` says what is wrong with it."""
    assert find_backlog([StagedRun(run_id="copy", directory=Path())], Path("staged"), NOW).severity is FINE


def test_the_next_slot_follows_the_schedule() -> None:
    """The earliest one of all apps counts, also after missing slots."""
    assert next_slot([newest(61 * MINUTE), newest(61 * MINUTE, step=3600.0)], NOW) == NOW + 4 * MINUTE
    assert next_slot([newest(MINUTE, step=None)], NOW) is None


@pytest.mark.parametrize(
    ("free", "growth", "severity", "rest"),
    [
        (60 * 10**9, 1e9, FINE, ", enough for 60 days at the present growth of 1.0 GB per day"),
        (20 * 10**9, 1e9, WARNING, ", enough for 20 days at the present growth of 1.0 GB per day"),
        (2 * 10**9, 1e9, CRITICAL, ", enough for 2 days at the present growth of 1.0 GB per day"),
        (10**12, 10, FINE, ", enough for more than ten years at the present growth of 10 bytes per day"),
        (150_000_000, 0, WARNING, ""),
        (49_000_000, 0, CRITICAL, ""),
        (10**9, 0, FINE, ""),
    ],
)
def test_the_space_on_the_disk(free: int, growth: float, severity: Severity, rest: str) -> None:
    """The bounds are days at the present growth, and bytes."""
    finding = find_disk_space(DiskSpace(directory=Path("data"), device=1, free_bytes=free), growth)
    assert (finding.severity, finding.message) == (severity, f"{format_bytes(free)} free in data{rest}")


def test_the_growth_is_that_of_the_last_seven_days() -> None:
    """A younger history is taken for one of at least a day."""
    assert bytes_per_day(history(), 1_000_000, NOW) == 100_000
    assert bytes_per_day(history(first_slot=NOW - MINUTE, recent_rows=10, stored_rows=10), 1000, NOW) == 1000
    assert bytes_per_day(history(first_slot=None), 1000, NOW) == 0
    assert bytes_per_day(history(stored_rows=0), 1000, NOW) == 0


def test_the_disk_of_a_missing_directory_is_that_above_it(tmp_path: Path) -> None:
    """Two directories on one disk are one finding."""
    (space,) = read_disk_space([tmp_path / "missing" / "deeper", tmp_path])
    assert space.directory == tmp_path
    assert space.free_bytes > 0


def test_a_closed_database() -> None:
    """A lock is a warning, because runs stay staged. Everything else is critical."""
    locked, broken = find_closed_database(StoreLocked("held by vim")), find_closed_database(StoreError("cut off"))
    assert severities([locked, broken]) == [WARNING, CRITICAL]
    assert locked.advice.startswith("Runs stay staged")


def test_the_rules_of_the_figures() -> None:
    """Each broken rule is a finding with its rows. A period without data proves nothing."""
    period = Period(since=NOW - DAY, until=NOW, tz="UTC")
    good = CheckResult(name="good", rule="All is well", offenders=pl.DataFrame({"slot": []}))
    broken = CheckResult(name="broken", rule="Nothing falls", offenders=pl.DataFrame({"meeting_id": ["m", "n"]}))
    data = DataRange(first=NOW - 9 * DAY, last=NOW - MINUTE)
    (fine,) = find_figures([good], data, period, width=None)
    (found,) = find_figures([good, broken], data, period, width=None)
    assert (fine.severity, fine.message) == (FINE, f"all 1 rules hold from {period}")
    assert (found.severity, found.message) == (WARNING, "2 rows break the rule broken: Nothing falls")
    assert found.table.split()[-2:] == ["m", "n"]
    for nothing in (DataRange(first=None, last=None), DataRange(first=NOW - 9 * DAY, last=NOW - 8 * DAY)):
        assert severities(find_figures([good], nothing, period, width=None)) == [WARNING]


def test_the_state_at_a_glance() -> None:
    """There is one line per fact."""
    run = LastRun(
        kind="snapshot",
        slot=NOW - MINUTE,
        started_at=NOW - MINUTE,
        finished_at=NOW,
        meetings=6,
        live=1,
        idle=2,
        failed=3,
    )
    glance = Glance(
        now=NOW,
        is_readable=True,
        staged_runs=1,
        last_run=run,
        live=LiveNow(slot=NOW - MINUTE, sessions=1, participants=4, other_sessions=2),
        today=DayUsage(minutes=1500.4, sessions=1),
        week_ago=DayUsage(minutes=1000, sessions=3),
        budget=read_budget(Limits(), [Spending(finished_at=NOW, requests=80)], NOW),
        next_slot=NOW + 4 * MINUTE,
    )
    assert glance_as_lines(glance, "Europe/Berlin") == [
        "last run:  snapshot of 2026-11-25 13:00 (Europe/Berlin), 1 minute ago: 1 live, 2 idle, 3 failed",
        "live now:  1 meeting with 4 participants, and 2 sessions of other types, as of 2026-11-25 13:00",
        (
            "today:     1,500 minutes booked, 1 session started; a week ago by this time: "
            "1,000 minutes, 3 sessions (+50%)"
        ),
        "budget:    1,000 of 1,200 requests in 300 s remain; 120 are in reserve, and runs have spent 80",
        "backlog:   1 staged run",
        "next slot: 2026-11-25 13:05, in 4 minutes",
    ]
    record = glance_as_record(glance)
    assert record["next_slot"] == "2026-11-25T12:05:00+00:00"
    assert record["live"] == {
        "slot": "2026-11-25T12:00:00+00:00",
        "sessions": 1,
        "participants": 4,
        "other_sessions": 2,
    }


def test_a_glance_at_little() -> None:
    """An empty database and one that can't be read are different."""
    nothing = DayUsage(minutes=0, sessions=0)
    live = LiveNow(slot=None, sessions=0, participants=0, other_sessions=0)
    empty = Glance(now=NOW, is_readable=True, staged_runs=0, live=live, today=nothing, week_ago=nothing)
    lines = glance_as_lines(empty, "UTC")
    assert lines[:2] == ["last run:  none yet", "live now:  nobody"]
    assert lines[-1] == "next slot: the step of the schedule is not known"
    assert glance_as_lines(Glance(now=NOW, is_readable=False, staged_runs=0), "UTC") == [
        "state:     not known, because the database can't be read",
        "backlog:   0 staged runs",
    ]
