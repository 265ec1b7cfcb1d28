"""Saying what a run did, or what the answer is. A run is stored by then: that nobody can hear it changes nothing."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from etl.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable


def tell(result: str | None, *, warnings: Iterable[str], problems: Iterable[Exception]) -> None:
    """Print the result on standard output, unless there is none, and what is wrong on standard error."""
    try:
        if result is not None:
            click.echo(result)
    except OSError as error:
        _let_go_of_stdout()
        if not isinstance(error, BrokenPipeError):
            click.echo(f"rtk-usage: the run is stored, but its summary can't be written: {error.strerror}", err=True)
    for warning in warnings:
        click.echo(warning, err=True)
    for problem in problems:
        click.echo(f"rtk-usage: {problem}", err=True)


def print_answer(content: bytes) -> None:
    """Print an answer on standard output, for as long as somebody reads it. Raises StoreError where it has no room."""
    if sys.stdout is None:
        return
    try:
        click.echo(content, nl=False)
    except BrokenPipeError:
        _let_go_of_stdout()
    except OSError as error:
        _let_go_of_stdout()
        raise StoreError(f"the answer can't be written to standard output: {error.strerror}") from error


def _let_go_of_stdout() -> None:
    """Point standard output elsewhere: Python would try, and fail, to write the rest of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
