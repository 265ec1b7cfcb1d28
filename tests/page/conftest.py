"""A database that tests fill, and the page that is made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pytest

from etl.page.found import Asked, find
from etl.page.html import Made, page
from etl.reports.periods import Period
from etl.store import sql_files
from etl.store.database import open_database
from etl.store.read import run_sql_file
from tests.page.parsed import Parsed
from tests.sql.rows import Usage, utc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


class MakePage(Protocol):
    """Makes the page of a period and reads it; in UTC and of all apps unless told."""

    def __call__(  # noqa: D102
        self, since: str | datetime, until: str, *, tz: str = "UTC", app_id: str | None = None, title: str = "Usage"
    ) -> Parsed: ...


@pytest.fixture
def usage(tmp_path: Path) -> Iterator[Usage]:
    """An empty database."""
    with open_database(tmp_path / "usage.duckdb") as connection:
        yield Usage(connection, tmp_path)


@pytest.fixture
def make(usage: Usage) -> MakePage:
    """The page of what the database holds."""

    def made(
        since: str | datetime, until: str, *, tz: str = "UTC", app_id: str | None = None, title: str = "Usage"
    ) -> Parsed:
        usage.write()
        ask = partial(run_sql_file, usage.connection)
        period = Period(since=utc(since), until=utc(until), tz=tz)
        asked = Asked(period=period, app_id=app_id, prices=str(sql_files.file("prices.csv")))
        _, first, _ = ask("read/snapshot_range").row(0)
        found = find(ask, asked, first=first, prices=ask("page/prices", prices=asked.prices))
        return Parsed(page(found, Made(at=NOW, database="usage.duckdb", version="9.9", title=title)))

    return made
