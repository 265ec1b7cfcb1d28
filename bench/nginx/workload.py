"""The meetings of a job: their IDs, the live ones among them, and the pages of the list of live sessions."""

from __future__ import annotations

import string
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIVE_PREFIX = "feed"
"""A meeting whose ID starts like this has a live session; every other meeting is idle."""

SESSION_PREFIX = "5e55"
"""The ID of a session starts like this, where that of its meeting starts with `LIVE_PREFIX`."""

LIVE_OF_A_HUNDRED = 3
PAGE_SIZE = 100

ACCOUNT_ID = "0123456789abcdef0123456789abcdef"

SESSION = string.Template(
    '{"id":"$session_prefix$rest","associated_id":"$meeting","meeting_display_name":"Weekly planning $rest",'
    '"organization_id":"$app","type":"meeting","status":"LIVE","live_participants":3,"max_concurrent_participants":5,'
    '"minutes_consumed":42.3434,"created_at":"2026-11-20T09:00:00.123Z","started_at":"2026-11-20T09:00:01.456Z",'
    '"updated_at":"2026-11-20T09:14:07.789Z","breakout_rooms":[],"meta":{}}'
)
"""A live session as the API describes it; `$rest` is the ID of its meeting without the prefix."""


def app_of(meetings: int) -> str:
    """Return the app of a list of so many meetings: each length has its own app, with its own live sessions."""
    return f"b3f9c0de-0000-4000-8000-{meetings:012}"


def live_in(meetings: int) -> int:
    """Return the number of live meetings among so many meetings."""
    return len(range(0, meetings * LIVE_OF_A_HUNDRED - 2, 100))


def meeting_ids(meetings: int) -> Iterator[str]:
    """Give distinct IDs, the same in every run: 3 of 100 live, evenly spread, the first included."""
    for number in range(meetings):
        prefix = LIVE_PREFIX if number * LIVE_OF_A_HUNDRED % 100 < LIVE_OF_A_HUNDRED else "0000"
        yield prefix + str(uuid.uuid5(uuid.NAMESPACE_URL, f"meeting {number}"))[len(prefix) :]


def write_meetings(path: Path, meetings: int) -> list[str]:
    """Write the list file, one ID per line, and return the live meetings sorted. The IDs are never all in memory."""
    live = []
    with path.open("w", encoding="utf-8") as file:
        for meeting_id in meeting_ids(meetings):
            file.write(f"{meeting_id}\n")
            if meeting_id.startswith(LIVE_PREFIX):
                live.append(meeting_id)
    return sorted(live)


def write_pages(folder: Path, live: list[str], meetings: int) -> None:
    """Write the pages of the live sessions where nginx looks for them: by app, status, page size and page number."""
    pages = folder / app_of(meetings)
    pages.mkdir(parents=True, exist_ok=True)
    sessions = [session_of(meeting_id, app_of(meetings)) for meeting_id in live]
    for number, start in enumerate(range(0, max(1, len(live)), PAGE_SIZE), 1):
        shown = sessions[start : start + PAGE_SIZE]
        (pages / f"LIVE-{PAGE_SIZE}-{number}.json").write_text(page_of(shown, start, len(live)), encoding="utf-8")
    (pages / "beyond.json").write_text(page_of([], -1, len(live)), encoding="utf-8")


def page_of(sessions: list[str], start: int, total: int) -> str:
    """Return a page as the API writes it; offsets count from 1."""
    paging = f'{{"total_count":{total},"start_offset":{start + 1},"end_offset":{start + len(sessions)}}}'
    return f'{{"success":true,"data":{{"sessions":[{",".join(sessions)}]}},"paging":{paging}}}'


def session_of(meeting_id: str, app_id: str) -> str:
    """Return the session of a live meeting, as nginx returns it for the meeting alone."""
    rest = meeting_id.removeprefix(LIVE_PREFIX)
    return SESSION.substitute(session_prefix=SESSION_PREFIX, rest=rest, meeting=meeting_id, app=app_id)
