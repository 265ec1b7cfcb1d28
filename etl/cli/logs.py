"""Logging: what a command says on standard error and in its log file, beside its result."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from typing import TYPE_CHECKING

from etl.cli.quiet import CollectProblems
from etl.errors import EtlError
from etl.files import PRIVATE_FILE
from etl.watch.news import make_error_problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from etl.cli.options import RunOutput

COMMAND_LINE = "etl.cli"  # the logger of what a command itself says; the others log what happens meanwhile
_log = logging.getLogger(COMMAND_LINE)


def log_to_stderr(*, verbose: bool) -> None:
    """Log warnings to standard error. `verbose` logs every message of this package."""
    _log_to(_stderr_handler(verbose=verbose), verbose=verbose)


@contextlib.contextmanager
def open_run_log(job: str, database: Path, output: RunOutput) -> Iterator[RunLog]:
    """Log what a run says: to standard error, or only the news if it is quiet; and to its log file, if it has one.

    An error that ends the run is logged as well, and ends the process with its exit code.
    """
    is_quiet = output.quiet and not output.verbose
    problems = CollectProblems(job, database) if is_quiet else None
    handlers = [problems or _stderr_handler(verbose=output.verbose)]
    handlers += [_LogFile(output.log_file)] if output.log_file else []
    _log_to(*handlers, verbose=output.verbose)
    run_log = RunLog(output)
    try:
        yield run_log
    except EtlError as error:
        log_error(error)
        sys.exit(error.exit_code)
    finally:
        if output.log_file:
            _note_log(database, output.log_file)
        if problems:
            problems.say_news(is_complete=run_log.is_complete)


def _note_log(database: Path, log_file: Path) -> None:
    from etl.cli.output import note_output

    if log_file.is_file():
        note_output(database, log_file, kind="log")


class RunLog:
    """The log of a run. `is_complete` becomes True when the run has looked at every meeting."""

    def __init__(self, output: RunOutput) -> None:
        self.output = output
        self.is_complete = False


def log_error(error: EtlError) -> None:
    """Log an error that ended a run, or kept it out of the database."""
    _log.error(str(error), extra={"problems": [make_error_problem(error)]})


def _log_to(*handlers: logging.Handler, verbose: bool) -> None:
    package = logging.getLogger("etl")
    package.handlers = [*handlers]
    package.propagate = False
    package.setLevel(logging.DEBUG if verbose else logging.WARNING)
    _log.setLevel(logging.DEBUG if verbose else logging.INFO)  # the log file has the summary of every run


def _stderr_handler(*, verbose: bool) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setLevel(logging.DEBUG if verbose else logging.WARNING)
    handler.setFormatter(_ForPeople())
    return handler


class _WithInstant(logging.Formatter):
    """One line with an instant in UTC, for a file or for what happens during a run."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")


class _ForPeople(_WithInstant):
    """A line for people: the name of the program and the message, as for other errors. A failure is its line alone."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        if record.name != COMMAND_LINE:
            return super().format(record)
        text = record.getMessage()
        return text if getattr(record, "is_failure", False) else f"rtk-usage: {text}"


class _LogFile(logging.Handler):
    """A file to which every line is appended at once, so that it can be rotated at any time.

    A run never fails because of its log: if the file can't be written, a warning says so.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._is_broken = False
        self.setFormatter(_WithInstant())

    def emit(self, record: logging.LogRecord) -> None:
        """Append a record."""
        if self._is_broken:
            return
        line = f"{self.format(record)}\n".encode(errors="replace")
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                file.write(line)
        except OSError as error:
            self._is_broken = True
            _log.warning("the log file %s can't be written: %s; name another --log-file", self._path, error.strerror)
