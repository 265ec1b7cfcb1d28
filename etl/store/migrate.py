"""Bring the tables and views of a database to this version.

Migrations are numbered files, and a ledger in the database names those applied. Views and macros are created again
whenever their text has changed. Definitions change only here, and the database is checkpointed right after: definitions
in a write-ahead log that outlived a crash have left unreadable databases (duckdb#22124).
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import duckdb

from etl.errors import ConfigError
from etl.store import sql_files

if TYPE_CHECKING:
    from pathlib import Path

_LEDGER = """
create table if not exists schema_migrations (
    name varchar primary key,
    applied_at timestamptz not null default current_timestamp
)
"""


def migrate(connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Apply what the database lacks, and write nothing if it is up to date.

    Raises ConfigError for a database that a newer version has migrated, or that holds the tables of another program.
    """
    applied = refuse_foreign(connection, database)
    views = {_views_name(): _views_script()}
    steps = {name: sql_files.text(f"migrations/{name}") for name in _migrations()} | views
    if not steps.keys() <= applied:
        _apply(connection, {name: script for name, script in steps.items() if name not in applied or name in views})


def refuse_foreign(connection: duckdb.DuckDBPyConnection, database: Path) -> set[str]:
    """Return the names of what was applied. Raises ConfigError as `migrate` does."""
    applied = _applied_names(connection)
    if not applied and _has_objects(connection):
        raise _foreign(database)
    _refuse_newer(applied, database)
    return applied


def is_current(connection: duckdb.DuckDBPyConnection, database: Path) -> bool:
    """Return True if the tables and views are those of this version. Raises ConfigError as `migrate` does."""
    applied = _applied_names(connection)
    if not applied:
        raise _foreign(database)
    _refuse_newer(applied, database)
    return applied.issuperset([*_migrations(), _views_name()])


def missing_columns(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the columns (`table.column`) of this version that the tables of a database lack."""
    with duckdb.connect(":memory:") as current:
        for name in _migrations():
            current.execute(sql_files.text(f"migrations/{name}"))
        columns = _table_columns(current)
    return sorted(columns - _table_columns(connection))


def create_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the views and macros of this version in the first catalog of the search path."""
    connection.execute(_views_script())


def _table_columns(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select table_name || '.' || column_name from duckdb_columns() "
        "where not internal and database_name = current_database()"
    )
    return {column for (column,) in rows.fetchall()}


def _migrations() -> list[str]:
    return [name.removeprefix("migrations/") for name in sql_files.names("migrations")]


def _applied_names(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names in the ledger of this tool. A database without it has an empty set.

    Other programs keep a ledger of the same name, with other columns or other migrations.
    """
    try:
        names = {str(name) for (name,) in connection.execute("select name from schema_migrations").fetchall()}
    except (duckdb.CatalogException, duckdb.BinderException):
        return set()
    return names if _migrations()[0] in names else set()


def _has_objects(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return True if a database holds anything: a table, a view, a schema, a sequence, a type or a macro."""
    rows = connection.execute(
        """
        select 1 from duckdb_columns() where not internal and database_name = current_database()
        union all
        select 1 from duckdb_schemas() where not internal and database_name = current_database()
        union all
        select 1 from duckdb_sequences() where database_name = current_database()
        union all
        select 1 from duckdb_types() where not internal and database_name = current_database()
        union all
        select 1 from duckdb_functions() where not internal and database_name = current_database()
        limit 1
        """
    )
    return bool(rows.fetchall())


def _foreign(database: Path) -> ConfigError:
    return ConfigError(f"{database} was not made by realtimekit-usage; name another file with --database")


def _refuse_newer(applied: set[str], database: Path) -> None:
    newer = sorted(name for name in applied - set(_migrations()) if not name.startswith("views "))
    if newer:
        raise ConfigError(
            f"{database} was made by a newer version of realtimekit-usage (this version does not have its migration "
            f'{newer[-1]}); upgrade with: pip install --upgrade "realtimekit-usage"'
        )


def _views_name() -> str:
    """Return the name of the views in the ledger, which changes with their text."""
    return f"views {hashlib.sha256(_views_script().encode()).hexdigest()[:16]}"


@cache
def _views_script() -> str:
    """Return the text of all views and macros, each after those that it uses."""
    names = [*sql_files.names("views"), *sql_files.names("macros")]
    texts = {name.partition("/")[2]: sql_files.text(name) for name in names}
    words = {name: set(re.findall(r"\w+", re.sub("--.*", "", text))) for name, text in texts.items()}
    uses = {name: sorted(words[name] & texts.keys() - {name}) for name in texts}
    return "\n".join(texts[name] for name in TopologicalSorter(uses).static_order())


def _apply(connection: duckdb.DuckDBPyConnection, steps: dict[str, str]) -> None:
    connection.execute("begin")
    connection.execute(_LEDGER)
    connection.execute("delete from schema_migrations where name like 'views %'")
    for name, script in steps.items():
        connection.execute(script)
        connection.execute("insert or ignore into schema_migrations (name) values (?)", [name])
    connection.execute("commit")
    connection.execute("checkpoint")
