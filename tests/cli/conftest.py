"""A shell that runs commands, in this process or as a process of its own."""

from __future__ import annotations

import json
import logging
import os
import pty
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pytest
from click.testing import CliRunner

from etl.cli import cli
from etl.simulator.app import create_app
from etl.simulator.clock import SimulatedClock
from etl.simulator.faults import Faults
from etl.simulator.server import serve
from etl.simulator.world import World
from tests.conftest import SLOW_SECONDS, START, UNLIMITED, Api
from tests.samples import write_empty_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

CHECKOUT = Path(__file__).parents[2]
SECRET = "cfut_a-token-that-is-seen-at-once-0123456789"  # noqa: S105  # it opens nothing but a simulator

_VARIABLES = (
    "CLOUDFLARE_API_TOKEN",
    "CLOUDFLARE_API_TOKEN_FILE",
    "CLOUDFLARE_ACCOUNT_ID",
    "CLOUDFLARE_API_BASE_URL",
    "CLOUDFLARE_BASE_URL",
    "REALTIMEKIT_APP_ID",
    "RTK_USAGE_DATABASE",
)
# Holds a database as somebody's notebook does, until its standard input ends.
_HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@dataclass(frozen=True)
class Shell:
    """Runs commands with the settings of an API in the environment, in a directory of the test's own.

    Whatever a command prints, the token is not in it: `run` and `finish` look, in every test.
    """

    directory: Path
    api: Api
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        """The path of the database."""
        return self.directory / "usage.duckdb"

    @property
    def staging(self) -> Path:
        """The directory of staged runs."""
        return self.directory / "usage.duckdb.staged"

    def environment(self, changes: dict[str, str | None]) -> dict[str, str | None]:
        """Return the project's variables. None means that a variable is not set."""
        return dict.fromkeys(_VARIABLES) | self.variables | changes

    def run(self, *arguments: str, stdin: Any = None, **changes: str | None) -> Result:
        """Run a command in this process. `changes` are environment variables."""
        result = CliRunner().invoke(
            cli,
            [*arguments],
            input=stdin,
            env=self.environment(changes),
            prog_name="rtk-usage",
            catch_exceptions=False,
        )
        assert SECRET not in result.output
        return result

    def snapshot(self, *arguments: str, **changes: str | None) -> Result:
        """Take a snapshot of all meetings."""
        return self.run("snapshot", str(self.directory / "meetings.txt"), *arguments, **changes)

    def summary(self, *arguments: str, **changes: str | None) -> dict[str, Any]:
        """Take a snapshot of all meetings, and return its summary."""
        return summary_of(self.snapshot("--json", *arguments, **changes).stdout)

    @contextmanager
    def start(self, *arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
        """Start a command as a process of its own, which ends with the block.

        `variables` are set, `redirect` is what a user of sh would write behind the command; the rest is Popen's.
        """
        changes: dict[str, str | None] = options.pop("variables", {})
        ours = {name: value for name, value in self.environment(changes).items() if value is not None}
        others = {name: value for name, value in os.environ.items() if name not in _VARIABLES}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        redirect = options.pop("redirect", "")
        redirected = ["/bin/sh", "-c", f'exec "$@" {redirect}', "sh"] if redirect else []
        with subprocess.Popen(
            [*redirected, sys.executable, "-m", "etl", *arguments],
            cwd=self.directory,
            env=others | {"PYTHONPATH": str(CHECKOUT)} | ours,
            text=True,
            **(pipes | options),
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def process(self, *arguments: str, **options: Any) -> tuple[int, str, str]:
        """Run a command as a process of its own. Return its exit code, standard output and standard error."""
        with self.start(*arguments, **options) as process:
            return finish(process)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Query the database."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def broken_rules(self) -> list[str]:
        """Return the rules that rows of the database break, whenever they were stored."""
        checks = json.loads(self.run("check", "--since", "all", "--json").stdout)["checks"]
        return [check["name"] for check in checks if check["broken"]]

    def staged(self) -> list[Path]:
        """Return the staged runs."""
        return sorted(path for path in self.staging.glob("*") if path.is_dir() and path.suffix != ".partial")

    @contextmanager
    def database_held(self) -> Iterator[subprocess.Popen[str]]:
        """Let another program have the database open while the block runs."""
        with subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(self.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout
                assert process.stdout.readline() == "held\n"
                yield process
            finally:
                process.kill()


class OpenShell(Protocol):
    """Opens a shell for an API of its own: `meetings`, `live_share`, `latency`, and the arguments of Faults."""

    def __call__(self, **options: Any) -> Shell: ...  # noqa: D102  # the class says it


def on_terminal(shell: Shell, *arguments: str, columns: int = 80) -> str:
    """Return what a command shows on a terminal of so many columns."""
    terminal, end = pty.openpty()
    variables: dict[str, str | None] = {"COLUMNS": str(columns)}
    said = b""
    with shell.start(*arguments, stdout=end, stderr=end, variables=variables) as process:
        os.close(end)
        try:
            while chunk := os.read(terminal, 65536):
                said += chunk
        except OSError:  # Linux says so that the other end is closed
            pass
        process.wait()
    os.close(terminal)
    return said.decode()


def shell_in(directory: Path, api: Api) -> Shell:
    """Return a shell in a directory, with the meetings of its API in meetings.txt."""
    api.write_list(directory / "meetings.txt")
    return Shell(directory, api, _settings(api, directory / "usage.duckdb"))


@pytest.fixture
def open_shell(tmp_path: Path) -> Iterator[OpenShell]:
    """Open shells, each with an API that accepts its token, and with the meetings of that API in meetings.txt."""
    with ExitStack() as stack:

        def begin(**options: Any) -> Shell:
            api = stack.enter_context(_serve(**options))
            return shell_in(tmp_path, api)

        yield begin


@pytest.fixture(scope="session")
def calm_api() -> Iterator[Api]:
    """An API without faults for all tests. They share it, because to end one takes a tenth of a second."""
    with _serve() as api:
        yield api


@pytest.fixture
def shell(calm_api: Api, tmp_path: Path) -> Shell:
    """A shell with an empty database, and an API without faults, whose counts are zero."""
    state = calm_api.app.state
    state.requests = 0
    state.requests_by_meeting.clear()
    state.requests_by_path.clear()
    shell = shell_in(tmp_path, calm_api)
    write_empty_database(shell.database)
    return shell


@pytest.fixture
def no_database(shell: Shell) -> None:
    """Delete the database of the shell, for a test of a command that creates it or must not create it."""
    shell.database.unlink()


@contextmanager
def _serve(*, meetings: int = 40, live_share: float = 0.4, latency: float = 0.0, **faults: Any) -> Iterator[Api]:
    clock = SimulatedClock(START)
    world = World(seed=7, meetings=meetings, live_share=live_share, epoch=START - timedelta(days=2))
    injected_faults = Faults(**({"slow_seconds": SLOW_SECONDS} | faults))
    app = create_app(world, now=clock.now, token=SECRET, quota=UNLIMITED, faults=injected_faults, latency=latency)
    with serve(app) as simulator:
        yield Api(simulator.app, simulator.base_url, world, clock)


def _settings(api: Api, database: Path) -> dict[str, str]:
    return {
        "CLOUDFLARE_API_TOKEN": SECRET,
        "CLOUDFLARE_ACCOUNT_ID": api.world.account_id,
        "CLOUDFLARE_API_BASE_URL": api.base_url,
        "REALTIMEKIT_APP_ID": api.world.app_id,
        "RTK_USAGE_DATABASE": str(database),
    }


@pytest.fixture(autouse=True)
def _as_found() -> Iterator[None]:
    """Restore the logging that a command configures in this process."""
    ours = logging.getLogger("etl")
    before = ours.handlers, ours.level, ours.propagate
    yield
    ours.handlers, ours.level, ours.propagate = before


def meeting_ids() -> list[str]:
    """Return the IDs of the meetings of a shell's API, to choose some of them for faults."""
    return list(World(seed=7, meetings=40, live_share=0.4, epoch=START - timedelta(days=2)).meeting_ids)


def summary_of(stdout: str) -> dict[str, Any]:
    """Parse the one JSON object that a command printed."""
    summary = json.loads(stdout)
    assert isinstance(summary, dict)
    return summary


def finish(process: subprocess.Popen[str], *, seconds: float = 20) -> tuple[int, str, str]:
    """Wait for a process. Return its exit code, standard output and standard error."""
    stdout, stderr = process.communicate(timeout=seconds)
    assert SECRET not in f"{stdout}{stderr}"
    return process.returncode, stdout or "", stderr or ""


def until(condition: Callable[[], object], *, seconds: float = 15) -> None:
    """Wait until another process has fulfilled a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Set the umask while the block runs."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)
