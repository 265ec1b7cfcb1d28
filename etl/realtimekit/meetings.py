"""The meetings of an app, live or not: the source of a meeting list. And the apps of the account."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from etl.errors import FailureKind, Refused, RequestError
from etl.realtimekit.failure_messages import make_api_error, make_token_error
from etl.realtimekit.http.session import open_session
from etl.realtimekit.pages.forward import ForwardReader, read_forward
from etl.values.fetch import FetchCounts
from etl.values.meetings import is_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from etl.realtimekit.http.client import RealtimeKit
    from etl.realtimekit.http.responses import ListPage
    from etl.settings import ApiSettings
    from etl.values.run import RunContext

_log = logging.getLogger(__name__)

# The order of this list is documented nowhere. A meeting that is created or deleted while the list is read may move any
# other to a page that was read already. So the list is read again, until its total did not change meanwhile.
_READINGS = 3
_ACTIVE = "active"  # the status of a token that is accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMeeting:
    """A meeting as the list of its app describes it. The title is empty if it has none."""

    meeting_id: str
    title: str
    is_active: bool


async def fetch_meetings(app_id: str, settings: ApiSettings, context: RunContext) -> list[ListedMeeting]:
    """Fetch all meetings of an app, in the order of the API.

    Raises TokenRejected, ConfigError or ApiUnavailable if the list can't be read, or not to its end.
    """
    async with open_session(settings, context, FetchCounts()) as session, session.client() as client:
        try:
            meetings = await read_meetings(client, app_id)
        except Refused as error:
            raise make_token_error(error) from error
        except RequestError as error:
            what = f"the list of the meetings of app {app_id} can't be read, and nothing is written ({error.message})"
            raise make_api_error(error, what) from error
    return meetings


async def fetch_apps(settings: ApiSettings, context: RunContext) -> dict[str, str]:
    """Check the token, then fetch the apps of the account: their names by their IDs.

    Raises TokenRejected, ConfigError or ApiUnavailable with what is wrong.
    """
    async with open_session(settings, context, FetchCounts()) as session, session.client() as client:
        try:
            token = await client.check_token()
            if token.status != _ACTIVE:
                why = token.reason or f"it is {token.status}"
                raise make_token_error(Refused(FailureKind.UNAUTHORIZED, why))
            return await read_apps(client)
        except Refused as error:
            raise make_token_error(error) from error
        except RequestError as error:
            what = f"the list of the apps of account {settings.account_id} can't be read ({error.message})"
            raise make_api_error(error, what) from error


async def read_meetings(client: RealtimeKit, app_id: str) -> list[ListedMeeting]:
    """Read all meetings of an app, in the order of the API. Raises the RequestError that left entries unread."""
    entries = await read_entries(partial(client.meetings, app_id), page_size=client.page_size)
    meetings = [_listed_meeting(entry) for entry in entries.values() if is_id(entry.get("id"))]
    if left_out := len(entries) - len(meetings):
        _log.warning("%d entries of the list have no ID that a meeting can have, and are left out", left_out)
    return meetings


async def read_apps(client: RealtimeKit) -> dict[str, str]:
    """Read the apps of the account: their names by their IDs. Raises the RequestError that left apps unread."""
    entries = await read_entries(client.apps, page_size=client.page_size)
    return {str(entry["id"]): str(entry.get("name") or "") for entry in entries.values() if is_id(entry.get("id"))}


async def read_entries(
    fetch_page: Callable[[int], Awaitable[ListPage]], *, page_size: int
) -> dict[str, dict[str, object]]:
    """Read a list of things that have an `id`, and return its entries by their keys: the ID where there is one."""
    entries: dict[str, dict[str, object]] = {}

    def record(page: ListPage) -> list[str]:
        """Record the entries of a page, and return their keys."""
        fields = [entry if isinstance(entry, dict) else {} for entry in page.entries]
        keys = [_key(place, entry) for place, entry in enumerate(fields)]
        entries.update(zip(keys, fields, strict=True))
        return keys

    def make_reader() -> ForwardReader:
        """Begin a reading of the list anew."""
        entries.clear()
        return ForwardReader(fetch_page, record, page_size=page_size, is_growing=False)

    await read_forward(make_reader, readings=_READINGS)
    return entries


def _key(place: int, entry: dict[str, object]) -> str:
    meeting_id = entry.get("id")
    return meeting_id if isinstance(meeting_id, str) and is_id(meeting_id) else f"{place}: {entry!r}"


def _listed_meeting(entry: dict[str, object]) -> ListedMeeting:
    title = entry.get("title")
    return ListedMeeting(
        meeting_id=str(entry["id"]),
        title=title if isinstance(title, str) else "",
        is_active=entry.get("status") == "ACTIVE",
    )
