"""A recording of what a process writes: strace prints its system calls, and this module reads them.

strace is a Debian package. It writes one file per thread, so that no call is cut in two by the call of another thread.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STRACE = shutil.which("strace")

# Every call by which DuckDB, Python or polars may change a file. Those that the disk model does not know fail the test.
_CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,lseek,ftruncate,truncate,fallocate,fsync,fdatasync,"
    "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,"
    "copy_file_range,sendfile,sync_file_range"
)
_LINE = re.compile(rb"(?P<at>[0-9.]+) (?P<name>[a-z0-9_]+)\((?P<arguments>.*)\) += (?P<result>-?[0-9]+).*")
_ARGUMENT = re.compile(rb'"([\\x0-9a-f]*)"|([A-Z0-9_|]+|-?[0-9]+)(?:<([\\x0-9a-f]*)>)?')
_STANDARD_OUTPUT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A system call that succeeded: its name, its arguments, the path of each descriptor among them, and its result.

    A text argument is bytes; a number or a flag is text.
    """

    at: float
    name: str
    arguments: tuple[bytes | str, ...]
    paths: tuple[Path | None, ...]
    result: int

    @property
    def is_report(self) -> bool:
        """True if the process tells its result on standard output."""
        return self.name == "write" and self.arguments[0] == str(_STANDARD_OUTPUT) and self.result > 0


def record(
    command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path, directory: Path
) -> tuple[list[Call], subprocess.CompletedProcess[bytes]]:
    """Run a command in a directory under strace. Return its system calls in the order of time, and the process."""
    assert STRACE, "strace is not installed"
    folder.mkdir()
    options = ["-ff", "-y", "-ttt", "-xx", "-s", "2000000", "--seccomp-bpf", "-e", f"trace={_CALLS}"]
    ended = subprocess.run(
        [STRACE, *options, "-o", folder / "calls", *command],
        env=os.environ | environment,
        capture_output=True,
        check=False,
        cwd=directory,
    )
    calls = [call for path in sorted(folder.iterdir()) for call in _read(path)]
    shutil.rmtree(folder)
    return sorted(calls, key=lambda call: call.at), ended


def _read(path: Path) -> Iterator[Call]:
    for line in path.read_bytes().splitlines():
        match = _LINE.fullmatch(line)
        if match is None or int(match["result"]) < 0:
            continue  # the end of a thread, a signal, or a call that failed
        arguments = list(_ARGUMENT.finditer(match["arguments"]))
        yield Call(
            at=float(match["at"]),
            name=match["name"].decode(),
            arguments=tuple(_decode(one[1]) if one[1] is not None else one[2].decode() for one in arguments),
            paths=tuple(Path(os.fsdecode(_decode(one[3]))) if one[3] else None for one in arguments),
            result=int(match["result"]),
        )


def _decode(text: bytes) -> bytes:
    return bytes.fromhex(text.replace(rb"\x", b"").decode())
