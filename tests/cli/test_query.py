"""`rtk-usage query`: any query that reads, and none that changes the database."""

from __future__ import annotations

import json
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from etl.reports.catalogue import THEMES
from etl.store import sql_files
from etl.store.database import open_database
from etl.store.load import load_runs
from tests.cli.conftest import finish, on_terminal, until
from tests.samples import stage_run

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

FORMATS = ("table", "csv", "json", "jsonl", "markdown", "parquet")
LONG = "select count(*) as found from range(100000000000) as a where hash(a.range) = 7"


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A shell whose database holds one snapshot."""
    with open_database(shell.database) as connection:
        load_runs(connection, [stage_run(shell.directory)])
    return shell


def test_a_query_is_answered(filled: Shell) -> None:
    """The answer is a table without a heading, with the names and digits of the query."""
    result = filled.run("query", "select meeting_id, minutes_consumed as minutes from session_snapshots")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == " meeting_id  minutes\n ───────────────────\n meeting-1    2.3434\n"


def test_a_query_with_a_period_says_which(filled: Shell) -> None:
    """Its answer can't be read without the period."""
    query = "select count(*) as runs from runs where slot >= $since and slot < $until"
    said = filled.run("query", query, "--since", "2026-11-01", "--until", "2026-12-01").stdout
    assert said.startswith(f"2026-11-01 00:00 to 2026-12-01 00:00 (UTC)\nfrom {filled.database}\n\n runs\n")


def test_a_query_with_a_period_says_that_its_data_is_old(shell: Shell) -> None:
    """The heading is that of a report. A query of a period that was fully recorded does not say so."""
    slots = [datetime.now(UTC) - timedelta(hours=3, minutes=minutes) for minutes in (10, 5)]
    for slot in slots:
        shell.snapshot("--slot", slot.isoformat())
    query = ("query", "select count(*) as runs from runs where slot >= $since and slot < $until")
    old = f"newest snapshot 3 hours old, later ones are missing; from {shell.database}\n\n runs\n"
    assert old in shell.run(*query).stdout
    assert "newest snapshot" not in shell.run(*query, "--until", slots[1].isoformat()).stdout


@pytest.mark.parametrize("option", ["--since=2d", "--until=1d", "--app-id=app-1", "--tz=Europe/Berlin"])
def test_an_option_that_would_change_nothing_is_refused(filled: Shell, option: str) -> None:
    """Otherwise the answer would be taken for that of the period, app or zone that the option names."""
    name = option.partition("=")[0]
    refused = filled.run("query", "busiest_hours", option)
    assert refused.exit_code == 2
    assert f"{name} does not change the answer: the query " in refused.stderr
    assert (
        filled.run("query", "select count(*) from runs where $since < $until or $app_id > $tz", option).exit_code == 0
    )


def test_a_query_of_the_cookbook_stands_below_its_question(filled: Shell) -> None:
    """A reader of the answer sees its period and its unit. Without rows, the command says so."""
    answered = filled.run("query", "top_meetings_last_week")
    assert answered.stdout.startswith("Which ten meetings used the most minutes last week?\n\n meeting ")
    assert answered.stderr == "rtk-usage: the answer has no rows\n"
    assert (
        filled.run("query", "top_meetings_last_week", "--format", "csv").stdout
        == "meeting,minutes,sessions,meeting_id\n"
    )


def test_a_zone_in_the_environment_is_no_mistake(filled: Shell) -> None:
    """It is there for all commands."""
    assert filled.run("query", "busiest_hours", RTK_USAGE_TZ="Europe/Berlin").exit_code == 0


def test_a_database_without_snapshots_can_be_asked_as_well(shell: Shell) -> None:
    """A count of the runs has an answer; only reports need snapshots."""
    result = shell.run("query", "select count(*) as runs from runs", "--format", "csv")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "runs\n0\n", "")


def test_a_query_may_stand_in_a_file_or_come_from_standard_input(filled: Shell) -> None:
    """The query may have a byte-order mark, a semicolon and comments."""
    text = "\ufeff-- how many\nselect count(*) as runs from runs; -- so many\n"
    path = filled.directory / "own.sql"
    path.write_text(text)
    for arguments, stdin in (((str(path),), None), (("-",), text)):
        assert filled.run("query", *arguments, "--format", "csv", stdin=stdin).stdout == "runs\n1\n"


def test_a_query_may_name_the_parameters_of_a_report(filled: Shell) -> None:
    """Instants are shown in the zone of --tz."""
    result = filled.run(
        "query", "select $since as at", "--since", "2026-11-01", "--tz", "Asia/Kolkata", "--format", "json"
    )
    assert json.loads(result.stdout) == [{"at": "2026-11-01T00:00:00+05:30"}]


@pytest.mark.parametrize(
    "sql",
    [
        "insert into meeting_lists values ('a', 'b', 'c')",
        "delete from runs",
        "create table t as select 1",
        "create or replace view outcomes as select 1",
        "drop table runs",
        "force checkpoint",
        "copy (select 1) to 'out.csv'",
        "select 1; delete from runs",
        "",
        "selct 1",
        "select * from nowhere",
        "select $nope",
        "select * from 'nowhere.parquet'",
    ],
)
def test_what_is_no_query_is_a_wrong_call_and_changes_nothing(filled: Shell, sql: str) -> None:
    """The command ends with 2. The database is the same byte for byte, and no file was created."""
    before, files = filled.database.read_bytes(), sorted(filled.directory.iterdir())
    result = filled.run("query", sql)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the query" in result.stderr
    assert filled.database.read_bytes() == before
    assert sorted(filled.directory.iterdir()) == files


