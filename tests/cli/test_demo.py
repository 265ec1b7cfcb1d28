from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import click
import duckdb
import pytest
from click.testing import CliRunner

from etl.cli import cli
from etl.cli.demo import demo as demo_command
from etl.cli.demonstration import demonstrate
from etl.simulator.clock import from_ms
from etl.store.database import open_to_read
from tests.cli.conftest import CHECKOUT, until

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PAST_THE_HOUR = timedelta(minutes=10)  # when the demo takes a snapshot
LITTLE = ("--days", "1", "--meetings", "10")
# Imports like an installation without the extra: a module that is None can't be imported.
WITHOUT = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
sys.argv = ["rtk-usage", *sys.argv[2:]]
from etl.cli import main
main()
"""


def demo(directory: Path, *options: str) -> Result:
    """Run the demo in this process."""
    arguments = ["demo", "--directory", str(directory), *LITTLE, *options]
    return CliRunner().invoke(cli, arguments, prog_name="rtk-usage", catch_exceptions=False)


def runs_in(database: Path) -> int:
    """Count the runs in a database."""
    with duckdb.connect(str(database), read_only=True) as connection:
        ((count,),) = connection.execute("select count(*) from runs").fetchall()
    return int(count)


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """The result and the directory of a demo that ends early in an hour of a working day. No test changes them."""
    directory = tmp_path_factory.mktemp("demonstrated") / "demo"
    evening = datetime.now(UTC).replace(hour=20, minute=10, second=0, microsecond=0) - timedelta(days=1)
    while evening.isoweekday() > 5:
        evening -= timedelta(days=1)
    show = partial(demonstrate, directory, days=1, meetings=40, faults=0.05, seed=1, now=evening)
    return CliRunner().invoke(click.Command("demo", callback=show), [], catch_exceptions=False), directory


def test_the_demo_takes_a_snapshot_an_hour(demonstrated: tuple[Result, Path]) -> None:
    """A day has 24 runs. The demo prints summaries, tables and the next steps."""
    result, directory = demonstrated
    assert (result.exit_code, result.stderr, runs_in(directory / "usage.duckdb")) == (0, "", 24 + 1)
    assert "reconciliation: 2" in result.stdout
    assert result.stdout.startswith("last snapshot:  ")
    assert "40 meetings" in result.stdout
    for table in ("runs", "meeting_lists", "session_snapshots", "fetch_failures", "outcomes (view)"):
        assert f" {table} " in result.stdout


def test_the_demo_ends_with_a_command_and_its_answer(demonstrated: tuple[Result, Path]) -> None:
    """Whoever types the command sees the same figures. Only the minute in which it ends differs.

    With the default directory, it is the command that the README shows.
    """
    shown = demonstrated[0].stdout.partition("\n$ ")[2]
    command, _, answer = shown.partition("\n")
    arguments = shlex.split(command)[1:]
    assert arguments == ["report", "daily", "--database", str(demonstrated[1] / "usage.duckdb")]
    again = CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout
    minute, age = r"\d\d:\d\d(?= \(UTC\))", r"\d+ (minutes?|hours?|days?)(?= old)"
    assert re.sub(age, "", re.sub(minute, "", answer)) == re.sub(age, "", re.sub(minute, "", again))
    assert "\n total" in answer
    (directory,) = (str(option.default) for option in demo_command.params if option.name == "directory")
    in_readme = ["rtk-usage", *arguments[:-1], f"{directory}/usage.duckdb"]
    assert f"\n{shlex.join(in_readme)}\n" in (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_the_demo_dates_nothing_in_the_future(demonstrated: tuple[Result, Path]) -> None:
    """The last snapshot is taken in the present, and the simulated clock runs faster than time."""
    directory = demonstrated[1]
    passed = (directory / "usage.html").stat().st_mtime - (directory / ".demo").stat().st_mtime
    with open_to_read(directory / "usage.duckdb") as connection:
        query = """
            select cast(max(slot) as varchar), epoch(greatest(
                (select max(finished_at) from runs),
                (select max(observed_at) from session_snapshots),
                (select max(fetched_at) from session_finals)
            )) from runs where kind = 'snapshot'
        """
        ((slot, newest),) = connection.execute(query).fetchall()
    present = datetime.fromisoformat(slot) + PAST_THE_HOUR
    assert present.timestamp() <= newest <= present.timestamp() + passed


def test_the_demo_writes_a_page(demonstrated: tuple[Result, Path]) -> None:
    """The page can be opened in a browser."""
    result, directory = demonstrated
    assert f"A page of these days for a browser: {directory / 'usage.html'}\n" in result.stdout
    assert (directory / "usage.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_demo_finds_what_snapshots_missed(demonstrated: tuple[Result, Path]) -> None:
    """After the reconciliation there are more final sessions than the snapshots had seen."""
    with open_to_read(demonstrated[1] / "usage.duckdb") as connection:
        finals = connection.execute("select count(distinct session_id) from session_finals").fetchall()
        seen = connection.execute("select count(distinct session_id) from session_snapshots").fetchall()
    assert finals > seen


def test_the_demo_looks_like_an_office(demonstrated: tuple[Result, Path]) -> None:
    """Most sessions start in working hours, close to an hour or a half hour, and a few meetings have most minutes."""
    with open_to_read(demonstrated[1] / "usage.duckdb") as connection:
        query = "select meeting_id, epoch_ms(started_at), minutes_consumed from session_finals"
        finals = connection.execute(query).fetchall()
    starts = [from_ms(started_ms) for _, started_ms, _ in finals]
    assert sum(7 <= at.hour < 19 for at in starts) > 0.8 * len(starts)
    assert all((at.minute + 5) % 30 < 10 for at in starts)
    minutes: Counter[str] = Counter()
    for meeting_id, _, consumed in finals:
        minutes[meeting_id] += consumed
    assert len(finals) > 20
    assert sum(count for _, count in minutes.most_common(5)) > 0.5 * minutes.total()


def test_the_demo_runs_again_over_its_own(demonstrated: tuple[Result, Path], tmp_path: Path) -> None:
    """Its database is created anew. No run of the first demo is left, not even a staged one."""
    shutil.copytree(demonstrated[1], tmp_path, dirs_exist_ok=True)
    staged = tmp_path / "usage.duckdb.staged" / "00000000-0000-7000-8000-000000000000"
    staged.mkdir()
    with duckdb.connect(str(tmp_path / "usage.duckdb"), read_only=True) as connection:
        query = f"select * replace ('{staged.name}'::uuid as run_id) from runs limit 1"  # noqa: S608  # its own values
        connection.sql(query).write_parquet(str(staged / "runs.parquet"))
    assert demo(tmp_path).exit_code == 0
    assert runs_in(tmp_path / "usage.duckdb") == 24 + 1


def test_a_database_that_no_demo_made_is_refused(tmp_path: Path) -> None:
    """The demo ends with 78 and changes nothing, because the database may hold real usage."""
    database = tmp_path / "usage.duckdb"
    database.write_bytes(b"mine")
    result = demo(tmp_path)
    assert result.exit_code == 78
    assert str(database) in result.stderr
    assert "--directory" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["usage.duckdb"]
    assert database.read_bytes() == b"mine"


def test_a_meeting_list_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    """`rtk-usage demo --directory data` must not overwrite a user's meetings.txt."""
    meetings = tmp_path / "meetings.txt"
    meetings.write_text("my-own-meeting\n", encoding="utf-8")
    result = demo(tmp_path)
    assert meetings.read_text(encoding="utf-8") == "my-own-meeting\n"
    assert result.exit_code == 78


