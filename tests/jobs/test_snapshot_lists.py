"""Snapshots by list: all meetings of an app, sessions outside a list, older databases, and requests spent."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from etl.errors import FailureKind, TokenRejected
from etl.jobs.prepare import plan_snapshot
from etl.jobs.snapshot import take_snapshot
from etl.settings import Limits, Rate
from etl.store.database import open_database
from tests.conftest import START
from tests.older import make_older_database, stage_older_run
from tests.samples import held_open

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from etl.settings import SnapshotSettings
    from etl.values.run import SnapshotSummary
    from tests.conftest import Api

    Settings = Callable[..., SnapshotSettings]
    ServeApi = Callable[..., Api]

FOR_EVER = itertools.repeat


def take(settings: SnapshotSettings, api: Api) -> SnapshotSummary:
    """Take a snapshot to its end, a millisecond after the one before: run IDs sort by time."""
    api.clock.advance(timedelta(milliseconds=1))
    return asyncio.run(take_snapshot(settings, api.context()))


def rows(database: Path, query: str) -> list[Any]:
    """Return the rows of a query. A single column is a list of values."""
    with open_database(database) as connection:
        found = pl.DataFrame(connection.sql(query)).rows()
    return [row[0] if len(row) == 1 else row for row in found]


def live_rows(api: Api) -> list[tuple[str, str]]:
    """Return every meeting in session and its session."""
    return sorted((meeting_id, session["id"]) for meeting_id, session in api.live().items())


SESSIONS = "select meeting_id, session_id from session_snapshots order by all"


# All meetings of an app


def test_all_meetings_are_stored_without_a_list(api: Api, snapshot_settings: Settings) -> None:
    """The list ID names the app, and the view has the live meetings only."""
    settings = snapshot_settings(api, meetings=None)
    run = take(settings, api).run
    live = len(api.live())
    assert rows(settings.database, SESSIONS) == live_rows(api)
    assert rows(settings.database, "select via, list_id, meetings, live, idle, failed, unlisted from runs") == [
        ("list", "all:simulated-app", live, live, 0, 0, 0)
    ]
    assert (run.meetings, rows(settings.database, "select * from meeting_lists")) == (live, [])
    assert rows(settings.database, "select outcome, count(*) from outcomes group by all") == [("live", live)]


def test_a_slot_that_holds_all_meetings_asks_nothing_again(api: Api, snapshot_settings: Settings) -> None:
    """The second run has no entry in the ledger."""
    settings = snapshot_settings(api, meetings=None)
    take(settings, api)
    second = take(settings, api)
    assert (second.run.requests, second.load_result.loaded, api.app.state.requests) == (0, [], 1)
    assert rows(settings.database, "select count(*) from runs") == [1]


def test_a_slot_that_holds_a_part_of_all_meetings_asks_again_and_doubles_nothing(
    serve_api: ServeApi, snapshot_settings: Settings
) -> None:
    """The rows of the first run stay. The third run has nothing to ask for."""
    api = serve_api(by_page={2: ["internal_error"]})
    settings = snapshot_settings(api, meetings=None, api=api.settings(page_size=5, attempts=1))
    first = take(settings, api)
    assert (first.run.live, first.run.failed, first.batch.failures) == (14, 1, {FailureKind.SERVER_ERROR: 1})
    assert rows(settings.database, "select meeting_id, kind from fetch_failures") == [("*", "server_error")]
    second = take(settings, api)
    assert (second.run.live, second.run.failed) == (19, 0)
    assert take(settings, api).run.requests == 0
    assert rows(settings.database, SESSIONS) == live_rows(api)
    outcomes = "select outcome, count(*) from outcomes group by run_id, outcome order by run_id, outcome"
    assert rows(settings.database, outcomes) == [("failed", 1), ("live", 14), ("live", 19)]


def test_all_meetings_and_a_list_share_a_slot(api: Api, snapshot_settings: Settings) -> None:
    """Neither replaces the other, and no row is stored twice."""
    settings = snapshot_settings(api)
    take(settings, api)
    assert take(replace(settings, meetings=None), api).run.requests == 1
    assert take(settings, api).run.requests == 0
    assert rows(settings.database, SESSIONS) == live_rows(api)


def test_all_meetings_of_one_app_are_not_those_of_another(serve_api: ServeApi, snapshot_settings: Settings) -> None:
    """Each app is fetched separately, in the same slot."""
    api = serve_api(apps=2)
    settings = snapshot_settings(api, meetings=None)
    take(settings, api)
    assert take(replace(settings, app_id="simulated-app-2"), api).run.requests == 1
    assert rows(settings.database, "select count(distinct app_id) from session_snapshots") == [2]
    assert rows(settings.database, "select list_id, live from runs order by run_id") == rows(
        settings.database, "select 'all:' || app_id, count(*) from outcomes group by app_id, run_id order by run_id"
    )


def test_what_ends_the_reading_of_all_meetings_keeps_what_was_seen(
    serve_api: ServeApi, snapshot_settings: Settings
) -> None:
    """The token is revoked during the run."""
    api = serve_api(script=itertools.chain(["ok"], itertools.repeat("authentication")))
    settings = snapshot_settings(api, meetings=None, api=api.settings(page_size=5))
    summary = take(settings, api)
    assert [type(error) for error in summary.errors] == [TokenRejected]
    assert (summary.run.live, summary.run.failed) == (5, 1)
    assert rows(settings.database, "select outcome, meeting_id = '*' from outcomes group by all order by all") == [
        ("failed", True),
        ("live", False),
    ]


# A list


def test_the_ledger_counts_the_live_sessions_that_the_list_lacks(
    api: Api, snapshot_settings: Settings, tmp_path: Path
) -> None:
    """A run by meeting can't know this number. Null is not zero."""
    few = tmp_path / "few.txt"
    few.write_text("".join(f"{meeting_id}\n" for meeting_id in api.world.meeting_ids[:10]))
    live = set(api.live()) & set(api.world.meeting_ids[:10])
    settings = snapshot_settings(api, meetings=few)
    take(replace(settings, via="list"), api)
    take(replace(settings, via="meetings", slot=START - timedelta(hours=1)), api)
    take(snapshot_settings(api, via="list", slot=START - timedelta(hours=2)), api)
    ledger = rows(settings.database, "select via, meetings, live, unlisted from runs order by run_id")
    assert ledger == [
        ("list", 10, len(live), len(api.live()) - len(live)),
        ("meetings", 10, len(live), None),
        ("list", 40, len(api.live()), 0),
    ]


