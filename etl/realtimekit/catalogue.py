"""The meetings an app has, live or not: to make a meeting list of."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from etl.errors import ApiUnavailable, Refused, RequestError
from etl.models import Tally, is_id
from etl.realtimekit.budget import RequestBudget
from etl.realtimekit.client import RealtimeKit
from etl.realtimekit.pages import MOST_PAGES
from etl.realtimekit.refusals import token_rejected, unavailable
from etl.realtimekit.transport import open_transport

if TYPE_CHECKING:
    from etl.models import Seams
    from etl.realtimekit.responses import Page
    from etl.settings import ApiSettings

# The order of this list is documented nowhere, so that a meeting made or deleted meanwhile may move any other.
_READINGS = 3


class ListedMeeting(NamedTuple):
    """A meeting as the app's list describes it; the title is empty where it has none."""

    meeting_id: str
    title: str
    is_active: bool


async def fetch_meetings(app_id: str, settings: ApiSettings, seams: Seams) -> list[ListedMeeting]:
    """All meetings of an app, in the order of the API.

    Raises TokenRejected, ConfigError or ApiUnavailable where the list can't be had, or not whole.
    """
    budget = RequestBudget(Tally(), settings.limits, now=seams.now, sleep=seams.sleep)
    async with nullcontext(seams.transport) if seams.transport else open_transport(settings) as transport:
        catalogue = _Catalogue(app_id, RealtimeKit(settings, transport=transport, budget=budget, sleep=seams.sleep))
        try:
            return await catalogue.read()
        except Refused as error:
            raise token_rejected(error) from error
        except RequestError as error:
            raise unavailable(error, f"the list of the meetings of app {app_id} failed with {error.message}") from error


class _Catalogue:
    """The list of an app's meetings, read until it holds as many as it counts."""

    def __init__(self, app_id: str, client: RealtimeKit) -> None:
        self._app_id = app_id
        self._client = client
        self._meetings: dict[str, ListedMeeting] = {}
        self._total: int | None = None

    async def read(self) -> list[ListedMeeting]:
        """Read it; again where meetings were made or deleted meanwhile, so that some may have been missed."""
        for _ in range(_READINGS):
            await self._read_once()
            if self._total is None or len(self._meetings) >= self._total:
                return list(self._meetings.values())
        raise ApiUnavailable(
            f"the list of the meetings of app {self._app_id} counts {self._total:,} and shows {len(self._meetings):,}; "
            "nothing is written, run again"
        )

    async def _read_once(self) -> None:
        """Read pages until one is empty, or the count is reached, or nothing new comes."""
        seen = 0
        for number in range(1, MOST_PAGES + 1):
            page = await self._client.meetings(self._app_id, number)
            self._total = page.total
            seen += len(page.entries)
            is_new = self._note(page)
            if not page.entries or seen >= (page.total or seen + 1) or (page.total is None and not is_new):
                return

    def _note(self, page: Page) -> bool:
        """Note a page's meetings; whether any is new."""
        before = len(self._meetings)
        for entry in page.entries:
            match entry:
                case {"id": meeting_id} if is_id(meeting_id):
                    title = entry.get("title")
                    is_active = entry.get("status") == "ACTIVE"
                    listed = ListedMeeting(meeting_id, title if isinstance(title, str) else "", is_active)
                    self._meetings[meeting_id] = listed
        return len(self._meetings) > before
