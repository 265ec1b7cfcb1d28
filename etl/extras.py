"""Packages that only some commands need, and how to add them to this installation."""

from __future__ import annotations

import re
import shlex
import sys
from importlib.metadata import requires
from pathlib import Path

from etl.errors import ConfigError

_PACKAGE = "realtimekit-usage"


def missing_extra(error: ModuleNotFoundError, extra: str) -> ConfigError:
    """Make the error for a module that is not installed, with the command that installs its extra here."""
    command = install_command(packages_of(extra), prefix=Path(sys.prefix), python=sys.executable)
    return ConfigError(f"{error.name} is not installed; run: {command}")


def packages_of(extra: str) -> list[str]:
    """Return the packages that an extra adds."""
    extras = [re.match(r"([\w-]+).*; extra == '(.+)'", text.replace('"', "'")) for text in requires(_PACKAGE) or []]
    return [match[1] for match in extras if match and match[2] == extra]


def install_command(packages: list[str], *, prefix: Path, python: str) -> str:
    """Return the command that adds packages to the environment of a tool of pipx or uv, or to any other environment."""
    names = " ".join(packages)
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx inject {_PACKAGE} {names}"
    if (prefix / "uv-receipt.toml").exists():
        return f"uv pip install --python {shlex.quote(python)} {names}"
    return f"{shlex.quote(python)} -m pip install {names}"
