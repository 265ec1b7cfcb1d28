"""The job `reconcile` as a whole, against the simulated API and a DuckDB file."""

from __future__ import annotations

import asyncio
import itertools
import re
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from etl.errors import ApiUnavailable, ConfigError, FailureKind, RunOverlap, StoreLocked, TokenRejected
from etl.jobs.prepare import read_spending, start_run
from etl.jobs.reconcile import reconcile_sessions
from etl.jobs.snapshot import take_snapshot
from etl.reports.ask import answer_query
from etl.reports.catalogue import find_report
from etl.reports.parameters import query_parameters
from etl.reports.periods import Period
from etl.settings import ReadSettings, ReconcileSettings, SnapshotSettings
from etl.simulator.clock import SimulatedClock
from etl.simulator.sessions import make_session
from etl.staging.runs import RECONCILIATIONS, Staging, discard
from etl.store.database import open_database
from etl.store.load import load_runs
from tests.conftest import START
from tests.samples import held_open, write_empty_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from etl.simulator.sessions import Session
    from etl.values.finals import ReconcileSummary
    from etl.values.run import RunContext
    from tests.conftest import Api

    ServeApi = Callable[..., Api]
    Settings = Callable[..., ReconcileSettings]

DAY = timedelta(days=1)


@pytest.fixture
def reconcile_settings(tmp_path: Path) -> Settings:
    """Make settings for the app of an API and its last day, with an empty database for this test."""
    database = write_empty_database(tmp_path / "usage.duckdb")

    def make(api: Api, /, **changes: Any) -> ReconcileSettings:
        settings = ReconcileSettings(
            api=api.settings(),
            app_id=api.world.app_id,
            database=database,
            since=START - DAY,
            lock_timeout=timedelta(seconds=0.2),
        )
        return replace(settings, **changes)

    return make


def take(settings: ReconcileSettings, context: RunContext) -> ReconcileSummary:
    """Run a reconciliation to its end."""
    return asyncio.run(reconcile_sessions(settings, context))


def observe(api: Api, database: Path) -> None:
    """Take a snapshot of all live sessions of all apps."""
    for world in api.worlds:
        settings = SnapshotSettings(
            api=api.settings(), meetings=None, app_id=world.app_id, database=database, via="list"
        )
        assert asyncio.run(take_snapshot(settings, api.context())).errors == []


def rows(database: Path, query: str) -> list[Any]:
    """Return the rows of a query. A single column is a list of values."""
    with open_database(database) as connection:
        found = pl.DataFrame(connection.sql(query)).rows()
    return [row[0] if len(row) == 1 else row for row in found]


def ended(api: Api, since: timedelta = DAY) -> list[Session]:
    """Return the true sessions that started in this time and have ended."""
    now = api.clock.now()
    return api.world.sessions(now, "ENDED", since=now - since)


def figures(sessions: list[Session], api: Api) -> list[tuple[object, ...]]:
    """Return the final figures of sessions."""
    now = api.clock.now()
    return sorted((one.id, one.meeting_id, one.minutes_consumed(now), one.ended_at) for one in sessions)


def stored(database: Path) -> list[tuple[object, ...]]:
    """Return all rows of final figures in the database."""
    return sorted(rows(database, "select session_id, meeting_id, minutes_consumed, ended_at from session_finals"))


def test_every_ended_session_of_the_app_is_stored_with_its_final_figures(
    api: Api, reconcile_settings: Settings
) -> None:
    """The job needs neither a meeting list nor an existing database."""
    settings = reconcile_settings(api)
    summary = take(settings, api.context())
    assert stored(settings.database) == figures(ended(api), api)
    assert (summary.run.failed, summary.run.meetings) == (0, len(ended(api)))
    assert rows(settings.database, "select distinct status from session_finals") == ["ENDED"]


def test_the_days_are_those_that_cloudflare_totals(api: Api, reconcile_settings: Settings) -> None:
    """They reach from the day of --since to today (UTC), without days of zero. Many days take several requests."""
    settings = reconcile_settings(api, since=START - timedelta(days=40))
    summary = take(settings, api.context())
    now = api.clock.now()
    truth = api.world.day_totals((now - timedelta(days=40)).date(), now.date(), now)
    assert rows(settings.database, "select day, sessions, minutes from daily_totals order by day") == [
        (one.day, one.sessions, one.minutes) for one in truth if one.minutes
    ]
    assert summary.days == 3
    assert api.app.state.requests_by_path["simulated-app/analytics/daywise"] == 2


