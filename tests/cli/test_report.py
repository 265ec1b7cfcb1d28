"""`rtk-usage report`: its answers and its messages."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from etl.cli.options import FORMATS
from etl.reports import formats
from etl.store import sql_files
from etl.store.database import open_database
from etl.store.load import load_runs
from tests.cli.conftest import CHECKOUT, on_terminal
from tests.older import make_older_database
from tests.reports.test_workbook import cells
from tests.samples import SLOT, held_open, stage_run

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

NOVEMBER = ("--since", "2026-11-01", "--until", "2026-12-01")
REPORTS = [name.partition("/")[2] for name in sql_files.names("reports")]
PARAMETERS = "select $since as since, $until as until, $tz as tz, $app_id as app, $prices as prices"


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A shell whose database holds one snapshot of 2026-11-02T12:00:00Z, with one session of 2.3434 minutes."""
    with open_database(shell.database) as connection:
        load_runs(connection, [stage_run(shell.directory)])
    return shell


def own_file(shell: Shell, sql: str) -> str:
    """Write a report of the user's own."""
    path = shell.directory / "own.sql"
    path.write_text(sql)
    return str(path)


def test_alone_it_lists_the_reports_with_a_line_each(shell: Shell) -> None:
    """The line is the first of its file. The list needs no database."""
    result = shell.run("report")
    assert result.exit_code == 0
    for name in REPORTS:
        sentence = sql_files.text(f"reports/{name}").splitlines()[0].removeprefix("-- ")
        assert f"{name:12} {sentence}\n" in result.stdout


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_answers_in_every_format(filled: Shell, name: str) -> None:
    """This holds for one app and for all, for a period and for all time."""
    for arguments in (NOVEMBER, ("--since", "all", "--app-id", "app", "--tz", "America/Santiago", "--format", "json")):
        result = filled.run("report", name, *arguments)
        assert result.exit_code == 0
        assert result.stdout


def test_a_table_says_what_it_is_about(filled: Shell) -> None:
    """The heading names the report, the period in its zone, where the data begins, and the database."""
    result = filled.run("report", "daily", *NOVEMBER, "--tz", "Europe/Berlin")
    assert result.stdout.startswith(
        "report daily, 2026-11-01 00:00 to 2026-12-01 00:00 (Europe/Berlin)\n"
        f"no data before 2026-11-02 13:00; from {filled.database}\n\n"
    )
    assert "\n 2026-11-02     2.34 " in result.stdout


@pytest.fixture
def with_two_apps(filled: Shell) -> Shell:
    """A shell whose database also holds an app called other, which has a snapshot one day later."""
    with open_database(filled.database) as connection:
        load_runs(connection, [stage_run(filled.directory, slot=SLOT + timedelta(days=1), all_of="other", idle=())])
    return filled


def test_the_beginning_of_the_data_is_that_of_the_app(with_two_apps: Shell) -> None:
    """--app-id leaves out the snapshots of other apps, also in messages and on the page."""
    other = ("--app-id", "other")
    assert "\nno data before 2026-11-03 12:00; " in with_two_apps.run("report", "daily", *NOVEMBER, *other).stdout
    for app in ((), ("--app-id", "app")):
        assert "\nno data before 2026-11-02 12:00; " in with_two_apps.run("report", "daily", *NOVEMBER, *app).stdout
    second_of_november = ("--since", "2026-11-02", "--until", "2026-11-03", *other)
    assert with_two_apps.run("report", "daily", *second_of_november).stderr == (
        "rtk-usage: no data of app other from 2026-11-02 00:00 to 2026-11-03 00:00 (UTC); the database holds data "
        "of app other from 2026-11-03 12:00 to 2026-11-03 12:00\n"
    )
    said = "no data of app other from 2026-11-02 00:00 to 2026-11-03 00:00 (UTC), so no rule was tried"
    assert said in with_two_apps.run("check", *second_of_november).stdout
    page = with_two_apps.run("page", *NOVEMBER, *other, "--output", "-").stdout
    assert "No data before 3 Nov 2026, 12:00." in page
    assert "usage.duckdb: 1 snapshot, the last at 3 Nov 2026, 12:00" in page
    assert "holds data of app other from 2026-11-03" in with_two_apps.run("page", *second_of_november).stderr


