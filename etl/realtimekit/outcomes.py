"""The outcomes of a fetch, as they are collected."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from etl.values.fetch import FetchCounts, FetchResult
from etl.values.meetings import Failure

if TYPE_CHECKING:
    from etl.errors import EtlError, RequestError
    from etl.realtimekit.http.session import ApiSession
    from etl.values.fetch import Observation
    from etl.values.meetings import Meeting

_log = logging.getLogger(__name__)


class Outcomes:
    """Collects exactly one outcome for every meeting: live, idle, or failed."""

    def __init__(self, meetings: int) -> None:
        self.counts = FetchCounts(meetings=meetings)
        self.unlisted: list[Meeting] = []
        self.errors: list[EtlError] = []
        self._observations: list[Observation] = []
        self._failures: list[Failure] = []

    def live(self, observation: Observation) -> None:
        """Add a live session."""
        self.counts.live += 1
        self._observations.append(observation)

    def idle(self) -> None:
        """Count a meeting without a session."""
        self.counts.idle += 1

    def fail(self, meeting: Meeting, error: RequestError, attempts: int) -> None:
        """Add a meeting whose outcome could not be learned."""
        self.counts.failed += 1
        self._failures.append(make_failure(meeting, error, attempts))

    def result(self, via: str, session: ApiSession) -> FetchResult:
        """Return everything that the fetch brought."""
        return FetchResult(
            observations=self._observations,
            failures=self._failures,
            counts=self.counts,
            via=via,
            unlisted=self.unlisted,
            errors=[*self.errors, *session.errors],
            defects=session.defects,
        )


def make_failure(meeting: Meeting, error: RequestError, attempts: int) -> Failure:
    """Make the failure of a meeting from the error of its last request."""
    if attempts:
        _log.info("%s: failed after %d attempts: %s", meeting.meeting_id, attempts, error)
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
