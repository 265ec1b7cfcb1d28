"""A copy of a database is used only if it holds the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from etl.errors import StoreError
from etl.store.copying import compare_with_copy, copy_database
from etl.store.database import open_database, open_to_read
from etl.store.load import load_runs
from tests.samples import stage_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (
            "update session_snapshots set minutes_consumed = minutes_consumed + 1e-9 where rowid = 1",
            "session_snapshots",
        ),
        ("update session_snapshots set extra = '1' where rowid = 0", "session_snapshots"),
        ("delete from session_snapshots where rowid = 2", "session_snapshots"),
        (
            "insert into fetch_failures select run_id, slot, 'a', 'm', '', 1, 1, '', 1, '', 1 from runs",
            "fetch_failures",
        ),
        ("drop view live_now", "view main.live_now"),
        ("alter table runs rename host to guest", "table main.runs"),
        ("drop macro local_bucket", "macro main.local_bucket"),
    ],
)
def test_a_copy_that_differs_is_not_used(tmp_path: Path, change: str, difference: str) -> None:
    """Every column of every row is compared, and every definition. A copy without a change is accepted."""
    database, copy = tmp_path / "usage.duckdb", tmp_path / "copy.duckdb"
    with open_database(database) as connection:
        load_runs(connection, [stage_run(tmp_path, live=["a", "b", "c"])])
    with open_to_read(database) as connection:
        copy_database(connection, copy)
        compare_with_copy(connection, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(change)
    with (
        pytest.raises(StoreError, match=f"{difference}.*; the database is unchanged"),
        open_to_read(database) as opened,
    ):
        compare_with_copy(opened, copy)