def test_the_formats_hold_the_same(filled: Shell) -> None:
    """The figures are the same in every format."""
    ask = ("report", "sessions", *NOVEMBER, "--format")
    (row,) = json.loads(filled.run(*ask, "json").stdout)
    assert json.loads(filled.run(*ask, "jsonl").stdout) == row
    (in_csv,) = csv.DictReader(io.StringIO(filled.run(*ask, "csv").stdout))
    assert (
        (in_csv["session_id"], float(in_csv["minutes"]))
        == (row["session_id"], row["minutes"])
        == ("of meeting-1", 2.3434)
    )
    (in_parquet,) = pl.read_parquet(io.BytesIO(filled.run(*ask, "parquet").stdout_bytes)).iter_rows(named=True)
    assert in_parquet["session_id"] == "of meeting-1"
    assert filled.run(*ask, "markdown").stdout.count("|\n") == 3


def test_every_format_of_the_option_can_be_written() -> None:
    """The command line names the formats without importing the code that writes them."""
    assert ("table", *formats.FORMATS) == FORMATS


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.csv", b"day,minutes,"),
        ("a.json", b'[\n{"day": "2026-11-02", "minutes": 2.3434,'),
        ("a.jsonl", b'{"day": "2026-11-02", "minutes": 2.3434,'),
        ("a.NDJSON", b'{"day": "2026-11-02", "minutes": 2.3434,'),
        ("a.md", b"| day | minutes |"),
        ("a.parquet", b"PAR1"),
        ("a.txt", b"report daily, 2026-11-01"),
    ],
)
def test_a_files_ending_says_its_format(filled: Shell, name: str, begins: bytes) -> None:
    """`--format` replaces it. Standard output stays empty."""
    output = filled.directory / name
    result = filled.run("report", "daily", *NOVEMBER, "--output", str(output))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"1 row in {output}\n")
    assert output.read_bytes().startswith(begins)
    filled.run("report", "daily", *NOVEMBER, "--output", str(output), "--format", "csv")
    assert output.read_bytes().startswith(b"day,minutes,")


def test_a_file_that_is_replaced_stays_as_private_as_it_was(filled: Shell) -> None:
    """No unfinished file is left beside it."""
    output = filled.directory / "report.csv"
    output.write_text("before")
    output.chmod(0o600)
    filled.run("report", "daily", "--output", str(output))
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert list(filled.directory.glob("*.new")) == []


@pytest.mark.parametrize("name", ["usage.duckdb", "link.duckdb", "./folder/../usage.duckdb"])
def test_the_database_is_never_replaced_by_a_report_on_it(filled: Shell, name: str) -> None:
    """This holds for every name of the file."""
    before = filled.database.read_bytes()
    (filled.directory / "link.duckdb").symlink_to(filled.database)
    (filled.directory / "folder").mkdir()
    result = filled.run("report", "daily", "--output", str(filled.directory / name))
    assert result.exit_code == 78
    assert "is the database; name another --output" in result.stderr
    assert filled.database.read_bytes() == before


def test_what_is_no_file_is_written_to_and_not_replaced(filled: Shell) -> None:
    """A pipe stays a pipe, and /dev/null stays a device, also for root."""
    pipe = filled.directory / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert filled.run("report", "daily", *NOVEMBER, "--format", "csv", "--output", str(pipe)).exit_code == 0
    assert os.read(reader, 12) == b"day,minutes,"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_place_that_cannot_be_written_is_named(filled: Shell) -> None:
    """The message names another option."""
    (filled.directory / "file").touch()
    result = filled.run("report", "daily", "--output", str(filled.directory / "file" / "a.csv"))
    assert result.exit_code == 78
    assert "name another --output" in result.stderr


