"""Fetch one list of live sessions per app. A meeting that is not in it has no session.

A meeting is idle only if the list of its app was read to the end. Meetings that may be in an unread part of the list
are undecided. They are fetched one by one if the budget of this window allows it, and fail otherwise.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from etl.errors import FailureKind, GiveUp, Refused
from etl.realtimekit.failure_messages import make_api_error, make_list_error
from etl.realtimekit.live.sessions import assign_meetings, choose_sessions
from etl.realtimekit.pages.backward import BackwardReader
from etl.values.fetch import Observation
from etl.values.meetings import ALL_MEETINGS, Meeting, is_readable_id
from etl.values.session_status import has_ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.errors import EtlError, RequestError
    from etl.realtimekit.http.client import RealtimeKit
    from etl.realtimekit.http.responses import ListPage
    from etl.realtimekit.http.session import ApiSession
    from etl.realtimekit.outcomes import Outcomes
    from etl.realtimekit.workers import Workers
    from etl.values.meetings import MeetingList

_log = logging.getLogger(__name__)


async def fetch_by_list(
    meeting_list: MeetingList, outcomes: Outcomes, workers: Workers, *, may_ask_each: bool
) -> list[Meeting]:
    """Read the list of live sessions of every app, and add the outcomes of its meetings.

    Returns the meetings to fetch one by one. Unless `may_ask_each`, those of an app whose list the API refuses fail.
    """
    by_app: dict[str, list[Meeting]] = {meeting_list.all_of: []} if meeting_list.all_of else {}
    for meeting in meeting_list.meetings:
        by_app.setdefault(meeting.app_id, []).append(meeting)
    lists = [
        _LiveList(app_id, None if meeting_list.all_of else meetings, outcomes, workers.session)
        for app_id, meetings in by_app.items()
    ]
    await workers.run(lists, fetch=_LiveList.read, fail=_LiveList.fail, is_list=True)
    incomplete = [live for live in lists if live.undecided]
    if meeting_list.all_of:
        outcomes.counts.meetings = outcomes.counts.live + len(incomplete)
    for live in incomplete:
        if isinstance(live.error, Refused):  # one meeting stands for the request; the others will not be asked
            live.fail_undecided(most=1)
    if workers.session.early_end is None:
        remaining = workers.session.budget.remaining()
        chosen = _choose_lists(incomplete, remaining, may_ask_each=may_ask_each)
        given_up = [live for live in incomplete if live not in chosen]
        for live in given_up:
            live.fail_undecided()
        outcomes.errors.extend(_errors(given_up, len(lists)))
        incomplete = chosen
    return [meeting for live in incomplete for meeting in live.undecided]


class _LiveList:
    """The live sessions of an app, as far as they are read, and the outcomes of its meetings.

    Without `meetings`, all sessions of the app are requested. `undecided` are the meetings that may be in a part of the
    list that was not read, because of its `error`.
    """

    def __init__(
        self, app_id: str, meetings: Sequence[Meeting] | None, outcomes: Outcomes, session: ApiSession
    ) -> None:
        self.app_id = app_id
        self.meetings = meetings
        self.undecided: list[Meeting] = []
        self.is_begun = False
        self.error: RequestError | None = None
        self.attempts = 0
        self._outcomes = outcomes
        self._session = session
        self._observations: dict[str, Observation] = {}
        self._doubt: str | None = None

    @property
    def is_refused(self) -> bool:
        """True if the API does not give this list at all."""
        return isinstance(self.error, GiveUp) and not self.is_begun

    async def read(self, client: RealtimeKit) -> None:
        """Read the whole list, and add the outcomes of its meetings."""

        def record(page: ListPage) -> list[str]:
            """Record the sessions of a page, and return their keys."""
            known = len(self._observations)
            keys = self._record(page, client.attempts)
            self._session.report_sessions(len(self._observations) - known)
            return keys

        fetch_page = partial(client.live_sessions, self.app_id)
        await BackwardReader(fetch_page, record, page_size=client.page_size).read()
        if self._doubt:
            raise GiveUp(FailureKind.MALFORMED, self._doubt, http_status=200)
        self._add_outcomes()

    def fail(self, error: RequestError, attempts: int) -> None:
        """Add the outcomes of the meetings that were seen; the others stay undecided."""
        _log.info("the list of live sessions of app %s is incomplete: %s", self.app_id, error)
        self.error, self.attempts = error, attempts
        self._add_outcomes()

    def fail_undecided(self, most: int | None = None) -> None:
        """Let the undecided meetings, or at `most` so many, fail with the error of the list."""
        if self.error:
            message = f"not in the part of the list of live sessions that could be read: {self.error.message}"
            error = replace(self.error, message=message)
            for meeting in self.undecided[:most]:
                self._outcomes.fail(meeting, error, self.attempts)
            del self.undecided[:most]

    def _record(self, page: ListPage, attempts: int) -> list[str]:
        """Record the live sessions of a page, and return the IDs of all. A later page replaces an earlier one.

        A session that has ended did so while the page was made, or the API ignores the filter.
        """
        self.is_begun = True
        now, session_ids = self._session.now(), []
        for entry in page.entries:
            session_id, meeting_id = _ids(entry)
            if session_id and meeting_id:
                session_ids.append(session_id)
                if not has_ended(entry):
                    meeting = Meeting(self.app_id, meeting_id)
                    self._observations[session_id] = Observation(meeting, now, entry, attempts)
        if len(session_ids) < len(page.entries):
            self._doubt = "it holds entries that name no session and meeting"
        elif not _is_sorted(page):
            self._doubt = "it is not sorted by creation, so that its pages may have lost some while they were read"
        return session_ids

    def _add_outcomes(self) -> None:
        """Add what the list shows of the meetings, and note those that it leaves undecided."""
        live = choose_sessions(self._observations.values())
        if self.meetings is None:
            self.undecided = [Meeting(self.app_id, ALL_MEETINGS)] if self.error else []
            for observation in live.values():
                self._outcomes.live(observation)
            return
        live = assign_meetings(live, self.meetings)
        for meeting in self.meetings:
            if (session := live.pop(meeting, None)) is not None:
                self._outcomes.live(session)
            elif self.error:
                self.undecided.append(meeting)
            else:
                self._outcomes.idle()
        self._outcomes.unlisted.update(live)


def _ids(entry: object) -> tuple[str | None, str | None]:
    """Return the IDs of a session and of its meeting, or None for both if one is not valid."""
    session_id, meeting_id = (entry.get("id"), entry.get("associated_id")) if isinstance(entry, dict) else (None, None)
    is_readable = isinstance(session_id, str) and is_readable_id(meeting_id)
    return (session_id, meeting_id) if is_readable else (None, None)


def _is_sorted(page: ListPage) -> bool:
    """Return False if the first session of a page is younger than the last."""
    try:
        first, last = (datetime.fromisoformat(page.entries[place]["created_at"]) for place in (0, -1))
        is_sorted = first <= last
    except (LookupError, TypeError, ValueError):
        return True
    return is_sorted


def _choose_lists(incomplete: Sequence[_LiveList], remaining: int, *, may_ask_each: bool) -> list[_LiveList]:
    """Choose the lists whose undecided meetings are fetched one by one: all that allow it, or none if too many."""
    chosen = [live for live in incomplete if live.meetings is not None and (may_ask_each or not live.is_refused)]
    meetings = sum(len(live.undecided) for live in chosen)
    if meetings > remaining:
        too_many = "%d meetings fail: asking for each of them would exceed the %d requests that are left of this window"
        _log.warning(too_many, meetings, remaining)
        return []
    if meetings:
        error = chosen[0].error
        _log.warning("%d meetings are asked one by one, because their list is incomplete: %s", meetings, error)
    return chosen


def _errors(given_up: Sequence[_LiveList], lists: int) -> list[EtlError]:
    """Return the errors of the run: one for each list that is refused, or else one if no list could be read at all."""
    unread = [(live, live.error) for live in given_up if live.error and not live.is_begun]
    refused = [make_list_error(error, live.app_id) for live, error in unread if live.is_refused]
    if refused or not unread or len(unread) < lists:
        return refused
    error = unread[0][1]
    return [make_api_error(error, f"no list of live sessions could be read ({error.message})")]
