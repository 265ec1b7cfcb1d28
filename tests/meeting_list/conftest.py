from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Write a list file with an ending."""

    def write(ending: str, content: bytes) -> Path:
        path = tmp_path / f"list.{ending}".rstrip(".")
        path.write_bytes(content)
        return path

    return write
