"""A disk of a few pages: a job runs on it, then the disk grows and the job runs again.

The disk is a tmpfs. `python -m tests.chaos.small_disk` mounts it in a mount namespace of its own, so that no right of
root is needed and nothing is left behind. For each order, a line of JSON on standard input, it prints its outcomes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.processes import start
from tests.chaos.site import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LARGE = "200m"
NAMESPACE = ("unshare", "--mount", "--map-root-user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A job, the folder in which it begins, and how many bytes the disk has left for each of its runs."""

    folder: str
    database: str
    environment: Mapping[str, str]
    arguments: Sequence[str]
    free_bytes: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The exit codes and messages of a run on a small disk and, if it failed, on a large one, and what is stored."""

    free_bytes: int
    exit_code: int
    message: str
    exit_code_again: int
    message_again: str
    stored: list[list[str | None]]


def has_namespaces() -> bool:
    """Return True if this machine lets us mount in a namespace."""
    command = [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


class SmallDisk:
    """A process in a namespace of its own that runs orders."""

    def __init__(self) -> None:
        command = [*NAMESPACE, sys.executable, "-m", "tests.chaos.small_disk"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, order: Order) -> list[Outcome]:
        """Run an order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        return [Outcome(**outcome) for outcome in json.loads(self._process.stdout.readline())]

    def close(self) -> None:
        """End the process, and with it the namespace."""
        self._process.communicate()


def _main() -> None:
    for line in sys.stdin:
        order = Order(**json.loads(line))
        template = Path(order.folder).with_name("template")
        shutil.copytree(order.folder, template)
        outcomes = [asdict(_try(order, template, free_bytes)) for free_bytes in order.free_bytes]
        print(json.dumps(outcomes), flush=True)  # noqa: T201  # the answer of this program


def _try(order: Order, template: Path, free_bytes: int) -> Outcome:
    """Run a job with so much free space, then without a bound."""
    _mount("-t", "tmpfs", "-o", f"size={_LARGE}", "tmpfs", order.folder)
    shutil.copytree(template, order.folder, dirs_exist_ok=True)
    disk = os.statvfs(order.folder)
    used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
    _mount("-o", f"remount,size={used + free_bytes}", order.folder)
    exit_code, message = _run(order)
    _mount("-o", f"remount,size={_LARGE}", order.folder)
    exit_code_again, message_again = _run(order) if exit_code else (exit_code, message)
    stored = [list(row) for row in rows_of(Path(order.database))]
    subprocess.run(["umount", order.folder], check=True)
    return Outcome(
        free_bytes=free_bytes,
        exit_code=exit_code,
        message=message,
        exit_code_again=exit_code_again,
        message_again=message_again,
        stored=stored,
    )


def _run(order: Order) -> tuple[int, str]:
    output = Path(order.folder).with_name("output.txt")
    process = start(list(order.arguments), order.environment, output)
    process.join()
    assert process.exitcode is not None
    return process.exitcode, output.read_text(encoding="utf-8")


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    _main()
