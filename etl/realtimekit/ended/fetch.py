"""Final figures: the sessions that have ended, by list or one by one, and the totals of an app's days."""

from __future__ import annotations

import logging
from collections import deque
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from etl.errors import FailureKind, GiveUp, Refused, RequestError
from etl.realtimekit.ended.sessions import EndedList
from etl.realtimekit.failure_messages import token_rejected, unavailable
from etl.realtimekit.live.by_meeting import UNANSWERED_LIMIT, is_unanswered
from etl.realtimekit.live.fetch import reach
from etl.realtimekit.outcomes import End, Outcomes
from etl.values.fetch import Observation
from etl.values.finals import DayTotals, Finals
from etl.values.meetings import ALL_MEETINGS, Meeting, MeetingList

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
    from datetime import date

    from etl.realtimekit.http.client import ApiSession, RealtimeKit
    from etl.settings import ApiSettings
    from etl.values.fetch import Spending
    from etl.values.finals import FinalsRequest, OpenSession
    from etl.values.run import RunContext

_log = logging.getLogger(__name__)

# What a range of days may be at most is documented nowhere; the API's own default is the last 30 days.
_DAYS_AT_A_TIME = 30
_LIVE = "LIVE"
_OK = 200


class _Question(NamedTuple):
    """Something to ask, what it is about, and the meeting that a failure is noted for."""

    meeting: Meeting
    about: str
    ask: Callable[[RealtimeKit], Awaitable[None]]


async def fetch_finals(
    wanted: FinalsRequest, settings: ApiSettings, context: RunContext, *, spent: Iterable[Spending] = ()
) -> Finals:
    """Learn the final figures of the apps; what can't be had is among the failures.

    Open sessions that the lists have shown, or that are live still, are not asked for or noted. Never raises for what
    the API does: a refused token, an API that answers nothing, or an interruption end the fetch early.
    """
    outcomes = Outcomes(MeetingList(meetings=[]), context)
    lists = [EndedList(app_id, wanted.since, now=outcomes.now) for app_id in wanted.apps]
    days: list[DayTotals] = []
    async with reach(outcomes, settings, context, spent=spent) as access:
        asking = _Asking(outcomes, access)
        totals = _of_days(wanted, outcomes, days)
        await asking.ask([*(_of_list(one) for one in lists), *totals])
        _note_refused(lists, outcomes)
        await asking.ask(_of_sessions(wanted.open_sessions, lists, outcomes))
    for one in lists:
        for observation in one.observations.values():
            outcomes.live(observation)
    asking.give_up()
    return Finals(fetched=outcomes.result("list"), days=days)


class _Asking:
    """Workers that share what is left to ask, and how many answers in a row were none."""

    def __init__(self, outcomes: Outcomes, access: ApiSession) -> None:
        self._outcomes = outcomes
        self._access = access
        self._left: deque[_Question] = deque()
        self._unanswered = 0

    async def ask(self, questions: Sequence[_Question]) -> None:
        """Ask all of it, unless the fetch is at its end."""
        self._left.extend(questions)
        if self._outcomes.ended is None:
            workers = min(self._access.workers, len(questions))
            await self._outcomes.run([self._work(self._access.connect()) for _ in range(workers)])

    def give_up(self) -> None:
        """Note as failures what was not asked, or not to the end, before the fetch was at its own."""
        end = self._outcomes.ended
        for question in self._left if end else ():
            self._fail(question, GiveUp(end.kind, end.message), 0)  # type: ignore[union-attr]  # there is one

    async def _work(self, client: RealtimeKit) -> None:
        while self._left and self._outcomes.ended is None:
            question = self._left.popleft()
            try:
                await question.ask(client)
            except RequestError as error:
                self._note_failure(question, error, client.attempts)
            except BaseException:  # cancelled, or a defect of ours
                self._left.append(question)
                raise
            else:
                self._unanswered = 0
            self._outcomes.tell()

    def _note_failure(self, question: _Question, error: RequestError, attempts: int) -> None:
        _log.info("%s: failed after %d attempts: %s", question.about, attempts, error)
        self._fail(question, error, attempts)
        self._unanswered = self._unanswered + 1 if is_unanswered(error) else 0
        if isinstance(error, Refused):
            message = f"not asked: the token was refused ({error.message})"
            self._outcomes.end(End(FailureKind.UNAUTHORIZED, message, token_rejected(error)))
        elif self._unanswered >= UNANSWERED_LIMIT:
            row = f"{UNANSWERED_LIMIT} requests in a row failed, the last with {error.kind} ({error.message})"
            message = f"not asked: {UNANSWERED_LIMIT} failures in a row before it"
            self._outcomes.end(End(error.kind, message, unavailable(error, row)))

    def _fail(self, question: _Question, error: RequestError, attempts: int) -> None:
        told = GiveUp(error.kind, f"{question.about}: {error}", error.http_status, error.api_code, error.cf_ray)
        self._outcomes.fail(question.meeting, told, attempts)


def _of_list(ended: EndedList) -> _Question:
    return _Question(Meeting(ended.app_id, ALL_MEETINGS), "the list of ended sessions", ended.read)


def _of_days(wanted: FinalsRequest, outcomes: Outcomes, days: list[DayTotals]) -> Iterator[_Question]:
    """The totals of all days from the first wanted to today, in UTC."""
    for app_id in wanted.apps:
        for first, last in _ranges(wanted.since.date(), outcomes.now().date()):

            async def ask(client: RealtimeKit, app_id: str = app_id, first: date = first, last: date = last) -> None:
                entries = await client.daily_totals(app_id, first, last)
                days.append(
                    DayTotals(
                        app_id=app_id,
                        first=first,
                        last=last,
                        fetched_at=outcomes.now(),
                        entries=entries,
                        attempts=client.attempts,
                    )
                )

            yield _Question(Meeting(app_id, ALL_MEETINGS), f"the totals of the days {first} to {last}", ask)


def _ranges(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = min(last, first + timedelta(days=_DAYS_AT_A_TIME - 1))
        yield first, end
        first = end + timedelta(days=1)


def _of_sessions(found: Iterable[OpenSession], lists: Sequence[EndedList], outcomes: Outcomes) -> list[_Question]:
    """The open sessions that no list has shown."""
    met = {ended.app_id: ended.met for ended in lists}
    return [
        _Question(Meeting(one.app_id, one.meeting_id), f"session {one.session_id}", partial(_ask_for, one, outcomes))
        for one in found
        if one.session_id not in met.get(one.app_id, ())
    ]


async def _ask_for(one: OpenSession, outcomes: Outcomes, client: RealtimeKit) -> None:
    """Ask for an open session; one that is still live has no final figures, and that is no failure."""
    payload = await client.session(one.app_id, one.session_id)
    if payload.get("id") != one.session_id:
        raise GiveUp(FailureKind.MALFORMED, "the answer is about another session", http_status=_OK)
    if payload.get("status") != _LIVE:
        meeting = Meeting(one.app_id, one.meeting_id)
        outcomes.live(Observation(meeting, outcomes.now(), payload, client.attempts))


def _note_refused(lists: Sequence[EndedList], outcomes: Outcomes) -> None:
    """Say what is wrong with the lists of which nothing could be read: one that is refused, or all."""
    unread = [(one, one.error) for one in lists if one.error and not one.is_begun]
    refused = [(one, error) for one, error in unread if isinstance(error, GiveUp)]
    for one, error in refused or (unread[:1] if len(unread) == len(lists) else []):
        if outcomes.ended is None:
            what = f"the list of ended sessions of app {one.app_id} can't be had ({error.message})"
            outcomes.errors.append(unavailable(error, what))
