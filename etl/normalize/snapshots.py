"""Live sessions become one typed frame per table. Pure, without a clock and without I/O.

JSON travels as text: polars has no type for it, and the database converts it.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.normalize.fields import parse_session
from etl.normalize.ledger import INSTANT, common_run_fields, make_batch, parse_observations
from etl.values.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from etl.normalize.fields import Row
    from etl.values.fetch import FetchResult, Observation
    from etl.values.meetings import Meeting, MeetingList
    from etl.values.run import Batch, RunStart

SNAPSHOT_SCHEMA: dict[str, Any] = {
    "run_id": pl.String,
    "slot": INSTANT,
    "observed_at": INSTANT,
    "app_id": pl.String,
    "meeting_id": pl.String,
    "session_id": pl.String,
    "associated_id": pl.String,
    "meeting_display_name": pl.String,
    "type": pl.String,
    "status": pl.String,
    "live_participants": pl.Int32,
    "max_concurrent_participants": pl.Int32,
    "minutes_consumed": pl.Float64,
    "organization_id": pl.String,
    "created_at": INSTANT,
    "started_at": INSTANT,
    "updated_at": INSTANT,
    "ended_at": INSTANT,
    "breakout_rooms": pl.String,
    "meta": pl.String,
    "extra": pl.String,
}

# The list ID of a run that asked for all live sessions of an app starts with this, and ends with the ID of the app.
ALL_OF = "all:"


def normalize_snapshots(
    start: RunStart,
    meeting_list: MeetingList,
    fetched: FetchResult,
    finished_at: datetime,
    *,
    mask: Callable[[str], str] = str,
) -> Batch:
    """Make a run and its frames: snapshots, failures, the meeting list, and the entry in the ledger.

    A payload that can't be parsed becomes a failure `malformed`. Live, idle and failed add up to the meetings of the
    list and its lines that are not valid. `mask` removes the token from values that a message quotes.
    """
    rows, malformed = parse_observations(fetched.observations, partial(_snapshot_row, start), SNAPSHOT_SCHEMA, mask)
    failures = [*fetched.failures, *malformed, *meeting_list.invalid]
    meetings, all_of, idle = meeting_list.meetings, meeting_list.all_of, fetched.counts.idle
    run = Run(
        **common_run_fields(start, fetched.counts, via=fetched.via),
        kind="snapshot",
        list_id=f"{ALL_OF}{all_of}" if all_of else compute_list_id(meetings),
        finished_at=finished_at,
        meetings=len(rows) + idle + len(failures),
        live=len(rows),
        idle=idle,
        failed=len(failures),
        unlisted=len(fetched.unlisted) if fetched.via == "list" else None,
    )
    frames = {
        "meeting_lists": _list_frame(meetings, run.list_id),
        "session_snapshots": pl.DataFrame(rows, schema=SNAPSHOT_SCHEMA, orient="row"),
    }
    return make_batch(run, frames, failures)


def _snapshot_row(start: RunStart, observation: Observation) -> Row:
    return {
        "run_id": start.run_id,
        "slot": start.slot,
        "observed_at": observation.observed_at,
        "app_id": observation.meeting.app_id,
        "meeting_id": observation.meeting.meeting_id,
        **parse_session(observation.payload),
    }


def compute_list_id(meetings: Iterable[Meeting]) -> str:
    """Compute the content hash of a list. The same meetings in another order have the same hash.

    It is the sum of the hashes of the meetings, so that a million of them are neither sorted nor copied.
    """
    total = 0
    for app_id, meeting_id in meetings:
        total += int.from_bytes(hashlib.sha256(f"{app_id}\t{meeting_id}\n".encode()).digest(), "big")
    return f"{total % 2**256:064x}"[:32]


def _list_frame(meetings: Sequence[Meeting], list_id: str) -> pl.DataFrame:
    """Make the frame without one dictionary per meeting: a list may hold a million, most often of one app."""
    app_ids = {app_id for app_id, _ in meetings}
    app_id = pl.lit(app_ids.pop()) if len(app_ids) == 1 else pl.Series([m.app_id for m in meetings], dtype=pl.String)
    frame = pl.DataFrame({"meeting_id": [meeting_id for _, meeting_id in meetings]}, schema={"meeting_id": pl.String})
    return frame.select(pl.lit(list_id).alias("list_id"), app_id.alias("app_id"), "meeting_id")
