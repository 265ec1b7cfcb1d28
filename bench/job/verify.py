"""Print the meetings whose live sessions a database holds: one `associated_id` a line, sorted.

A program of its own, so that the driver never loads DuckDB (see `measure.py`), and so that a database is
read by the interpreter that wrote it: an older DuckDB cannot open a newer one's file.
"""

from __future__ import annotations

import sys

import duckdb


def main() -> None:
    database, table = sys.argv[1:]
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.sql(f"select associated_id from {table} order by 1").fetchall()  # noqa: S608 - a constant
    for (meeting_id,) in rows:
        print(meeting_id)


if __name__ == "__main__":
    main()
