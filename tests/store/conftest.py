"""Fixtures for staged runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.samples import stage_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from etl.values.run import StagedRun


@pytest.fixture
def staged(tmp_path: Path) -> Callable[..., StagedRun]:
    """Stage a run beside the database of the test."""

    def stage(**changes: object) -> StagedRun:
        return stage_run(tmp_path, **changes)  # type: ignore[arg-type]  # passed on by name

    return stage
