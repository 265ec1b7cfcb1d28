"""Who takes part, what each one needs, and how it is called."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

BENCH = Path(__file__).parent
CONCURRENCY = 32

# Another limit than Cloudflare's, so that nothing but the work is measured on a server of this machine.
UNLIMITED = ("--rate", "1000000/1s")

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
    """One way to do the job: a command that takes the arguments of `rtk-usage snapshot`, and some of its own.

    Who `asks_each` meeting has to send exactly one request for each.
    """

    name: str
    label: str
    python: str
    program: tuple[str, ...]
    table: str
    packages: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    asks_each: bool = True

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
            packages=("realtimekit-usage", "httpx", "aiohttp", "polars", "duckdb"),
            arguments=(*UNLIMITED, "--via", "meetings"),
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


def as_it_comes(ours: Contender) -> Contender:
    """Return the project as its user runs it: within Cloudflare's limit, and by the way it chooses itself."""
    return replace(ours, arguments=(), asks_each=False)


def by_list(ours: Contender) -> Contender:
    """Return the project reading the list of live sessions, as fast as it can."""
    return replace(ours, arguments=(*UNLIMITED, "--via", "list"), asks_each=False)


def snapshot_command(  # noqa: PLR0913 - what every contender is told
    contender: Contender,
    meetings_file: Path,
    database: Path,
    *,
    account_id: str,
    app_id: str,
    base_url: str,
    concurrency: int = CONCURRENCY,
) -> list[str | Path]:
    """Return the command that lets a contender take a snapshot."""
    return [
        contender.python,
        *contender.program,
        meetings_file,
        *("--account-id", account_id),
        *("--app-id", app_id),
        *("--base-url", base_url),
        *("--database", database),
        *("--concurrency", str(concurrency)),
        *contender.arguments,
    ]
