"""The files that git sees in a checkout: those of a user stay out of a commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in the checkout."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", autouse=True)
def _checkout() -> None:
    """Skip the tests where there is nothing to ask."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a checkout of git, but a copy of its files")


@pytest.mark.parametrize("path", ["environment", "data/meetings.txt", "data/usage.duckdb", "data/demo/usage.html"])
def test_the_files_of_a_user_are_ignored(path: str) -> None:
    """The token, the meeting list and the databases are not committed by mistake."""
    assert git("check-ignore", path).stdout == f"{path}\n"


def test_the_example_of_a_meeting_list_is_tracked() -> None:
    """The example is the only file in data/ that git knows."""
    assert git("check-ignore", "data/meetings.example.txt").stdout == ""
    assert git("ls-files", "data").stdout == "data/meetings.example.txt\n"
