"""The job `snapshot` as a whole, against the simulated API and a DuckDB file."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from etl.errors import ApiUnavailable, ConfigError, FailureKind, RunOverlap, StoreError, StoreLocked, TokenRejected
from etl.jobs.load import load_staged
from etl.jobs.prepare import uuid7
from etl.jobs.snapshot import take_snapshot
from etl.staging.runs import Staging
from etl.store.database import open_database
from etl.values.run import RunContext
from tests.conftest import START
from tests.samples import held_open, stage_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from etl.settings import SnapshotSettings
    from etl.values.run import SnapshotSummary
    from tests.conftest import Api

    Settings = Callable[..., SnapshotSettings]
    ServeApi = Callable[..., Api]


def take(settings: SnapshotSettings, context: RunContext) -> SnapshotSummary:
    """Run a snapshot to its end."""
    return asyncio.run(take_snapshot(settings, context))


def load(database: Path) -> list[str]:
    """Load staged runs without waiting for a lock."""
    return list(asyncio.run(load_staged(database, real_time(), lock_timeout=timedelta())).rows)


def rows(database: Path, query: str) -> list[Any]:
    """Return the rows of a query. A single column is a list of values."""
    with open_database(database) as connection:
        found = pl.DataFrame(connection.sql(query)).rows()
    return [row[0] if len(row) == 1 else row for row in found]


def real_time() -> RunContext:
    """Return a context with the real clock."""
    return RunContext(now=lambda: datetime.now(UTC), sleep=asyncio.sleep)


def test_every_live_session_becomes_a_row_with_the_values_of_the_api(api: Api, snapshot_settings: Settings) -> None:
    """The rows are compared with the sessions of the simulated world."""
    settings = snapshot_settings(api)
    take(settings, api.context())
    found = rows(
        settings.database,
        """
        select meeting_id, session_id, live_participants, max_concurrent_participants, minutes_consumed, slot
        from session_snapshots
        """,
    )
    assert sorted(found) == sorted(
        (
            meeting_id,
            session["id"],
            session["live_participants"],
            session["max_concurrent_participants"],
            session["minutes_consumed"],
            START,
        )
        for meeting_id, session in api.live().items()
    )


def test_every_meeting_has_exactly_one_outcome(api: Api, snapshot_settings: Settings) -> None:
    """Live, idle and failed add up to the list, also in the view `outcomes`."""
    settings = snapshot_settings(api)
    run = take(settings, api.context()).run
    live = len(api.live())
    assert (run.meetings, run.live, run.idle, run.failed) == (40, live, 40 - live, 0)
    outcomes = rows(settings.database, "select outcome, count(*) from outcomes group by all order by all")
    assert outcomes == [("idle", 40 - live), ("live", live)]


def test_the_ledger_holds_what_the_run_did(api: Api, snapshot_settings: Settings) -> None:
    """The ledger has the run of the summary."""
    settings = snapshot_settings(api)
    run = take(settings, api.context()).run
    ledger = rows(
        settings.database, "select cast(run_id as varchar), kind, via, slot, account_id, requests, retries from runs"
    )
    assert ledger == [(run.run_id, "snapshot", "meetings", START, "simulated-account", 40, 0)]
    assert run.requests == api.app.state.requests


def test_without_a_schedule_the_start_second_is_the_slot(api: Api, snapshot_settings: Settings) -> None:
    """This is the default without --every and --slot."""
    api.clock.advance(timedelta(seconds=7.9))
    summary = take(snapshot_settings(api, slot=None), api.context())
    assert summary.run.slot == START + timedelta(seconds=7)


def test_with_a_schedule_the_slot_is_the_start_rounded_down(api: Api, snapshot_settings: Settings) -> None:
    """A run that cron starts late belongs to its scheduled instant."""
    api.clock.advance(timedelta(minutes=9, seconds=59))
    summary = take(snapshot_settings(api, slot=None, every=timedelta(minutes=5)), api.context())
    assert summary.run.slot == START + timedelta(minutes=5)


def test_a_slot_taken_twice_has_no_row_twice_and_no_request_twice(api: Api, snapshot_settings: Settings) -> None:
    """The second run finds an outcome for every meeting, and has no entry in the ledger."""
    settings = snapshot_settings(api)
    first = take(settings, api.context())
    second = take(settings, api.context())
    assert (second.run.requests, second.already_resolved, second.load_result.loaded) == (0, 40, [])
    assert api.app.state.requests == 40
    assert rows(settings.database, "select count(*) from session_snapshots") == [first.run.live]
    assert rows(settings.database, "select count(*) from runs") == [1]


def test_only_failed_meetings_are_asked_for_again_in_the_slot(serve_api: ServeApi, snapshot_settings: Settings) -> None:
    """A second run completes the slot."""
    api = serve_api()
    lost = min(api.live())
    api = serve_api(by_meeting={lost: ["internal_error"] * 2})
    settings = snapshot_settings(api, api=api.settings(attempts=2))
    first = take(settings, api.context())
    assert (first.run.failed, first.run.retries) == (1, 1)
    second = take(settings, api.context())
    assert (second.run.requests, second.run.live, second.already_resolved) == (1, 1, 39)
    assert rows(settings.database, "select count(*) from session_snapshots") == [len(api.live())]
    outcomes = rows(settings.database, "select meeting_id, outcome from outcomes order by all")
    assert [outcome for meeting_id, outcome in outcomes if meeting_id == lost] == ["failed", "live"]


def test_a_failure_is_stored_with_the_details_of_the_answer(serve_api: ServeApi, snapshot_settings: Settings) -> None:
    """The row has kind, status, code, attempts, and the ray ID that Cloudflare's support asks for."""
    lost = serve_api().world.meeting_ids[0]
    api = serve_api(by_meeting={lost: itertools.repeat("internal_error")})
    settings = snapshot_settings(api, api=api.settings(attempts=3))
    summary = take(settings, api.context())
    (failure,) = rows(
        settings.database,
        "select meeting_id, kind, http_status, api_code, message, attempts, cf_ray is not null from fetch_failures",
    )
    assert failure == (lost, "server_error", 500, 500, "HTTP 500: Internal server error", 3, True)
    assert summary.batch.failures == {FailureKind.SERVER_ERROR: 1}