@pytest.mark.parametrize("command", [("report", "daily"), ("query", "select 1"), ("page",), ("meetings",)])
def test_an_output_in_a_directory_that_does_not_exist_is_refused(filled: Shell, command: tuple[str, ...]) -> None:
    """The command line is not valid. The directory is named and not created, and nothing is sent."""
    before = sorted(filled.directory.rglob("*"))
    output = filled.directory / "reports" / "2026" / ("a.html" if command == ("page",) else "a.csv")
    result = filled.run(*command, "--output", str(output))
    assert (result.exit_code, result.stdout, filled.api.app.state.requests) == (2, "", 0)
    said = f"Invalid value for --output: the directory {output.parent} does not exist; create it, or name another file."
    assert said in result.stderr
    assert sorted(filled.directory.rglob("*")) == before


@pytest.mark.parametrize("command", ["report", "query"])
def test_a_file_of_sql_that_does_not_exist_is_named_with_what_to_do(filled: Shell, command: str) -> None:
    """The message says that a report has a name, and which command lists them."""
    result = filled.run(command, "nowhere.sql")
    assert (result.exit_code, result.stdout) == (78, "")
    assert result.stderr == (
        "rtk-usage: nowhere.sql: No such file or directory; name a SQL file that can be read, "
        "or a report or a query by its name, which rtk-usage report and rtk-usage query --list list\n"
    )


def test_a_report_of_ones_own_gets_the_same_parameters(filled: Shell) -> None:
    """Its parameters are the period with its zone, the app and the prices, which are the tool's own by default."""
    path = own_file(filled, PARAMETERS)
    (row,) = json.loads(filled.run("report", path, *NOVEMBER, "--tz", "Europe/Berlin", "--format", "json").stdout)
    assert row == {
        "since": "2026-11-01T00:00:00+01:00",
        "until": "2026-12-01T00:00:00+01:00",
        "tz": "Europe/Berlin",
        "app": None,
        "prices": str(sql_files.file("prices.csv")),
    }
    prices = filled.directory / "prices.csv"
    prices.write_text(sql_files.file("prices.csv").read_text())
    ask = ("report", path, "--app-id", "app", "--prices", str(prices), "--format", "json")
    (row,) = json.loads(filled.run(*ask).stdout)
    assert (row["app"], row["prices"]) == ("app", str(prices))


def test_prices_of_ones_own_make_another_cost(filled: Shell) -> None:
    """The file can be an option or a variable, and its name is not a pattern."""
    prices = filled.directory / "prices[1]*.csv"
    prices.write_text("type,low_usd_per_minute,high_usd_per_minute,note\nmeeting,1,10,dear; very\n")
    by_option = filled.run("report", "cost", *NOVEMBER, "--prices", str(prices), "--format", "json")
    by_variable = filled.run("report", "cost", *NOVEMBER, "--format", "json", RTK_USAGE_PRICES=str(prices))
    assert json.loads(by_option.stdout)[0]["high_usd"] == 23.434
    assert by_option.stdout == by_variable.stdout


def test_prices_that_are_none_are_refused_where_they_are_needed(filled: Shell) -> None:
    """The command ends with 78 and names the file. A report without costs does not read it."""
    result = filled.run("report", "cost", RTK_USAGE_PRICES="nowhere.csv")
    assert (result.exit_code, result.stdout) == (78, "")
    assert "nowhere.csv: No such file or directory" in result.stderr
    assert filled.run("report", "daily", RTK_USAGE_PRICES="nowhere.csv").exit_code == 0


def test_the_zone_may_be_in_the_environment(filled: Shell) -> None:
    """RTK_USAGE_TZ sets the zone for all reports."""
    assert "(Asia/Kolkata)" in filled.run("report", "daily", RTK_USAGE_TZ="Asia/Kolkata").stdout


