"""A named query becomes a polars frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from etl import queries

if TYPE_CHECKING:
    import duckdb


def read(connection: duckdb.DuckDBPyConnection, name: str, **parameters: object) -> pl.DataFrame:
    """The rows of `sql/<name>.sql`; parameters are bound, never spliced. Instants are UTC, JSON is text."""
    return pl.DataFrame(connection.sql(queries.text(name), params=parameters))
