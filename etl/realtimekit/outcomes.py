"""The outcomes of a fetch, while they are collected."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from etl.values.fetch import FetchResult
from etl.values.meetings import Failure

if TYPE_CHECKING:
    from etl.errors import RequestError
    from etl.values.fetch import Observation
    from etl.values.meetings import Meeting

_log = logging.getLogger(__name__)


class Outcomes(FetchResult):
    """A collector of outcomes: exactly one for every meeting, live, idle or failed.

    It fills the counts and the lists of a `FetchResult`. When the fetch has ended, nothing adds to them any more.
    """

    __slots__ = ()

    def live(self, observation: Observation) -> None:
        """Add a live session."""
        self.counts.live += 1
        self.observations.append(observation)

    def idle(self) -> None:
        """Count a meeting without a session."""
        self.counts.idle += 1

    def fail(self, meeting: Meeting, error: RequestError, attempts: int) -> None:
        """Add a meeting whose outcome could not be learned."""
        self.counts.failed += 1
        self.failures.append(make_failure(meeting, error, attempts))


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