def test_an_app_is_only_asked_for_by_its_option(filled: Shell) -> None:
    """REALTIMEKIT_APP_ID is for snapshots: a report on one app must not look like one on all."""
    result = filled.run("report", "daily", *NOVEMBER, "--format", "json", REALTIMEKIT_APP_ID="other")
    assert json.loads(result.stdout)[0]["minutes"] == 2.3434


def test_an_unknown_report_is_refused_with_those_there_are(filled: Shell) -> None:
    """The message also names the most similar report."""
    result = filled.run("report", "dayly")
    assert result.exit_code == 2
    assert "The report 'dayly' does not exist. Did you mean daily? The reports are " in result.stderr
    assert all(name in result.stderr for name in REPORTS)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "select $nope",
            "own.sql uses the unknown parameter $nope; available: $since, $until, $tz, $app_id, $prices",
        ),
        ("select 1; select 2", "own.sql has 2 statements"),
        ("delete from runs", "own.sql is not a query that only reads"),
        ("select * from nowhere", "own.sql: Catalog Error: Table with name nowhere does not exist"),
        ("select $since + true", "own.sql: Binder Error"),
        ("", "own.sql is empty"),
    ],
)
def test_a_wrong_report_of_ones_own_is_a_message(filled: Shell, sql: str, said: str) -> None:
    """The message has the name of the file and DuckDB's error. The exit code is 78, because the file is wrong."""
    result = filled.run("report", own_file(filled, sql))
    assert result.exit_code == 78
    assert said in result.stderr


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), (b"\xff\xfe", "not text in UTF-8")])
def test_a_file_that_cannot_be_read_is_named(filled: Shell, content: bytes | None, said: str) -> None:
    """A file may be missing, or not text."""
    path = filled.directory / "own.sql"
    if content:
        path.write_bytes(content)
    result = filled.run("report", str(path))
    assert result.exit_code == 78
    assert f"{path}" in result.stderr
    assert said in result.stderr


