"""Two histograms of sessions: how long they lasted, and how many participants they had at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from etl.page.query import SessionRanges

# The ranges of sql/page/session_ranges.sql, by where they begin.
_LENGTHS = {
    0: "under 5 minutes",
    5: "5 to 15 minutes",
    15: "15 to 30 minutes",
    30: "30 to 60 minutes",
    60: "1 to 2 hours",
    120: "2 to 4 hours",
    240: "4 hours or more",
}
_PARTICIPANTS = {0: "0", 1: "1", 2: "2", 3: "3 to 5", 6: "6 to 10", 11: "11 to 25", 26: "26 to 50", 51: "51 or more"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A range of a histogram: what it says, its sessions, and their share of all sessions of the histogram."""

    text: str
    sessions: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Histograms:
    """Both histograms. Live sessions have no length yet. `alone_share` is None if no snapshot saw a participant."""

    lengths: Sequence[Bin]
    participants: Sequence[Bin]
    sessions: int
    single_participant_sessions: int
    live_sessions: int
    unfinished_sessions: int
    alone_share: float | None


def make_histograms(ranges: SessionRanges) -> Histograms:
    """Add up the sessions of each range."""
    rows = ranges.rows
    ended = rows.filter(pl.col("least_minutes").is_not_null())
    occupied, alone = ranges.alone.row(0)
    sessions = _sum(rows)
    return Histograms(
        lengths=_bins(ended, "least_minutes", _LENGTHS),
        participants=_bins(rows, "least_participants", _PARTICIPANTS),
        sessions=sessions,
        single_participant_sessions=_sum(rows.filter(pl.col("least_participants") <= 1)),
        live_sessions=sessions - _sum(ended),
        unfinished_sessions=_sum(rows, "unfinished_sessions"),
        alone_share=alone / occupied if occupied else None,
    )


def _sum(rows: pl.DataFrame, column: str = "sessions") -> int:
    return int(rows[column].sum())


def _bins(rows: pl.DataFrame, least: str, texts: Mapping[int, str]) -> list[Bin]:
    """Return all ranges but that of sessions without a participant, which is there only if it has sessions."""
    sessions: dict[int, int] = dict(rows.group_by(least).agg(pl.col("sessions").sum()).iter_rows())
    whole = sum(sessions.values()) or 1
    return [
        Bin(text=text, sessions=sessions.get(begin, 0), share=sessions.get(begin, 0) / whole)
        for begin, text in texts.items()
        if text != "0" or begin in sessions
    ]
