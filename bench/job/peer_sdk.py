"""The job with Cloudflare's official SDK: its asynchronous client, and rows into DuckDB.

Written as its documentation shows: one client for all calls, with its default HTTP client and its default retries.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudflare
import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

PAGE_SIZE = 100
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


async def fetch_each(
    client: cloudflare.AsyncCloudflare, options: argparse.Namespace, meeting_ids: list[str]
) -> list[dict[str, Any]]:
    """Fetch the live session of each meeting; a failed request ends the job."""
    semaphore = asyncio.Semaphore(options.concurrency)

    async def fetch_session(meeting_id: str) -> dict[str, Any] | None:
        async with semaphore:
            try:
                response = await client.realtime_kit.active_session.get_active_session(
                    meeting_id, account_id=options.account_id, app_id=options.app_id
                )
            except cloudflare.NotFoundError as error:
                # Any other 404 means a wrong account or app, not an idle meeting.
                if "No active session found" not in error.message:
                    raise
                return None
        return response.data.to_dict() if response.data else None

    sessions = await asyncio.gather(*map(fetch_session, meeting_ids))
    return [session for session in sessions if session is not None]


async def fetch_list(
    client: cloudflare.AsyncCloudflare, options: argparse.Namespace, meeting_ids: list[str]
) -> list[dict[str, Any]]:
    """Fetch the app's list of live sessions page by page, and keep those of the meetings."""
    watched = set(meeting_ids)
    sessions: list[dict[str, Any]] = []
    for page_no in range(1, 1_000_000):
        response = await client.realtime_kit.sessions.get_sessions(
            options.app_id, account_id=options.account_id, status="LIVE", page_no=page_no, per_page=PAGE_SIZE
        )
        page = (response.data and response.data.sessions) or []
        sessions += [session.to_dict() for session in page]
        total = response.paging.total_count if response.paging else None
        if not page or (total is not None and len(sessions) >= total):
            break
    return [session for session in sessions if session["associated_id"] in watched]


def store(database: Path, sessions: list[dict[str, Any]]) -> None:
    """Append the sessions to the table `session_snapshots`, in one transaction."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    parameters = ", ".join(f"${name}" for name in COLUMNS)
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"create table if not exists session_snapshots ({columns})")
        if not sessions:
            return
        rows = [{name: session.get(name) for name in COLUMNS} for session in sessions]
        connection.begin()
        connection.executemany(f"insert into session_snapshots values ({parameters})", rows)  # noqa: S608 - constants
        connection.commit()


async def take_snapshot(
    options: argparse.Namespace, make_http_client: Callable[[], httpx.AsyncClient] | None = None
) -> None:
    """Fetch the live sessions of the meetings, with the SDK's default HTTP client or another, and store them."""
    meeting_ids = options.meetings.read_text(encoding="utf-8").split()
    fetch = {"meetings": fetch_each, "list": fetch_list}[options.via]
    http_client = make_http_client() if make_http_client else None
    async with cloudflare.AsyncCloudflare(base_url=options.base_url, http_client=http_client) as client:
        sessions = await fetch(client, options, meeting_ids)
    store(options.database, sessions)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("meetings", type=Path)
    parser.add_argument("--account-id", required=True)
    parser.add_argument("--app-id", required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--via", choices=("meetings", "list"), required=True)
    parser.add_argument("--concurrency", type=int, default=32)
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(take_snapshot(parse_options()))
