"""Exactly-once usage snapshots of Cloudflare RealtimeKit meetings in DuckDB.

`etl.jobs.snapshot.take_snapshot` is the whole job; the folders beside it are its steps.
"""

__version__ = "0.1.0"
