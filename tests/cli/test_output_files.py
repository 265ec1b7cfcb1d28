"""The file of --output: replaced when it is complete, unless it is an open file, a pipe or a device."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import umask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Shell

QUERY = ("query", "select 'answer' as column_a", "--format", "csv")
ANSWER = "column_a\nanswer\n"
COMMANDS = {
    "report": ("report", "daily", "--format", "csv"),
    "query": QUERY,
    "page": ("page", "--since", "all"),
    "meetings": ("meetings",),
}
STANDARD_OUTPUT = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="/proc is a file system of Linux")


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A shell whose database holds one run."""
    assert shell.snapshot("--slot", "2026-11-23T11:00:00Z").exit_code == 0
    return shell


@needs_proc
@pytest.mark.parametrize("output", STANDARD_OUTPUT)
def test_a_log_that_an_answer_is_appended_to_goes_on(filled: Shell, output: str) -> None:
    """The log is neither replaced nor cut off, and what is written to it later follows."""
    log = filled.directory / "log"
    log.write_text("before\n", encoding="utf-8")
    with log.open("a", encoding="utf-8") as open_log:
        code, _, stderr = filled.process(*QUERY, "--output", output, stdout=open_log)
        open_log.write("after\n")
    assert (code, stderr) == (0, "")
    assert log.read_text(encoding="utf-8") == f"before\n{ANSWER}after\n"
    assert sorted(path.name for path in filled.directory.glob("log*")) == ["log"]


@needs_proc
@pytest.mark.parametrize("output", STANDARD_OUTPUT)
@pytest.mark.parametrize("command", COMMANDS)
def test_an_answer_can_go_into_a_pipe(filled: Shell, command: str, output: str) -> None:
    """No file is made, whatever standard output is called."""
    before = sorted(filled.directory.iterdir())
    code, stdout, _ = filled.process(*COMMANDS[command], "--output", output)
    assert code == 0
    assert stdout
    assert ("<!doctype html>" in stdout.lower()) is (command == "page")
    assert sorted(filled.directory.iterdir()) == before


@needs_proc
def test_an_answer_can_go_to_another_open_file(filled: Shell) -> None:
    """The shell has opened it, perhaps to append to it."""
    log = filled.directory / "log"
    log.write_text("before\n", encoding="utf-8")
    code, stdout, stderr = filled.process(*QUERY, "--output", "/dev/fd/3", redirect="3>> log")
    assert (code, stdout) == (0, "")
    assert "/fd/3" in stderr
    assert log.read_text(encoding="utf-8") == f"before\n{ANSWER}"


@needs_proc
@pytest.mark.parametrize("command", COMMANDS)
def test_an_open_file_needs_no_ending(filled: Shell, command: str) -> None:
    """The file that it leads to has a name, but the path has none. Each command writes its default format."""
    words = [word for word in COMMANDS[command] if word not in {"--format", "csv"}]
    code, stdout, stderr = filled.process(*words, "--output", "/dev/fd/3", redirect="3> new")
    assert (code, stdout) == (0, ""), stderr
    content = (filled.directory / "new").read_text(encoding="utf-8")
    assert content
    assert ("<!doctype html>" in content.lower()) is (command == "page")


@needs_proc
def test_a_link_to_standard_output_is_standard_output(filled: Shell) -> None:
    """Containers link their log to it. The file that standard output leads to is not replaced."""
    (filled.directory / "link").symlink_to("/dev/stdout")
    log = filled.directory / "log"
    log.write_text("before\n", encoding="utf-8")
    code, _, _ = filled.process(*QUERY, "--output", "link", redirect=">> log")
    assert code == 0
    assert log.read_text(encoding="utf-8") == f"before\n{ANSWER}"
    assert (filled.directory / "link").is_symlink()


@needs_proc
def test_standard_error_is_written_to(filled: Shell) -> None:
    """Standard error is an open file like any other."""
    code, stdout, stderr = filled.process(*QUERY, "--output", "/dev/stderr")
    assert (code, stdout) == (0, "")
    assert stderr.startswith(ANSWER)