@pytest.mark.parametrize("arguments", [NOVEMBER[::-1], ("--since", "soon"), ("--tz", "Berlin"), ("--format", "xls")])
def test_a_wrong_call_ends_with_2(filled: Shell, arguments: tuple[str, ...]) -> None:
    """The database is not opened."""
    arguments = ("--since", "2026-12-01", "--until", "2026-11-01") if arguments == NOVEMBER[::-1] else arguments
    result = filled.run("report", "daily", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_nothing_in_the_period_is_an_empty_table_and_a_hint(filled: Shell) -> None:
    """The message says which period has snapshots. The command succeeds."""
    result = filled.run("report", "sessions", "--since", "2025-01-01", "--until", "2025-02-01", "--format", "csv")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1
    assert (
        "no data from 2025-01-01 00:00 to 2025-02-01 00:00 (UTC); the database holds data from 2026-11-02 12:00"
        in result.stderr
    )


def test_a_report_says_in_which_time_no_snapshot_is_expected(filled: Shell) -> None:
    """A run in 1970 lies more than 366 days before the next one. In a period after the gap, nothing is said."""
    with open_database(filled.database) as connection:
        load_runs(connection, [stage_run(filled.directory, slot=datetime(1970, 1, 1, tzinfo=UTC))])
    until = ("--until", "2026-11-02T12:04:00Z", "--format", "csv")
    result = filled.run("report", "coverage", "--since", "all", *until)
    assert [line.split(",")[:4] for line in result.stdout.splitlines()[1:]] == [
        ["1970-01-01", "1", "1", "0"],
        ["2026-11-02", "1", "1", "0"],
    ]
    assert result.stderr == (
        "rtk-usage: app app has no snapshots from 1970-01-01 00:00 to 2026-11-02 12:00: more than 366 days, in which "
        "none are expected. Either no schedule ran, or the clock of a run was wrong\n"
    )
    assert filled.run("report", "coverage", "--since", "2026-11-02T12:00:00Z", *until).stderr == ""


def test_a_report_says_that_a_schedule_has_ended_long_ago(filled: Shell) -> None:
    """The last run is more than 366 days old."""
    with open_database(filled.database) as connection:
        connection.execute("update runs set slot = slot - interval 2 years")
    result = filled.run("report", "coverage", "--since", "30d", "--format", "csv")
    assert "app app has no snapshots from 2024-11-02 12:00 to now: more than 366 days" in result.stderr


@pytest.mark.parametrize("name", ["cost", "hours"])
def test_a_report_that_always_has_rows_says_so_too(filled: Shell, name: str) -> None:
    """Its zeros before the first snapshot must not look like measured figures."""
    result = filled.run("report", name, "--since", "2025-01-01", "--until", "2025-02-01", "--format", "csv")
    assert result.exit_code == 0
    assert "no data from 2025-01-01" in result.stderr


@pytest.mark.parametrize("name", ['it\'s "ours", of 100%.duckdb', "übersicht [1]*.duckdb", "link"])
def test_a_database_may_be_called_anything(filled: Shell, name: str) -> None:
    """The name can have quotes, spaces and characters of patterns. A link leads to the database."""
    path = filled.directory / name
    if name == "link":
        path.symlink_to(filled.database)
    else:
        filled.database.rename(path)
    before = path.read_bytes(), sorted(filled.directory.iterdir())
    result = filled.run("report", "live", *NOVEMBER, "--database", str(path), "--format", "csv")
    assert (result.exit_code, result.stderr, len(result.stdout.splitlines())) == (0, "", 2)
    assert (path.read_bytes(), sorted(filled.directory.iterdir())) == before


def test_readers_do_not_keep_one_another_out(filled: Shell) -> None:
    """Several reports can run at the same time."""
    with held_open(filled.database):
        assert filled.run("report", "daily", "--lock-timeout", "0").exit_code == 0


@pytest.mark.parametrize(
    "arguments", [("report", "daily"), ("query", "select 1"), ("snapshot",), ("reconcile",), ("load",)]
)
@pytest.mark.parametrize("is_relative", [True, False])
def test_a_directory_is_no_database(shell: Shell, arguments: tuple[str, ...], *, is_relative: bool) -> None:
    """Every command refuses it before any work. Nothing is created in the directory."""
    directory = "." if is_relative else str(shell.directory)
    before = sorted(shell.directory.rglob("*"))
    code, stdout, stderr = shell.process(*arguments, "--database", directory)
    assert (code, stdout) == (78, "")
    assert "a directory" in stderr
    assert sorted(shell.directory.rglob("*")) == before


def test_without_a_database_nothing_is_made(shell: Shell) -> None:
    """The message for a misspelt --database says what to do."""
    before = sorted(shell.directory.iterdir())
    result = shell.run("report", "daily", "--database", str(shell.directory / "new" / "typo.duckdb"))
    assert result.exit_code == 78
    assert "does not exist; rtk-usage snapshot creates it" in result.stderr
    assert sorted(shell.directory.iterdir()) == before


def test_a_database_without_snapshots_says_so(shell: Shell) -> None:
    """An empty database has no figures, which differs from figures of zero."""
    result = shell.run("report", "daily")
    assert result.exit_code == 78
    assert "holds no snapshots yet; take one with rtk-usage snapshot" in result.stderr


def test_what_is_no_database_is_not_touched(filled: Shell) -> None:
    """A file that --database names by mistake stays the same."""
    path = filled.directory / "meetings.txt"
    before = path.read_bytes()
    result = filled.run("report", "daily", "--database", str(path))
    assert result.exit_code == 78
    assert "is not a DuckDB database" in result.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "arguments", [("report", "daily"), ("query", "select 1"), ("snapshot", "meetings.txt"), ("load",)]
)
def test_a_database_of_sqlite_is_not_a_duckdb_database(shell: Shell, arguments: tuple[str, ...]) -> None:
    """DuckDB is not asked for the extension that could open it. The file stays the same."""
    path = shell.directory / "other.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("create table sessions (session_id text)")
    before = path.read_bytes()
    code, stdout, stderr = shell.process(*arguments, "--database", str(path))
    assert (code, stdout) == (78, "")
    assert stderr == f"rtk-usage: {path} is a SQLite database; name another file with --database\n"
    assert path.read_bytes() == before


