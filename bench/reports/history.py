"""Make a database of snapshots to read reports from, up to the last midnight (UTC): `history.py FILE DAYS [--finals]`.

1,000 sessions are live at a time, with a slot every five minutes. Every meeting starts a new session each hour. These
are 288,000 rows per day, appended day by day in the order in which the job would store them. With `--finals`, each of
the 24,000 sessions of a day also has final figures.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from etl.store.database import open_database

LIVE = 1_000
SLOTS_PER_DAY = 288

DAY = """
insert into session_snapshots by name
with slots as (
    select
        $day + to_minutes(5 * range) as slot,
        cast(md5(cast(slot as varchar)) as uuid) as run_id
    from range($slots_per_day)
),

hours as (
    select $day + to_hours(range) as hour
    from range(24)
),

sessions as (
    select
        hour,
        range as number,
        'meeting-' || lpad(cast(range as varchar), 4, '0') as meeting_id,
        'Meeting number ' || range as meeting_display_name,
        case when range % 20 = 0 then 'livestream' else 'meeting' end as type,
        hour - to_seconds(range % 60) as started_at,
        cast(cast(md5(meeting_id || cast(started_at as varchar)) as uuid) as varchar) as session_id
    from range($live)
    cross join hours
)

select
    run_id,
    slot,
    slot + to_milliseconds(3 * number) as observed_at,
    'app' as app_id,
    meeting_id,
    session_id,
    meeting_id as associated_id,
    meeting_display_name,
    type,
    'LIVE' as status,
    cast((7 * number + epoch(slot) // 300) % 9 as integer) as live_participants,
    9 as max_concurrent_participants,
    round((epoch(observed_at) - epoch(started_at)) / 60 * (1 + number % 7), 4) as minutes_consumed,
    'app' as organization_id,
    started_at as created_at,
    started_at,
    slot as updated_at
from slots
inner join sessions on date_trunc('hour', slot) = hour
order by slot, number
"""
LEDGER = """
insert into runs by name
select
    cast(md5(cast(slot as varchar)) as uuid) as run_id,
    'snapshot' as kind,
    slot,
    'list' as via,
    'account' as account_id,
    'rooms' as list_id,
    slot as started_at,
    slot + to_seconds(4) as finished_at,
    $live as meetings,
    $live as live,
    0 as idle,
    0 as failed,
    10 as requests,
    0 as retries,
    0.0 as waited_seconds,
    'bench' as tool_version,
    'bench' as host,
    300.0 as every_seconds
from (select distinct slot from session_snapshots)
"""
FINALS = """
insert into session_finals by name
select
    min(run_id) as run_id,
    $day + interval 1 day as fetched_at,
    app_id,
    meeting_id,
    session_id,
    meeting_display_name,
    type,
    'ENDED' as status,
    0 as live_participants,
    max(max_concurrent_participants) as max_concurrent_participants,
    max(minutes_consumed) + 3 as minutes_consumed,
    started_at,
    max(observed_at) + interval 2 minutes as ended_at
from session_snapshots
where slot >= $day
    and slot < $day + interval 1 day
group by app_id, meeting_id, session_id, meeting_display_name, type, started_at
"""
ROOMS = """
insert into meeting_lists
select distinct 'rooms', app_id, meeting_id
from session_snapshots
where slot = $slot
"""


def make_history(database: Path, days: int, *, with_finals: bool) -> None:
    """Make the database, with the project's own tables and views."""
    with open_database(database):
        pass
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with duckdb.connect(database) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for number in range(days, 0, -1):
            day = end - timedelta(days=number)
            connection.execute(DAY, {"day": day, "live": LIVE, "slots_per_day": SLOTS_PER_DAY})
            if with_finals:
                connection.execute(FINALS, {"day": day})
        connection.execute(LEDGER, {"live": LIVE})
        connection.execute(ROOMS, {"slot": end - timedelta(days=1)})


if __name__ == "__main__":
    make_history(Path(sys.argv[1]), int(sys.argv[2]), with_finals=sys.argv[3:] == ["--finals"])