def test_a_second_run_adds_nothing_but_its_entry_in_the_ledger(api: Api, reconcile_settings: Settings) -> None:
    """Unchanged figures are not stored again, whatever period each run asks for."""
    settings = reconcile_settings(api)
    first = take(settings, api.context())
    before = rows(settings.database, "from session_finals"), rows(settings.database, "from daily_totals")
    second = take(settings, api.context())
    third = take(reconcile_settings(api, since=START - DAY / 2), api.context())
    assert (first.new_rows("session_finals"), first.new_rows("daily_totals")) == (len(ended(api)), 2)
    assert [one.new_rows(table) for one in (second, third) for table in ("session_finals", "daily_totals")] == [0] * 4
    assert (rows(settings.database, "from session_finals"), rows(settings.database, "from daily_totals")) == before
    assert rows(settings.database, "select count(*) from runs") == [3]


def test_what_has_ended_since_is_added_and_a_day_that_has_grown_once_more(
    api: Api, reconcile_settings: Settings
) -> None:
    """The row that was fetched last counts."""
    settings = reconcile_settings(api)
    take(settings, api.context())
    api.clock.advance(timedelta(hours=3))
    take(reconcile_settings(api, since=START - DAY), api.context())
    assert stored(settings.database) == figures(ended(api, DAY + timedelta(hours=3)), api)
    latest = "select max_by(minutes, fetched_at) from daily_totals group by day order by day"
    now = api.clock.now()
    truth = api.world.day_totals((now - DAY).date(), now.date(), now)
    assert rows(settings.database, latest) == [one.minutes for one in truth]
    assert rows(settings.database, "select count(*) from daily_totals") == [3]


def test_the_ledger_holds_what_the_run_did(api: Api, reconcile_settings: Settings) -> None:
    """The entry is not a snapshot, and the run has no outcomes."""
    settings = reconcile_settings(api)
    run = take(settings, api.context()).run
    query = """
        select cast(run_id as varchar), kind, via, list_id, slot, meetings, live, idle, failed, requests, unlisted
        from runs
    """
    count = len(ended(api))
    requests = api.app.state.requests
    assert rows(settings.database, query) == [
        (run.run_id, "reconcile", "list", "ended", START, count, 0, 0, 0, requests, None)
    ]
    assert rows(settings.database, "select count(*) from outcomes") == [0]


def test_a_session_that_began_before_the_period_is_asked_for_by_its_id(api: Api, reconcile_settings: Settings) -> None:
    """Such a session was seen live since then, but no list of later sessions has it."""
    settings = reconcile_settings(api, since=START)
    observe(api, settings.database)
    live = api.live()
    api.clock.advance(timedelta(hours=6))
    take(settings, api.context())
    final = dict(rows(settings.database, "select session_id, minutes_consumed from session_finals"))
    now = api.clock.now()
    known = {one.id: one for one in api.world.sessions_between(START, now)}
    over = {session["id"] for session in live.values() if known[session["id"]].ended_at <= now}
    assert over
    assert {one: final[one] for one in over} == {one: known[one].minutes_consumed(now) for one in over}


def test_a_session_that_is_still_live_has_no_final_figures_and_no_failure(
    api: Api, reconcile_settings: Settings
) -> None:
    """The next run asks for it again, until it has ended."""
    settings = reconcile_settings(api, since=START - timedelta(seconds=30))
    observe(api, settings.database)
    api.clock.advance(timedelta(seconds=30))
    first = take(settings, api.context())
    live = {session["id"] for session in api.live().values()}
    assert first.run.failed == 0
    assert live.isdisjoint(rows(settings.database, "select session_id from session_finals"))
    asked = [path for path in api.app.state.requests_by_path if path.startswith("simulated-app/sessions/")]
    assert len(asked) >= len(live)


