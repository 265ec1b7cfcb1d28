"""What a person sees on a terminal while a run is under way."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etl.cli.progress import ProgressBar


@contextlib.contextmanager
def open_progress_bar(noun: str, *, quiet: bool) -> Iterator[ProgressBar | None]:
    """Yield a progress bar, and remove it at the end; None without a terminal on standard error, or if `quiet`.

    `noun` is what the bar counts where the number of meetings is not known.
    """
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from etl.cli.progress import ProgressBar  # only a terminal needs rich, which takes a while to import

    bar = ProgressBar(noun)
    try:
        yield bar
    finally:
        bar.stop()
