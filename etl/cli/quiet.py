"""`--quiet`: a run says only what is new."""

from __future__ import annotations

import contextlib
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from etl.errors import EtlError
from etl.watch.news import Problem, choose_news, read_known, stable_text, write_known

if TYPE_CHECKING:
    from pathlib import Path


class CollectProblems(logging.Handler):
    """Collects the problems of a run from what it logs, to say at its end which of them are news."""

    def __init__(self, job: str, database: Path) -> None:
        super().__init__(logging.WARNING)
        self._job = job
        self._database = database
        self._problems: list[Problem] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note the problems that a record names, or else the record itself."""
        named: list[Problem] | None = getattr(record, "problems", None)
        line = record.getMessage()
        key = str(record.msg) if record.args else stable_text(line)
        self._problems += [Problem(key=key, line=line)] if named is None else named

    def say_news(self, *, is_complete: bool) -> None:
        """Print what is new, and keep the state for the next run.

        Without a directory of staged runs, no run of this database has ever started: everything is said.
        """
        from etl.cli.run_job import staging_directory

        directory = staging_directory(self._database)
        path = directory / f"{self._job}.news.json"
        known = read_known(path)
        news = choose_news(known, self._problems, datetime.now(UTC), is_complete=is_complete)
        for line in news.lines:
            click.echo(f"rtk-usage: {line}", err=True)
        if news.known != known and directory.is_dir():
            with contextlib.suppress(EtlError):  # what can't be kept is said once more; a full disk has its own message
                write_known(path, news.known)
