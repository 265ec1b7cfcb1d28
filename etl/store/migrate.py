"""Numbered migrations, the ledger of those applied, and the views, made anew whenever their text has changed.

Definitions change here and nowhere else, and the database is checkpointed right after: definitions in a
write-ahead log that outlived a crash have left unreadable databases (duckdb#22124).
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from graphlib import TopologicalSorter

import duckdb

from etl.errors import ConfigError
from etl.store import sql_files

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
    applied, known = _applied(connection), _migrations()
    _refuse_newer(applied, known)
    views = _views()
    steps = {name: sql_files.text(f"migrations/{name}") for name in known} | views
    if not steps.keys() <= applied:
        _apply(connection, {name: script for name, script in steps.items() if name not in applied or name in views})


def is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the database's tables and views are those of this version. Raises ConfigError as `migrate` does."""
    applied, known = _applied(connection), _migrations()
    if not applied:
        raise ConfigError("the database was not made by realtimekit-usage; name another file with --database")
    _refuse_newer(applied, known)
    return applied.issuperset([*known, *_views()])


def _migrations() -> list[str]:
    return [name.removeprefix("migrations/") for name in sql_files.names("migrations")]


def _applied(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The names in the ledger; none where there is no ledger yet."""
    try:
        return {name for (name,) in connection.execute("select name from schema_migrations").fetchall()}
    except duckdb.CatalogException:
        return set()


def _refuse_newer(applied: set[str], known: list[str]) -> None:
    newer = sorted(name for name in applied if not name.startswith("views ") and name not in known)
    if newer:
        raise ConfigError(
            f"the database was made by a newer version of realtimekit-usage (its migration {newer[-1]} is "
            'not known here); upgrade with: pip install --upgrade "realtimekit-usage"'
        )


@cache
def _views() -> dict[str, str]:
    """All views and macros as one step, whose name in the ledger changes with their text."""
    texts = {
        name.partition("/")[2]: sql_files.text(name) for name in (*sql_files.names("views"), *sql_files.names("macros"))
    }
    script = "\n".join(texts[name] for name in _ordered(texts))
    return {f"views {hashlib.sha256(script.encode()).hexdigest()[:16]}": script}


def _ordered(texts: dict[str, str]) -> list[str]:
    """The names so that each stands behind those that its text, save the comments, names."""
    words = {name: set(re.findall(r"\w+", re.sub("--.*", "", text))) for name, text in texts.items()}
    return list(TopologicalSorter({name: sorted(words[name] & texts.keys() - {name}) for name in texts}).static_order())


def _apply(connection: duckdb.DuckDBPyConnection, steps: dict[str, str]) -> None:
    connection.execute("begin")
    connection.execute(_LEDGER)
    connection.execute("delete from schema_migrations where name like 'views %'")
    for name, script in steps.items():
        connection.execute(script)
        connection.execute("insert or ignore into schema_migrations (name) values (?)", [name])
    connection.execute("commit")
    connection.execute("checkpoint")
