"""Printing of results. A run is stored before its summary is printed, so a failure to print changes nothing."""

from __future__ import annotations

import logging
import os
import sys
import textwrap
from typing import TYPE_CHECKING

import click

from etl.cli.logs import COMMAND_LINE, log_error
from etl.cli.summaries import failure_lines
from etl.cli.terminal import terminal_width
from etl.errors import EtlError, StoreError
from etl.files import is_descriptor, refuse_database_as_output

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from etl.values.run import RunSummary

_log = logging.getLogger(COMMAND_LINE)


def check_output(output: Path | None, *, endings: Collection[str] = (), database: Path | None = None) -> None:
    """Refuse an --output that would replace the database, whose ending is not known, or whose directory is missing.

    This is checked before any work. A directory is not created, because its name may be mistyped. Without `endings`,
    any ending will do. A device, a pipe or an open file such as /dev/fd/3 needs none.
    """
    if output is None:
        return
    if database is not None:
        refuse_database_as_output(database, output)
    is_named_wrongly = endings and output.suffix.lower() not in endings
    is_new_or_file = not is_descriptor(output) and (output.is_file() or not output.exists())
    if is_named_wrongly and is_new_or_file:
        raise click.BadParameter(
            f"{output.name} has {f'the unknown ending {output.suffix}' if output.suffix else 'no ending'}; "
            f"expected {_alternatives(endings)}.",
            param_hint="--output",
        )
    if not output.parent.exists():
        raise click.BadParameter(
            f"the directory {output.parent} does not exist; create it, or name another file.", param_hint="--output"
        )


def note_output(database: Path, output: Path, *, kind: str) -> None:
    """Note where a page or a log of a database is, so that an erasure reaches it.

    A database without a staging directory is a copy, from which nothing is erased.
    """
    from etl.staging.destinations import remember
    from etl.staging.runs import Staging

    is_replaceable = not is_descriptor(output) and (output.is_file() or output.is_dir() or not output.exists())
    if is_replaceable and Staging(database).directory.is_dir():
        try:
            remember(database, output, kind=kind)
        except EtlError as error:
            print_warning(f"rtk-usage erase will not reach {output}, because it can't be noted: {error}")


def _alternatives(words: Collection[str]) -> str:
    *others, last = filter(None, words)  # no ending may be allowed too
    return f"{', '.join(others)} or {last}" if others else last


def print_summary(line: str, summary: RunSummary, document: str | None, *, quiet: bool) -> None:
    """Print a summary on standard output, and log it with its failures and errors.

    If there is a `document` for programs, it is printed in the place of the line and of the lines of the failures.
    """
    log_result(line)
    try:
        if text := document or (None if quiet else line):
            click.echo(text)
    except OSError as error:
        _discard_stdout()
        if not isinstance(error, BrokenPipeError):
            _log.warning("the run is stored, but its summary can't be printed: %s", error.strerror)
    for failures, problems in failure_lines(summary):
        level = logging.INFO if document else logging.WARNING
        _log.log(level, failures, extra={"problems": problems, "is_failure": True})
    for problem in summary.errors:
        log_error(problem)


def log_result(line: str) -> None:
    """Log the result of a run, for its log file."""
    _log.info(line)


def print_warning(warning: str | None) -> None:
    """Print a warning on standard error, if there is one, also if nobody watches the run."""
    if warning:
        _log.warning(warning)


def print_answer(content: bytes) -> None:
    """Print an answer on standard output, until its reader closes it. Raises StoreError if it can't be written."""
    if sys.stdout is None:
        return
    try:
        click.echo(content, nl=False)
    except BrokenPipeError:
        _discard_stdout()
    except OSError as error:
        _discard_stdout()
        raise StoreError(f"the answer can't be written to standard output: {error.strerror}") from error


def print_text(text: str) -> None:
    """Print a text and a line end as `print_answer` does."""
    print_answer(f"{text}\n".encode(errors="replace"))


def print_entry(label: str, text: str) -> None:
    """Print an entry of a list. On a terminal, a long text continues below itself, not below the label."""
    line, width = f"{label}{text}", terminal_width(sys.stdout)
    indent = " " * len(label)
    print_text(textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False) if width else line)


def _discard_stdout() -> None:
    """Redirect standard output to nowhere: at its end, Python would try to write the rest, and fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
