"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from etl.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def replace(output: Path, content: bytes) -> None:
    """Write a file under another name and rename it: what is there stays until all of it is written."""
    unfinished = output.with_name(f"{output.name}.new")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        if output.exists():
            shutil.copymode(output, unfinished)
        os.replace(unfinished, output)  # noqa: PTH105  # the same, and says what it does
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise ConfigError(f"{error.filename or output}: {error.strerror}; name another --output") from error
