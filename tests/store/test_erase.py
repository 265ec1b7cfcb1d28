"""What is erased is gone as if it had never been stored, but for its requests."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from etl.errors import ConfigError, FailureKind
from etl.jobs.prepare import uuid7
from etl.normalize.finals import normalize_finals
from etl.normalize.snapshots import normalize_snapshots
from etl.reports.checks import run_checks
from etl.reports.parameters import query_parameters
from etl.reports.periods import BEGINNING, Period
from etl.staging.runs import RECONCILIATIONS, Staging
from etl.store import sql_files
from etl.store.database import open_database, open_to_read
from etl.store.erase import (
    ErasureRequest,
    count_rows,
    erase,
    find_app,
    find_meetings,
    find_names,
    find_runs,
    find_sessions,
)
from etl.store.load import load_runs
from etl.store.read import run_query, run_sql_file
from etl.values.fetch import FetchCounts, FetchResult, Observation
from etl.values.finals import DayTotals, Finals
from etl.values.meetings import ALL_MEETINGS, Failure, Meeting, MeetingList
from etl.values.run import RunStart
from tests.samples import open_copy, payload, stage_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from etl.store.database import Connection
    from etl.values.run import StagedRun

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)
PERIOD = Period(since=BEGINNING, until=NOON + timedelta(days=1), tz="UTC")
REPORTS = [name for name in sql_files.names("reports") if name != "reports/runs"]
MEETINGS = [Meeting(app, f"{app}-{number}") for app in ("app", "other") for number in (1, 2)]
_numbers = itertools.count()


def stage(folder: Path, outcomes: dict[Meeting, str], slot: datetime) -> StagedRun:
    """Stage a run in which the meetings were live, idle or failed. Their sessions go on from run to run."""
    start = RunStart(
        run_id=str(uuid7(slot + next(_numbers) * timedelta(milliseconds=1))),  # in the order in which they are staged
        slot=slot,
        started_at=slot,
        account_id="account",
        tool_version="0",
        host="here",
        every_seconds=STEP.total_seconds(),
    )
    minutes = (slot - NOON) / timedelta(minutes=1) + 5
    live = [
        Observation(
            meeting,
            slot,
            payload(f"of {meeting.meeting_id}", associated_id=meeting.meeting_id, minutes_consumed=minutes),
        )
        for meeting, outcome in outcomes.items()
        if outcome == "live"
    ]
    failures = [
        Failure(app_id=meeting.app_id, meeting_id=meeting.meeting_id, kind=FailureKind.TIMEOUT, message="late")
        for meeting, outcome in outcomes.items()
        if outcome == "failed"
    ]
    counts = FetchCounts(
        meetings=len(outcomes), live=len(live), idle=len(outcomes) - len(live) - len(failures), requests=len(outcomes)
    )
    fetched = FetchResult(observations=live, failures=failures, counts=counts)
    batch = normalize_snapshots(start, MeetingList(meetings=list(outcomes)), fetched, slot)
    staging = Staging(folder / "any.duckdb")
    staging.directory.mkdir(exist_ok=True)
    return staging.stage(batch.frames, start.run_id)


def stage_finals(
    folder: Path,
    minutes: dict[str, float],
    failed: Sequence[str] = (),
    at: datetime = NOON + timedelta(hours=1),
    without_session_of: str | None = None,
) -> StagedRun:
    """Stage a reconcile run: the session of a meeting and the total of a day per app, and failures of apps."""
    run_id = str(uuid7(at + next(_numbers) * timedelta(milliseconds=1)))
    start = RunStart(run_id=run_id, slot=at, started_at=at, account_id="account", tool_version="0", host="here")
    finals = Finals(
        sessions=[
            Observation(Meeting(app, f"{app}-1"), at, _ended(f"{app}-1", minutes_consumed=figure))
            for app, figure in minutes.items()
            if app != without_session_of
        ],
        failures=[
            Failure(app_id=app, meeting_id=ALL_MEETINGS, kind=FailureKind.TIMEOUT, message="late") for app in failed
        ],
        counts=FetchCounts(requests=1),
        days=[
            DayTotals(
                app_id=app,
                first=NOON.date(),
                last=NOON.date(),
                fetched_at=at,
                entries=[{"day": "2026-11-02", "total_sessions": 1, "total_session_minutes": figure}],
                attempts=1,
            )
            for app, figure in minutes.items()
        ],
    )
    staging = Staging(folder / "any.duckdb", RECONCILIATIONS)
    staging.directory.mkdir(exist_ok=True)
    return staging.stage(normalize_finals(start, finals, at).frames, start.run_id)


def _ended(meeting_id: str, **changes: Any) -> dict[str, Any]:
    """Return the session of a meeting after its end."""
    ended = {"status": "ENDED", "live_participants": 0, "ended_at": "2026-11-02T12:30:00.000Z"}
    return payload(f"of {meeting_id}", associated_id=meeting_id, **ended, **changes)


def erasure(at: datetime = NOON + timedelta(days=2)) -> RunStart:
    """The ledger entry of an erasure."""
    return RunStart(run_id=str(uuid7(at)), slot=at, started_at=at, account_id="", tool_version="0", host="here")


COUNTS = "select run_id, meetings, live, idle, failed from runs where kind = 'snapshot'"


def answers(database: Path) -> dict[str, list[Any]]:
    """Return the answers of all reports, the outcomes, and the lists without their IDs."""
    parameters = query_parameters(PERIOD)
    with open_to_read(database) as connection:
        found = {name: run_query(connection, sql_files.text(name), parameters, where=name).rows() for name in REPORTS}
        for query in (
            "select run_id, app_id, meeting_id, outcome from outcomes",
            "select distinct app_id, meeting_id from meeting_lists",
            COUNTS,
            "select run_id, failed from runs where kind = 'reconcile'",
            "select app_id, session_id, minutes_consumed from session_finals",
            "select app_id, day, minutes from daily_totals",
            "select run_id, app_id, meeting_id, kind from fetch_failures",
        ):
            found[query] = connection.sql(f"{query} order by all").fetchall()
    return found


def broken_rules(database: Path) -> list[str]:
    """Return the names of the rules that rows break."""
    with open_to_read(database) as connection:
        results = run_checks(connection, query_parameters(PERIOD))
    return [result.name for result in results if not result.is_passed]


def make(database: Path, runs: Sequence[StagedRun], request: ErasureRequest | None = None) -> Path:
    """Load runs into a new database, and erase what is requested."""
    with open_copy(database) as connection:
        load_runs(connection, runs)
        if request:
            erase(connection, request, erasure())
    return database


OUTCOMES = st.dictionaries(st.sampled_from(MEETINGS), st.sampled_from(["live", "idle", "failed"]), min_size=1)
# Runs in the order of their slots. Several may have the same slot.
RUNS = st.lists(st.tuples(st.sampled_from([NOON, NOON + STEP, NOON + 2 * STEP]), OUTCOMES), min_size=2, max_size=5).map(
    lambda runs: sorted(runs, key=lambda run: run[0])
)
# One run per slot. The first meeting is live in the first one, together with another.
SLOTS = st.lists(OUTCOMES, min_size=1, max_size=3).map(
    lambda runs: [
        (NOON + number * STEP, (run | dict.fromkeys(MEETINGS[:2], "live")) if number == 0 else run)
        for number, run in enumerate(runs)
    ]
)
# Two reconcile runs: the minutes of apps, and the apps with a failure.
FINALS = st.tuples(
    *(
        st.tuples(
            st.dictionaries(st.sampled_from(["app", "other"]), st.sampled_from([30.0, 40.0])),
            st.sets(st.sampled_from(["app", "other"])),
            st.just(NOON + timedelta(hours=hours)),
        )
        for hours in (1, 2)
    )
).map(list)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RUNS, st.data())
def test_reports_are_those_of_a_database_that_never_had_the_run(
    tmp_path_factory: pytest.TempPathFactory, outcomes: list[tuple[datetime, dict[Meeting, str]]], data: st.DataObject
) -> None:
    """No rule is broken, and the other runs keep their outcomes. Those that rely on it go with it."""
    folder = tmp_path_factory.mktemp("erased")
    runs = [stage(folder, outcomes_of_run, slot) for slot, outcomes_of_run in outcomes]
    runs.append(stage_finals(folder, {"app": 30.0, "other": 40.0}))
    run_ids = [data.draw(st.sampled_from(runs[:-1])).run_id]
    erased = make(folder / "erased.duckdb", runs)
    with open_database(erased) as connection:
        while dependent := run_sql_file(connection, "erase/dependent_runs", run_ids=run_ids)["run_id"].to_list():
            run_ids += dependent
        erase(connection, find_runs(connection, erased, run_ids), erasure())
    never = make(folder / "never.duckdb", [run for run in runs if run.run_id not in run_ids])
    assert answers(erased) == answers(never)
    assert broken_rules(erased) == []


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RUNS, FINALS)
def test_reports_are_those_of_a_database_that_never_had_the_app(
    tmp_path_factory: pytest.TempPathFactory,
    outcomes: list[tuple[datetime, dict[Meeting, str]]],
    finals: list[tuple[dict[str, float], set[str], datetime]],
) -> None:
    """A run with meetings of other apps keeps these, and its counts are theirs. So do final figures and failures."""
    folder = tmp_path_factory.mktemp("erased")
    without = [(slot, {key: it for key, it in run.items() if key.app_id != "app"}) for slot, run in outcomes]
    finals_without = [
        ({app: it for app, it in minutes.items() if app != "app"}, failed - {"app"}, at)
        for minutes, failed, at in finals
    ]
    assume(any(run for _, run in without))
    assume((outcomes, finals) != (without, finals_without))
    runs = [stage(folder, run, slot) for slot, run in outcomes]
    runs += [stage_finals(folder, minutes, sorted(failed), at) for minutes, failed, at in finals]
    others = [stage(folder, run, slot) for slot, run in without if run]
    others += [stage_finals(folder, minutes, sorted(failed), at) for minutes, failed, at in finals_without]
    database = make(folder / "erased.duckdb", runs)
    with open_database(database) as connection:
        erase(connection, find_app(connection, database, "app"), erasure())
    never = make(folder / "never.duckdb", others)
    kept, expected = comparable(answers(database)), comparable(answers(never))
    if len({slot for slot, _ in outcomes}) < len(outcomes):  # the ledger counts a repeated meeting as the views do
        del kept[COUNTS], expected[COUNTS]
    assert kept == expected
    assert broken_rules(database) == []


@pytest.mark.parametrize("is_session", [True, False])
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SLOTS, FINALS)
def test_reports_are_those_of_a_database_that_never_had_the_meeting_or_the_session(
    tmp_path_factory: pytest.TempPathFactory,
    is_session: bool,  # noqa: FBT001  # a case of the table
    outcomes: list[tuple[datetime, dict[Meeting, str]]],
    finals: list[tuple[dict[str, float], set[str], datetime]],
) -> None:
    """A run without the meeting has the others. Without its session, the meeting is idle where it was live."""
    folder = tmp_path_factory.mktemp("erased")
    erased, idle = MEETINGS[0], {MEETINGS[0]: "idle"}
    without = [(slot, {key: it for key, it in run.items() if key != erased}) for slot, run in outcomes]
    if is_session:
        without = [(slot, run | idle if run.get(erased) == "live" else run) for slot, run in outcomes]
    runs = [stage(folder, run, slot) for slot, run in outcomes]
    runs += [stage_finals(folder, minutes, sorted(failed), at) for minutes, failed, at in finals]
    others = [stage(folder, run, slot) for slot, run in without if run]
    others += [
        stage_finals(folder, minutes, sorted(failed), at, without_session_of="app") for minutes, failed, at in finals
    ]
    database = make(folder / "erased.duckdb", runs)
    with open_database(database) as connection:
        find, wanted = (find_sessions, "of app-1") if is_session else (find_meetings, "app-1")
        erase(connection, find(connection, database, [wanted]), erasure())
    assert comparable(answers(database)) == comparable(answers(make(folder / "never.duckdb", others)))
    assert broken_rules(database) == []


def test_counts_stay_right_where_a_slot_is_repeated(tmp_path: Path) -> None:
    """A later run of the slot found the meeting idle, and counts no session that could be subtracted."""
    live, later = {MEETINGS[0]: "live"}, {MEETINGS[0]: "idle", MEETINGS[1]: "idle"}
    database = make(tmp_path / "usage.duckdb", [stage(tmp_path, run, NOON) for run in (live, later)])
    with open_database(database) as connection:
        erase(connection, find_sessions(connection, database, ["of app-1"]), erasure())
        counts = connection.execute("select live, idle from runs where kind = 'snapshot' order by run_id").fetchall()
    assert counts == [(0, 1), (0, 2)]
    assert broken_rules(database) == []


def test_a_run_for_a_whole_app_does_not_count_an_erased_session(tmp_path: Path) -> None:
    """It has no list, so the meeting is not idle in it. A failure that names the session loses its message."""
    failure = Failure(app_id="app", meeting_id="x", kind=FailureKind.TIMEOUT, message="session of a: late")
    database = make(tmp_path / "usage.duckdb", [stage_run(tmp_path, live=("a", "b"), idle=(), all_of="app")])
    with open_database(database) as connection:
        connection.execute("update runs set meetings = 2, live = 2, idle = 0, failed = 0")
        load_runs(connection, [stage_run(tmp_path, live=(), idle=(), failures=[failure], slot=NOON + STEP)])
        erase(connection, find_sessions(connection, database, ["of a"]), erasure())
        counts = connection.execute("select meetings, live, idle from runs where list_id = 'all:app'").fetchall()
        assert connection.execute("select message from fetch_failures").fetchall() == [("erased",)]
    assert counts == [(1, 1, 0)]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("weekly", "Weekly"),
        ("[TEAM]*", "[Team] a\\b"),
        ("*a\\b", "[Team] a\\b"),
        ("annex ?", "Annex 1"),
        ("r\u00e9union", "R\u00c9UNION"),
    ],
)
def test_a_session_is_found_by_a_name(tmp_path: Path, pattern: str, name: str) -> None:
    """Only * and ? are special, and capitals do not matter. The name of a breakout room counts, but not its ID."""
    room = {"id": "annex 2", "meeting_display_name": "Annex 1", "started_at": "2026-11-02T11:10:00.000Z", "type": "xyz"}
    sessions: dict[str, dict[str, Any]] = {
        "1": {},
        "2": {"meeting_display_name": "[Team] a\\b"},
        "3": {"breakout_rooms": [room]},
    }
    sessions["4"] = {"meeting_display_name": "R\u00c9UNION"}
    database = make(tmp_path / "usage.duckdb", [stage_sessions(tmp_path, sessions)])
    with open_to_read(database) as connection:
        found = find_names(connection, database, [pattern])
        assert found.names == [name]
        for other in ("annex 2", "*T11:10*", "xyz", "week"):
            with pytest.raises(ConfigError, match="holds nothing of a name like"):
                find_names(connection, database, [other])


def stage_sessions(folder: Path, sessions: dict[str, dict[str, Any]]) -> StagedRun:
    """Stage a run in which these sessions were live, by the number of their meeting."""
    start = erasure(NOON)
    meetings = [Meeting("app", number) for number in sessions]
    observations = [
        Observation(meeting, NOON, payload(f"session {number}", associated_id=number, **changes))
        for meeting, (number, changes) in zip(meetings, sessions.items(), strict=True)
    ]
    counts = FetchCounts(meetings=len(meetings), live=len(meetings))
    fetched = FetchResult(observations=observations, failures=[], counts=counts)
    batch = normalize_snapshots(start, MeetingList(meetings=meetings), fetched, NOON)
    staging = Staging(folder / "any.duckdb")
    staging.directory.mkdir(exist_ok=True)
    return staging.stage(batch.frames, start.run_id)


def comparable(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Leave out the IDs of runs, which were staged twice."""
    return {
        name: [row[1:] for row in rows] if name.startswith("select run_id") else rows for name, rows in found.items()
    }


