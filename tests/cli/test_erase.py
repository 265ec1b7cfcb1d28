"""`rtk-usage erase`, and the report `runs` that lists what can be erased."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import finish, until
from tests.samples import held_open

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

SLOTS = ("2026-11-23T12:00:00Z", "2026-11-23T12:05:00Z")
CONTENT = """
select kind, (select count(*) from session_snapshots) as snapshots, count(*) as runs
from runs
group by all
order by all
"""


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A database with two snapshots."""
    for slot in SLOTS:
        assert shell.snapshot("--slot", slot).exit_code == 0
    return shell


def run_ids(shell: Shell) -> list[str]:
    """Return the IDs of the runs, the newest first, as the report prints them."""
    listed = shell.run("report", "runs", "--since", "1d", "--format", "csv").stdout.splitlines()
    names = listed[0].split(",")
    return [line.split(",")[names.index("run_id")] for line in listed[1:]]


def test_a_run_is_listed_and_erased(filled: Shell) -> None:
    """Its rows are gone. The other run stays, and the database says how many rows went."""
    live = len(filled.api.live())
    newest, oldest = run_ids(filled)
    result = filled.run("erase", "--run", newest, "--yes")
    gone = f"{live} session snapshots, 0 session finals, 0 daily totals, 0 fetch failures"
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"to erase: 1 run, {gone}\nerased: {gone}\n"
    assert filled.rows("select run_id::varchar from runs where kind = 'snapshot'") == [(oldest,)]
    assert filled.rows("select distinct run_id::varchar from session_snapshots") == [(oldest,)]
    assert filled.run("check", "--since", "all").exit_code == 0


def test_the_erased_slot_can_be_taken_again(filled: Shell) -> None:
    """All meetings are asked for."""
    filled.run("erase", "--run", run_ids(filled)[0], "--yes")
    summary = filled.summary("--slot", SLOTS[1])
    assert (summary["already_resolved"], summary["meetings"]) == (0, 40)


def test_a_staged_run_goes_with_its_app(filled: Shell) -> None:
    """It is loaded first, so that nothing brings its rows back later."""
    with held_open(filled.database):
        filled.snapshot("--lock-timeout", "0", "--slot", "2026-11-23T12:10:00Z")
    assert len(filled.staged()) == 1
    assert filled.run("erase", "--app-id", "simulated-app", "--yes").exit_code == 0
    assert filled.staged() == []
    assert filled.rows(CONTENT) == [("erase", 0, 1), ("erased", 0, 3)]
    assert filled.rows("select count(*) from meeting_lists") == [(0,)]


def test_a_dry_run_changes_nothing(filled: Shell) -> None:
    """It needs no --yes, and not even writes to the file."""
    before = filled.database.read_bytes()
    result = filled.run("erase", "--app-id", "simulated-app", "--dry-run")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"would be erased: 2 runs, {2 * len(filled.api.live())} session snapshots, ")
    assert filled.database.read_bytes() == before


def test_a_script_has_to_say_yes(filled: Shell) -> None:
    """Without a terminal there is nobody to ask."""
    before = filled.database.read_bytes()
    result = filled.run("erase", "--app-id", "simulated-app")
    assert result.exit_code == 2
    assert "This can't be undone. Repeat the command with --yes, or on a terminal." in result.stderr
    assert filled.database.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Name what to erase: either --run or --app-id."),
        (("--run", "0", "--app-id", "a"), 2, "Name what to erase: either --run or --app-id."),
        (("--run", "nothing", "--yes"), 78, "holds no run nothing; rtk-usage report runs lists the IDs of its runs"),
        (("--run", "0", "--yes"), 78, "2 runs of "),
        (("--app-id", "b", "--yes"), 78, "holds nothing of app 'b'; its apps are simulated-app"),
        (("--app-id", "b", "--database", "none.duckdb"), 78, "none.duckdb does not exist; name the database"),
    ],
)
def test_what_is_not_there_is_not_erased(filled: Shell, arguments: tuple[str, ...], code: int, said: str) -> None:
    """The message says how to find what is."""
    before = filled.database.read_bytes()
    result = filled.run("erase", *arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert filled.database.read_bytes() == before


def test_nothing_is_erased_while_a_run_is_in_progress(filled: Shell) -> None:
    """It may be fetching what is to be erased."""
    with filled.start("snapshot", "meetings.txt", "--rate", "5/60s", "--via", "meetings") as process:
        until((filled.staging / "run.lock").read_bytes)
        result = filled.run("erase", "--app-id", "simulated-app", "--yes")
        process.terminate()
        finish(process)
    assert result.exit_code == 75
    assert "is under way since" in result.stderr


def test_a_killed_erasure_has_erased_all_or_nothing(filled: Shell) -> None:
    """It is one transaction, whenever the process dies."""
    copy = filled.directory / "copy.duckdb"
    outcomes = set()
    for number in range(8):
        shutil.copy(filled.database, copy)
        copy.with_name("copy.duckdb.wal").unlink(missing_ok=True)
        with filled.start("erase", "--app-id", "simulated-app", "--yes", "--database", str(copy)) as process:
            time.sleep(0.2 + 0.1 * number)
            process.kill()
            process.wait()
        answer = filled.run("query", CONTENT, "--database", str(copy), "--format", "csv")
        outcomes.add(answer.stdout)
    live = len(filled.api.live())
    nothing, everything = f"snapshot,{2 * live},2\n", "erase,0,1\nerased,0,2\n"
    assert outcomes <= {f"kind,snapshots,runs\n{content}" for content in (nothing, everything)}
