"""A user without a name and without a home directory, as many containers have."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

USER_ID = 54321
PACKAGE = "package"

needs_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root may start a process as another user, with setpriv of Linux",
)


def make_folder_of_bare_user(folder: Path) -> None:
    """Give a directory to the user, with a copy of the package that the user can read.

    DuckDB finds files by access(2), which ignores capabilities. So the checkout itself may be closed to it.
    """
    for name in ("etl", "sql"):
        shutil.copytree(CHECKOUT / name, folder / PACKAGE / name, ignore=shutil.ignore_patterns("__pycache__"))
    os.chown(folder, USER_ID, USER_ID)


def run_as_bare_user(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a directory of the user, with an empty environment. The user may read everything.

    The interpreter may be in the home directory of root.
    """
    capability = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    user = (f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups")
    return subprocess.run(
        ["setpriv", *user, *capability, sys.executable, "-m", "etl", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(folder / PACKAGE)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