def test_a_list_that_is_complete_in_a_slot_is_not_read_again(api: Api, snapshot_settings: Settings) -> None:
    """A run by list with nothing to ask for raises no error."""
    settings = snapshot_settings(api, via="list")
    take(settings, api)
    second = take(settings, api)
    assert (second.run.requests, second.already_resolved, second.errors) == (0, 40, [])


def test_only_what_the_list_left_open_is_asked_again(serve_api: ServeApi, snapshot_settings: Settings) -> None:
    """A second run of the slot completes the meetings of a page that failed."""
    api = serve_api(by_page={2: ["internal_error"]})
    limits = Limits(stated=Rate(requests=20, seconds=300.0), reserve=0.0)
    settings = snapshot_settings(api, via="list", api=api.settings(page_size=5, attempts=1, limits=limits))
    assert take(settings, api).batch.failures == {FailureKind.SERVER_ERROR: 26}
    second = take(settings, api)
    assert (second.already_resolved, second.run.failed, second.run.live) == (14, 0, 5)
    assert rows(settings.database, SESSIONS) == live_rows(api)


def test_a_second_run_of_a_slot_counts_no_meeting_of_its_list_as_outside_the_list(
    serve_api: ServeApi, snapshot_settings: Settings, tmp_path: Path
) -> None:
    """The second run asks only for the meetings of the page that failed. The list shows the others as well."""
    api = serve_api(by_page={2: ["internal_error"]})
    most = tmp_path / "most.txt"
    most.write_text("".join(f"{meeting_id}\n" for meeting_id in api.world.meeting_ids[:30]))
    strangers = set(api.live()) - set(api.world.meeting_ids[:30])
    limits = Limits(stated=Rate(requests=20, seconds=300.0), reserve=0.0)
    api_settings = api.settings(page_size=5, attempts=1, limits=limits)
    settings = snapshot_settings(api, via="list", meetings=most, api=api_settings)
    take(settings, api)
    second = take(settings, api)
    assert (second.already_resolved > 0, second.run.live > 0) == (True, True)
    assert second.run.unlisted == len(strangers) > 0


# What an older version has left


