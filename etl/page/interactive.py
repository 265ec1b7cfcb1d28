"""The script of an interactive page, and the days of each meeting."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

import polars as pl

from etl.page.query import IS_MEETING

if TYPE_CHECKING:
    from datetime import date

    from etl.page.query import MeetingKey, PageData


def hash_script(script: str) -> str:
    """Return the source of a content security policy that allows this script and no other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def days_of_meetings(data: PageData, first_day: date) -> dict[MeetingKey, str]:
    """Return the days of each meeting as JSON: `[[day, minutes, sessions], ...]`, with days counted from the first."""
    days = data.current.meeting_days.filter(IS_MEETING).select(
        "app_id",
        "meeting_id",
        (pl.col("day") - first_day).dt.total_days(),
        pl.col("minutes").cast(pl.Float64).round(1),
        "sessions",
    )
    grouped = days.sort("day").group_by("app_id", "meeting_id", maintain_order=True)
    return {
        (app_id, meeting_id): json.dumps(rows.select("day", "minutes", "sessions").rows(), separators=(",", ":"))
        for (app_id, meeting_id), rows in grouped
    }
