"""Who takes part, what each one needs, and the job they are all given."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import server
from measure import ContenderFailed, run_measured

if TYPE_CHECKING:
    from measure import Sample

BENCH = Path(__file__).parent
CONCURRENCY = 32

VERSIONS_PROGRAM = """
import importlib.metadata, json, sys
def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One way to do the job: a command that takes the arguments of `rtk-usage snapshot`."""

    name: str
    label: str
    python: str
    program: tuple[str, ...]
    table: str
    packages: tuple[str, ...]

    def versions(self) -> dict[str, str | None]:
        """Return the installed version of each package it needs; None where one is missing."""
        command = [self.python, "-c", VERSIONS_PROGRAM, *self.packages]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        versions: dict[str, str | None] = json.loads(printed)
        return versions


def all_contenders(peer_python: str) -> list[Contender]:
    """Return the project first, then its peers, which run under `peer_python`."""
    return [
        Contender(
            name="ours",
            label="rtk-usage",
            python=sys.executable,
            program=("-m", "etl", "snapshot"),
            table="session_snapshots",
            packages=("realtimekit-usage", "httpx", "polars", "duckdb"),
        ),
        Contender(
            name="sdk",
            label="official SDK",
            python=peer_python,
            program=(str(BENCH / "peer_sdk.py"),),
            table="session_snapshots",
            packages=("cloudflare", "httpx", "duckdb"),
        ),
        Contender(
            name="dlt",
            label="dlt rest_api",
            python=peer_python,
            program=(str(BENCH / "peer_dlt.py"),),
            table="usage.session_snapshots",
            packages=("dlt", "requests", "duckdb"),
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Job:
    """Meetings to take a snapshot of, a server that answers for them, a folder for the files."""

    meetings: int
    address: str
    folder: Path

    def run(self, contender: Contender) -> Sample:
        """Let the contender do the job on a new database; return its cost once the result is verified."""
        meeting_ids = make_meeting_ids(self.meetings)
        attempt = self.folder / uuid.uuid4().hex
        attempt.mkdir()
        meetings_file = attempt / "meetings.txt"
        meetings_file.write_text("\n".join(meeting_ids) + "\n", encoding="utf-8")
        database = attempt / "bench.duckdb"
        command: list[str | Path] = [
            contender.python,
            *contender.program,
            meetings_file,
            *("--account-id", "0123456789abcdef0123456789abcdef"),
            *("--app-id", "b3f9c0de-0000-4000-8000-000000000001"),
            *("--base-url", f"{self.address}/client/v4"),
            *("--database", database),
            *("--concurrency", str(CONCURRENCY)),
        ]
        seen = server.requests_seen(self.address)
        sample = run_measured(command, log=attempt / "log.txt")
        # The counting request counts itself.
        sent = server.requests_seen(self.address) - seen - 1
        if sent != self.meetings:
            raise ContenderFailed(f"{contender.label} sent {sent:,} requests for {self.meetings:,} meetings")
        verify(contender, database, meeting_ids)
        return sample


def make_meeting_ids(count: int) -> list[str]:
    """Return `count` distinct ids, the same in every run: 3 of 100 live, evenly spread, the first one too."""
    return [
        (server.LIVE_PREFIX if number * 3 % 100 < 3 else "0000")  # noqa: PLR2004 - three of a hundred
        + str(uuid.uuid5(uuid.NAMESPACE_URL, f"meeting {number}"))[4:]
        for number in range(count)
    ]


def live_ones(meeting_ids: list[str]) -> list[str]:
    """Return the ids of the meetings for which the server has a live session."""
    return [one for one in meeting_ids if one.startswith(server.LIVE_PREFIX)]


def verify(contender: Contender, database: Path, meeting_ids: list[str]) -> None:
    """Fail unless the database holds one row for each live meeting, and no other row."""
    expected = sorted(live_ones(meeting_ids))
    command: list[str | Path] = [contender.python, BENCH / "verify.py", database, contender.table]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise ContenderFailed(f"{contender.label}'s database cannot be read:\n{done.stderr}")
    found = done.stdout.split()
    if found != expected:
        raise ContenderFailed(
            f"{contender.label} stored {len(found):,} rows of {len(set(found) & set(expected)):,} "
            f"live meetings; there are {len(expected):,}"
        )