@pytest.mark.parametrize("name", ["pl", "connection", "parameters", "found", "queries"])
def test_what_our_own_code_calls_so_is_no_table(filled: Shell, name: str) -> None:
    """DuckDB for Python would otherwise find Python variables of that name."""
    result = filled.run("query", f"from {name}")
    assert result.exit_code == 2
    assert f"Table with name {name} does not exist" in result.stderr


def test_a_name_of_a_file_may_hold_spaces(filled: Shell) -> None:
    """If the file does not exist, the text is a query."""
    (filled.directory / "our query.sql").write_text("select 7 as seven")
    path = str(filled.directory / "our query.sql")
    assert filled.run("query", path, "--format", "csv").stdout == "seven\n7\n"
    assert filled.run("query", f"select 1 as {'x' * 5000} -- no file ends so.sql").exit_code == 0


@pytest.mark.parametrize("arguments", [("query", b"select '\xff'"), ("report", "live", "--app-id", b"\xff")])
def test_bytes_that_are_no_text_are_a_message(filled: Shell, arguments: tuple[str, ...]) -> None:
    """A terminal of another encoding sends such bytes."""
    code, stdout, stderr = filled.process(*arguments)
    assert (code, stdout, stderr.count("\n")) == (78, "", 1)


@pytest.mark.parametrize("stdin", [b"\xff\xfe", b"", b"selct 1"])
def test_what_standard_input_holds_is_a_file_as_any_other(filled: Shell, stdin: bytes) -> None:
    """A query from standard input that is not valid ends with 78."""
    result = filled.run("query", "-", stdin=stdin)
    assert result.exit_code == 78
    assert "standard input" in result.stderr


def test_a_closed_standard_input_is_said(filled: Shell) -> None:
    """A message, and not a traceback, says so."""
    code, _, stderr = filled.process("query", "-", redirect="<&-")
    assert (code, stderr) == (78, "rtk-usage: standard input is closed; expected a query\n")


@pytest.mark.parametrize("chosen", FORMATS)
@pytest.mark.parametrize(
    "value",
    [
        "null",
        "timestamptz 'infinity'",
        "date '12000-01-01'",
        "[timestamptz 'infinity']",
        "1::variant",
        "'12'::bignum",
        "'101'::bit",
        "interval 1 month",
        "'a\\x00'::blob",
        "time '12:00'",
        "{'a': [1, null]}",
        "map {'a': 1}",
        "map {[1]: 2}",
        "340282366920938463463374607431768211455::uhugeint",
        "'x'::enum('x', 'y')",
        "'nan'::double",
        "chr(27) || '[31m'",
    ],
)
def test_no_value_is_too_odd_for_a_format(filled: Shell, value: str, chosen: str) -> None:
    """Every type of a query has a text in every format."""
    result = filled.run("query", f"select {value} as c, 1 as c", "--format", chosen)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout_bytes


def test_sums_of_whole_numbers_are_whole(filled: Shell) -> None:
    """DuckDB returns them as HUGEINT, and polars as a decimal without decimal places."""
    assert filled.run("query", "select sum(live) * 1234567 as live from runs").stdout.splitlines()[-1] == " 1234567"


def test_parquet_is_nothing_for_a_terminal(filled: Shell) -> None:
    """The message asks for --output. A table fits the width of the terminal."""
    assert "name a file with --output" in on_terminal(filled, "query", "select 1 as a", "--format", "parquet")
    said = on_terminal(filled, "query", "select repeat('word ', 50) as words, 1 as figure")
    assert max(map(len, said.splitlines())) <= 80
    assert said.count("word ") + said.count("word\r") >= 49


def test_ctrl_c_ends_a_long_query(filled: Shell) -> None:
    """The command ends with 130, and the database is free at once."""
    with filled.start("query", LONG) as process:
        until(lambda: reads(process.pid, filled.database))
        process.send_signal(signal.SIGINT)
        assert finish(process) == (130, "", "rtk-usage: interrupted\n")


def reads(pid: int, database: Path) -> bool:
    """Return True if a process has the database open, or if the machine has no /proc."""
    try:
        return database in [one.resolve() for one in Path(f"/proc/{pid}/fd").iterdir()]
    except FileNotFoundError:
        return True


def test_a_query_of_the_cookbook_is_run_by_its_name(filled: Shell) -> None:
    """Its prices are found from any directory."""
    result = filled.run("query", "live_at_an_instant", "--format", "csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("slot,meeting,")
    assert filled.run("query", "cost_by_meeting", "--format", "csv").stdout == "meeting_id,minutes,at_most_usd\n"


def test_the_cookbook_is_listed_by_theme(shell: Shell) -> None:
    """Every query has a line with its question. The list needs no database."""
    result = shell.run("query", "--list")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [line.rstrip(":") for line in result.stdout.splitlines() if not line.startswith(" ")] == list(THEMES)
    for name in sql_files.names("cookbook"):
        question = sql_files.text(name).splitlines()[0].removeprefix("-- ")
        assert re.search(rf"^  {name.partition('/')[2]} +{re.escape(question)}$", result.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("busy_hours",),
            "'busy_hours' is neither SQL nor the name of a query in the cookbook. Did you mean busiest_hours?",
        ),
        (
            ("xyz",),
            "'xyz' is neither SQL nor the name of a query in the cookbook. rtk-usage query --list shows the names.",
        ),
        ((), "Write a query, or name one of the cookbook: rtk-usage query --list shows them."),
    ],
)
def test_an_unknown_name_is_refused(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    """The message names a similar query, or the command that lists them."""
    result = shell.run("query", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