@pytest.fixture
def runs(tmp_path: Path) -> list[StagedRun]:
    """Three runs: of both apps, of one app, and of the other."""
    both = dict.fromkeys(MEETINGS, "live")
    return [
        stage(tmp_path, both, NOON),
        stage(tmp_path, {MEETINGS[0]: "live"}, NOON + STEP),
        stage(tmp_path, {MEETINGS[2]: "idle"}, NOON + 2 * STEP),
    ]


@pytest.fixture
def database(tmp_path: Path, runs: list[StagedRun]) -> Path:
    """A database with these runs."""
    return make(tmp_path / "usage.duckdb", runs)


def ask(database: Path, query: str, **parameters: Any) -> list[Any]:
    """Ask a database."""
    with open_to_read(database) as connection:
        return connection.execute(query, parameters or None).fetchall()


def test_an_erased_run_is_not_loaded_again(database: Path, runs: list[StagedRun]) -> None:
    """The ledger still holds it. A copy of its staged files brings nothing back."""
    with open_database(database) as connection:
        erase(connection, ErasureRequest(run_ids=[runs[0].run_id]), erasure())
        assert load_runs(connection, runs).rows == {}
    assert ask(database, "select count(*) from session_snapshots") == [(1,)]


def test_the_ledger_says_that_and_when_something_was_erased(database: Path, runs: list[StagedRun]) -> None:
    """The ledger does not say what was erased: neither the app, nor the meetings, nor their number."""
    with open_database(database) as connection:
        erase(connection, ErasureRequest(run_ids=[runs[1].run_id]), erasure())
    query = "select kind, list_id, every_seconds, meetings, live, idle, failed, requests from runs order by run_id"
    assert ask(database, query)[1] == ("erased", "erased", None, 0, 0, 0, 0, 1)
    assert ask(database, query)[3] == ("erase", "erase", None, 0, 0, 0, 0, 0)


