"""The cost of one whole process: wall clock, CPU and memory, as the kernel accounts for it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

TIMEOUT_SECONDS = 1800.0
"""A process that runs longer is killed, and the benchmark fails."""

# The kernel counts peak memory in kilobytes, macOS in bytes.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024

# The user's own settings and proxies must not reach a contender, nor what changes how Python starts: without its cache
# of compiled modules, every start compiles them.
HIDDEN_PREFIXES = ("CLOUDFLARE_", "REALTIMEKIT_", "RTK_", "PYTHON")
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
TOKEN = "benchmark-token"  # noqa: S105 - only the servers of this benchmark accept it


class ContenderFailed(Exception):
    """A contender ended with an error or did not do the job, so its figure does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessCost:
    """The cost of one process, from its start to its end."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


def run_measured(
    command: Sequence[str | Path],
    *,
    log: Path,
    variables: Mapping[str, str] = NO_VARIABLES,
    accepted: Collection[int] = (0,),
) -> ProcessCost:
    """Run a command to its end and return its cost. Its output goes to `log`, and its exit code must be `accepted`.

    The driver has to stay small, so nothing heavy may be imported here: the kernel counts the peak memory of a
    process from that of the process that started it.
    """
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment() | dict(variables)
        )
        watchdog = threading.Timer(TIMEOUT_SECONDS, process.kill)
        watchdog.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        finally:
            watchdog.cancel()
        wall_seconds = time.perf_counter() - started
    # `os.wait4` has reaped the process; with a return code set, Popen does not wait for it again.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accepted:
        output_end = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise ContenderFailed(f"exit code {process.returncode} from: {shlex.join(map(str, command))}\n{output_end}")
    return ProcessCost(
        wall_seconds=wall_seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss * PEAK_UNIT / 1e6,
    )


def environment() -> dict[str, str]:
    """Return the environment of a contender: this process's, without the settings that would change the job."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(HIDDEN_PREFIXES) and not name.lower().endswith("_proxy")
    }
    return kept | {"CLOUDFLARE_API_TOKEN": TOKEN}
