"""The targets of the Makefile: what they install, and what they don't."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout in which nothing is installed."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    return tmp_path


def plan(checkout: Path, *targets: str) -> str:
    """Return the commands that make would run."""
    # A test may itself run below make, whose options must not reach this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", *targets]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_demo_installs_no_development_tools(checkout: Path) -> None:
    """The target installs what the demo runs with, and checks the version of Python first."""
    planned = plan(checkout, "demo")
    assert "--editable '.[simulator]'\n" in planned
    assert "dev" not in planned.replace("/dev/", "")
    assert planned.index("Python 3.11 or newer is needed") < planned.index("-m venv") < planned.index("rtk-usage demo")


def test_tests_after_the_demo_install_the_rest(checkout: Path) -> None:
    """The mark of the demo is not the mark of the tests."""
    (checkout / ".venv" / ".demo").touch()
    assert "pip" not in plan(checkout, "demo")
    assert "--editable '.[simulator,excel,dev]'\n" in plan(checkout, "test")


def test_the_demo_uses_the_packages_of_the_tests(checkout: Path) -> None:
    """Nothing is installed twice. Packages that are out of date are brought up to date."""
    mark = checkout / ".venv" / ".installed"
    mark.touch()
    assert "pip" not in plan(checkout, "demo")
    os.utime(mark, (0, 0))
    assert "--editable '.[simulator,excel,dev]'\n" in plan(checkout, "demo")