def test_a_directory_that_cannot_be_made_ends_with_a_message(tmp_path: Path) -> None:
    """The message names the path, without a traceback."""
    (tmp_path / "file").touch()
    result = demo(tmp_path / "file" / "below")
    assert result.exit_code in {74, 78}
    assert "file" in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--days", "0"],
        ["--days", "61"],
        ["--meetings", "0"],
        ["--faults", "0.6"],
        ["--faults", "nan"],
        ["--seed", "one"],
        ["--directory", __file__],
    ],
)
def test_a_wrong_option_is_a_wrong_call(tmp_path: Path, options: list[str]) -> None:
    """A value out of range ends with 2 and a message that names the option."""
    result = demo(tmp_path, *options)
    assert result.exit_code == 2
    assert options[0] in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_can_be_ended_and_leaves_no_server(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C or SIGTERM ends the demo and the API it served, without a traceback."""
    command = [sys.executable, "-m", "etl", "demo", "--days", "60", "--directory", str(tmp_path)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            until((tmp_path / "usage.duckdb").exists)
            process.send_signal(number)
            # The server holds standard error as well: the end of it is the end of both.
            _, stderr = process.communicate(timeout=10)
        finally:
            process.kill()
    assert process.returncode in {128 + number, -number}
    assert "Traceback" not in stderr


@pytest.mark.parametrize("command", [["simulate"], ["demo", "--directory", "never"]])
@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "starlette,uvicorn"])
def test_a_missing_extra_is_a_command_to_type(tmp_path: Path, command: list[str], missing: str) -> None:
    """Without the simulator's packages both commands end with 78, and the message installs them."""
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT, missing, *command],
        cwd=tmp_path,
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr.endswith(" -m pip install starlette uvicorn\n")
    assert "Traceback" not in ended.stderr
