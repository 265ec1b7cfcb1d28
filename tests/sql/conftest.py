"""A database that tests fill with rows of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.samples import open_copy
from tests.sql.recorded import record
from tests.sql.rows import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.sql.recorded import Recorded


@pytest.fixture
def usage(tmp_path: Path) -> Iterator[Usage]:
    """An empty database with all tables, views and macros, opened as a run opens it."""
    with open_copy(tmp_path / "usage.duckdb") as connection:
        yield Usage(connection, tmp_path)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Eleven days of a simulated world, which takes seconds to record: nobody changes it."""
    return record(tmp_path_factory.mktemp("recorded"))
