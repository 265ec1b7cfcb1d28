"""What a fetch has come to: the state its tasks share. One event loop runs them, so that no step needs a lock."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, NamedTuple

from etl.errors import FailureKind
from etl.values.fetch import Failure, FetchCounts, FetchResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Iterator, Sequence
    from datetime import datetime

    from etl.errors import EtlError, RequestError
    from etl.values.fetch import Observation
    from etl.values.meetings import Meeting, MeetingList
    from etl.values.run import RunContext

_log = logging.getLogger(__name__)


class End(NamedTuple):
    """Why a fetch ended before its list: what the meetings that were not asked fail with, and the run's error."""

    kind: FailureKind
    message: str
    error: EtlError | None = None


class Outcomes:
    """Every meeting asked for gets exactly one outcome here: live, idle, or failed.

    `unasked` gives the meetings that have none yet, `open` of them; who takes one notes what became of it.
    """

    def __init__(self, asked: MeetingList, context: RunContext) -> None:
        self.counts = FetchCounts(meetings=len(asked.meetings))
        self.unlisted: list[Meeting] = []
        self.errors: list[EtlError] = []
        self.ended: End | None = None
        self._cut_short: list[Meeting] = []
        self._observations: list[Observation] = []
        self._failures: list[Failure] = []
        self._now = context.now
        self._progress = context.report_progress or (lambda _counts: None)
        self._tasks: list[asyncio.Task[None]] = []
        self._defects: list[BaseException] = []
        self.leave(asked.meetings)

    def leave(self, meetings: Sequence[Meeting]) -> None:
        """Say which meetings have no outcome yet."""
        self.open = len(meetings)
        self.unasked: Iterator[Meeting] = iter(meetings)

    async def run(self, work: Iterable[Awaitable[None]]) -> None:
        """Run tasks side by side until all are done or the fetch is at its end."""
        self._tasks = [asyncio.ensure_future(one) for one in work]
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._defects += [result for result in results if not isinstance(result, asyncio.CancelledError | None)]
        if self._defects:  # it must be seen, and cost nothing that was fetched
            self.end(End(FailureKind.INTERRUPTED, "no answer before a defect ended the run"))

    def now(self) -> datetime:
        """The time, for what is observed now."""
        return self._now()

    def live(self, observation: Observation) -> None:
        """Note a live session."""
        self.counts.live += 1
        self._observations.append(observation)

    def idle(self) -> None:
        """Note a meeting without a session: of it nothing is kept but the count."""
        self.counts.idle += 1

    def fail(self, meeting: Meeting, error: RequestError, attempts: int) -> None:
        """Note a meeting whose outcome can't be learned."""
        self.counts.failed += 1
        self._failures.append(
            Failure(
                app_id=meeting.app_id,
                meeting_id=meeting.meeting_id,
                kind=error.kind,
                message=error.message,
                http_status=error.http_status,
                api_code=error.api_code,
                attempts=attempts,
                cf_ray=error.cf_ray,
            )
        )

    def cut_short(self, meeting: Meeting) -> None:
        """Note a meeting that was being asked when the fetch ended."""
        self._cut_short.append(meeting)

    def tell(self) -> None:
        """Tell whoever watches how far the fetch has come."""
        self._progress(self.counts)

    def end(self, end: End) -> None:
        """End the fetch before its list; the first reason counts."""
        if self.ended is None:
            self.ended = end
            self.errors += [end.error] if end.error else []
            _log.info("the fetch ends after %d of %d meetings: %s", self.counts.done, self.counts.meetings, end.message)
            for task in self._tasks:
                task.cancel()

    def result(self, via: str) -> FetchResult:
        """Everything the fetch brought. What was not asked, or not to the end, fails with the reason of the end."""
        if self.ended is not None:
            for meeting in (*self._cut_short, *self.unasked):
                self.counts.failed += 1
                self._failures.append(_not_asked(meeting, self.ended))
        return FetchResult(
            observations=self._observations,
            failures=self._failures,
            counts=self.counts,
            via=via,
            unlisted=self.unlisted,
            errors=self.errors,
            defects=self._defects,
        )


def _not_asked(meeting: Meeting, end: End) -> Failure:
    return Failure(app_id=meeting.app_id, meeting_id=meeting.meeting_id, kind=end.kind, message=end.message)
