"""The job that all contenders do: one snapshot of a meeting list, checked against what is stored."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.measure import ContenderFailed, run_measured
from bench.nginx import workload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.job.contenders import Contender
    from bench.measure import ProcessCost
    from bench.nginx.server import Server

# Another limit than Cloudflare's, so that nothing but the work takes time.
UNLIMITED = ("--rate", "1000000/1s")

# Run by the interpreter that wrote the database: an older DuckDB can't open a file of a newer one.
STORED_PROGRAM = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    for (meeting_id,) in connection.sql(f"select associated_id from {sys.argv[2]} order by 1").fetchall():
        print(meeting_id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A number of meetings and the way they are fetched: `meetings` is one request per meeting, `list` reads the list.

    `options` are those of `rtk-usage` for this shape. A peer gets the way as its `--via`.
    """

    meetings: int
    via: str
    options: tuple[str, ...] = ()
    is_secure: bool = False

    @property
    def live(self) -> int:
        """The number of meetings that have a live session."""
        return workload.live_in(self.meetings)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """A job that was done and checked: its cost, the requests it sent and the connections it opened."""

    cost: ProcessCost
    requests: int
    connections: int


@dataclass(frozen=True, kw_only=True)
class JobRunner:
    """Runs jobs against a server. Files go to `folder`; meeting lists are written once per length."""

    server: Server
    folder: Path
    _live: dict[int, list[str]] = field(default_factory=dict)

    def run(self, contender: Contender, shape: Shape) -> JobResult:
        """Let the contender do the job on a new database, check what it stored, and return its cost."""
        live = self._prepare(shape.meetings)
        attempt = self.folder / uuid.uuid4().hex
        attempt.mkdir()
        database = attempt / "bench.duckdb"
        result = self._counted(self._command(contender, shape, database), shape, attempt / "log.txt")
        require_requests(contender, shape, result)
        require_stored(contender, database, live)
        shutil.rmtree(attempt)
        print(
            f"{contender.label}: {shape.meetings:,} meetings via {shape.via}: {result.cost.cpu_seconds:.2f} s of CPU, "
            f"{result.cost.wall_seconds:.2f} s, {result.cost.peak_mb:.0f} MB, {result.requests:,} requests, "
            f"{result.connections} connections",
            flush=True,
        )
        return result

    def meetings_file(self, meetings: int) -> Path:
        """Return the path of a meeting list of that length."""
        return self.folder / f"meetings-{meetings}.txt"

    def _prepare(self, meetings: int) -> list[str]:
        """Write the meeting list, and the pages of live sessions that the server shows; return the live meetings."""
        if meetings not in self._live:
            self._live[meetings] = workload.write_meetings(self.meetings_file(meetings), meetings)
            workload.write_pages(self.server.lists, self._live[meetings], meetings)
        return self._live[meetings]

    def _command(self, contender: Contender, shape: Shape, database: Path) -> list[str | Path]:
        address = self.server.secure_address if shape.is_secure else self.server.address
        return snapshot_command(
            contender,
            self.meetings_file(shape.meetings),
            database,
            account_id=workload.ACCOUNT_ID,
            app_id=workload.app_of(shape.meetings),
            base_url=f"{address}/client/v4",
            options=("--via", shape.via) if contender.is_peer else shape.options,
        )

    def _counted(self, command: Sequence[str | Path], shape: Shape, log: Path) -> JobResult:
        """Run the command, and count its requests and connections as the server sees them."""
        trust = {"SSL_CERT_FILE": str(self.server.authority)} if shape.is_secure else {}
        before = self.server.counts()
        cost = run_measured(command, log=log, variables=trust)
        after = self.server.counts()
        # The request for the counts is counted too, and so is its connection.
        return JobResult(
            cost=cost,
            requests=after.requests - before.requests - 1,
            connections=after.connections - before.connections - 1,
        )


def snapshot_command(  # noqa: PLR0913 - every contender needs all of these
    contender: Contender,
    meetings_file: Path,
    database: Path,
    *,
    account_id: str,
    app_id: str,
    base_url: str,
    options: Sequence[str],
) -> list[str | Path]:
    """Return the command that lets a contender take a snapshot."""
    return [
        *contender.command,
        meetings_file,
        *("--account-id", account_id),
        *("--app-id", app_id),
        *("--base-url", base_url),
        *("--database", database),
        *contender.options,
        *options,
    ]


def require_requests(contender: Contender, shape: Shape, result: JobResult) -> None:
    """Fail unless the contender sent one request per meeting, where the shape asks for that."""
    if shape.via == "meetings" and result.requests != shape.meetings:
        raise ContenderFailed(f"{contender.label} sent {result.requests:,} requests for {shape.meetings:,} meetings")


def require_stored(contender: Contender, database: Path, live: list[str]) -> None:
    """Fail unless the database holds one row for each live meeting, and no other row."""
    stored = stored_meetings(contender, database)
    if stored != live:
        raise ContenderFailed(
            f"{contender.label} stored {len(stored):,} rows of {len(set(stored) & set(live)):,} "
            f"live meetings; there are {len(live):,}"
        )


def stored_meetings(contender: Contender, database: Path) -> list[str]:
    """Return the meetings whose live sessions a database holds, sorted."""
    command: list[str | Path] = [contender.python, "-c", STORED_PROGRAM, database, contender.table]
    reader = subprocess.run(command, check=False, capture_output=True, text=True)
    if reader.returncode != 0:
        raise ContenderFailed(f"{contender.label}'s database cannot be read:\n{reader.stderr}")
    return reader.stdout.split()
