"""A database that tests fill with rows of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.samples import open_copy
from tests.sql.rows import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def usage(tmp_path: Path) -> Iterator[Usage]:
    """An empty database with all tables, views and macros, opened as a run opens it."""
    with open_copy(tmp_path / "usage.duckdb") as connection:
        yield Usage(connection, tmp_path)
