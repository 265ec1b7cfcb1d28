"""Meeting lists for tests: files to write, and what is read from them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from etl.errors import ConfigError
from etl.meeting_list import read_meeting_list

if TYPE_CHECKING:
    from pathlib import Path


def meetings(path: Path, **options: Any) -> list[tuple[str, str]]:
    """Read the meetings of a list as plain pairs."""
    read = read_meeting_list(path, **({"default_app_id": "app"} | options))
    return [(meeting.app_id, meeting.meeting_id) for meeting in read.meetings]


def ids(path: Path) -> list[str]:
    """Read a list in which every entry is valid and none is repeated, and return its meeting IDs."""
    read = read_meeting_list(path, default_app_id="app")
    assert (read.invalid, read.repeats) == ([], 0)
    return [meeting.meeting_id for meeting in read.meetings]


def refusal(path: Path, app_id: str | None = "app") -> str:
    """Read a list that must be refused, and return the message. The exit code is that of a wrong setting."""
    with pytest.raises(ConfigError) as caught:
        read_meeting_list(path, default_app_id=app_id)
    assert caught.value.exit_code == 78
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith(str(path))
    return message


def frame(**columns: list[Any]) -> bytes:
    """Make the bytes of a Parquet file."""
    buffer = io.BytesIO()
    pl.DataFrame(columns, strict=False).write_parquet(buffer)
    return buffer.getvalue()