def test_a_line_that_is_not_an_id_is_a_failure_with_its_line(
    api: Api, snapshot_settings: Settings, tmp_path: Path
) -> None:
    """The other meetings and the run continue."""
    settings = snapshot_settings(api)
    with (tmp_path / "meetings.txt").open("a") as file:
        file.write("two words\n")
    run = take(settings, api.context()).run
    assert (run.meetings, run.failed) == (41, 1)
    assert rows(settings.database, "select kind, line, attempts from fetch_failures") == [("invalid_id", 41, 0)]
    assert rows(settings.database, "select count(*) from outcomes where failure_kind = 'invalid_id'") == [1]


def test_an_answer_that_cant_be_parsed_is_a_failure_of_its_meeting(
    serve_api: ServeApi, snapshot_settings: Settings
) -> None:
    """The outcome is neither live nor idle. Other meetings are not affected."""
    spoilt = min(serve_api().live())
    api = serve_api(by_meeting={spoilt: ["internal_error", "wrong_types"]})
    settings = snapshot_settings(api)
    run = take(settings, api.context()).run
    assert (run.live, run.failed) == (len(api.live()) - 1, 1)
    assert rows(settings.database, "select kind, attempts from fetch_failures") == [("malformed", 2)]


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_transient_faults_do_not_change_the_rows(
    serve_api: ServeApi, snapshot_settings: Settings, share: float
) -> None:
    """A network with transient faults gives the same rows as a network without."""
    api = serve_api(share=share, slow_seconds=2.0)
    settings = snapshot_settings(api, api=api.settings(attempts=20, timeout=timedelta(seconds=0.3)))
    run = take(settings, api.context()).run
    assert run.failed == 0
    assert run.retries > 0
    assert run.retries == run.requests - 40
    assert set(rows(settings.database, "select meeting_id from session_snapshots")) == set(api.live())


def test_a_refused_token_ends_the_run_and_keeps_what_was_fetched(
    serve_api: ServeApi, snapshot_settings: Settings
) -> None:
    """If the token is revoked during the run, the remaining meetings fail. The others are stored."""
    api = serve_api(script=itertools.chain(["ok"] * 10, itertools.repeat("authentication")))
    settings = snapshot_settings(api, api=api.settings(concurrency=1))
    summary = take(settings, api.context())
    assert [type(error) for error in summary.errors] == [TokenRejected]
    assert "Realtime" in str(summary.errors[0])
    assert (summary.run.live + summary.run.idle, summary.run.failed) == (10, 30)
    assert summary.batch.failures == {FailureKind.NOT_ASKED: 29, FailureKind.UNAUTHORIZED: 1}
    assert api.app.state.requests == 10 + 3  # the meeting twice, and one that was accepted before
    assert rows(settings.database, "select count(*) from outcomes where outcome <> 'failed'") == [10]


