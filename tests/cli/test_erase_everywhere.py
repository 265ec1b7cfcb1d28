"""`rtk-usage erase` by meeting, session and name: nothing of it is left in any file that the tool has written."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from etl.staging.destinations import read_destinations
from etl.staging.erasure import is_erasure_pending
from etl.staging.runs import EXPORTS, Staging
from tests.cli.conftest import CHECKOUT, meeting_ids
from tests.conftest import START
from tests.samples import held_open

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.cli.conftest import OpenShell, Shell

SLOT = "2026-11-02T12:0{}:00Z"
# Runs a command that is killed just before the named function of etl/jobs/erase.py.
_KILLED = """
import os, signal, sys
from etl.cli import cli
from etl.jobs import erase

def die(*_arguments, **_options):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(erase, sys.argv[1], die)
cli(sys.argv[2:])
"""


@pytest.fixture
def filled(open_shell: OpenShell) -> Shell:
    """A database with copies of all kinds. The first meeting fails once, so that a log and a state name it."""
    shell = open_shell(by_meeting={meeting_ids()[0]: ["unknown_meeting"]})
    shell.snapshot("--slot", SLOT.format(0), "--quiet", "--log-file", str(shell.directory / "runs.log"))
    for destination in ("copy.duckdb", "parquet"):
        shell.snapshot("--slot", SLOT.format(1), "--export", str(shell.directory / destination))
    return shell


def live(shell: Shell, number: int) -> tuple[str, str, str, list[str]]:
    """Return a meeting that is live, its session, its title, and the IDs of its breakout rooms."""
    meeting_id, session = list(shell.api.live().items())[number]
    rooms = [room["id"] for room in session.get("breakout_rooms") or []]
    return meeting_id, session["id"], session["meeting_display_name"], rooms


def holders(directory: Path, words: Iterable[str]) -> set[str]:
    """Return the files in which one of the words is, in their bytes or in their rows."""
    found = set()
    for path in directory.rglob("*"):
        if path.is_file() and path.name != "meetings.txt":  # the list is the user's
            texts = [path.read_bytes(), _rows(path).encode()]
            if any(word.encode() in text for word in words for text in texts):
                found.add(path.relative_to(directory).as_posix())
    return found


def _rows(path: Path) -> str:
    """Return the rows of a file as text, if it has rows: they may be compressed."""
    if path.suffix == ".parquet":
        return repr(pl.read_parquet(path).rows())
    if path.suffix != ".duckdb":
        return ""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where not internal").fetchall()
        query = "select string_agg(cast({0} as varchar)) from {0}"
        return repr([connection.execute(query.format(table)).fetchall() for (table,) in tables])


def test_nothing_is_left_in_any_file(filled: Shell) -> None:
    """Gone are tables, free blocks, staged runs, exports, pages, logs, states, and what killed processes have left."""
    meeting, of_meeting, title, rooms = live(filled, 0)
    _, session, title_of_session, rooms_of_session = live(filled, 1)
    _, of_name, name, _ = live(filled, 4)
    words = [meeting, of_meeting, title, *rooms, session, title_of_session, *rooms_of_session, of_name, name]
    filled.run("page", "--since", "all", "--output", f"{filled.directory}/usage.html")
    filled.run("page", "--output", f"{filled.directory}/site/")
    with held_open(filled.database):
        filled.snapshot("--slot", SLOT.format(2), "--lock-timeout", "0", "--export", str(filled.directory / "second"))
    traces = [
        "usage.duckdb.tmp/spilled",
        "usage.duckdb.tmp-0123456789abcdef/spilled",
        "usage.duckdb.compacting",
        "copy.duckdb.exporting",
        "parquet/_unfinished/x",
    ]
    for trace in traces:
        (filled.directory / trace).parent.mkdir(exist_ok=True)
        (filled.directory / trace).write_text(" ".join(words))
    before = holders(filled.directory, words)
    state, staged = "usage.duckdb.staged/snapshot.news.json", filled.staged()[0].relative_to(filled.directory)
    snapshots = "session_snapshots/day=2026-11-02/session_snapshots.parquet"
    assert before >= {
        *("usage.duckdb", "copy.duckdb", "runs.log", "usage.html", "site/this-month.html", state, *traces),
        *(f"parquet/{snapshots}", f"second/{snapshots}", f"{staged}/session_snapshots.parquet"),
    }
    erased = [
        filled.run("erase", "--yes", *choice)
        for choice in (("--meeting", meeting), ("--session", session), ("--name", f"{name[:3].lower()}*{name[-2:]}"))
    ]
    assert [result.exit_code for result in erased] == [0, 0, 0]
    assert holders(filled.directory, words) == set()
    assert filled.rows("select kind, count(*) from runs group by all order by all") == [("erase", 3), ("snapshot", 3)]
    assert filled.rows("select sum(live + idle + failed - meetings), min(idle) >= 0 from runs") == [(0, True)]
    assert filled.broken_rules() == []
    assert "40 meetings" in (filled.directory / "runs.log").read_text()  # other lines stay
    assert not is_erasure_pending(filled.database)
    assert {known.kind for known in read_destinations(filled.database)} == {"copy", "parquet", "log"}
    assert erased[0].stdout.splitlines()[1].startswith("erased: ")
    assert "pages deleted and logs cleaned: " in erased[0].stdout
    assert "take an erased meeting out of your meeting list" in erased[0].stderr
    assert f"rtk-usage: names found: {name!r}\n" in erased[2].stderr
    assert "a reconcile whose --since reaches an erased session stores it again" in erased[2].stderr


@pytest.mark.parametrize("function", ["compact", "rewrite_exports"])
def test_an_erasure_that_is_killed_is_completed_by_the_next_command(filled: Shell, function: str) -> None:
    """The rows are gone from the tables, but not yet from the file or from its copies."""
    meeting, session, title, _ = live(filled, 0)
    arguments = ["erase", "--meeting", meeting, "--yes", "--database", str(filled.database)]
    killed = subprocess.run([sys.executable, "-c", _KILLED, function, *arguments], cwd=CHECKOUT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert "copy.duckdb" in holders(filled.directory, [meeting, session, title])
    warning = "erasure: an erasure was interrupted, and has not reached every file. Run rtk-usage compact"
    assert warning in " ".join(filled.run("check").stdout.split())
    result = filled.run("erase", "--meeting", meeting, "--yes")
    assert result.exit_code == 78  # there is nothing left of it
    assert result.stderr.startswith("rtk-usage: an earlier erasure was interrupted; it is complete now\n")
    assert "erasure:" not in filled.run("check").stdout
    assert holders(filled.directory, [meeting, session, title]) == set()


def test_an_export_that_cannot_be_reached_is_named(filled: Shell) -> None:
    """The rows are gone from the database, and compact completes the erasure. A deleted export is forgotten."""
    meeting, session, title, _ = live(filled, 0)
    away = filled.directory / "away"
    away.mkdir()
    filled.run("export", str(away / "far.duckdb"))
    away.rename(filled.directory / "elsewhere")
    (filled.directory / "copy.duckdb").unlink()
    result = filled.run("erase", "--meeting", meeting, "--yes")
    assert result.exit_code == 74
    assert f"but not from every export. {away / 'far.duckdb'}: " in result.stderr
    assert "run rtk-usage compact, which completes the erasure" in result.stderr
    (filled.directory / "elsewhere").rename(away)
    assert is_erasure_pending(filled.database)
    assert filled.run("compact").exit_code == 0
    assert not is_erasure_pending(filled.database)
    assert holders(filled.directory, [meeting, session, title]) == set()
    assert not (filled.directory / "copy.duckdb").exists()


def test_an_obstacle_is_found_before_anything_is_erased(filled: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """No export is under way, and the compaction has room."""
    with Staging(filled.database, EXPORTS).lock("an-export", START):  # it may have read what is to be erased
        exporting = filled.run("erase", "--meeting", live(filled, 0)[0], "--yes")
    assert (exporting.exit_code, "run an-export" in exporting.stderr) == (75, True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 1}))
    before = filled.rows("select count(*) from session_snapshots")
    result = filled.run("erase", "--meeting", live(filled, 0)[0], "--yes")
    assert (result.exit_code, "has 1 bytes free" in result.stderr) == (74, True)
    assert filled.rows("select count(*) from session_snapshots") == before
    assert not is_erasure_pending(filled.database)


def test_what_the_database_does_not_hold_is_named(filled: Shell) -> None:
    """A breakout room is stored with its session, and the message names that."""
    _, session, _, rooms = live(filled, 1)
    for choice, problem in (
        (("--meeting", "none"), "holds nothing of meeting 'none'; nothing is erased"),
        (("--session", "none"), "holds nothing of session 'none'; nothing is erased"),
        (("--name", "none*"), "holds nothing of a name like 'none*'; nothing is erased"),
        (("--session", rooms[0]), f"is a breakout room of session {session}, and stored with it"),
    ):
        result = filled.run("erase", "--dry-run", *choice)
        assert (result.exit_code, problem in result.stderr) == (78, True), result.stderr
    found = filled.run("erase", "--dry-run", "--name", "breakout 1")
    assert found.exit_code == 0
    assert found.stderr == "rtk-usage: names found: 'Breakout 1'\n"
    assert found.stdout.startswith("would be erased: ")