@pytest.mark.parametrize(("name", "said"), [(".", "a directory"), ("other.sqlite", "is a SQLite database")])
def test_check_finds_that_a_path_is_no_database(shell: Shell, name: str, said: str) -> None:
    """It is a critical finding like others. Nothing is created, and nothing is changed."""
    with contextlib.closing(sqlite3.connect(shell.directory / "other.sqlite")) as connection:
        connection.execute("create table sessions (session_id text)")
    before = {path: path.read_bytes() for path in shell.directory.rglob("*") if path.is_file()}
    result = shell.run("check", "--database", str(shell.directory / name))
    assert result.exit_code == 2
    assert re.search(rf"^critical +database.*{said}", result.stdout, re.MULTILINE)
    assert {path: path.read_bytes() for path in shell.directory.rglob("*") if path.is_file()} == before


def test_the_database_of_an_older_version_is_reported_on(filled: Shell) -> None:
    """The views of this version are created for the connection only: the file does not change."""
    current = filled.run("report", "daily", *NOVEMBER)
    with duckdb.connect(filled.database) as connection:
        connection.execute("create or replace view sessions as select 'older' as session_id")
        connection.execute("update schema_migrations set name = 'views of older' where name like 'views %'")
    before = filled.database.read_bytes()
    older = filled.run("report", "daily", *NOVEMBER)
    assert (older.exit_code, older.stdout) == (0, current.stdout)
    assert filled.database.read_bytes() == before


@pytest.mark.usefixtures("no_database")
def test_the_database_of_another_version_is_not_read(shell: Shell) -> None:
    """An older database that lacks a column needs a run first, and a newer database a newer version."""
    make_older_database(shell.database, without="runs.unlisted")
    before = shell.database.read_bytes()
    result = shell.run("report", "daily")
    assert result.exit_code == 74
    assert "older version" in result.stderr
    assert shell.database.read_bytes() == before
    with duckdb.connect(shell.database) as connection:
        connection.execute("insert into schema_migrations (name) values ('9999_from_the_future')")
    result = shell.run("report", "daily")
    assert result.exit_code == 78
    assert "pip install --upgrade" in result.stderr


def test_a_database_that_is_written_to_is_waited_for_and_its_holder_named(filled: Shell) -> None:
    """The command waits for five seconds, or for --lock-timeout, and ends with 75."""
    with filled.database_held() as holder:
        result = filled.run("report", "daily", "--lock-timeout", "0.2s")
    assert result.exit_code == 75
    assert f"(PID {holder.pid})" in result.stderr


def test_a_report_can_be_cut_short_by_its_reader(filled: Shell) -> None:
    """`| head -1` is not an error."""
    own_file(filled, "select range from range(100000)")
    assert filled.process("report", "own.sql", "--format", "csv", redirect="| head -1") == (0, "range\n", "")


@pytest.mark.parametrize("chosen", ["table", "csv", "parquet"])
def test_a_report_that_finds_no_room_is_an_error(filled: Shell, chosen: str) -> None:
    """The command ends with 74 and gives the reason."""
    code, _, stderr = filled.process("report", "daily", *NOVEMBER, "--format", chosen, redirect="> /dev/full")
    assert (code, stderr) == (
        74,
        "rtk-usage: the answer can't be written to standard output: No space left on device\n",
    )


