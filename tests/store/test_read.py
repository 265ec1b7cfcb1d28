"""A query of the user becomes a frame, or an error that says what is wrong with it."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from etl.errors import ConfigError, StoreError, StoreLocked, WrongQuery
from etl.store.database import open_database, open_to_read, read_when_unlocked
from etl.store.read import run_query
from tests.samples import held_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOUND = {"since": datetime(2026, 11, 1, tzinfo=UTC), "app_id": None}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection in UTC."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def value(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """Return the value of an expression."""
    return run_query(connection, f"select {sql} as value", BOUND, where="the query").item()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("null", None),
        ("true", True),
        ("1.50::decimal(18, 6)", Decimal("1.500000")),
        ("99999999999999999999999999999999999999::hugeint", Decimal(10**38 - 1)),
        ("timestamptz '2026-11-23 12:00:00+01'", datetime(2026, 11, 23, 11, tzinfo=UTC)),
        ("date '2026-11-23'", date(2026, 11, 23)),
        ("'x'::enum('x', 'INTERVAL')", "x"),
        ("'4e104ca8-61cb-4e2f-82fb-a0fc378263b6'::uuid", "4e104ca8-61cb-4e2f-82fb-a0fc378263b6"),
        ("""'{"a": 1}'::json""", '{"a": 1}'),
        ("{'a': 1, 'b': 'x'}", {"a": 1, "b": "x"}),
        ("interval 1 month", "1 month"),
        ("'a\\x00'::blob", "a\\x00"),
        ("'101'::bit", "101"),
        ("timetz '12:00:00+01'", "12:00:00+01"),
        ("union_value(k := 1)", '{"k":1}'),
        ("1::variant", "1"),
        (
            "'12345678901234567890123456789012345678901234567890'::bignum",
            "12345678901234567890123456789012345678901234567890",
        ),
        ("[interval 1 day]", '["1 day"]'),
        ("{'at': date '2026-11-23'}", '{"at":"2026-11-23"}'),
        ("timestamptz 'infinity'", "infinity"),
        ("timestamp '-infinity'", "-infinity"),
        ("date 'infinity'", "infinity"),
        ("date '12000-01-01'", "12000-01-01"),
        ("timestamptz '0044-03-15 (BC) 12:00:00+00'", "0044-03-15 (BC) 12:00:00+00"),
        ("timestamp_ns '2026-01-01 00:00:00.123456789'", datetime(2026, 1, 1, 0, 0, 0, 123456)),  # noqa: DTZ001  # naive, as DuckDB has it
    ],
)
def test_every_type_becomes_a_value(connection: duckdb.DuckDBPyConnection, sql: str, expected: object) -> None:
    """A type without a polars type becomes text, and JSON inside another type. So do instants out of range."""
    assert value(connection, sql) == expected


def test_an_infinite_instant_among_others_makes_text_of_its_column_only(connection: duckdb.DuckDBPyConnection) -> None:
    """The other columns stay instants."""
    sql = "select timestamptz '2026-01-01 00:00:00+00' as a, unnest([timestamptz 'infinity', null]) as b"
    found = run_query(connection, sql, BOUND, where="the query")
    assert found["b"].to_list() == ["infinity", None]
    assert found["a"].to_list() == [datetime(2026, 1, 1, tzinfo=UTC)] * 2


@pytest.mark.parametrize("end", ["", ";", " ; -- an end", "\n-- an end"])
@pytest.mark.parametrize("column", ["1", "interval 1 day"])
def test_columns_of_one_name_are_numbered(connection: duckdb.DuckDBPyConnection, column: str, end: str) -> None:
    """The names in a frame are unique. Rows keep their order, and comments after the query are ignored."""
    sql = f"select {column} as a, range as a, 3 as a_2 from range(3) order by range desc{end}"  # noqa: S608  # examples
    found = run_query(connection, sql, BOUND, where="the query")
    assert found.columns == ["a", "a_2", "a_2_2"]
    assert found["a_2"].to_list() == [2, 1, 0]


def test_only_the_parameters_that_a_query_names_are_bound(connection: duckdb.DuckDBPyConnection) -> None:
    """A query may leave parameters out. A null app means all apps."""
    assert value(connection, "1") == 1
    assert value(connection, "$since") == BOUND["since"]
    assert value(connection, "$app_id is null or $app_id = 'app'") is True


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "is empty"),
        ("-- nothing", "is empty"),
        ("select 1; select 2", "has 2 statements"),
        ("create table t as select 1", "not a query that only reads"),
        ("create temp table t as select 1", "not a query that only reads"),
        ("delete from t", "not a query that only reads"),
        ("copy (select 1) to 'out.csv'", "not a query that only reads"),
        ("attach 'other.duckdb'", "not a query that only reads"),
        ("select $nope", r"parameter \$nope; available: \$since, \$app_id"),
        ("select ?", r"parameter \$1;"),
        ("selct 1", "syntax error.*LINE 1: selct 1"),
        ("select * from nowhere", "nowhere does not exist"),
        ("select cast('x' as int)", "Could not convert"),
        ("select cast(range || 'x' as int) from range(3)", "Could not convert"),
        ("select $since + 1", "No function matches"),
        ("from 'nowhere.parquet'", "No files found"),
        ("select * from read_csv('nowhere/x.csv')", "No files found"),
    ],
)
def test_a_query_that_is_not_valid_is_refused_with_the_reason(
    connection: duckdb.DuckDBPyConnection, sql: str, said: str
) -> None:
    """The message has DuckDB's reason, if there is one, and the place of the query."""
    with pytest.raises(WrongQuery, match=rf"(?s)^my\.sql.*{said}"):
        run_query(connection, sql, BOUND, where="my.sql")


