"""The job with Cloudflare's official SDK: its asynchronous client, rows into DuckDB.

Written as its documentation advises: one client for all calls, its default HTTP client, its default
retries. The SDK also offers an aiohttp transport (`DefaultAioHttpClient`, the extra `cloudflare[aiohttp]`),
which is not the default and not used here.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

import cloudflare
import duckdb

COLUMNS = {
    "id": "varchar",
    "associated_id": "varchar",
    "meeting_display_name": "varchar",
    "organization_id": "varchar",
    "type": "varchar",
    "status": "varchar",
    "live_participants": "double",
    "max_concurrent_participants": "double",
    "minutes_consumed": "double",
    "created_at": "timestamptz",
    "started_at": "timestamptz",
    "updated_at": "timestamptz",
    "ended_at": "timestamptz",
    "breakout_rooms": "json",
}


async def fetch(options: argparse.Namespace, meeting_ids: list[str]) -> list[dict[str, Any]]:
    """Return the live sessions of the meetings; an idle one gives nothing, a failed call ends the job."""
    gate = asyncio.Semaphore(options.concurrency)

    async with cloudflare.AsyncCloudflare(base_url=options.base_url) as client:

        async def session_of(meeting_id: str) -> dict[str, Any] | None:
            async with gate:
                try:
                    answer = await client.realtime_kit.active_session.get_active_session(
                        meeting_id, account_id=options.account_id, app_id=options.app_id
                    )
                except cloudflare.NotFoundError as error:
                    # Any other 404 means a wrong account or app, not an idle meeting.
                    if "No active session found" not in error.message:
                        raise
                    return None
            return answer.data.to_dict() if answer.data else None

        sessions = await asyncio.gather(*map(session_of, meeting_ids))
    return [session for session in sessions if session is not None]


def store(database: Path, sessions: list[dict[str, Any]]) -> None:
    """Append the sessions to the table `session_snapshots`, in one transaction."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    places = ", ".join(f"${name}" for name in COLUMNS)
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"create table if not exists session_snapshots ({columns})")
        if not sessions:
            return
        rows = [{name: session.get(name) for name in COLUMNS} for session in sessions]
        connection.begin()
        connection.executemany(f"insert into session_snapshots values ({places})", rows)  # noqa: S608 - constants
        connection.commit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("meetings", type=Path)
    parser.add_argument("--account-id", required=True)
    parser.add_argument("--app-id", required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    options = parser.parse_args()
    meeting_ids = options.meetings.read_text(encoding="utf-8").split()
    store(options.database, asyncio.run(fetch(options, meeting_ids)))


if __name__ == "__main__":
    main()