def test_without_a_standard_output_there_is_no_trace(filled: Shell) -> None:
    """A daemon may have closed standard output."""
    code, _, stderr = filled.process("report", "daily", *NOVEMBER, redirect=">&-")
    assert (code, stderr) == (0, "")


def test_old_data_is_said_in_the_heading(shell: Shell) -> None:
    """Two steps without a snapshot are too many for a schedule of five minutes."""
    now = datetime.now(UTC)
    slots = [now - timedelta(hours=3, minutes=minutes) for minutes in (10, 5)]
    for slot in slots:
        shell.snapshot("--slot", slot.isoformat())
    assert "; newest snapshot 3 hours old, later ones are missing; from " in shell.run("report", "daily").stdout
    assert "newest snapshot" not in shell.run("report", "daily", "--until", slots[1].isoformat()).stdout


def test_an_empty_report_live_names_the_snapshot_that_saw_nobody(shell: Shell) -> None:
    """A second that is not zero is shown. Readings of a clock that is ahead are counted and left out."""
    slot = datetime.now(UTC).replace(second=7, microsecond=0) - timedelta(minutes=2)
    shell.snapshot("--slot", slot.isoformat())
    with duckdb.connect(str(shell.database)) as connection:
        observed = connection.execute("update session_snapshots set observed_at = now() + interval 1 hour").fetchall()
    ((count,),) = observed
    result = shell.run("report", "live")
    assert result.stderr.splitlines() == [
        f"rtk-usage: nobody was live at {slot:%Y-%m-%d %H:%M}:07",
        f"rtk-usage: {count} readings are dated in the future and left out: a clock was wrong",
    ]
    assert count > 1


def test_two_runs_by_hand_are_not_a_schedule(shell: Shell) -> None:
    """Runs less than a minute apart make no snapshot expected, as in the report on coverage."""
    now = datetime.now(UTC)
    for seconds in (10, 0):
        shell.snapshot("--slot", (now - timedelta(hours=3, seconds=seconds)).isoformat())
    assert "are missing" not in shell.run("report", "daily").stdout


def test_the_age_of_the_data_is_always_said_of_live_sessions(shell: Shell) -> None:
    """A snapshot of this moment says so."""
    shell.snapshot()
    assert "newest snapshot less than a minute old; from " in shell.run("report", "live").stdout


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
def test_every_report_fits_its_terminal(filled: Shell, columns: int) -> None:
    """--wide shows all columns, and so does a pipe. Of the heading, only the path of the database is never cut."""
    for name in REPORTS:
        ask = ("report", name, *NOVEMBER)
        shown = on_terminal(filled, *ask, columns=columns)
        lines = [line for line in shown.splitlines() if str(filled.database) not in line]
        assert max(map(len, lines)) <= columns, shown
        assert "".join(lines[:2]).startswith(f"report {name}, 2026-11-01 00:00 to 2026-12-01 00:00 (UTC)")
        wide = on_terminal(filled, *ask, "--wide", columns=columns)
        assert wide.splitlines() == filled.run(*ask).stdout.splitlines()


@pytest.mark.parametrize(("columns", "command"), [(80, ("report",)), (0, ("query", "--list"))])
def test_a_list_fits_its_terminal(shell: Shell, columns: int, command: tuple[str, ...]) -> None:
    """A text continues below itself. A pipe gets one line per entry. A terminal of unknown size, 0, has 80 columns."""
    shown, piped = on_terminal(shell, *command, columns=columns), shell.run(*command).stdout
    assert max(map(len, shown.splitlines())) <= 80 < max(map(len, piped.splitlines()))
    assert shown.split() == piped.split()
    assert any(line.startswith(" " * 13) for line in shown.splitlines())


def test_a_heading_is_wrapped_on_a_terminal(filled: Shell) -> None:
    """The path of the database stays whole, so that it can be copied."""
    shown = on_terminal(filled, "report", "live", *NOVEMBER, columns=40)
    database = shown.splitlines().index(str(filled.database))
    assert shown.splitlines()[2].startswith("no data before 2026-11-02 12:00; newest")
    assert max(map(len, shown.splitlines()[:database])) <= 40


