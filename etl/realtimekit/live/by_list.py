"""One list of all live sessions instead of a request a meeting: what is not in it has no session.

A meeting is idle only where its app's list was read to the end. Those that a part that could not be read may have
held are asked one by one, if the budget of this window allows it; otherwise they are failures.
"""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING

from etl.errors import FailureKind, GiveUp, Refused, RequestError
from etl.realtimekit.failure_messages import list_refused, token_rejected, unavailable
from etl.realtimekit.outcomes import End
from etl.realtimekit.pages import DriftingList
from etl.values.fetch import Observation
from etl.values.meetings import ALL_MEETINGS, Meeting, is_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etl.realtimekit.http.client import ApiSession, RealtimeKit
    from etl.realtimekit.http.responses import Page
    from etl.realtimekit.limit.budget import RequestBudget
    from etl.realtimekit.outcomes import Outcomes
    from etl.values.meetings import MeetingList

_log = logging.getLogger(__name__)

_LIVE = "LIVE"


async def read_lists(asked: MeetingList, outcomes: Outcomes, access: ApiSession, *, may_ask_each: bool) -> None:
    """Read the live sessions of every app asked about, and note what that says of its meetings.

    Leaves open what has no outcome yet: nothing, or the meetings to be asked one by one. Unless
    `may_ask_each`, those of an app whose list the API refuses are not among them, but failures.
    """
    apps = [asked.all_of] if asked.all_of else list(dict.fromkeys(meeting.app_id for meeting in asked.meetings))
    lists = {app_id: _LiveList(app_id, outcomes) for app_id in apps}
    unread = deque(lists.values())

    async def work(client: RealtimeKit) -> None:
        while unread and not outcomes.ended:
            await unread.popleft().read(client)

    await outcomes.run([work(access.connect()) for _ in range(min(access.workers, len(apps)))])
    undecided = _note_all(lists, outcomes) if asked.all_of else _note_listed(asked.meetings, lists, outcomes)
    if not outcomes.ended:
        to_ask = _askable(undecided, lists, access.budget, may_ask_each=may_ask_each)
        _fail_others(undecided, set(to_ask), lists, outcomes)
        undecided = to_ask
    outcomes.leave(undecided)
    await outcomes.run([_tell(outcomes)])


async def _tell(outcomes: Outcomes) -> None:
    """Tell how far the fetch has come, as a task: whatever is wrong with who watches must not cost what was read."""
    outcomes.tell()


class _LiveList:
    """The live sessions of an app, as far as they are read. `error` says why that is not to the end."""

    def __init__(self, app_id: str, outcomes: Outcomes) -> None:
        self.error: RequestError | None = None
        self.attempts = 0
        self.is_whole = False
        self.is_begun = False
        self._app_id = app_id
        self._outcomes = outcomes
        self._sessions: dict[str, Observation] = {}
        self._doubt: str | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the API does not give this list at all."""
        return isinstance(self.error, GiveUp) and not self.is_begun

    async def read(self, client: RealtimeKit) -> None:
        """Read the whole list, noting what every page holds."""

        def note(page: Page) -> list[str]:
            self.is_begun = True
            ids = self._note(page, client.attempts)
            self._outcomes.tell()
            return ids

        pages = DriftingList(
            lambda number: client.live_sessions(self._app_id, number), note, page_size=client.page_size
        )
        try:
            await pages.read()
        except RequestError as error:
            self._fail(error, client.attempts)
        else:
            self.is_whole = self._doubt is None
            if self._doubt:
                self._fail(GiveUp(FailureKind.MALFORMED, self._doubt, http_status=200), client.attempts)

    def by_meeting(self) -> dict[str, Observation]:
        """What was seen, by the meeting's ID.

        Of several sessions of one meeting that of type `meeting` counts, and of those the newest.
        """
        return {one.meeting.meeting_id: one for one in sorted(self._sessions.values(), key=_rank)}

    def _note(self, page: Page, attempts: int) -> list[str]:
        """Note a page's live sessions, and return the IDs of all. What is seen again replaces what was.

        What is not live is none of the list's: it has ended just now, or the API has not heeded what it was asked for.
        """
        now, ids = self._outcomes.now(), []
        for entry in page.entries:
            session_id, meeting_id = _ids(entry)
            if session_id and meeting_id:
                ids.append(session_id)
                if entry.get("status", _LIVE) == _LIVE:
                    self._sessions[session_id] = Observation(Meeting(self._app_id, meeting_id), now, entry, attempts)
        if len(ids) < len(page.entries):
            self._doubt = "it holds entries that name no session and meeting"
        elif not _is_sorted(page):
            self._doubt = "it is not sorted by creation, so that its pages may have lost some while they were read"
        return ids

    def _fail(self, error: RequestError, attempts: int) -> None:
        _log.info("the list of live sessions of app %s is incomplete: %s", self._app_id, error)
        self.error, self.attempts = error, attempts
        if isinstance(error, Refused):
            message = f"not asked: the token was refused ({error.message})"
            self._outcomes.end(End(FailureKind.UNAUTHORIZED, message, token_rejected(error)))


def _ids(entry: object) -> tuple[str | None, str | None]:
    """The IDs of a session and of its meeting, of an entry that names both. Its other fields are `normalize`'s."""
    session_id, meeting_id = (entry.get("id"), entry.get("associated_id")) if isinstance(entry, dict) else (None, None)
    is_readable = isinstance(session_id, str) and is_id(meeting_id)
    return (session_id, meeting_id) if is_readable else (None, None)


