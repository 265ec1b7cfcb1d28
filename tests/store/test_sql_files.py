from __future__ import annotations

from pathlib import Path

import pytest

from etl.store import sql_files

SQL = Path(__file__).parents[2] / "sql"
FILES = sorted(str(path.relative_to(SQL).with_suffix("")) for path in SQL.rglob("*.sql"))


@pytest.mark.parametrize("name", FILES)
def test_the_path_of_a_file_is_its_name(name: str) -> None:
    """The text is the content of the file in sql/."""
    assert sql_files.text(name) == (SQL / f"{name}.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", sorted({Path(name).parent.as_posix() for name in FILES}))
def test_a_folder_lists_its_files_in_order(folder: str) -> None:
    """Migrations run in the order of their numbers. Every name can be read."""
    assert list(sql_files.names(folder)) == [name for name in FILES if Path(name).parent.as_posix() == folder]


def test_the_first_migration_makes_the_tables() -> None:
    """A new database starts with migration 1."""
    assert sql_files.names("migrations")[0] == "migrations/0001_tables"


def test_a_folder_that_is_not_there_holds_nothing() -> None:
    """A version without views creates none."""
    assert sql_files.names("no-such-folder") == ()


def test_an_unknown_name_is_an_error() -> None:
    """A misspelled name must not run as empty SQL."""
    with pytest.raises(FileNotFoundError):
        sql_files.text("load/no_such_query")
