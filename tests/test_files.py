"""Files that are written completely or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl.errors import ConfigError, StoreError
from etl.files import as_store_error, refuse_database_as_output, write_whole

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["usage.duckdb", "usage.duckdb.wal", "link", "missing/../usage.duckdb"])
def test_an_output_must_not_replace_the_database(tmp_path: Path, name: str) -> None:
    """This holds for every name of the database, and for its write-ahead log."""
    for file in ("usage.duckdb", "usage.duckdb.wal"):
        (tmp_path / file).touch()
    (tmp_path / "link").symlink_to(tmp_path / "usage.duckdb")
    with pytest.raises(ConfigError, match="is the database; name another --output"):
        refuse_database_as_output(tmp_path / "usage.duckdb", tmp_path / name)


def test_another_output_is_accepted(tmp_path: Path) -> None:
    """Standard output is accepted, too. The check makes no file."""
    (tmp_path / "usage.duckdb").touch()
    refuse_database_as_output(tmp_path / "usage.duckdb", tmp_path / "report.csv")
    refuse_database_as_output(tmp_path / "usage.duckdb", None)
    assert [path.name for path in tmp_path.iterdir()] == ["usage.duckdb"]


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """No unfinished file stays beside it."""
    (tmp_path / "directory").mkdir()
    with pytest.raises(ConfigError, match="name another --output"):
        write_whole(tmp_path / "directory", b"content")
    assert [path.name for path in tmp_path.rglob("*")] == ["directory"]


def test_an_error_of_the_system_becomes_a_store_error(tmp_path: Path) -> None:
    """The message has the path, and says what to do."""
    with (
        pytest.raises(StoreError, match=r"missing: No such file.*make the directory writable"),
        as_store_error(tmp_path),
    ):
        (tmp_path / "missing").read_bytes()
