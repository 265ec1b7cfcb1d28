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

needs_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root may start a process as another user, with setpriv of Linux",
)


def run_as_bare_user(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a directory, with an empty environment, as a user who may read everything.

    The interpreter and the checkout may be in the home directory of root.
    """
    capability = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    user = (f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups")
    return subprocess.run(
        ["setpriv", *user, *capability, sys.executable, "-m", "etl", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(CHECKOUT)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
