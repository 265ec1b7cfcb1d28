"""The fetch: workers that share one list, one budget and one end, and give every meeting exactly one outcome."""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from etl.errors import ApiUnavailable, ConfigError, FailureKind, Refused, RequestError, TokenRejected
from etl.models import Failure, Fetched, Idle, Observation, Tally
from etl.realtimekit.budget import RequestBudget
from etl.realtimekit.client import RealtimeKit
from etl.realtimekit.responses import NO_ROUTE_CODE
from etl.realtimekit.transport import open_transport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from etl.errors import EtlError
    from etl.models import Meeting, Seams
    from etl.settings import ApiSettings

_log = logging.getLogger(__name__)

# So many meetings in a row without an answer, each after all its attempts: the others would fare no better.
UNANSWERED_LIMIT = 50
_UNANSWERED = frozenset(
    {
        FailureKind.CONNECTION,
        FailureKind.TIMEOUT,
        FailureKind.SERVER_ERROR,
        FailureKind.RATE_LIMITED,
        FailureKind.MALFORMED,
        FailureKind.FORBIDDEN,
    }
)


_PERMISSION = (
    "It needs the permission Realtime or Realtime Admin for this account; "
    "make or mend it at https://dash.cloudflare.com/profile/api-tokens"
)


class _End(NamedTuple):
    """Why a fetch ended before its list: what the meetings that were not asked fail with, and the run's error."""

    kind: FailureKind
    message: str
    error: EtlError | None = None


async def fetch_active_sessions(
    meetings: Sequence[Meeting], settings: ApiSettings, seams: Seams, *, deadline: float | None = None
) -> Fetched:
    """Ask for the active session of each meeting and return an outcome for every one of them.

    Never raises for what the API does: a refused token, an API that answers nothing, the `deadline` (seconds)
    or an interruption end the fetch early, with the meetings not asked among the failures.
    """
    fetch = _Fetch(meetings, seams)
    budget = RequestBudget(fetch.tally, now=seams.now, sleep=seams.sleep, on_hold=fetch.tell)
    async with nullcontext(seams.transport) if seams.transport else open_transport(settings) as connections:
        workers = [
            fetch.work(RealtimeKit(settings, transport=connections, budget=budget, sleep=seams.sleep))
            for _ in range(min(settings.concurrency, len(meetings)))
        ]
        await fetch.run(workers, _watchers(fetch, seams, deadline))
    budget.settle()
    return fetch.result()


def _watchers(fetch: _Fetch, seams: Seams, deadline: float | None) -> list[Awaitable[None]]:
    """What may end the fetch from outside."""

    async def watch(event: Callable[[], Awaitable[object]], end: _End) -> None:
        await event()
        fetch.end(end)

    watchers: list[Awaitable[None]] = []
    if deadline is not None:
        message = f"no answer before the run's deadline of {deadline:g} s"
        watchers.append(watch(partial(seams.sleep, deadline), _End(FailureKind.DEADLINE, message)))
    if seams.interrupted is not None:
        message = "no answer before the run was interrupted"
        watchers.append(watch(seams.interrupted.wait, _End(FailureKind.INTERRUPTED, message)))
    return watchers


