"""The size of a trial: short in every run of the tests, full with `make chaos`."""

from __future__ import annotations

import os

import pytest

IS_FULL = os.environ.get("RTK_USAGE_CHAOS") == "full"


@pytest.fixture
def seed() -> int:
    """A seed of this run's own. A failed trial names it, and RTK_USAGE_CHAOS_SEED repeats the trial."""
    return int(os.environ.get("RTK_USAGE_CHAOS_SEED") or int.from_bytes(os.urandom(4), "big"))
