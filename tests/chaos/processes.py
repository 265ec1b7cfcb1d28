"""Processes of the tool that start in milliseconds, so that a thousand of them can be killed.

A server process imports everything once, and forks for each command. It has neither threads nor open files of the tool.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.chaos.preloaded"])


def start(arguments: list[str], environment: Mapping[str, str], output: Path) -> ForkServerProcess:
    """Start a command of the tool. What it prints goes to a file."""
    process = _CONTEXT.Process(target=_run, args=(arguments, dict(environment), str(output)))
    process.start()
    return process


def kill_after(process: ForkServerProcess, seconds: float) -> bool:
    """Kill a process with SIGKILL when a time is over. Return False if it had ended by itself."""
    wait([process.sentinel], timeout=seconds)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def _run(arguments: list[str], environment: dict[str, str], output: str) -> None:
    """Run a command in the forked process."""
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(environment)
    from etl.cli import cli  # noqa: PLC0415  # only the forked process needs it

    cli(arguments)