def test_the_requests_of_an_erased_run_count_for_the_limit(database: Path, runs: list[StagedRun]) -> None:
    """They were sent."""
    with open_database(database) as connection:
        before = spent(connection)
        erase(connection, ErasureRequest(run_ids=[run.run_id for run in runs]), erasure())
        assert spent(connection)[:3] == before


def spent(connection: Connection) -> list[Any]:
    """Return the requests of each run."""
    until = NOON + timedelta(days=9)
    return run_sql_file(connection, "read/requests_spent", since=NOON - STEP, until=until).rows()


def test_an_erased_slot_can_be_taken_again(database: Path, runs: list[StagedRun]) -> None:
    """No meeting has an outcome in it any more. The list of the run is stored again with the next run that has it."""
    with open_database(database) as connection:
        erase(connection, find_app(connection, database, "app"), erasure())
        resolved = run_sql_file(connection, "read/resolved_meetings", slot=NOON).rows()
        assert sorted(resolved) == [("other", "other-1"), ("other", "other-2")]
        erase(connection, ErasureRequest(run_ids=[runs[0].run_id]), erasure(NOON + timedelta(days=3)))
        assert run_sql_file(connection, "read/resolved_meetings", slot=NOON).is_empty()
        again = stage(database.parent, dict.fromkeys(MEETINGS, "live"), NOON)
        load_runs(connection, [again])
        assert len(run_sql_file(connection, "read/resolved_meetings", slot=NOON)) == 4
    assert broken_rules(database) == []


