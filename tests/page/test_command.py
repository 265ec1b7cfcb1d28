from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from etl.cli import cli
from etl.page import text
from etl.store.database import open_database
from tests.page.parsed_page import ParsedPage
from tests.samples import open_copy
from tests.sql.rows import Usage

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

INSTANT = r"\d{4}-\d\d-\d\d \d\d:\d\d"


def page(database: Path, output: Path, *options: str) -> Result:
    """Make a page in this process."""
    arguments = ["page", "--database", str(database), "--output", str(output), *options]
    return CliRunner().invoke(cli, arguments, prog_name="rtk-usage", catch_exceptions=False)


def with_a_day(database: Path) -> Path:
    """A database with a day of snapshots."""
    with open_copy(database) as connection:
        usage = Usage(connection, database.parent)
        usage.runs("2026-11-02 00:00", "2026-11-02 23:00", every=3600)
        usage.observed("2026-11-02 12:00", 5)
        usage.final("2026-11-02 13:00", 30)
        usage.write()
    return database


def test_the_page_is_one_file(tmp_path: Path) -> None:
    """No file is made beside it. Its size is written to stderr, and nothing to stdout."""
    database, output = with_a_day(tmp_path / "usage.duckdb"), tmp_path / "pages" / "usage.html"
    output.parent.mkdir()
    result = page(database, output, "--since", "2026-11-02", "--until", "2026-11-03", "--title", "Our <rooms>")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"Wrote {output} ({output.stat().st_size / 1e6:.2f} MB)\n"
    assert list(output.parent.iterdir()) == [output]
    assert "<h1>Our &lt;rooms&gt;</h1>" in output.read_text(encoding="utf-8")


def test_a_page_of_all_has_no_beginning(tmp_path: Path) -> None:
    """The page does not name 1970, but says where the data begins."""
    database, output = with_a_day(tmp_path / "usage.duckdb"), tmp_path / "usage.html"
    assert page(database, output, "--since", "all", "--until", "2026-11-03").exit_code == 0
    texts = ParsedPage(output.read_text(encoding="utf-8")).texts
    assert "Up to 3 Nov 2026, 00:00 (UTC)" in texts
    assert "No data before 2 Nov 2026, 00:00. The charts by day begin with the first data." in texts


@pytest.mark.parametrize("since", [None, "all", "1d", "30d", "12h", "2026-11-01", "2026-11-02T12:30:00Z"])
def test_a_period_is_the_same_for_the_page_and_for_reports(tmp_path: Path, since: str | None) -> None:
    """Both name the same instants, say where the data begins, and have the same minutes."""
    database, output = with_a_day(tmp_path / "usage.duckdb"), tmp_path / "usage.html"
    options = ["--until", "2026-11-02T12:45:00Z", *(["--since", since] if since else [])]
    assert page(database, output, *options).exit_code == 0
    parsed = ParsedPage(output.read_text(encoding="utf-8"))
    report = ["report", "daily", "--database", str(database), *options]
    period, beginning = CliRunner().invoke(cli, report).stdout.splitlines()[:2]
    assert f"report daily, {parsed.texts[2]}".replace("Up", "up") == re.sub(INSTANT, as_on_page, period)
    is_said = "No data before 2 Nov 2026, 00:00. The charts by day begin with the first data." in parsed.texts
    assert is_said is beginning.startswith("no data before 2026-11-02 00:00")
    assert is_said is (since not in {"12h", "2026-11-02T12:30:00Z"})
    rows = json.loads(CliRunner().invoke(cli, [*report, "--format", "json"]).stdout)
    assert parsed.tiles["Minutes"][0] == text.count(sum(row["minutes"] for row in rows))


def as_on_page(instant: re.Match[str]) -> str:
    """Return an instant of a report as the page writes it."""
    return text.instant(datetime.fromisoformat(instant[0]).replace(tzinfo=UTC), "UTC")


def test_the_users_own_prices_count(tmp_path: Path) -> None:
    """A file that is not valid ends with 78, and the message names it."""
    database, output, prices = with_a_day(tmp_path / "usage.duckdb"), tmp_path / "usage.html", tmp_path / "prices.csv"
    period = ("--since", "2026-11-02", "--until", "2026-11-03", "--prices", str(prices))
    prices.write_text("type,low_usd_per_minute,high_usd_per_minute,note\nmeeting,1,2,mine\n", encoding="utf-8")
    assert page(database, output, *period).exit_code == 0
    assert "$30.00" in output.read_text(encoding="utf-8")
    prices.write_text("type,low_usd_per_minute\nmeeting,cheap,1,2,3,4\n", encoding="utf-8")
    result = page(database, output, *period)
    assert result.exit_code == 78
    assert "prices.csv" in result.stderr


def test_without_snapshots_the_old_page_stays(tmp_path: Path) -> None:
    """An empty database and a missing one end with 78 and a message."""
    output = tmp_path / "usage.html"
    output.write_text("the last one", encoding="utf-8")
    with open_database(tmp_path / "empty.duckdb"):
        pass
    for database in (tmp_path / "empty.duckdb", tmp_path / "none.duckdb"):
        result = page(database, output)
        assert result.exit_code == 78
        assert str(database) in result.stderr
    assert output.read_text(encoding="utf-8") == "the last one"


def test_without_a_name_the_page_is_usage_html(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is in the working directory, and the message names it."""
    database = with_a_day(tmp_path / "usage.duckdb")
    monkeypatch.chdir(tmp_path)
    arguments = ["page", "--database", str(database), "--since", "2026-11-02", "--until", "2026-11-03"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.stderr.startswith("Wrote usage.html (")
    assert (tmp_path / "usage.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(("name", "why"), [("usage.pdf", "the unknown ending .pdf"), ("usage", "no ending")])
def test_a_page_is_html(tmp_path: Path, name: str, why: str) -> None:
    """Another ending is refused before the database is opened, and nothing is written."""
    result = page(tmp_path / "none.duckdb", tmp_path / name)
    assert result.exit_code == 2
    assert f"Invalid value for --output: {name} has {why}; expected .html or .htm." in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_script_is_added_on_request_alone(tmp_path: Path) -> None:
    """The same file has a script with --interactive, and none without."""
    database, output = with_a_day(tmp_path / "usage.duckdb"), tmp_path / "usage.html"
    period = ("--since", "2026-11-02", "--until", "2026-11-03")
    assert page(database, output, *period).exit_code == 0
    assert "<script" not in output.read_text(encoding="utf-8")
    assert page(database, output, *period, "--interactive").exit_code == 0
    assert output.read_text(encoding="utf-8").count("<script>") == 1