class _Fetch:
    """The state that the workers share. One event loop runs them, so that no step needs a lock."""

    def __init__(self, meetings: Sequence[Meeting], seams: Seams) -> None:
        self.tally = Tally(meetings=len(meetings))
        self._unasked: Iterator[Meeting] = iter(meetings)
        self._cut_short: list[Meeting] = []
        self._observations: list[Observation] = []
        self._failures: list[Failure] = []
        self._unanswered = 0
        self._ended: _End | None = None
        self._now = seams.now
        self._progress = seams.progress or (lambda _tally: None)
        self._tasks: list[asyncio.Task[None]] = []
        self._defects: list[BaseException] = []

    async def run(self, workers: Iterable[Awaitable[None]], watchers: Iterable[Awaitable[None]]) -> None:
        """Run the workers until the list or the fetch is at its end."""
        self._tasks = [asyncio.ensure_future(worker) for worker in workers]
        watching = [asyncio.ensure_future(watcher) for watcher in watchers]
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        for watcher in watching:
            watcher.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        self._defects = [result for result in results if not isinstance(result, asyncio.CancelledError | None)]
        if self._defects:  # it must be seen, and cost nothing that was fetched
            self.end(_End(FailureKind.INTERRUPTED, "no answer before a defect ended the run"))

    async def work(self, client: RealtimeKit) -> None:
        """Take one meeting after the other from the list and note its outcome."""
        for meeting in self._unasked:
            try:
                await self._ask(client, meeting)
            except BaseException:  # cancelled, or a defect of ours: the meeting has no outcome yet
                self._cut_short.append(meeting)
                raise
            self.tell()
            if self._ended is not None:
                return

    async def _ask(self, client: RealtimeKit, meeting: Meeting) -> None:
        try:
            answer = await client.active_session(meeting)
        except RequestError as error:
            self._note_failure(meeting, error, client.attempts)
            return
        self._unanswered = 0
        _log.debug("%s: %s", meeting.meeting_id, "idle" if isinstance(answer, Idle) else "live")
        if isinstance(answer, Idle):
            self.tally.idle += 1
        else:
            self.tally.live += 1
            self._observations.append(Observation(meeting, self._now(), answer, client.attempts))

    def _note_failure(self, meeting: Meeting, error: RequestError, attempts: int) -> None:
        self.tally.failed += 1
        self._failures.append(_failure(meeting, error, attempts))
        _log.info("%s: failed after %d attempts: %s", meeting.meeting_id, attempts, error)
        is_unanswered = error.kind in _UNANSWERED or error.api_code == NO_ROUTE_CODE
        self._unanswered = self._unanswered + 1 if is_unanswered else 0
        if isinstance(error, Refused):
            self.end(_token_rejected(error))
        elif self._unanswered >= UNANSWERED_LIMIT:
            self.end(_unavailable(error))

    def tell(self) -> None:
        """Tell whoever watches how far the fetch has come."""
        self._progress(self.tally)

    def end(self, end: _End) -> None:
        """End the fetch before its list; the first reason counts."""
        if self._ended is None:
            self._ended = end
            _log.info("the fetch ends after %d of %d meetings: %s", self.tally.done, self.tally.meetings, end.message)
            for task in self._tasks:
                task.cancel()

    def result(self) -> Fetched:
        """Everything the fetch brought. What was not asked, or not to the end, fails with the reason of the end."""
        if self._ended is not None:
            for meeting in (*self._cut_short, *self._unasked):
                self.tally.failed += 1
                self._failures.append(_not_asked(meeting, self._ended))
        return Fetched(
            observations=self._observations,
            failures=self._failures,
            tally=self.tally,
            errors=[self._ended.error] if self._ended and self._ended.error else [],
            defects=self._defects,
        )


def _failure(meeting: Meeting, error: RequestError, attempts: int) -> Failure:
    return Failure(
        app_id=meeting.app_id,
        meeting_id=meeting.meeting_id,
        kind=error.kind,
        message=error.message,
        http_status=error.http_status,
        api_code=error.api_code,
        attempts=attempts,
        cf_ray=error.cf_ray,
    )


def _not_asked(meeting: Meeting, end: _End) -> Failure:
    return Failure(app_id=meeting.app_id, meeting_id=meeting.meeting_id, kind=end.kind, message=end.message)


def _token_rejected(error: Refused) -> _End:
    message = f"Cloudflare refuses the API token ({error.message}). {_PERMISSION}"
    return _End(FailureKind.UNAUTHORIZED, f"not asked: the token was refused ({error.message})", TokenRejected(message))


def _unavailable(error: RequestError) -> _End:
    """Why a row of failures ends the fetch: the token may do nothing, the addresses are wrong, or the API is down."""
    row = f"{UNANSWERED_LIMIT} meetings in a row failed, the last with {error.kind} ({error.message})"
    if error.kind is FailureKind.FORBIDDEN:
        ended_by: EtlError = TokenRejected(f"{row}. {_PERMISSION}")
    elif error.kind is FailureKind.NOT_FOUND:
        ended_by = ConfigError(f"{row}. Look at the account ID, the app ID and the base URL")
    else:
        way_out = "Look at https://www.cloudflarestatus.com and at the network, then run again"
        ended_by = ApiUnavailable(f"the API answers nothing: {row}. {way_out}")
    return _End(error.kind, f"not asked: {UNANSWERED_LIMIT} failures in a row before it", ended_by)