def test_rows_are_counted_before_they_go(database: Path, runs: list[StagedRun]) -> None:
    """The counts are those of the run, and of everything of an app."""
    with open_database(database) as connection:
        of_run = count_rows(connection, ErasureRequest(run_ids=[runs[0].run_id]))
        of_app = count_rows(connection, find_app(connection, database, "app"))
    assert of_run == {"session_snapshots": 4, "session_finals": 0, "daily_totals": 0, "fetch_failures": 0}
    assert of_app["session_snapshots"] == 3


def test_a_run_is_found_by_the_beginning_of_its_id(database: Path, runs: list[StagedRun]) -> None:
    """The beginning of several IDs, or of none, is refused with the way out."""
    with open_to_read(database) as connection:
        assert find_runs(connection, database, [runs[1].run_id[:-4].upper()]).run_ids == [runs[1].run_id]
        with pytest.raises(ConfigError, match=r"3 runs of .* have an ID that begins with 0; write more of it"):
            find_runs(connection, database, ["0"])
        with pytest.raises(ConfigError, match="holds no run xyz; rtk-usage report runs lists the IDs"):
            find_runs(connection, database, ["xyz"])


def test_an_erased_run_is_not_found_again(database: Path, runs: list[StagedRun]) -> None:
    """There is nothing left to erase."""
    with open_database(database) as connection:
        erase(connection, find_runs(connection, database, [runs[0].run_id]), erasure())
        with pytest.raises(ConfigError, match="holds no run"):
            find_runs(connection, database, [runs[0].run_id])