def test_an_older_database_is_migrated_and_its_run_loaded(api: Api, snapshot_settings: Settings) -> None:
    """A run that was staged by the older version lacks a new column. The value is null."""
    settings = snapshot_settings(api, via="list")
    settings.database.unlink()
    make_older_database(settings.database)
    older = stage_older_run(settings.database.parent)
    summary = take(settings, api)
    assert summary.load_result.loaded == [older.run_id, summary.run.run_id]
    ledger = "select cast(run_id as varchar), unlisted from runs"
    assert set(rows(settings.database, ledger)) == {(older.run_id, None), (summary.run.run_id, 0)}
    assert rows(settings.database, "select count(*) from outcomes") == [2 + 40]


def test_a_plan_reads_an_older_database(api: Api, snapshot_settings: Settings) -> None:
    """The plan needs the tables only, and a dry run changes nothing."""
    settings = snapshot_settings(api)
    take(settings, api)
    with duckdb.connect(settings.database) as connection:
        connection.execute("update schema_migrations set name = 'views of older' where name like 'views %'")
    before = settings.database.read_bytes()
    plan = plan_snapshot(settings, START)
    assert (plan.meetings, plan.spent) == (0, 40)
    assert settings.database.read_bytes() == before


def test_a_plan_changes_no_older_database(
    api: Api, snapshot_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """A dry run does not read a database that it would have to migrate first, and says so."""
    settings = snapshot_settings(api)
    settings.database.unlink()
    make_older_database(settings.database, without="runs.unlisted")
    before = settings.database.read_bytes()
    plan = plan_snapshot(settings, START)
    assert (plan.meetings, plan.spent) == (40, 0)
    assert "planned without what the database knows: " in caplog.text
    assert "was made by an older version: it has no column runs.unlisted; the next snapshot," in caplog.text
    assert settings.database.read_bytes() == before
    assert sorted(path.name for path in settings.database.parent.iterdir()) == ["meetings.txt", "usage.duckdb"]


# What runs have spent


def test_a_plan_knows_what_earlier_runs_have_spent(api: Api, snapshot_settings: Settings) -> None:
    """All runs in the window of the limit count, of any slot. A dry run knows the same."""
    limits = Limits(stated=Rate(requests=1000, seconds=300.0), reserve=0.1)
    settings = snapshot_settings(api, api=api.settings(limits=limits))
    assert take(settings, api).plan.spent == 0
    api.clock.advance(timedelta(seconds=299))
    later = replace(settings, slot=START - timedelta(hours=1))
    assert plan_snapshot(later, api.clock.now()).remaining == 860
    second = take(later, api)
    assert (second.plan.spent, second.plan.remaining) == (40, 860)
    api.clock.advance(timedelta(seconds=2))
    third = take(replace(settings, slot=START - timedelta(hours=2)), api)
    assert (third.plan.spent, third.plan.remaining) == (40, 860)


def test_a_plan_knows_what_staged_runs_have_spent(api: Api, snapshot_settings: Settings) -> None:
    """Staged runs wait for a locked database, but their requests count."""
    settings = snapshot_settings(api)
    with held_open(settings.database, "write"):
        take(settings, api)
        api.clock.advance(timedelta(seconds=10))
        assert take(settings, api).plan.spent == 40
        assert plan_snapshot(settings, api.clock.now()).spent == 80
        api.clock.advance(timedelta(seconds=295))
        assert plan_snapshot(settings, api.clock.now()).spent == 40
    assert plan_snapshot(settings, api.clock.now()).spent == 40


def test_a_plan_expects_as_many_sessions_as_were_live_lately(api: Api, snapshot_settings: Settings) -> None:
    """Sessions outside the list count, because the list has their pages, too."""
    settings = snapshot_settings(api, via="list", api=api.settings(page_size=5))
    first, second = take(settings, api), take(replace(settings, slot=START - timedelta(hours=1)), api)
    assert (first.plan.requests, second.plan.requests, second.run.requests) == (9, 5, 5)


def test_a_run_waits_for_what_earlier_runs_have_spent(api: Api, snapshot_settings: Settings) -> None:
    """Two runs in one window share its limit."""
    limits = Limits(stated=Rate(requests=60, seconds=300.0), reserve=0.0)
    settings = snapshot_settings(api, via="meetings", api=api.settings(limits=limits))
    assert take(settings, api).run.waited_seconds == 0
    second = take(replace(settings, slot=START - timedelta(hours=1)), api)
    assert second.plan.seconds >= 290
    assert second.run.waited_seconds == pytest.approx(300, abs=5)
