"""A database that tests fill, and the page made from it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from click.testing import CliRunner

from etl.cli import cli
from etl.page.html import render
from etl.page.query import PageOptions, fetch_page_data
from etl.reports.periods import Period
from tests.page.browser import launched
from tests.page.offices import PAGES, write_page
from tests.page.parsed_page import ParsedPage
from tests.samples import open_copy
from tests.sql.rows import Usage, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
HOUR = 3600


class MakePage(Protocol):
    """Makes the page of a period and parses it. Without other arguments it is in UTC and of all apps."""

    def __call__(  # noqa: D102  # the class says it
        self,
        since: str | datetime,
        until: str | datetime,
        *,
        tz: str = "UTC",
        app_id: str | None = None,
        title: str = "Usage",
    ) -> ParsedPage: ...


@pytest.fixture
def usage(tmp_path: Path) -> Iterator[Usage]:
    """An empty database."""
    with open_copy(tmp_path / "usage.duckdb") as connection:
        yield Usage(connection, tmp_path)


@pytest.fixture(scope="session")
def demo_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a short demo, made with the commands."""
    directory = tmp_path_factory.mktemp("demo")
    output = directory / "usage.html"
    database = str(directory / "usage.duckdb")
    for arguments in (
        ["demo", "--directory", str(directory), "--days", "2", "--meetings", "20"],
        ["page", "--database", database, "--output", str(output)],
    ):
        assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    return output


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of `offices`, by their names."""
    directory = tmp_path_factory.mktemp("pages")
    return {name: write_page(name, directory) for name in PAGES}


@pytest.fixture(scope="session")
def interactive_pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The interactive pages of `offices`, by their names."""
    directory = tmp_path_factory.mktemp("interactive")
    return {name: write_page(name, directory, is_interactive=True) for name in PAGES}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser. It keeps an event loop running, so no test of another module may use it."""
    with launched() as browser:
        yield browser


@pytest.fixture
def make(usage: Usage) -> MakePage:
    """Make the page of the database."""

    def make_page(
        since: str | datetime,
        until: str | datetime,
        *,
        tz: str = "UTC",
        app_id: str | None = None,
        title: str = "Usage",
    ) -> ParsedPage:
        usage.write()
        options = PageOptions(period=Period(since=utc(since), until=utc(until), tz=tz), app_id=app_id, title=title)
        data = fetch_page_data(usage.connection, Path("usage.duckdb"), options)
        return ParsedPage(render(data, options, database="usage.duckdb", made_at=NOW))

    return make_page


def hourly(usage: Usage, first: str | datetime, last: str | datetime, **options: Any) -> None:
    """Runs every hour."""
    usage.runs(first, last, every=HOUR, **options)


def a_session(usage: Usage, day: str, minutes: float, session: str = "s", **columns: Any) -> None:
    """A session from noon to one, seen at both and final with so many minutes."""
    usage.observed(f"{day} 12:00", 0, session, started_at=utc(f"{day} 12:00"), **columns)
    usage.observed(f"{day} 13:00", minutes, session, started_at=utc(f"{day} 12:00"), **columns)
