"""The file `environment`: the settings of the job as lines NAME=value, for a shell, systemd and Kubernetes."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEAD = "# Settings of rtk-usage. In a shell: set -a && . ./environment && set +a\n"


def format_environment(variables: Mapping[str, str]) -> str:
    """Format variables as lines. A value is quoted only where a shell needs it."""
    return _HEAD + "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
