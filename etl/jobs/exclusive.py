"""Keep every other job away from a database: a copy of its rows must not outlive what is erased or replaced."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from etl.staging.runs import EXPORTS, RECONCILIATIONS, SNAPSHOTS, Staging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from etl.values.run import RunStart


@contextlib.contextmanager
def keep_jobs_away(database: Path, start: RunStart) -> Iterator[None]:
    """Hold the locks of all jobs while the block runs. Raises RunOverlap if a job is under way."""
    with contextlib.ExitStack() as locks:
        for job in (SNAPSHOTS, RECONCILIATIONS, EXPORTS):
            locks.enter_context(Staging(database, job).lock(start.run_id, start.started_at))
        yield