@pytest.mark.parametrize("command", [("report", "daily"), ("query", "from runs")])
@pytest.mark.parametrize(("name", "why"), [("usage.pdf", "the unknown ending .pdf"), ("usage", "no ending")])
def test_an_ending_without_a_format_is_refused(shell: Shell, command: tuple[str, ...], name: str, why: str) -> None:
    """The message lists the endings. Nothing is read, and nothing is written, not even a directory."""
    result = shell.run(*command, "--output", str(shell.directory / "new" / name))
    assert result.exit_code == 2
    assert f"{name} has {why}; expected .csv, .json, .jsonl, .ndjson, .md, .parquet, .xlsx or .txt." in result.stderr
    assert not (shell.directory / "new").exists()


def test_a_query_writes_a_workbook(filled: Shell) -> None:
    """UUIDs are texts, decimals and instants are numbers, as they come from the database."""
    output = filled.directory / "answer.xlsx"
    sql = (
        "select '6bf2b8be-04dd-4191-b602-1128921a306b'::uuid as id, 1.50::decimal(10, 2) as usd, "
        "timestamptz '2026-11-23 12:00:00+00' as at"
    )
    result = filled.run("query", sql, "--tz", "Europe/Berlin", "--output", str(output))
    assert (result.exit_code, result.stderr) == (0, f"1 row in {output}\n")
    found = cells(output.read_bytes())
    assert (found["A2"], found["B2"]) == ("6bf2b8be-04dd-4191-b602-1128921a306b", "1.5")
    assert float(found["C2"]) == pytest.approx(46349 + 13 / 24, abs=1e-9)


def test_a_refused_workbook_leaves_the_file_as_it_was(filled: Shell) -> None:
    """The command ends with 78 and no trace."""
    output = filled.directory / "answer.xlsx"
    output.write_text("old", encoding="utf-8")
    result = filled.run("query", 'select 1 as a, 2 as "A"', "--output", str(output))
    assert result.exit_code == 78
    assert result.stderr.startswith("rtk-usage: Excel can't hold this answer: the columns 'a' and 'A' ")
    assert output.read_text(encoding="utf-8") == "old"


def test_a_workbook_without_its_package_is_refused(shell: Shell) -> None:
    """The message has the command that installs it. It comes before the database is read, and no file is written."""
    output = shell.directory / "daily.xlsx"
    without = "import sys; sys.modules['xlsxwriter'] = None; from etl.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", without, "report", "daily", "--database", "none.duckdb", "--output", str(output)],
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr.startswith("rtk-usage: xlsxwriter is not installed; run: ")
    assert not output.exists()


def test_the_report_on_accuracy_says_what_is_in_it(filled: Shell) -> None:
    """A note above the table says which columns are of meetings or of whole days in UTC, and what `booking` means."""
    shown = filled.run("report", "accuracy", *NOVEMBER, "--tz", "Europe/Berlin").stdout
    heading, _, table = shown.partition("\n\n")
    assert " ".join(heading.splitlines()[2:]) == (
        "Meetings alone, in days of the time zone, as in report daily. The utc columns have whole days in UTC and all "
        "types but breakout rooms, as Cloudflare's totals have. "
        'Booking "on leaving" means that minutes are added when somebody leaves: figures of live sessions lag, and '
        'only the final total is complete. "Steadily" means that '
        "minutes are added all the time: snapshots miss only those after the last snapshot of a session. "
        "Cloudflare's total of a day that is not over may have minutes of live sessions "
        "that their figures do not have yet. The minutes of a session over midnight are split by its snapshots, "
        "so two days may differ a little."
    )
    assert max(map(len, heading.splitlines()[2:])) <= 80
    assert "cloudflare" in table
