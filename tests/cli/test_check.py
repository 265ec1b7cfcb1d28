"""`rtk-usage check`: the rules, and the rows that break them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pytest

from etl.store import sql_files
from etl.store.load import load_runs
from tests.cli.conftest import on_terminal
from tests.samples import open_copy, stage_run

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

CHECKS = [name.partition("/")[2] for name in sql_files.names("checks")]
BROKEN = "one_snapshot_per_meeting_and_slot"
EVER = ("--since", "all")


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A shell whose database holds one snapshot."""
    with open_copy(shell.database) as connection:
        load_runs(connection, [stage_run(shell.directory)])
    return shell


@pytest.fixture
def broken(filled: Shell) -> Shell:
    """A shell whose database holds 25 rows for one slot and meeting, 24 more than the rules allow."""
    with duckdb.connect(filled.database) as connection:
        connection.execute("insert into session_snapshots select s.* from session_snapshots as s, range(24)")
    return filled


def test_figures_that_keep_all_rules_are_a_success(filled: Shell) -> None:
    """The command prints one line per rule, with its name and a sentence."""
    result = filled.run("check", *EVER)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) == len(CHECKS) > 5
    for name, line in zip(CHECKS, lines, strict=True):
        assert line == f"ok      {name}: {sql_files.text(f'checks/{name}').splitlines()[0].removeprefix('-- ')}"


def test_a_broken_rule_is_named_with_the_rows_that_break_it(broken: Shell) -> None:
    """The command ends with 1 and prints the other rules as well."""
    result = broken.run("check", *EVER)
    assert result.exit_code == 1
    assert f"BROKEN  {BROKEN}: " in result.stdout
    assert "; 1 row breaks this rule\n" in result.stdout
    assert "meeting-1" in result.stdout
    assert result.stderr == f"rtk-usage: 2 of {len(CHECKS)} rules are broken: {BROKEN}, row_counts_match_ledger\n"
    assert "ok      live_participants_within_maximum: " in result.stdout


def test_one_broken_rule_is_singular(filled: Shell) -> None:
    """The message agrees with the number."""
    with duckdb.connect(filled.database) as connection:
        connection.execute("update session_snapshots set type = 'webinar'")
    stderr = filled.run("check", *EVER).stderr
    assert stderr == f"rtk-usage: 1 of {len(CHECKS)} rules is broken: session_types_are_documented\n"


def test_the_rows_fit_the_terminal(broken: Shell) -> None:
    """`--wide` and a pipe get all columns, as those of a report do. A terminal without a size has 80."""
    with duckdb.connect(broken.database) as connection:
        connection.execute("update session_snapshots set type = 'a type of session that nobody has documented'")
    rows = [line for line in on_terminal(broken, "check", *EVER, columns=0).splitlines() if line.startswith(" ")]
    assert 60 < max(map(len, rows)) <= 80
    assert " --wide shows all columns." in rows
    wide = on_terminal(broken, "check", *EVER, "--wide").splitlines()
    result = broken.run("check", *EVER)
    assert wide == [*result.stdout.splitlines(), *result.stderr.splitlines()]
    assert max(map(len, wide)) > 120


def test_a_broken_rule_can_be_read_by_programs(broken: Shell) -> None:
    """`--json` prints one object with all rules and all rows."""
    result = broken.run("check", "--json", *EVER)
    assert result.exit_code == 1
    checks = {one["name"]: one for one in json.loads(result.stdout)["checks"]}
    assert list(checks) == CHECKS
    assert checks[BROKEN]["broken"][0]["meeting_id"] == "meeting-1"
    assert checks["live_participants_within_maximum"]["broken"] == []


def test_only_the_period_is_checked(broken: Shell) -> None:
    """Rows outside the period are not checked. A period without snapshots is said to have none: it proves nothing."""
    result = broken.run("check", "--since", "2026-11-03")
    assert f"ok      {BROKEN}: " in result.stdout
    assert "no data from 2026-11-03" in result.stderr


def test_only_the_app_is_checked(broken: Shell) -> None:
    """Rows of another app are not checked."""
    with duckdb.connect(broken.database) as connection:
        connection.execute("insert into meeting_lists values ('other-list', 'other', 'meeting-9')")
    assert f"ok      {BROKEN}: " in broken.run("check", "--app-id", "other", *EVER).stdout


def test_an_unknown_app_is_refused(filled: Shell) -> None:
    """A mistyped app must not pass all checks."""
    result = filled.run("check", "--app-id", "mistyped", *EVER)
    assert (result.exit_code, result.stdout) == (78, "")
    assert "holds nothing of app 'mistyped'" in result.stderr


def test_a_check_changes_nothing(broken: Shell) -> None:
    """The database is opened read-only."""
    before = broken.database.read_bytes()
    broken.run("check", *EVER)
    assert broken.database.read_bytes() == before


def test_a_database_that_is_written_to_is_waited_for_and_its_holder_named(filled: Shell) -> None:
    """The command ends with 75, as all commands do."""
    with filled.database_held() as holder:
        result = filled.run("check", "--lock-timeout", "0")
    assert result.exit_code == 75
    assert f"(PID {holder.pid})" in result.stderr
