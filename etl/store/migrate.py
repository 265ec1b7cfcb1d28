"""Numbered migrations, the ledger of those applied, and the views, made anew whenever their text has changed.

Definitions change here and nowhere else, and the database is checkpointed right after: definitions in a
write-ahead log that outlived a crash have left unreadable databases (duckdb#22124).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from etl import queries
from etl.errors import ConfigError

if TYPE_CHECKING:
    import duckdb

_LEDGER = """
create table if not exists schema_migrations (
    name varchar primary key,
    applied_at timestamptz not null default current_timestamp
)
"""


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring the database's tables and views up to this version; nothing is written where they are.

    Raises ConfigError for a database that a newer version has migrated further.
    """
    applied = _applied(connection)
    known = [name.removeprefix("migrations/") for name in queries.names("migrations")]
    _refuse_newer(applied, known)
    steps = {name: queries.text(f"migrations/{name}") for name in known if name not in applied}
    views = _views()
    if steps or not views.keys() <= applied:
        _apply(connection, steps | views)


def _applied(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The names in the ledger; none where there is no ledger yet."""
    tables = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database() and table_name = 'schema_migrations'"
    ).fetchall()
    if not tables:
        return set()
    return {name for (name,) in connection.execute("select name from schema_migrations").fetchall()}


def _refuse_newer(applied: set[str], known: list[str]) -> None:
    newer = sorted(name for name in applied if not name.startswith("views ") and name not in known)
    if newer:
        raise ConfigError(
            f"the database was made by a newer version of realtimekit-usage (its migration {newer[-1]} is "
            'not known here); upgrade with: pip install --upgrade "realtimekit-usage"'
        )


def _views() -> dict[str, str]:
    """All views as one step, whose name in the ledger changes with their text."""
    script = "\n".join(queries.text(name) for name in queries.names("views"))
    return {f"views {hashlib.sha256(script.encode()).hexdigest()[:16]}": script}


def _apply(connection: duckdb.DuckDBPyConnection, steps: dict[str, str]) -> None:
    connection.execute("begin")
    connection.execute(_LEDGER)
    for name, script in steps.items():
        connection.execute(script)
        connection.execute("insert or ignore into schema_migrations (name) values (?)", [name])
    connection.execute("commit")
    connection.execute("checkpoint")
