from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import meeting_ids
from tests.cli.test_configuration import WRONG
from tests.cli.test_snapshot import mode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import OpenShell, Shell

_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


SLOT = "2026-11-23T12:0{}:00Z"


def age(state: Path, length: timedelta) -> None:
    """Move all instants of a state back, as if so much time had passed."""
    document = json.loads(state.read_text())
    for problem in document.values():
        for name in ("began_at", "seen_at", "said_at"):
            problem[name] = (datetime.fromisoformat(problem[name]) - length).isoformat()
    state.write_text(json.dumps(document))


def test_a_dead_id_is_said_once_until_it_changes_or_ends(open_shell: OpenShell) -> None:
    """Every run ends with 3, and the log file has every line. The state is beside the staged runs."""
    dead = meeting_ids()[0]
    shell = open_shell(by_meeting={dead: ["unknown_meeting"] * 3})
    log, state = shell.directory / "runs.log", shell.staging / "snapshot.news.json"
    quietly = ("--quiet", "--log-file", str(log))
    first, second = (shell.snapshot(*quietly, "--slot", SLOT.format(number)) for number in (1, 2))
    age(state, timedelta(days=1))
    third, fourth = (shell.snapshot(*quietly, "--slot", SLOT.format(number)) for number in (3, 4))
    assert [run.exit_code for run in (first, second, third, fourth)] == [3, 3, 3, 0]
    assert [run.stdout for run in (first, second, third, fourth)] == [""] * 4
    line = f"not_found (1): {dead}: HTTP 404, an unknown meeting or app: Meeting not found"
    assert first.stderr == f"rtk-usage: {line}\n"
    assert second.stderr == ""
    assert re.fullmatch(rf"rtk-usage: still: {re.escape(line)} \(since {_INSTANT}\)\n", third.stderr)
    assert re.fullmatch(rf"rtk-usage: ended: {re.escape(line)} \({_INSTANT} to {_INSTANT}\)\n", fourth.stderr)
    assert mode(state) == mode(log) == 0o600
    assert log.read_text().count(f" WARNING {line}\n") == 3
    assert len(re.findall(rf"^{_INSTANT} INFO {_INSTANT} 40 meetings: ", log.read_text(), flags=re.MULTILINE)) == 4


def test_a_run_that_cannot_start_is_said_once(shell: Shell) -> None:
    """This holds for a list that is gone, a database in use and a refused token, each with its exit code."""
    shell.snapshot("--quiet")
    gone = [shell.run("snapshot", str(shell.directory / "gone.txt"), "--quiet") for _ in range(2)]
    with shell.database_held():
        locked = [shell.run("load", "--quiet", "--lock-timeout", "0s") for _ in range(2)]
    refused = [shell.run("reconcile", "--quiet", CLOUDFLARE_API_TOKEN=WRONG) for _ in range(2)]
    for runs, code, text in ((gone, 78, "gone.txt"), (locked, 75, "is held open by"), (refused, 77, "refuses")):
        assert [run.exit_code for run in runs] == [code, code]
        assert runs[0].stderr.startswith("rtk-usage: ")
        assert (text in runs[0].stderr, runs[1].stderr) == (True, "")
    assert re.match(r"rtk-usage: ended: .*gone\.txt", shell.snapshot("--quiet").stderr)
    assert shell.run("load", "--quiet").stderr.startswith("rtk-usage: ended: ")


def test_a_dead_id_is_not_said_to_be_alive_by_a_run_that_could_not_look(open_shell: OpenShell) -> None:
    """The deadline ended the second run before the meeting had an outcome."""
    dead = meeting_ids()[0]
    shell = open_shell(by_meeting={dead: ["unknown_meeting", "slow"]})
    assert dead in shell.snapshot("--quiet", "--slot", SLOT.format(1)).stderr
    result = shell.snapshot("--quiet", "--slot", SLOT.format(2), "--deadline", "1s")
    assert (result.exit_code, result.stderr.startswith("rtk-usage: deadline (")) == (3, True)
    assert "ended" not in result.stderr


def test_a_log_file_that_cannot_be_written_stops_no_run(shell: Shell) -> None:
    """The warning names the file, and the rows are stored."""
    for options in (["--slot", SLOT.format(1)], ["--slot", SLOT.format(2), "--quiet"]):
        result = shell.snapshot("--log-file", str(shell.directory / "absent" / "runs.log"), *options)
        assert result.exit_code == 0
        assert result.stderr.count("absent/runs.log can't be written: No such file or directory; name another") == 1
    assert shell.rows("select count(*) from runs") == [(2,)]


def test_the_log_file_has_the_lines_of_a_run_that_is_not_quiet(shell: Shell) -> None:
    """The output of the run is what it is without a log file, also of one that can't start."""
    log = shell.directory / "runs.log"
    result = shell.snapshot("--log-file", str(log))
    wrong = shell.run("snapshot", "gone.txt", "--log-file", str(log))
    first, second = log.read_text().splitlines()
    assert first.endswith(f"INFO {result.stdout.strip()}")
    assert re.fullmatch(rf"{_INSTANT} ERROR {re.escape(wrong.stderr.removeprefix('rtk-usage: ').strip())}", second)
    assert (wrong.exit_code, shell.run("load", "--log-file", str(log)).exit_code) == (78, 0)
    assert log.read_text().splitlines()[2].endswith(f"INFO loaded 0 staged runs into {shell.database}")


@pytest.mark.usefixtures("no_database")
def test_a_quiet_run_without_a_staging_directory_makes_none(shell: Shell) -> None:
    """A run of another program's database leaves no file beside it."""
    (shell.directory / "other.duckdb").write_bytes(b"SQLite format 3\0" + bytes(100))
    result = shell.snapshot("--quiet", "--database", str(shell.directory / "other.duckdb"))
    assert (result.exit_code, result.stderr.count("\n")) == (78, 1)
    assert sorted(path.name for path in shell.directory.iterdir()) == ["meetings.txt", "other.duckdb"]