def test_a_named_pipe_is_written_to(filled: Shell) -> None:
    """Its reader gets the answer, and the pipe stays."""
    pipe = filled.directory / "pipe"
    os.mkfifo(pipe)
    contents = list[str]()
    reader = threading.Thread(target=lambda: contents.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    assert filled.run(*QUERY, "--output", str(pipe)).exit_code == 0
    reader.join()
    assert contents == [ANSWER]
    assert pipe.is_fifo()


def test_a_device_is_written_to(filled: Shell) -> None:
    """The device stays a device."""
    assert filled.run(*QUERY, "--output", os.devnull).exit_code == 0
    assert filled.run("page", "--output", os.devnull, "--since", "all").exit_code == 0


def test_an_open_file_that_does_not_exist_is_named(filled: Shell) -> None:
    """The command ends with 78 and makes no file of this name."""
    code, _, stderr = filled.process(*QUERY, "--output", "/dev/fd/99")
    assert code == 78
    assert "/fd/99: Bad file descriptor; name another --output" in stderr


def test_an_answer_replaces_a_file_in_the_home_directory(filled: Shell) -> None:
    """A shell does not replace the `~` in --output=~/answer.csv. The mode of the old file is kept."""
    old = filled.directory / "answer.csv"
    old.write_text("old", encoding="utf-8")
    old.chmod(0o640)
    with umask(0o077):
        assert filled.run(*QUERY, "--output=~/answer.csv", HOME=str(filled.directory)).exit_code == 0
    assert old.read_text(encoding="utf-8") == ANSWER
    assert old.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("output", ["s3://bucket/answer.csv", "https://host/answer.csv", "$HOME/answer.csv"])
def test_an_output_that_is_not_a_file_on_this_machine_is_refused(filled: Shell, output: str) -> None:
    """No directory of this name is made."""
    before = sorted(filled.directory.iterdir())
    code, stdout, _ = filled.process(*QUERY, "--output", output)
    assert (code, stdout) == (2, "")
    assert sorted(filled.directory.iterdir()) == before


@contextmanager
def full_disk(folder: Path, name: str) -> Iterator[Path]:
    """Mount a disk of 64 kB that is full, with a small file on it."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk can't be mounted: {mounted.stderr.strip()}")
    try:
        (folder / name).write_text("old", encoding="utf-8")
        with pytest.raises(OSError, match="No space left"):
            (folder / "rest").write_bytes(b"x" * 65536)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_ends_with_74_and_leaves_the_file_as_it_was(filled: Shell, command: str) -> None:
    """The setting is right, and the command can be tried again. No unfinished file takes up more of the disk."""
    name = "answer.html" if command == "page" else "answer.csv"
    with full_disk(filled.directory / "disk", name) as disk:
        result = filled.run(*COMMANDS[command], "--output", str(disk / name))
        assert result.exit_code == 74
        assert "No space left on device; free space there, or name another --output" in result.stderr
        assert (disk / name).read_text(encoding="utf-8") == "old"
        assert sorted(path.name for path in disk.iterdir()) == [name, "rest"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110  # a path
@pytest.mark.parametrize(
    "arguments",
    [
        *COMMANDS.values(),
        ("report",),
        ("check", "--since", "all"),
        ("load",),
        ("snapshot", "meetings.txt", "--dry-run"),
    ],
)
def test_a_standard_output_that_is_full_ends_with_74(filled: Shell, arguments: tuple[str, ...]) -> None:
    """Every command that prints a result says that it could not, in one line."""
    output = ("--output", "-") if arguments[0] == "page" else ()
    code, _, stderr = filled.process(*arguments, *output, redirect="> /dev/full")
    assert code == 74
    assert "rtk-usage: the answer can't be written to standard output: No space left on device\n" in stderr
    assert "Traceback" not in stderr
    assert "Exception ignored" not in stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110  # a path
def test_a_full_device_as_output_ends_with_74(filled: Shell) -> None:
    """README and the list of exit codes say so."""
    result = filled.run(*QUERY, "--output", "/dev/full")
    assert result.exit_code == 74
    assert "/dev/full: No space left on device" in result.stderr