def _is_sorted(page: Page) -> bool:
    """Whether a page begins with its oldest session; true where it can't be told."""
    try:
        first, last = (datetime.fromisoformat(page.entries[place]["created_at"]) for place in (0, -1))
        is_sorted = first <= last
    except (LookupError, TypeError, ValueError):
        return True
    return is_sorted


def _rank(observation: Observation) -> tuple[bool, str]:
    payload = observation.payload
    return payload.get("type") == "meeting", str(payload.get("created_at"))


def _note_all(lists: dict[str, _LiveList], outcomes: Outcomes) -> list[Meeting]:
    """Every session seen is one that was asked for; what could not be read stands as a meeting without a name."""
    for live in lists.values():
        for observation in live.by_meeting().values():
            outcomes.live(observation)
    undecided = [Meeting(app_id, ALL_MEETINGS) for app_id, live in lists.items() if not live.is_whole]
    outcomes.counts.meetings = outcomes.counts.live + len(undecided)
    return undecided


def _note_listed(meetings: Iterable[Meeting], lists: dict[str, _LiveList], outcomes: Outcomes) -> list[Meeting]:
    """Note what the lists say of the meetings; those of which they say nothing."""
    live = {app_id: one.by_meeting() for app_id, one in lists.items()}
    met: set[Meeting] = set()
    undecided = []
    for meeting in meetings:
        observation = live[meeting.app_id].get(meeting.meeting_id)
        if observation:
            met.add(meeting)
            outcomes.live(observation)
        elif lists[meeting.app_id].is_whole:
            outcomes.idle()
        else:
            undecided.append(meeting)
    seen = (observation.meeting for one in live.values() for observation in one.values())
    outcomes.unlisted = [meeting for meeting in seen if meeting not in met]
    return undecided


def _askable(
    undecided: list[Meeting], lists: dict[str, _LiveList], budget: RequestBudget, *, may_ask_each: bool
) -> list[Meeting]:
    """The meetings to be asked one by one: all that the lists leave open, or, where those are too many, none."""
    to_ask = [
        meeting
        for meeting in undecided
        if meeting.meeting_id != ALL_MEETINGS and (may_ask_each or not lists[meeting.app_id].is_refused)
    ]
    if len(to_ask) > budget.remaining():
        too_many = "%d meetings fail: asking for each of them would exceed the %d requests that are left of this window"
        _log.warning(too_many, len(to_ask), budget.remaining())
        return []
    if to_ask:
        why = lists[to_ask[0].app_id].error
        _log.warning("%d meetings are asked one by one, which the list may have held but for: %s", len(to_ask), why)
    return to_ask


def _fail_others(
    undecided: list[Meeting], to_ask: set[Meeting], lists: dict[str, _LiveList], outcomes: Outcomes
) -> None:
    """Note as failures the meetings that are left open and not asked, and say what is wrong with the lists."""
    failed: dict[str, RequestError] = {}
    for meeting in undecided:
        live = lists[meeting.app_id]
        if live.error and meeting not in to_ask:
            outcomes.fail(meeting, _of_list(live.error), live.attempts)
            failed[meeting.app_id] = live.error
    unread = {app_id: error for app_id, error in failed.items() if not lists[app_id].is_begun}
    outcomes.errors += [list_refused(error, app_id) for app_id, error in unread.items() if lists[app_id].is_refused]
    if unread and not outcomes.errors and len(unread) == len(lists):
        error = next(iter(unread.values()))
        outcomes.errors.append(unavailable(error, f"no list of live sessions could be read ({error.message})"))


def _of_list(error: RequestError) -> RequestError:
    """The error of a list, as that of a meeting it may have held."""
    return GiveUp(
        kind=error.kind,
        message=f"not in the part of the list of live sessions that could be read: {error.message}",
        http_status=error.http_status,
        api_code=error.api_code,
        cf_ray=error.cf_ray,
    )
