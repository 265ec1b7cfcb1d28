"""Both ways to fetch, by meeting and by list, give the same rows."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import polars as pl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl.jobs.snapshot import take_snapshot
from etl.settings import ApiSettings, SnapshotSettings
from etl.simulator.clock import SimulatedClock
from etl.store.database import open_database
from etl.values.run import RunContext
from tests.conftest import FREE, START, running_api
from tests.realtimekit.bodies import NO_SESSION, room, success
from tests.realtimekit.servers import answering
from tests.samples import payload

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from etl.settings import Via
    from etl.values.run import SnapshotSummary
    from tests.conftest import Api

# What differs between two runs of the same world is which run it was and when it saw a session.
ROWS = "select * exclude (run_id, observed_at) from session_snapshots order by all"
OUTCOMES = "select * exclude (run_id) from outcomes order by all"
LEDGER = "select slot, account_id, list_id, meetings, live, idle, failed from runs"

SLOW_SECONDS = 0.3

WORLDS = st.fixed_dictionaries(
    {
        "world_seed": st.integers(0, 10**6),
        "meetings": st.integers(1, 60),
        "live_share": st.sampled_from([0.0, 0.03, 0.3, 0.8, 1.0]),
        "apps": st.integers(1, 3),
        "max_per_page": st.sampled_from([1, 7, 20, 100]),
        "share": st.sampled_from([0.0, 0.05, 0.3]),
        "seed": st.integers(0, 10**6),
        "script": st.sampled_from(
            [[], ["no_paging"] * 80, ["count_not_a_number", "ok"] * 40, ["ok", "no_paging"] * 40]
        ),
    }
)


def take(api: Api, via: Via, directory: Path, **changes: Any) -> SnapshotSummary:
    """Take a snapshot of all meetings of all apps by one way, into a database of its own.

    The world's clock stands still meanwhile: waiting moves another one. Whatever passes is tried again until it has.
    """
    clock = SimulatedClock(START)

    async def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    lines = [f"{world.app_id},{one}\n" for world in api.worlds for one in world.meeting_ids]
    directory.mkdir()
    (directory / "meetings.csv").write_text("".join(["app_id,meeting_id\n", *lines]), encoding="utf-8")
    snapshot = SnapshotSettings(
        api=api.settings(**({"attempts": 40, "timeout": timedelta(seconds=0.15)} | changes)),
        meetings=directory / "meetings.csv",
        app_id=None,
        database=directory / "usage.duckdb",
        via=via,
        slot=START,
    )
    return asyncio.run(take_snapshot(snapshot, RunContext(now=clock.now, sleep=sleep)))


def stored(database: Path) -> dict[str, list[Any]]:
    """Return the rows of a database, sorted."""
    with open_database(database) as connection:
        return {query: pl.DataFrame(connection.sql(query)).rows() for query in (ROWS, OUTCOMES, LEDGER)}


@given(world=WORLDS, page_size=st.integers(1, 120), concurrency=st.integers(1, 9))
@example(
    world={"world_seed": 7, "meetings": 60, "live_share": 0.8, "apps": 3, "max_per_page": 7, "share": 0.3, "seed": 1},
    page_size=100,
    concurrency=4,
)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))  # each serves two runs
def test_both_ways_store_the_same(
    tmp_path_factory: pytest.TempPathFactory, world: dict[str, Any], page_size: int, concurrency: int
) -> None:
    """Rows, outcomes and counts are equal, for any page size and with transient faults."""
    directory = tmp_path_factory.mktemp("two-ways")
    with running_api(**(world | {"slow_seconds": SLOW_SECONDS})) as api:
        ways: tuple[Via, Via] = ("meetings", "list")
        runs = [take(api, via, directory / via, page_size=page_size, concurrency=concurrency) for via in ways]
    assert [(summary.errors, summary.batch.failures) for summary in runs] == [([], {}), ([], {})]
    by_meeting, by_list = (stored(directory / via / "usage.duckdb") for via in ways)
    assert by_list == by_meeting
    assert len(by_list[OUTCOMES]) == world["meetings"] * world["apps"]


UUID = "0193f8a2-0000-7000-8000-00000000000a"
SESSIONS = [
    payload("parent", associated_id="room", breakout_rooms=[{}]),
    payload("child", associated_id="room", created_at="2026-11-02T11:30:00.000Z", live_participants=7),
    payload("stream", associated_id="room", created_at="2026-11-02T10:00:00.000Z", type="livestream"),
    payload("just-over", associated_id="ended", status="ENDED", ended_at="2026-11-02T11:59:59.000Z"),
    payload("by-uuid", associated_id=UUID.upper(), updated_at="unknown"),
    payload("by-name", associated_id="ABCDEF-ghijkl", meeting_display_name="Weekly"),
    payload("unreadable", associated_id="unreadable", started_at="0001-01-01T00:00:00Z"),
]
ACTIVE = {"room": 0, "ended": 3, UUID: 4, "abcdef-ghijkl": 5, "unreadable": 6}


def answer(path: str) -> bytes | tuple[int, bytes]:
    """Answer by either way from one state: the list of live sessions shows what the meetings have."""
    parts = urlsplit(path).path.split("/")
    if parts[-1] == "sessions":
        page = SESSIONS if "page_no=1&" in path else []
        ordered = sorted(page, key=lambda session: str(session["created_at"]))
        return success({"sessions": ordered}, paging={"total_count": len(SESSIONS)})
    place = ACTIVE.get(parts[-2])
    return (404, room(404, NO_SESSION)) if place is None else success(SESSIONS[place])


def test_both_ways_store_the_same_of_odd_sessions(tmp_path: Path) -> None:
    """A breakout room beside its parent, a session that has ended, IDs written differently, an odd field."""
    (tmp_path / "meetings.txt").write_text("\n".join([*ACTIVE, "idle"]), encoding="utf-8")
    tables = []
    ways: tuple[Via, Via] = ("meetings", "list")
    for via in ways:
        database = tmp_path / f"{via}.duckdb"
        with answering(answer) as server:
            settings = SnapshotSettings(
                api=ApiSettings(token="t", account_id="a", base_url=server.base_url, limits=FREE, attempts=1),  # noqa: S106  # of no API
                meetings=tmp_path / "meetings.txt",
                app_id="app",
                database=database,
                via=via,
                slot=START,
            )
            asyncio.run(take_snapshot(settings, RunContext(now=lambda: START, sleep=asyncio.sleep)))
        tables.append(stored(database))
    by_meeting, by_list = tables
    assert by_list == by_meeting
    assert [(row[2], row[3]) for row in by_list[ROWS]] == [
        (UUID, "by-uuid"),
        ("abcdef-ghijkl", "by-name"),
        ("room", "parent"),
    ]
    assert [row[-3:] for row in by_list[LEDGER]] == [(3, 2, 1)]
