"""Migrations, their ledger, and the views."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from etl.errors import ConfigError, StoreError
from etl.store import sql_files
from etl.store.database import open_database, open_to_read
from tests.older import NEWER_MIGRATION, make_older_database, open_with_newer_version, stage_older_run

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_database_has_every_migration_in_its_ledger(tmp_path: Path) -> None:
    """A migration has the name of its file, and the views have a hash of their text."""
    with open_database(tmp_path / "usage.duckdb") as connection:
        names = connection.execute("select name from schema_migrations order by name").fetchall()
    assert [f"migrations/{name}" for (name,) in names[:-1]] == list(sql_files.names("migrations"))
    assert names[-1][0].startswith("views ")


def test_a_database_that_is_up_to_date_is_not_written(tmp_path: Path) -> None:
    """Definitions in every run have left unreadable write-ahead logs in the past."""
    database = tmp_path / "usage.duckdb"
    with open_database(database):
        pass
    before = database.read_bytes()
    with open_database(database):
        pass
    assert database.read_bytes() == before


def test_views_are_created_again_when_their_text_has_changed(tmp_path: Path) -> None:
    """The views of a newer version replace those of an older version."""
    database = tmp_path / "usage.duckdb"
    with open_database(database) as connection:
        connection.execute("create or replace view outcomes as select 'old' as text")
        connection.execute("update schema_migrations set name = 'views of old' where name like 'views %'")
    with open_database(database) as connection:
        assert "text" not in [row[0] for row in connection.execute("describe outcomes").fetchall()]


def test_a_missing_migration_is_applied_and_the_rows_stay(tmp_path: Path) -> None:
    """An older database is migrated when it is opened to write."""
    database = tmp_path / "usage.duckdb"
    with open_database(database) as connection:
        connection.execute("insert into meeting_lists values ('list', 'app', 'meeting')")
        connection.execute("drop view outcomes")
        connection.execute("delete from schema_migrations where name like 'views %'")
    with open_database(database) as connection:
        assert connection.execute("select count(*) from outcomes").fetchall() == [(0,)]
        assert connection.execute("select count(*) from meeting_lists").fetchall() == [(1,)]


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """Its tables may have another meaning. The message says to upgrade."""
    database = tmp_path / "usage.duckdb"
    with open_database(database) as connection:
        connection.execute("insert into schema_migrations (name) values ('9999_from_the_future')")
    with pytest.raises(ConfigError, match=r"newer version .* 9999_from_the_future.* upgrade"), open_database(database):
        pass


def test_a_migration_that_a_database_lacks_is_applied(tmp_path: Path) -> None:
    """A newer version adds its migration and its views to an older database. The rows stay."""
    database = tmp_path / "usage.duckdb"
    make_older_database(database)
    run = stage_older_run(tmp_path)
    with duckdb.connect(database) as connection:
        connection.execute(f"insert into runs by name from '{run.directory}/runs.parquet'")
    open_with_newer_version(database, tmp_path / "newer", migration="alter table runs add column region varchar;")
    with duckdb.connect(database) as connection:
        assert connection.execute("select cast(run_id as varchar), region from runs").fetchall() == [(run.run_id, None)]
        assert "failure_kind" in [row[0] for row in connection.execute("describe outcomes").fetchall()]
        names = [name for (name,) in connection.execute("select name from schema_migrations order by name").fetchall()]
    assert names[:-1] == ["0001_tables", NEWER_MIGRATION]
    assert names[-1].startswith("views ")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """The message must not suggest a snapshot into it."""
    database = tmp_path / "theirs.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute("create table orders (id integer)")
    with pytest.raises(ConfigError, match=r"theirs\.duckdb was not made by realtimekit-usage"), open_to_read(database):
        pass


def test_nothing_is_written_to_a_database_of_another_program(tmp_path: Path) -> None:
    """A mistyped path must not put our tables beside theirs."""
    database = tmp_path / "theirs.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute("create table orders (id integer)")
    before = database.read_bytes()
    with pytest.raises(ConfigError, match=r"theirs\.duckdb was not made by realtimekit-usage"), open_database(database):
        pass
    assert database.read_bytes() == before


def test_an_empty_database_is_used(tmp_path: Path) -> None:
    """The database holds nothing that could be another program's."""
    database = tmp_path / "empty.duckdb"
    duckdb.connect(database).close()
    with open_database(database) as connection:
        assert connection.execute("select count(*) from runs").fetchall() == [(0,)]


