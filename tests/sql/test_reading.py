"""docs/reading.md: what it says to type does what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from tests.sql.recorded import Recorded

ROOT = Path(__file__).parent.parent.parent
READING = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", READING, flags=re.DOTALL)


@pytest.fixture
def home(recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a checkout with a recorded database."""
    (tmp_path / "data").mkdir()
    shutil.copy(recorded.database, tmp_path / "data" / "usage.duckdb")
    (tmp_path / "sql").symlink_to(ROOT / "sql")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def count(file: Path, table: str) -> int:
    """Return the number of rows of a table."""
    with duckdb.connect(str(file), read_only=True) as connection:
        ((rows,),) = connection.execute(f"select count(*) from {table}").fetchall()  # noqa: S608  # its own tables
    return int(rows)


@pytest.mark.parametrize("block", blocks("sh"))
def test_the_commands_run(home: Path, block: str) -> None:
    """The commands of each block succeed in a shell that finds them, and the export has a row per row of the view."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-ec", block], cwd=home, env=os.environ | {"PATH": path}, capture_output=True, check=True)
    exported = (home / "usage_daily.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(exported) == count(home / "data" / "usage.duckdb", "usage_daily") > 0


@pytest.mark.parametrize("block", blocks("python"))
def test_the_programs_run(home: Path, block: str) -> None:
    """The programs run in an interpreter of their own, without pyarrow and pandas."""
    program = f"import sys\nsys.modules['pyarrow'] = sys.modules['pandas'] = None\n{block}"
    done = subprocess.run([sys.executable, "-c", program], cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("sql"))
def test_the_statements_run(home: Path, block: str) -> None:
    """Statements that attach the file run in an empty DuckDB, the others in the file, opened read-only."""
    file = home / "data" / "usage.duckdb"
    opened = duckdb.connect() if "attach" in block else duckdb.connect(str(file), read_only=True)
    with opened as connection:
        result = connection.execute(block)
        assert result.fetchall() or "copy" in block


def test_a_macro_needs_use_and_a_view_does_not(home: Path) -> None:
    """The document says so about a database that is attached beside others."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home}/data/usage.duckdb' as rtk (read_only)")
        connection.execute("select count(*) from rtk.sessions")
        with pytest.raises(duckdb.CatalogException):
            connection.execute("from rtk.slots_between(now(), now())")
        connection.execute("use rtk")
        connection.execute("from slots_between(now(), now())")


def test_the_copy_has_everything(home: Path) -> None:
    """Tables, views and macros."""
    (block,) = [one for one in blocks("sql") if "copy from database" in one]
    with duckdb.connect() as connection:
        connection.execute(block)
    for table in ("session_snapshots", "sessions", "sessions_between(timestamptz '2026-10-26', now())"):
        assert count(home / "usage-copy.duckdb", table) == count(home / "data" / "usage.duckdb", table) > 0


def test_a_reader_keeps_a_run_out(home: Path) -> None:
    """A program can't open the file for writing while another one reads it."""
    program = "import duckdb; duckdb.connect('data/usage.duckdb')"
    with duckdb.connect("data/usage.duckdb", read_only=True):
        done = subprocess.run([sys.executable, "-c", program], cwd=home, capture_output=True, text=True, check=False)
    assert "Could not set lock" in done.stderr


def test_the_files_that_it_names_are_there() -> None:
    """Queries of the cookbook, in commands that this test can't run for want of DuckDB's own command line."""
    named = re.findall(r"sql/\w+/\w+\.sql", READING)
    assert named
    assert all((ROOT / one).exists() for one in named)