def test_a_run_on_whose_rows_another_relies_is_not_erased_alone(database: Path) -> None:
    """A repeated run has no rows of its own. Without those of the first, its meetings would look idle."""
    first, second = (stage(database.parent, {MEETINGS[0]: "live"}, NOON + 9 * STEP) for _ in range(2))
    with open_database(database) as connection:
        load_runs(connection, [first, second])
        with pytest.raises(ConfigError, match=f"erase both: --run {first.run_id} --run {second.run_id}"):
            find_runs(connection, database, [first.run_id])
        assert find_runs(connection, database, [second.run_id]).run_ids == [second.run_id]
        assert len(find_runs(connection, database, [first.run_id, second.run_id]).run_ids) == 2


def test_a_reconcile_run_is_not_erased(database: Path) -> None:
    """The second run has confirmed the figures of the first, but stored none of its own."""
    first, second = (stage_finals(database.parent, {"app": 30.0}) for _ in range(2))
    with open_database(database) as connection:
        load_runs(connection, [first, second])
        for run in (first, second):
            with pytest.raises(ConfigError, match=f"run {run.run_id} is a reconcile run, on whose figures later runs"):
                find_runs(connection, database, [run.run_id])


def test_an_app_that_is_not_there_is_named_with_those_that_are(database: Path) -> None:
    """Its ID may be mistyped."""
    with open_to_read(database) as connection, pytest.raises(ConfigError, match="its apps are app, other"):
        find_app(connection, database, "apps")