def test_a_database_with_older_views_is_read_with_the_views_of_this_version(tmp_path: Path) -> None:
    """They are created for the connection only: the file does not change, and the next connection starts anew."""
    older, current = tmp_path / "older.duckdb", tmp_path / "current.duckdb"
    make_older_database(older)
    with open_database(current) as connection:
        connection.execute("insert into meeting_lists values ('list', 'app', 'meeting')")
        outcomes = connection.execute("describe outcomes").fetchall()
    before = older.read_bytes()
    for to_analyse in (False, True):
        with open_to_read(older, to_analyse=to_analyse) as connection:
            assert connection.execute("describe outcomes").fetchall() == outcomes
            assert connection.execute("select count(*) from sessions").fetchall() == [(0,)]
        with open_to_read(current, to_analyse=to_analyse) as connection:
            assert connection.execute("select count(*) from meeting_lists").fetchall() == [(1,)]
    assert older.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current.duckdb", "older.duckdb"]


def test_a_database_that_lacks_a_column_is_read_once_it_is_up_to_date(tmp_path: Path) -> None:
    """Reading does not migrate: the message names the column, and what updates the database."""
    database = tmp_path / "usage.duckdb"
    make_older_database(database, without="runs.unlisted")
    before = database.read_bytes()
    message = r"older version: it has no column runs\.unlisted; the next snapshot, or rtk-usage load, updates it"
    with pytest.raises(StoreError, match=message), open_to_read(database):
        pass
    assert database.read_bytes() == before


def test_reading_does_not_write(tmp_path: Path) -> None:
    """DuckDB opens the file read-only and refuses to write."""
    database = tmp_path / "usage.duckdb"
    with open_database(database):
        pass
    with pytest.raises(StoreError, match="read-only"), open_to_read(database) as connection:
        connection.execute("delete from runs")


def test_a_database_of_a_newer_version_is_not_read_either(tmp_path: Path) -> None:
    """Its tables may have another meaning."""
    database = tmp_path / "usage.duckdb"
    with open_database(database) as connection:
        connection.execute("insert into schema_migrations (name) values ('9999_from_the_future')")
    with pytest.raises(ConfigError, match="newer version"), open_to_read(database):
        pass


@pytest.mark.parametrize(
    "statement",
    [
        "create table runs (run_id uuid)",
        "create table schema_migrations (version integer)",
        "create table schema_migrations (name varchar)",
        "create table schema_migrations as select '20260101_create_orders' as name",
        "create view schema_migrations as select 'x' as name",
        "create view theirs as select 1 as id",
        "create schema theirs",
        "create schema other; create table other.schema_migrations as select '0001_tables' as name",
        "create sequence theirs",
        "create type theirs as enum ('a')",
        "create macro theirs() as 1",
        "create macro theirs() as table select 1 as id",
    ],
)
def test_whatever_another_program_keeps_is_left_alone(tmp_path: Path, statement: str) -> None:
    """Its tables may have our names, and its ledger too. The file does not change, and no view is added."""
    database = tmp_path / "theirs.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute(statement)
    before = database.read_bytes()
    for opened in (open_database(database), open_to_read(database)):
        with pytest.raises(ConfigError, match=r"theirs\.duckdb was not made by realtimekit-usage"), opened:
            pass
    assert database.read_bytes() == before