def test_a_session_that_is_final_is_not_asked_for_again(api: Api, reconcile_settings: Settings) -> None:
    """A run every night asks only for new sessions."""
    settings = reconcile_settings(api, since=START - timedelta(hours=1))
    observe(api, settings.database)
    api.clock.advance(timedelta(hours=11))
    first = take(settings, api.context())
    second = take(settings, api.context())
    assert first.run.requests > second.run.requests == 2 + -(-second.run.meetings // 100)


def test_a_day_of_snapshots_and_one_reconciliation_tell_the_truth_of_every_session(
    serve_api: ServeApi, reconcile_settings: Settings
) -> None:
    """Every session under way in the day that has ended is final, those between two snapshots, too.

    The report on accuracy then says what snapshots alone had missed, and that hardly anything is missing any more: the
    sessions over midnight are placed to the distance of snapshots. Those that are still live are counted as live.
    """
    api = serve_api(meetings=12, live_share=0.5, booking="steady")
    api.clock.advance(timedelta(hours=12))
    midnight = api.clock.now()
    settings = reconcile_settings(api, since=midnight)
    for _ in range(288):
        observe(api, settings.database)
        api.clock.advance(timedelta(minutes=5))
    observe(api, settings.database)
    take(settings, api.context())
    now = api.clock.now()
    truth = [one for one in api.world.sessions_between(midnight, now) if one.ended_at <= now]
    assert stored(settings.database) == figures(truth, api)
    seen = set(rows(settings.database, "select session_id from session_snapshots"))
    assert {one.id for one in truth} - seen, "no session lived between two snapshots"
    assert [one for one in truth if one.started_at < midnight], "no session began before the day"
    before = stored(settings.database)
    assert take(settings, api.context()).new_rows("session_finals") == 0
    assert stored(settings.database) == before
    (day,) = accuracy(settings.database, midnight, now)
    live = api.world.sessions(now, "LIVE")
    assert (day["day"], day["live_sessions"], day["unfinished_sessions"]) == (midnight.date(), len(live), 0)
    assert abs(day["utc_difference_minutes"]) < day["utc_cloudflare_minutes"] / 100
    assert 0 < day["shortfall_minutes"] < day["utc_cloudflare_minutes"] / 5
    assert day["utc_sessions"] == day["utc_cloudflare_sessions"] > day["snapshot_sessions"]


def test_a_session_that_is_booked_on_leaving_is_stored_as_the_api_reports_it(
    serve_api: ServeApi, reconcile_settings: Settings
) -> None:
    """Four people from 22:00 to 02:00: every snapshot has 4 participants and 0 minutes, the final figures have 960."""
    late = START + timedelta(hours=10)
    four = make_session("night-room", *[(late, late + timedelta(hours=4))] * 4)
    api = serve_api(meetings=0, added_sessions=[four])
    settings = reconcile_settings(api, since=START)
    for half_hours in range(10):
        api.clock.set(late + half_hours * timedelta(minutes=30))
        observe(api, settings.database)
    take(settings, api.context())
    seen = "select slot, live_participants, minutes_consumed from session_snapshots order by slot"
    assert rows(settings.database, seen) == [(late + number * timedelta(minutes=30), 4, 0) for number in range(8)] + [
        (late + timedelta(hours=4), 0, 960)  # the session is LIVE until its keep-alive ends
    ]
    assert stored(settings.database) == [(four.id, "night-room", 960, four.ended_at)]
    totals = rows(settings.database, "select day, sessions, minutes from daily_totals order by day")
    assert totals == [(late.date(), 1, 480), (late.date() + DAY, 0, 480)]


def accuracy(database: Path, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return the rows of the report by day."""
    parameters = query_parameters(Period(since=since, until=until, tz="UTC"))
    return answer_query(find_report("accuracy"), ReadSettings(database=database), parameters).frame.to_dicts()


def test_every_app_that_the_database_knows_is_asked_about(serve_api: ServeApi, reconcile_settings: Settings) -> None:
    """This is the default if the settings name no app."""
    api = serve_api(apps=2)
    settings = reconcile_settings(api, app_id=None)
    observe(api, settings.database)
    summary = take(settings, api.context())
    now = api.clock.now()
    truth = {world.app_id: len(world.sessions(now, "ENDED", since=now - DAY)) for world in api.worlds}
    assert list(summary.request.apps) == ["simulated-app", "simulated-app-2"]
    assert dict(rows(settings.database, "select app_id, count(*) from session_finals group by all")) == truth


@pytest.mark.parametrize("is_there", [True, False])
def test_without_an_app_nothing_is_asked(api: Api, reconcile_settings: Settings, is_there: bool) -> None:  # noqa: FBT001  # a case
    """The message says what to do. Without a database, no file is created."""
    settings = reconcile_settings(api, app_id=None)
    if not is_there:
        settings.database.unlink()
    with pytest.raises(ConfigError, match=r"which app\? .*usage\.duckdb knows no app yet; set REALTIMEKIT_APP_ID"):
        take(settings, api.context())
    assert api.app.state.requests == 0
    assert settings.database.parent.joinpath("usage.duckdb.staged").exists() == is_there


def test_a_list_that_can_only_be_read_in_part_is_stored_in_part(
    serve_api: ServeApi, reconcile_settings: Settings
) -> None:
    """The failure is for all meetings of the app. The rest is stored, and the next run completes it."""
    api = serve_api(by_page={3: ["internal_error", "internal_error"]})
    settings = reconcile_settings(api, api=api.settings(attempts=2, page_size=50))
    summary = take(settings, api.context())
    assert summary.batch.failures == {FailureKind.SERVER_ERROR: 1}
    assert summary.errors == []
    (failure,) = rows(settings.database, "select app_id, meeting_id, message from fetch_failures")
    assert failure == ("simulated-app", "*", "the list of ended sessions: HTTP 500: Internal server error")
    assert len(stored(settings.database)) == len(ended(api)) - 50
    take(settings, api.context())
    assert stored(settings.database) == figures(ended(api), api)


def test_an_entry_that_cant_be_parsed_affects_no_other_entry(serve_api: ServeApi, reconcile_settings: Settings) -> None:
    """Each is a failure, and none counts as a session with zero minutes."""
    api = serve_api(by_page={2: ["missing_fields"]})
    settings = reconcile_settings(api, api=api.settings(page_size=50))
    summary = take(settings, api.context())
    assert summary.batch.failures == {FailureKind.MALFORMED: 50}
    assert summary.run.meetings == len(stored(settings.database)) == len(ended(api)) - 50
    kinds = "select distinct kind, meeting_id = '*' from fetch_failures"
    assert rows(settings.database, kinds) == [("malformed", False)]


def test_a_session_that_cant_be_fetched_is_a_failure_that_names_it(
    serve_api: ServeApi, reconcile_settings: Settings
) -> None:
    """The failure has the meeting of the snapshot."""
    api = serve_api(live_share=0.9)
    settings = reconcile_settings(api, since=START - timedelta(hours=1))
    observe(api, settings.database)
    api = serve_api(live_share=0.9, world_seed=8)  # another world, which does not know the sessions of the first
    summary = take(replace(settings, api=api.settings()), api.context())
    failures = rows(settings.database, "select kind, meeting_id, message from fetch_failures")
    observed = rows(settings.database, "select meeting_id, session_id from session_snapshots where started_at < slot")
    assert summary.batch.failures == {FailureKind.NOT_FOUND: len(failures)}
    assert failures
    for kind, meeting_id, message in failures:
        assert kind == "not_found"
        assert any(meeting_id == meeting and f"session {session}: " in message for meeting, session in observed)


@pytest.mark.parametrize(
    ("fault", "error", "match"),
    [
        ("authentication", TokenRejected, "refuses the API token"),
        ("forbidden_by_realtimekit", TokenRejected, "ended sessions of app simulated-app .* Realtime Admin"),
        ("no_route", ConfigError, "Look at the account ID"),
        ("bad_gateway_html", ApiUnavailable, "ended sessions of app simulated-app .*cloudflarestatus"),
        ("success_false", ApiUnavailable, "no valid answer"),
    ],
)
def test_an_api_that_gives_no_list_ends_the_run_with_what_is_wrong(
    serve_api: ServeApi, reconcile_settings: Settings, fault: str, error: type[Exception], match: str
) -> None:
    """The run is in the ledger, with its failures."""
    api = serve_api(script=itertools.repeat(fault))
    settings = reconcile_settings(api, api=api.settings(attempts=1))
    summary = take(settings, api.context())
    assert [type(one) for one in summary.errors] == [error]
    assert re.search(match, str(summary.errors[0]), flags=re.DOTALL)
    assert summary.run.failed == 2
    assert stored(settings.database) == []
    assert rows(settings.database, "select count(*) from fetch_failures") == [2]


def test_an_interruption_stores_what_was_fetched(serve_api: ServeApi, reconcile_settings: Settings) -> None:
    """Requests that were not sent fail as interrupted. The pages that were read are stored."""
    api = serve_api(by_page={3: itertools.repeat("slow")})
    settings = reconcile_settings(api, api=api.settings(page_size=50, timeout=timedelta(seconds=30)))

    async def interrupt() -> ReconcileSummary:
        interrupted = asyncio.Event()

        async def watch() -> None:
            while api.app.state.requests_by_page[3] == 0:  # noqa: ASYNC110  # the server knows no event
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)  # the totals of days arrive while the page is slow
            interrupted.set()

        context = api.context(interrupted=interrupted)
        watching = asyncio.create_task(watch())
        summary = await reconcile_sessions(settings, context)
        await watching
        return summary

    summary = asyncio.run(interrupt())
    assert summary.was_interrupted
    assert summary.batch.failures == {FailureKind.INTERRUPTED: 1}
    assert len(stored(settings.database)) == 100


def test_a_locked_database_ends_the_run_before_its_first_request(api: Api, reconcile_settings: Settings) -> None:
    """A reconciliation can run again at any time, because ended sessions stay available."""
    settings = reconcile_settings(api)
    with held_open(settings.database), pytest.raises(StoreLocked):
        take(settings, api.context())
    assert api.app.state.requests == 0


def test_a_database_that_is_locked_in_the_end_leaves_the_run_staged(
    serve_api: ServeApi, reconcile_settings: Settings
) -> None:
    """The next snapshot loads it."""
    api = serve_api()
    settings = reconcile_settings(api)
    with ExitStack() as viewer:

        def now() -> datetime:
            if api.app.state.requests == 1:  # the first answer is there
                viewer.enter_context(held_open(settings.database))
                api.app.state.requests += 1
            return api.clock.now()

        summary = take(settings, api.context(now=now))
    assert [type(error) for error in summary.errors] == [StoreLocked]
    assert (summary.load_result.staged, summary.new_rows("session_finals")) == ([summary.run.run_id], None)
    observe(api, settings.database)
    assert Staging(settings.database).runs() == []
    assert stored(settings.database) == figures(ended(api), api)


def test_a_run_that_another_job_loads_counts_as_loaded(api: Api, reconcile_settings: Settings) -> None:
    """A snapshot may load it first. The number of new rows is then unknown."""
    settings = reconcile_settings(api)
    with ExitStack() as viewer:

        def now() -> datetime:
            if api.app.state.requests == 1:
                viewer.enter_context(held_open(settings.database))
                api.app.state.requests += 1
            return api.clock.now()

        async def sleep(_: float) -> None:
            viewer.close()
            runs = Staging(settings.database).runs()
            with open_database(settings.database) as connection:
                load_runs(connection, runs)
            for run in runs:
                discard(run)

        summary = take(settings, api.context(now=now, sleep=sleep))
    assert (summary.load_result.loaded, summary.load_result.staged, summary.errors) == ([summary.run.run_id], [], [])
    assert summary.load_result.rows is None
    assert stored(settings.database) == figures(ended(api), api)


def test_a_second_reconciliation_at_the_same_time_does_nothing(api: Api, reconcile_settings: Settings) -> None:
    """The second run ends before its first request."""
    settings = reconcile_settings(api)
    staging = Staging(settings.database, RECONCILIATIONS)
    with staging.lock("first", START), pytest.raises(RunOverlap, match="run first"):
        take(settings, api.context())
    assert api.app.state.requests == 0


def test_a_snapshot_is_taken_while_a_reconciliation_is_under_way(api: Api, reconcile_settings: Settings) -> None:
    """The jobs do not wait for each other, and do not delete each other's unfinished runs."""
    settings = reconcile_settings(api)
    staging = Staging(settings.database, RECONCILIATIONS)
    with staging.lock("first", START):
        (staging.directory / f"run{RECONCILIATIONS.unfinished_suffix}").mkdir()
        observe(api, settings.database)
        assert (staging.directory / f"run{RECONCILIATIONS.unfinished_suffix}").exists()
    take(settings, api.context())
    assert sorted(path.name for path in staging.directory.iterdir()) == ["reconcile.lock", "run.lock"]


def test_what_a_reconciliation_spent_counts_for_the_next_run(api: Api, reconcile_settings: Settings) -> None:
    """The limit of the token is shared by all jobs."""
    settings = reconcile_settings(api)
    run = take(settings, api.context()).run
    with open_database(settings.database) as connection:
        start = start_run(settings.api.account_id, START)
        assert [one.requests for one in read_spending(connection, settings, start)] == [run.requests]


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_transient_faults_do_not_change_the_rows(
    serve_api: ServeApi, reconcile_settings: Settings, share: float
) -> None:
    """A network with transient faults gives the same rows as a network without."""
    api = serve_api(share=share, slow_seconds=2.0)
    settings = reconcile_settings(api, api=api.settings(attempts=20, timeout=timedelta(seconds=0.3), page_size=20))
    clock = SimulatedClock(START)  # waiting moves another one: the world's stands still

    async def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    assert take(settings, api.context(now=clock.now, sleep=sleep)).run.failed == 0
    assert stored(settings.database) == figures(ended(api), api)


def test_the_times_of_a_fetch_are_utc(api: Api, reconcile_settings: Settings) -> None:
    """All instants are in UTC."""
    settings = reconcile_settings(api)
    take(settings, api.context())
    assert rows(settings.database, "select distinct fetched_at from session_finals") == [
        datetime(2026, 11, 2, 12, tzinfo=UTC)
    ]
