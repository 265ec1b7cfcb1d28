"""A test that needs a program which this machine lacks."""

from __future__ import annotations

import os

import pytest


def skip(reason: str) -> None:
    """Skip the test, unless this machine has to run every test."""
    if not os.environ.get("RTK_USAGE_TESTS_SKIP_NOTHING"):
        pytest.skip(reason)
