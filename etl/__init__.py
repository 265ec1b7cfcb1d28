"""Exactly-once usage snapshots of Cloudflare RealtimeKit meetings in DuckDB.

`etl.jobs.snapshot.take_snapshot` is the whole job; the folders beside it are its steps.
"""

from datetime import UTC, datetime

__version__ = "0.1.0"

# The day of the release, at its latest: a clock that shows an earlier instant is wrong.
RELEASED_AT = datetime(2026, 11, 23, tzinfo=UTC)
