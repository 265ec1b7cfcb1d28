"""The job that all contenders are given: a snapshot of so many meetings, verified by what is stored."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bench.job.contenders import BENCH, CONCURRENCY, snapshot_command
from bench.measure import ContenderFailed, run_measured
from bench.nginx import workload

if TYPE_CHECKING:
    from pathlib import Path

    from bench.job.contenders import Contender
    from bench.measure import Sample
    from bench.nginx.server import Server


@dataclass(frozen=True, kw_only=True)
class Done:
    """A job that was done and verified: its cost, the requests it took and the connections it opened."""

    sample: Sample
    requests: int
    connections: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """Meetings to take a snapshot of, a server that answers for them (over TLS if `is_secure`), a place for files."""

    meetings: int
    server: Server
    folder: Path
    concurrency: int = CONCURRENCY
    is_secure: bool = False

    def run(self, contender: Contender) -> Done:
        """Let the contender do the job on a new database; return what it took once the result is verified."""
        meetings_file, live = prepared(self.folder, self.server, self.meetings)
        attempt = self.folder / uuid.uuid4().hex
        attempt.mkdir()
        database = attempt / "bench.duckdb"
        done = self._counted(self._command(contender, meetings_file, database), attempt / "log.txt")
        if contender.asks_each and done.requests != self.meetings:
            raise ContenderFailed(f"{contender.label} sent {done.requests:,} requests for {self.meetings:,} meetings")
        verify(contender, database, live)
        shutil.rmtree(attempt)
        return done

    def _command(self, contender: Contender, meetings_file: Path, database: Path) -> list[str | Path]:
        address = self.server.secure_address if self.is_secure else self.server.address
        return snapshot_command(
            contender,
            meetings_file,
            database,
            account_id=workload.ACCOUNT_ID,
            app_id=workload.app_of(self.meetings),
            base_url=f"{address}/client/v4",
            concurrency=self.concurrency,
        )

    def _counted(self, command: list[str | Path], log: Path) -> Done:
        """Run the command and count what the server sees of it."""
        trust = {"SSL_CERT_FILE": str(self.server.authority)} if self.is_secure else {}
        before = self.server.counts()
        sample = run_measured(command, log=log, variables=trust)
        after = self.server.counts()
        # The request that counts counts itself, and its connection.
        return Done(
            sample=sample,
            requests=after.requests - before.requests - 1,
            connections=after.connections - before.connections - 1,
        )


@cache
def prepared(folder: Path, server: Server, meetings: int) -> tuple[Path, list[str]]:
    """Make the list file and the pages of live sessions that all jobs of a size share; the file, and who is live."""
    path = folder / f"meetings-{meetings}.txt"
    live = workload.write_meetings(path, meetings)
    workload.write_pages(server.lists, live, meetings)
    return path, live


def verify(contender: Contender, database: Path, live: list[str]) -> None:
    """Fail unless the database holds one row for each live meeting, and no other row."""
    command: list[str | Path] = [contender.python, BENCH / "verify.py", database, contender.table]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise ContenderFailed(f"{contender.label}'s database cannot be read:\n{done.stderr}")
    found = done.stdout.split()
    if found != live:
        raise ContenderFailed(
            f"{contender.label} stored {len(found):,} rows of {len(set(found) & set(live)):,} "
            f"live meetings; there are {len(live):,}"
        )
