"""Saying what a run did. It is stored by then: that nobody can hear it changes nothing."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

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


def _let_go_of_stdout() -> None:
    """Point standard output elsewhere: Python would try, and fail, to write the rest of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
