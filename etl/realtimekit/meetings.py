"""The meetings an app has, live or not: to make a meeting list of."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from etl.errors import ApiUnavailable, FailureKind, GiveUp, Refused, RequestError
from etl.realtimekit.failure_messages import token_rejected, unavailable
from etl.realtimekit.http.client import RealtimeKit
from etl.realtimekit.http.transport import open_transport
from etl.realtimekit.limit.budget import RequestBudget
from etl.realtimekit.pages import MOST_PAGES
from etl.values.fetch import FetchCounts
from etl.values.meetings import is_id

if TYPE_CHECKING:
    from etl.settings import ApiSettings
    from etl.values.run import RunContext

_log = logging.getLogger(__name__)

# The order of this list is documented nowhere: a meeting made or deleted while it is read may move any other to a page
# that was read already. It is read again until its count stood still meanwhile.
_READINGS = 3


class ListedMeeting(NamedTuple):
    """A meeting as the app's list describes it; the title is empty where it has none."""

    meeting_id: str
    title: str
    is_active: bool


class _Reading(NamedTuple):
    """One reading of the list: its entries by ID, those without one by their place, and the counts that it gave."""

    entries: dict[object, dict[str, object]]
    totals: set[int | None]

    @property
    def is_whole(self) -> bool:
        """Whether it holds as many entries as it counts, and counted the same all the time; true without a count."""
        return self.totals in ({None}, {len(self.entries)})


async def fetch_meetings(
    app_id: str, settings: ApiSettings, context: RunContext, *, most_pages: int = MOST_PAGES
) -> list[ListedMeeting]:
    """All meetings of an app, in the order of the API.

    Raises TokenRejected, ConfigError or ApiUnavailable where the list can't be had, or not whole, or not within so
    many pages.
    """
    budget = RequestBudget(FetchCounts(), settings.limits, now=context.now, sleep=context.sleep)
    async with nullcontext(context.transport) if context.transport else open_transport(settings) as transport:
        client = RealtimeKit(settings, transport=transport, budget=budget, sleep=context.sleep)
        try:
            for _ in range(_READINGS):
                reading = await _read(client, app_id, most_pages)
                if reading.is_whole:
                    return _listed(reading)
        except Refused as error:
            raise token_rejected(error) from error
        except RequestError as error:
            raise unavailable(error, f"the list of the meetings of app {app_id} failed with {error.message}") from error
    counts = " and ".join(f"{total:,}" if total is not None else "nothing" for total in reading.totals)
    raise ApiUnavailable(
        f"the list of the meetings of app {app_id} counts {counts} and shows {len(reading.entries):,}; "
        "nothing is written, run again"
    )


async def _read(client: RealtimeKit, app_id: str, most_pages: int) -> _Reading:
    """Read pages until one holds nothing new, or as many entries are there as the list counts."""
    entries: dict[object, dict[str, object]] = {}
    totals: set[int | None] = set()
    for number in range(1, most_pages + 1):
        before = len(entries)
        page = await client.meetings(app_id, number)
        totals.add(page.total)
        for place, entry in enumerate(page.entries):
            fields = entry if isinstance(entry, dict) else {}
            meeting_id = fields.get("id")
            entries[meeting_id if is_id(meeting_id) else (number, place)] = fields
        if len(entries) == before or len(entries) in totals:
            return _Reading(entries, totals)
    raise GiveUp(FailureKind.MALFORMED, f"more than {most_pages:,} pages")


def _listed(reading: _Reading) -> list[ListedMeeting]:
    """The entries that are meetings; the others are left out, and said."""
    found = []
    for meeting_id, entry in reading.entries.items():
        if isinstance(meeting_id, str):
            title = entry.get("title")
            found.append(ListedMeeting(meeting_id, title if isinstance(title, str) else "", _is_active(entry)))
    if left_out := len(reading.entries) - len(found):
        _log.warning("%d entries of the list have no ID that a meeting can have, and are left out", left_out)
    return found


def _is_active(entry: dict[str, object]) -> bool:
    return entry.get("status") == "ACTIVE"