def test_an_api_without_answers_ends_the_run_early(serve_api: ServeApi, snapshot_settings: Settings) -> None:
    """Fifty failures in a row end the run."""
    api = serve_api(meetings=200, script=itertools.repeat("bad_gateway_html"))
    settings = snapshot_settings(api, api=api.settings(attempts=1, concurrency=4))
    summary = take(settings, api.context())
    assert [type(error) for error in summary.errors] == [ApiUnavailable]
    assert summary.run.failed == 200
    assert api.app.state.requests <= 54


def test_the_deadline_ends_the_fetch_and_the_rest_fails_with_it(
    serve_api: ServeApi, snapshot_settings: Settings
) -> None:
    """The answers received by then are stored."""
    api = serve_api(script=itertools.chain(["ok"] * 10, itertools.repeat("slow")))
    settings = snapshot_settings(api, api=api.settings(concurrency=5), deadline=timedelta(seconds=0.5))
    summary = take(settings, real_time())
    assert summary.batch.failures == {FailureKind.DEADLINE: 30}
    assert summary.errors == []
    assert rows(settings.database, "select count(*) from outcomes where outcome <> 'failed'") == [10]


def test_an_interruption_stores_what_was_fetched(serve_api: ServeApi, snapshot_settings: Settings) -> None:
    """Ctrl-C loses no answer."""
    api = serve_api(script=itertools.chain(["ok"] * 10, itertools.repeat("slow")))
    settings = snapshot_settings(api, api=api.settings(concurrency=5))

    async def interrupt_at_ten() -> SnapshotSummary:
        interrupted = asyncio.Event()

        def watch(counts: Any) -> None:
            if counts.done == 10:
                interrupted.set()

        context = api.context(interrupted=interrupted, report_progress=watch)
        return await take_snapshot(settings, context)

    summary = asyncio.run(interrupt_at_ten())
    assert summary.was_interrupted
    assert summary.batch.failures == {FailureKind.INTERRUPTED: 30}
    assert rows(settings.database, "select count(*) from outcomes where outcome <> 'failed'") == [10]


def test_a_locked_database_leaves_the_run_staged_and_the_next_run_loads_it(
    api: Api, snapshot_settings: Settings
) -> None:
    """The error names the program that has the lock, and the directory of the staged run."""
    settings = snapshot_settings(api)
    take(settings, api.context())
    api.clock.advance(timedelta(hours=1))
    with held_open(settings.database) as pid:
        locked = take(snapshot_settings(api, slot=None), api.context())
    assert [type(error) for error in locked.errors] == [StoreLocked]
    assert f"(PID {pid})" in str(locked.errors[0])
    assert "usage.duckdb.staged; the next run, or rtk-usage load" in str(locked.errors[0])
    assert (locked.load_result.loaded, locked.load_result.staged) == ([], [locked.run.run_id])
    api.clock.advance(timedelta(hours=1))
    following = take(snapshot_settings(api, slot=None), api.context())
    assert following.load_result.loaded == [locked.run.run_id, following.run.run_id]
    assert following.load_result.staged == []
    assert rows(settings.database, "select count(*) from runs") == [3]


def test_a_slot_taken_twice_while_the_database_is_locked_holds_nothing_twice(
    api: Api, snapshot_settings: Settings
) -> None:
    """The second run can't know the rows of the first. The load drops the rows that exist already."""
    settings = snapshot_settings(api)
    with held_open(settings.database):
        take(settings, api.context())
        take(settings, api.context())
    assert len(Staging(settings.database).runs()) == 2
    assert len(load(settings.database)) == 2
    assert len(rows(settings.database, "select meeting_id from session_snapshots")) == len(api.live())
    outcomes = rows(settings.database, "select outcome, count(*) from outcomes group by all order by all")
    assert outcomes == [("idle", 2 * (40 - len(api.live()))), ("live", 2 * len(api.live()))]


