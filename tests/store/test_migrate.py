"""Migrations, their ledger, and the views."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl import queries
from etl.errors import ConfigError
from etl.store.target import open_target

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_database_has_every_migration_in_its_ledger(tmp_path: Path) -> None:
    """Each by the name of its file, and the views by the hash of their text."""
    with open_target(tmp_path / "usage.duckdb") as connection:
        names = connection.execute("select name from schema_migrations order by name").fetchall()
    assert [f"migrations/{name}" for (name,) in names[:-1]] == list(queries.names("migrations"))
    assert names[-1][0].startswith("views ")


def test_a_database_that_is_up_to_date_is_not_written(tmp_path: Path) -> None:
    """Definitions in the hot path have left unreadable logs behind."""
    database = tmp_path / "usage.duckdb"
    with open_target(database):
        pass
    before = database.read_bytes()
    with open_target(database):
        pass
    assert database.read_bytes() == before


def test_views_are_made_anew_when_their_text_has_changed(tmp_path: Path) -> None:
    """A newer version's views replace those that an older one has made."""
    database = tmp_path / "usage.duckdb"
    with open_target(database) as connection:
        connection.execute("create or replace view outcomes as select 'old' as text")
        connection.execute("update schema_migrations set name = 'views of old' where name like 'views %'")
    with open_target(database) as connection:
        assert "text" not in [row[0] for row in connection.execute("describe outcomes").fetchall()]


def test_a_missing_migration_is_applied_and_the_rows_stay(tmp_path: Path) -> None:
    """An older database is brought up to this version when it is opened."""
    database = tmp_path / "usage.duckdb"
    with open_target(database) as connection:
        connection.execute("insert into meeting_lists values ('list', 'app', 'meeting')")
        connection.execute("drop view outcomes")
        connection.execute("delete from schema_migrations where name like 'views %'")
    with open_target(database) as connection:
        assert connection.execute("select count(*) from outcomes").fetchall() == [(0,)]
        assert connection.execute("select count(*) from meeting_lists").fetchall() == [(1,)]


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """Its tables may mean something else; the way out is to upgrade."""
    database = tmp_path / "usage.duckdb"
    with open_target(database) as connection:
        connection.execute("insert into schema_migrations (name) values ('9999_from_the_future')")
    with pytest.raises(ConfigError, match=r"newer version .* 9999_from_the_future .* upgrade"), open_target(database):
        pass
