"""What a query does not keep in memory: each process has a directory of its own for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from etl.store.database import open_database, open_to_read
from etl.store.engine import spill_directory

if TYPE_CHECKING:
    from pathlib import Path

ASK = """
import sys
from pathlib import Path
from etl.store.database import open_to_read
with open_to_read(Path(sys.argv[1])) as connection:
    print(connection.sql("select current_setting('temp_directory')").fetchall()[0][0])
"""
TWO_DAYS = 172_800


def test_two_processes_do_not_spill_into_one_directory(tmp_path: Path) -> None:
    """DuckDB gives the files of both the same names, so each would read rows of the other."""
    database = tmp_path / "usage.duckdb"
    with open_database(database) as connection:
        ((own,),) = connection.sql("select current_setting('temp_directory')").fetchall()
    other = subprocess.run([sys.executable, "-c", ASK, database], capture_output=True, text=True, check=True)
    assert own == str(spill_directory(database))
    assert own != other.stdout.strip()
    assert other.stdout.startswith(f"{database}.tmp-")


def test_a_writer_deletes_what_killed_processes_have_spilled(tmp_path: Path) -> None:
    """A reader does not, because another one may be spilling. What is less than a day old is kept."""
    database = tmp_path / "usage.duckdb"
    with open_database(database):
        pass
    names = ("usage.duckdb.tmp-old", "usage.duckdb.tmp-new", "other.duckdb.tmp-old")
    old, new, of_another = (tmp_path / name for name in names)
    for directory in (old, new, of_another):
        directory.mkdir()
        (directory / "duckdb_temp_storage_DEFAULT-0.tmp").touch()
        if directory is not new:
            os.utime(directory, times=(0, time.time() - TWO_DAYS))
    with open_to_read(database):
        assert old.exists()
    with open_database(database):
        assert not old.exists()
    assert new.exists()
    assert of_another.exists()
