"""The output of a run for a person at a terminal: the width of lines, and the progress bar."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from etl.cli.progress import ProgressBar


_USUAL_WIDTH = 80  # columns


@contextlib.contextmanager
def open_progress_bar(noun: str, *, quiet: bool) -> Iterator[ProgressBar | None]:
    """Yield a progress bar, and remove it at the end; None without a terminal on standard error, or if `quiet`.

    `noun` is what the bar counts where the number of meetings is not known.
    """
    if quiet or not _is_terminal(sys.stderr):
        yield None
        return
    from etl.cli.progress import ProgressBar  # only a terminal needs rich, which takes a while to import

    bar = ProgressBar(noun)
    try:
        yield bar
    finally:
        bar.stop()


def terminal_width(stream: TextIO | None) -> int | None:
    """Return the number of columns of the terminal behind a stream, or None if it leads elsewhere.

    A terminal that does not know its size, as in some containers, says 0.
    """
    if stream is None or not _is_terminal(stream):
        return None
    return shutil.get_terminal_size(os.get_terminal_size(stream.fileno())).columns or _USUAL_WIDTH


def _is_terminal(stream: TextIO | None) -> bool:
    """Return True if a stream leads to a terminal. A closed standard stream is None."""
    return stream is not None and stream.isatty()