def test_a_damaged_staged_run_keeps_no_later_run_from_fetching(api: Api, snapshot_settings: Settings) -> None:
    """Live sessions can't be fetched later. The run is stored, and its errors name the damaged run."""
    settings = snapshot_settings(api)
    damaged = Staging(settings.database).directory / "00000000-0000-7000-8000-000000000000"
    damaged.mkdir(parents=True)
    summary = take(settings, api.context())
    assert [type(error) for error in summary.errors] == [StoreError]
    assert summary.load_result.loaded == [summary.run.run_id]
    assert summary.load_result.staged == [damaged.name]
    assert take(settings, api.context()).run.requests == 0


def test_a_database_that_cant_be_opened_keeps_no_run_from_fetching(api: Api, snapshot_settings: Settings) -> None:
    """The run stays staged until the database can be created."""
    settings = snapshot_settings(api)
    settings.database.unlink()
    (settings.database.parent / "usage.duckdb.new").mkdir()
    first = take(settings, api.context())
    assert [type(error) for error in first.errors] == [StoreError]
    assert first.load_result.staged == [first.run.run_id]
    (settings.database.parent / "usage.duckdb.new").rmdir()
    assert load(settings.database) == first.load_result.staged


def test_a_short_lock_is_waited_for(api: Api, snapshot_settings: Settings) -> None:
    """The run waits for a short time, and then knows that the slot is complete."""
    settings = snapshot_settings(api)
    take(settings, api.context())
    with contextlib.ExitStack() as viewer:
        viewer.enter_context(held_open(settings.database))

        async def sleep(_: float) -> None:
            viewer.close()

        summary = take(settings, api.context(sleep=sleep))
    assert (summary.run.requests, summary.already_resolved) == (0, 40)


def test_a_defect_loses_nothing_that_was_fetched(api: Api, snapshot_settings: Settings) -> None:
    """The exception is raised at the end, when the run is stored."""
    settings = snapshot_settings(api)

    def progress(counts: Any) -> None:
        if counts.done == 10:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take(settings, api.context(report_progress=progress))
    assert rows(settings.database, "select count(*) from runs") == [1]


def test_a_run_that_was_loaded_but_not_deleted_is_not_loaded_again(tmp_path: Path) -> None:
    """This is the state after a crash right after the commit."""
    database = tmp_path / "usage.duckdb"
    run = stage_run(tmp_path)
    shutil.copytree(run.directory, tmp_path / "copy")
    assert load(database) == [run.run_id]
    shutil.copytree(tmp_path / "copy", run.directory)
    assert load(database) == []
    assert Staging(database).runs() == []
    assert rows(database, "select count(*) from session_snapshots") == [1]


def test_a_deletion_that_was_cut_short_is_completed(tmp_path: Path) -> None:
    """A crash in the middle of deleting leaves a directory without all of its files."""
    database = tmp_path / "usage.duckdb"
    run = stage_run(tmp_path)
    load(database)
    run.directory.mkdir()
    (run.directory / "session_snapshots.parquet").write_bytes(b"half")
    assert load(database) == []
    assert Staging(database).runs() == []


def test_loading_without_anything_staged_opens_no_database(tmp_path: Path) -> None:
    """No file is created."""
    assert load(tmp_path / "usage.duckdb") == []
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_at_the_same_time_does_nothing(api: Api, snapshot_settings: Settings) -> None:
    """The second run ends before its first request."""
    settings = snapshot_settings(api)
    with Staging(settings.database).lock("first", START), pytest.raises(RunOverlap, match="run first"):
        take(settings, api.context())
    assert api.app.state.requests == 0


def test_a_file_that_is_not_a_database_is_refused_before_the_first_request(
    api: Api, snapshot_settings: Settings, tmp_path: Path
) -> None:
    """A fetch would waste requests, because its rows could not be stored."""
    settings = snapshot_settings(api, database=tmp_path / "meetings.txt")
    with pytest.raises(ConfigError, match="is not a DuckDB database"):
        take(settings, api.context())
    assert api.app.state.requests == 0


def test_progress_is_reported_after_every_outcome(api: Api, snapshot_settings: Settings) -> None:
    """The last report counts every meeting."""
    done: list[int] = []
    take(snapshot_settings(api), api.context(report_progress=lambda counts: done.append(counts.done)))
    assert done == list(range(1, 41))


def test_run_ids_sort_by_time_and_are_uuids_of_version_7() -> None:
    """RFC 9562: 48 bits of milliseconds, then version, variant and random bits."""
    first, second = uuid7(START), uuid7(START + timedelta(milliseconds=1))
    assert str(first) < str(second)
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first.int >> 80 == int(START.timestamp() * 1000)
    assert uuid7(START) != first
