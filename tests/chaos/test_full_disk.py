"""A disk that is full at any write loses nothing: the error says so, and the same command completes the job."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from etl.errors import StoreError
from tests.chaos.conftest import IS_FULL
from tests.chaos.jobs import JOBS
from tests.chaos.site import Site
from tests.chaos.small_disk import Order, SmallDisk, has_namespaces
from tests.skipping import skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RUNS = 40 if IS_FULL else 3
PAGE = 4096
MOST_FREE_PAGES = 1200
UNLOCKED = {name: job for name, job in JOBS.items() if not job.is_locked}


@pytest.fixture(scope="module")
def small_disk() -> Iterator[SmallDisk]:
    """A process that runs jobs on a small disk."""
    if not has_namespaces():
        skip("this machine does not let us mount a small disk")
    disk = SmallDisk()
    yield disk
    disk.close()


@pytest.mark.parametrize("name", UNLOCKED)
def test_a_disk_that_is_full_at_any_write_loses_nothing(  # noqa: PLR0913, PLR0917  # each is a fixture
    name: str,
    small_disk: SmallDisk,
    serve_api: Callable[..., Any],
    tmp_path: Path,
    seed: int,
    note_figures: Callable[[str, str], None],
) -> None:
    """A run that does not end well names the disk, without a traceback. Its repetition stores what is missing."""
    chance, job = random.Random(seed), UNLOCKED[name]
    site = Site(api=serve_api(meetings=12), folder=tmp_path / "site")
    site.folder.mkdir()
    job.prepare(site)
    free = sorted({PAGE, *(PAGE * chance.randrange(1, MOST_FREE_PAGES) for _ in range(RUNS - 1))})
    order = Order(
        folder=str(site.folder),
        database=str(site.database),
        environment=dict(site.environment),
        arguments=job.arguments(site),
        free_bytes=free,
    )
    outcomes = small_disk.run(order)
    undisturbed = site.run(list(order.arguments))
    assert undisturbed.exit_code == 0, undisturbed.output
    after = [list(row) for row in site.stored()]
    for outcome in outcomes:
        where = f"seed {seed}: {outcome}"
        assert outcome.exit_code in {0, StoreError.exit_code}, where
        assert "Traceback" not in outcome.message + outcome.message_again, where
        assert outcome.exit_code_again == 0, where
        assert outcome.stored == after, where
    failed = [outcome.exit_code for outcome in outcomes].count(StoreError.exit_code)
    assert failed, "one page is too little for any job"
    note_figures(f"full disk: {name}", f"{len(outcomes)} sizes of the disk, {failed} too small: named, nothing lost")
