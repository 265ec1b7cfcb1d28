"""The site that `page --output DIR/` writes: a page per week and month, and an index."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from etl.cli import cli
from etl.errors import ConfigError
from etl.page.query import NoData, PageOptions
from etl.page.site import WrittenPages, plan_pages, write_site
from etl.reports.periods import BEGINNING, Period
from etl.settings import ReadSettings
from tests.samples import open_copy
from tests.sql.rows import Usage

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with a day in August, one in October and one in this week."""
    path = tmp_path / "usage.duckdb"
    with open_copy(path) as connection:
        usage = Usage(connection, tmp_path)
        for day in ("2026-08-14", "2026-10-06", "2026-11-24"):
            usage.runs(f"{day} 10:00", f"{day} 12:00", every=3600)
            usage.observed(f"{day} 11:00", 5, session_id=day, started_at=f"{day} 10:30")
        usage.write()
    return path


def write(database: Path, *, now: datetime = NOW, rebuild: bool = False) -> WrittenPages:
    """Write the site at an instant, and give its files the time at which they were then made."""
    site = database.parent / "site"
    before = {path: path.read_bytes() for path in site.glob("*")}
    options = PageOptions(period=Period(since=BEGINNING, until=now, tz="UTC"), title="Our <rooms>")
    written = write_site(ReadSettings(database=database), site, options, rebuild=rebuild)
    for path in site.glob("*"):
        if path.read_bytes() != before.get(path):
            os.utime(path, (now.timestamp(), now.timestamp()))
    return written


def test_the_pages_of_a_site() -> None:
    """They are those of this week, this month and the last one, and of each month of the data, newest first."""
    pages = list(plan_pages(datetime(2026, 8, 31, 22, tzinfo=UTC), NOW, BERLIN))
    assert [(page.file_name, page.name, str(page.period)) for page in pages] == [
        ("this-week.html", "This week", "2026-11-23 00:00 to 2026-11-25 16:00 (Europe/Berlin)"),
        ("this-month.html", "This month", "2026-11-01 00:00 to 2026-11-25 16:00 (Europe/Berlin)"),
        ("last-month.html", "Last month", "2026-10-01 00:00 to 2026-11-01 00:00 (Europe/Berlin)"),
        ("2026-10.html", "October 2026", "2026-10-01 00:00 to 2026-11-01 00:00 (Europe/Berlin)"),
        ("2026-09.html", "September 2026", "2026-09-01 00:00 to 2026-10-01 00:00 (Europe/Berlin)"),
    ]
    first_minute = datetime(2026, 11, 1, tzinfo=UTC)
    names = [page.file_name for page in plan_pages(first_minute, first_minute, "UTC")]
    assert names == ["this-week.html", "last-month.html"]  # this month has no time yet, and no month has data


def test_the_page_of_a_past_month_is_made_once(database: Path) -> None:
    """A month is settled three days after its end; a page that was made before is made again. The index has all pages.

    A month without data has no page, and a week that has no data any more has none either. --rebuild makes all again.
    """
    site = database.parent / "site"
    assert write(database, now=datetime(2026, 11, 2, 12, tzinfo=UTC)) == WrittenPages(made=3, kept=0)
    assert write(database) == WrittenPages(made=4, kept=1)  # October was not settled
    links = re.findall(r'<a href="([^"]*)">([^<]*)</a>', (site / "index.html").read_text(encoding="utf-8"))
    assert links == [
        ("this-week.html", "This week"),
        ("this-month.html", "This month"),
        ("last-month.html", "Last month"),
        ("2026-10.html", "October 2026"),
        ("2026-08.html", "August 2026"),
    ]
    assert sorted(path.name for path in site.iterdir()) == sorted(["index.html", *(file for file, _ in links)])
    for file, name in links:
        content = (site / file).read_text(encoding="utf-8")
        assert f"<h1>Our &lt;rooms&gt;: {name}</h1>" in content
        assert '<a href="index.html">All pages</a>' in content
    assert write(database, now=datetime(2026, 12, 2, tzinfo=UTC)) == WrittenPages(made=2, kept=2)
    assert {path.name for path in site.glob("this-*")} == set()
    assert "this-week" not in (site / "index.html").read_text(encoding="utf-8")
    code, said = run("--database", str(database), "--output", f"{site}/", "--rebuild")
    pages = len(list(site.glob("*.html"))) - 1  # not that of a month of this test that is in the future
    assert (code, said) == (0, f"Wrote {pages} pages and the index into {site}/\n")


def test_nothing_of_others_is_replaced(database: Path) -> None:
    """An index that another program has made stays, and a site without any page is not written."""
    site = database.parent / "site"
    site.mkdir()
    (site / "index.html").write_text("of another program")
    with pytest.raises(ConfigError, match="was not made by rtk-usage"):
        write(database)
    (site / "index.html").unlink()
    with open_copy(database.parent / "empty.duckdb") as connection:
        usage = Usage(connection, database.parent)
        usage.runs("2020-01-01 00:00", "2020-01-01 01:00", every=3600)
        usage.write()
    with pytest.raises(NoData, match="holds no data of these pages; the site is not written"):
        write(database.parent / "empty.duckdb", now=datetime(2019, 1, 1, tzinfo=UTC))
    assert list(site.iterdir()) == []


def run(*arguments: str) -> tuple[int, str]:
    """Run the command. Return its exit code and what it says on standard error."""
    result = CliRunner().invoke(cli, ["page", *arguments], prog_name="rtk-usage", catch_exceptions=False)
    return result.exit_code, result.stderr


def test_a_site_has_its_own_periods(database: Path) -> None:
    """What does not go together is said before any work."""
    site = ("--database", str(database), "--output", f"{database.parent}/site/")
    for options, problem in (
        ((*site, "--since", "7d"), "leave out --since and --until."),
        (("--database", str(database), "--rebuild"), "--rebuild is for the directory of a site"),
        ((*site[:2], "--output", f"{database.parent}/missing/site/"), "missing does not exist; create it"),
    ):
        code, said = run(*options)
        assert (code, problem in said) == (2, True)
