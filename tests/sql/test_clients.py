"""The views as others see them: a plain DuckDB, set to a zone of its own, with the file under a name of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from etl.store import sql_files
from tests.samples import open_copy
from tests.sql.rows import Usage

if TYPE_CHECKING:
    from pathlib import Path

VIEWS = [name.removeprefix("views/") for name in sql_files.names("views")]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with two sessions, final figures, a breakout room, a failure, a missing run, and a wrong clock."""
    path = tmp_path / "usage.duckdb"
    with open_copy(path) as connection:
        usage = Usage(connection, tmp_path)
        usage.runs("2026-11-01 03:00", "2026-11-01 07:00", every=1800, without=["2026-11-01 05:30"], failed=["m"])
        room = {"id": "room", "minutes_consumed": 3, "started_at": "2026-11-01T04:10:00Z"}
        usage.observed("2026-11-01 04:30", 10, started_at="2026-10-31 23:30", breakout_rooms=[room])
        usage.observed("2026-11-01 06:30", 22, started_at="2026-10-31 23:30", type=None)
        usage.observed("2026-11-01 07:00", 4, "t", meeting_id="n", started_at="2026-11-01 06:45", type="livestream")
        usage.final("2026-11-01 06:40", 25, started_at="2026-10-31 23:30")
        usage.run("2026-11-01 02:30")
        usage.write()
        connection.execute("update runs set clock_note = 'wrong' where slot = timestamptz '2026-11-01 02:30:00Z'")
    return path


def seen_by(client: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """The rows, instants in UTC whatever the client's zone."""
    frame = pl.DataFrame(client.sql(sql))
    return frame.with_columns(pl.col(pl.Datetime("us", "*")).dt.convert_time_zone("UTC")).rows()


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_the_same_in_every_zone(database: Path, view: str) -> None:
    """An analyst's client is set to the zone that it runs in; New York put its clocks back on 1 November."""
    everything = f"select * from {view} order by all"  # noqa: S608  # a view of ours
    with duckdb.connect(database, read_only=True) as client:
        client.execute("set TimeZone = 'UTC'")
        expected = seen_by(client, everything)
        assert expected
        client.execute("set TimeZone = 'America/New_York'")
        assert seen_by(client, everything) == expected


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_works_under_whatever_name_the_file_is_attached(database: Path, view: str) -> None:
    """From another database, by its full name."""
    with duckdb.connect() as client:
        client.execute(f"attach '{database}' as company (read_only)")
        assert seen_by(client, f"select * from company.{view}")  # noqa: S608  # a view of ours


def test_minutes_are_the_same_in_every_zone(database: Path) -> None:
    """A local day is that of the zone asked for, whatever zone the client is in, and whatever the file is called."""
    minutes = """
        select bucket, sum(minutes)
        from minutes_between(timestamptz '2026-10-31 20:00:00Z', timestamptz '2026-11-02 00:00:00Z', $tz, $unit)
        group by bucket
        order by bucket
    """
    with duckdb.connect() as client:
        client.execute(f"attach '{database}' as company (read_only)")
        client.execute("use company")
        for tz, unit in [("Europe/Berlin", "day"), ("America/New_York", "hour"), ("UTC", "hour")]:
            answers = []
            for zone in ("UTC", "America/New_York", "Asia/Kathmandu"):
                client.execute(f"set TimeZone = '{zone}'")
                answers.append(client.execute(minutes, {"tz": tz, "unit": unit}).fetchall())
            assert answers[0]
            assert answers == [answers[0]] * 3
