"""The tools that take part: this project, an earlier commit of it if one is given, and its peers."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).parent

# Run by the contender's own interpreter: versions of packages, and the commit of a project installed from a checkout.
VERSIONS_PROGRAM = """
import importlib.metadata, importlib.util, json, os, subprocess, sys
versions = {}
for name in sys.argv[1:]:
    try:
        versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        versions[name] = None
if "realtimekit-usage" in versions and versions["realtimekit-usage"]:
    sys.path = [entry for entry in sys.path if entry]  # not the folder that the benchmark runs in
    root = os.path.dirname(os.path.dirname(importlib.util.find_spec("etl").origin))
    git = subprocess.run(["git", "-C", root, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    versions["realtimekit-usage"] += f" ({git.stdout.strip()})" if git.returncode == 0 else ""
print(json.dumps(versions))
"""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A tool that does the job: a command, and the interpreter that can read the database which it writes.

    Its arguments are those of `rtk-usage snapshot`. `options` are added to them in every job.
    """

    name: str
    label: str
    python: str
    command: tuple[str, ...]
    table: str
    packages: tuple[str, ...]
    options: tuple[str, ...] = ()

    @property
    def is_peer(self) -> bool:
        """True for another tool, false for this project and its earlier commit."""
        return self.name not in {"ours", "before"}

    @cached_property
    def versions(self) -> dict[str, str | None]:
        """The installed version of each package it needs, or None where one is missing."""
        command = [self.python, "-c", VERSIONS_PROGRAM, *self.packages]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        versions: dict[str, str | None] = json.loads(printed)
        return versions


def all_contenders(peer_python: str, before_python: str | None = None) -> list[Contender]:
    """Return the project, its peers (run by `peer_python`), and its earlier commit if an interpreter has one."""
    contenders = [
        project("ours", "rtk-usage", sys.executable, ("httpx",)),
        Contender(
            name="sdk",
            label="official SDK",
            python=peer_python,
            command=(peer_python, str(FOLDER / "peer_sdk.py")),
            table="session_snapshots",
            packages=("cloudflare", "httpx", "duckdb"),
            options=("--concurrency", "8"),
        ),
        Contender(
            name="sdk-aiohttp",
            label="SDK over aiohttp",
            python=peer_python,
            command=(peer_python, str(FOLDER / "peer_sdk_aiohttp.py")),
            table="session_snapshots",
            packages=("cloudflare", "httpx-aiohttp", "aiohttp", "duckdb"),
            options=("--concurrency", "32"),
        ),
        Contender(
            name="dlt",
            label="dlt rest_api",
            python=peer_python,
            command=(peer_python, str(FOLDER / "peer_dlt.py")),
            table="usage.session_snapshots",
            packages=("dlt", "requests", "duckdb"),
        ),
    ]
    if before_python:
        contenders.append(project("before", "rtk-usage before", before_python, ("httpx", "aiohttp")))
    return contenders


def project(name: str, label: str, python: str, http_packages: tuple[str, ...]) -> Contender:
    """Return the project as an interpreter's environment has it, started by its command, as users do."""
    return Contender(
        name=name,
        label=label,
        python=python,
        command=(str(Path(python).with_name("rtk-usage")), "snapshot"),
        table="session_snapshots",
        packages=("realtimekit-usage", *http_packages, "polars", "duckdb"),
    )
