"""One request per meeting."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from etl.values.fetch import Idle, Observation
from etl.values.session_status import has_ended

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etl.realtimekit.http.client import RealtimeKit
    from etl.realtimekit.outcomes import Outcomes
    from etl.realtimekit.workers import Workers
    from etl.values.meetings import Meeting

_log = logging.getLogger(__name__)


async def fetch_each(meetings: Iterable[Meeting], outcomes: Outcomes, workers: Workers) -> None:
    """Fetch the active session of every meeting, and add its outcome."""

    async def fetch(meeting: Meeting, client: RealtimeKit) -> None:
        """Fetch the active session of one meeting."""
        answer = await client.active_session(meeting)
        if isinstance(answer, Idle) or has_ended(answer):
            outcomes.idle()
            _log.debug("%s: idle", meeting.meeting_id)
        else:
            outcomes.live(Observation(meeting, workers.session.now(), answer, client.attempts))
            _log.debug("%s: live", meeting.meeting_id)

    await workers.run(meetings, fetch=fetch, fail=outcomes.fail)