def never(_seconds: float) -> None:
    """Fail, because the test expects no wait."""
    pytest.fail("waited")


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """The message for a misspelled --database says what to do."""
    with (
        pytest.raises(ConfigError, match="does not exist; rtk-usage snapshot creates it"),
        open_to_read(tmp_path / "typo"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_can_be_read_by_others_and_is_not_changed(database: Path) -> None:
    """Many readers can read at a time. No byte is written, and no file is left."""
    before = database.read_bytes()
    with held_open(database, "read"):
        rows = read_when_unlocked(
            database, lambda it: it.execute("from runs").fetchall(), lock_timeout=timedelta(), sleep=never
        )
    assert (rows, database.read_bytes()) == ([], before)
    assert [path.name for path in database.parent.iterdir()] == ["usage.duckdb"]


def test_a_reader_uses_the_whole_machine_and_the_writer_does_not(database: Path) -> None:
    """They differ in threads and memory. Both are in UTC."""
    query = "select current_setting('threads') > 1 or $cores = 1, current_setting('TimeZone')"

    parameters = {"cores": os.cpu_count()}
    assert read_when_unlocked(
        database, lambda it: it.execute(query, parameters).fetchall(), lock_timeout=timedelta(), sleep=never
    ) == [(True, "UTC")]
    with open_database(database) as connection:
        assert connection.execute("select current_setting('threads')").fetchall() == [(1,)]


def test_a_database_that_is_written_to_is_waited_for(database: Path) -> None:
    """The database is read as soon as the writer has finished."""
    with ExitStack() as writer:
        writer.enter_context(held_open(database, "write"))
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                writer.close()

        assert read_when_unlocked(database, lambda _: "read", lock_timeout=timedelta(seconds=30), sleep=sleep) == "read"
    assert waits == [0.05, 0.1]


def test_a_writer_that_stays_is_named(database: Path) -> None:
    """The sum of all waits is the time-out. Then the message names program and PID."""
    waits: list[float] = []
    with (
        held_open(database, "write") as pid,
        pytest.raises(StoreLocked, match=rf"held open by .*python.* \(PID {pid}\)"),
    ):
        read_when_unlocked(database, lambda _: None, lock_timeout=timedelta(seconds=1.5), sleep=waits.append)
    assert sum(waits) == pytest.approx(1.5)


def test_trouble_with_the_store_is_not_the_querys_fault(database: Path) -> None:
    """A cut-off database file raises StoreError, not WrongQuery."""
    with open_database(database) as connection:
        connection.execute("insert into meeting_lists select uuid(), 'app', uuid() from range(200000)")
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)
    with pytest.raises(StoreError):
        read_when_unlocked(
            database,
            lambda it: run_query(it, "select max(list_id), max(meeting_id) from meeting_lists", {}, where="the query"),
            lock_timeout=timedelta(),
            sleep=time.sleep,
        )
