"""The usual query for a usage report, as a peer: `peer_lag.py FILE`.

It subtracts from each snapshot the one before it, and sums the differences by day. It is simpler than the report: it
splits nothing at midnight, and looks at nothing outside of the period.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import duckdb

GROWTH = """
with grown as (
    select
        observed_at,
        minutes_consumed - coalesce(lag(minutes_consumed) over in_session, 0) as minutes
    from session_snapshots
    where slot >= $since
    window in_session as (partition by session_id order by observed_at)
)

select cast(observed_at as date) as day, sum(minutes) as minutes
from grown
group by day
order by day
"""

if __name__ == "__main__":
    since = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=30)
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        print(connection.sql(GROWTH, params={"since": since}))
