"""One request a meeting: workers that share what is left to ask."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from etl.errors import FailureKind, Refused, RequestError
from etl.realtimekit.failure_messages import token_rejected, unavailable
from etl.realtimekit.http.responses import NO_ROUTE_CODE
from etl.realtimekit.outcomes import End
from etl.values.fetch import Idle, Observation

if TYPE_CHECKING:
    from etl.realtimekit.http.client import ApiSession, RealtimeKit
    from etl.realtimekit.outcomes import Outcomes
    from etl.values.meetings import Meeting

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


def is_unanswered(error: RequestError) -> bool:
    """Whether an error says that nothing answers here, rather than something about what was asked."""
    return error.kind in _UNANSWERED or error.api_code == NO_ROUTE_CODE


async def ask_each(outcomes: Outcomes, access: ApiSession) -> None:
    """Ask for the active session of every meeting that has no outcome yet."""
    asking = _Asking(outcomes)
    await outcomes.run([asking.work(access.connect()) for _ in range(min(access.workers, outcomes.open))])


class _Asking:
    """What the workers share besides the outcomes: how many meetings in a row went without an answer."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._unanswered = 0

    async def work(self, client: RealtimeKit) -> None:
        """Take one meeting after the other and note its outcome."""
        for meeting in self._outcomes.unasked:
            try:
                await self._ask(client, meeting)
            except BaseException:  # cancelled, or a defect of ours: the meeting has no outcome yet
                self._outcomes.cut_short(meeting)
                raise
            self._outcomes.tell()
            if self._outcomes.ended is not None:
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
            self._outcomes.idle()
        else:
            self._outcomes.live(Observation(meeting, self._outcomes.now(), answer, client.attempts))

    def _note_failure(self, meeting: Meeting, error: RequestError, attempts: int) -> None:
        self._outcomes.fail(meeting, error, attempts)
        _log.info("%s: failed after %d attempts: %s", meeting.meeting_id, attempts, error)
        self._unanswered = self._unanswered + 1 if is_unanswered(error) else 0
        if isinstance(error, Refused):
            message = f"not asked: the token was refused ({error.message})"
            self._outcomes.end(End(FailureKind.UNAUTHORIZED, message, token_rejected(error)))
        elif self._unanswered >= UNANSWERED_LIMIT:
            row = f"{UNANSWERED_LIMIT} meetings in a row failed, the last with {error.kind} ({error.message})"
            message = f"not asked: {UNANSWERED_LIMIT} failures in a row before it"
            self._outcomes.end(End(error.kind, message, unavailable(error, row)))
