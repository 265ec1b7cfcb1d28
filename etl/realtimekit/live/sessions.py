"""Assign the sessions on a list of live sessions to meetings, as one request per meeting would give them."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from etl.values.fetch import Observation, Payload
    from etl.values.meetings import Meeting

_log = logging.getLogger(__name__)

_MEETING = "meeting"
_UUID_DIGITS = re.compile("[0-9a-f]{32}")


def choose_sessions(observations: Iterable[Observation]) -> dict[Meeting, Observation]:
    """Choose one session per meeting: of type `meeting`, and of several the parent of the others.

    A breakout room is a session of its own, which may name the same meeting. It is created after its parent, and may
    stand in the parent's list of breakout rooms. The sessions that do not count are mentioned in the log.
    """
    by_meeting: dict[Meeting, list[Observation]] = defaultdict(list)
    for observation in observations:
        by_meeting[observation.meeting].append(observation)
    chosen = {meeting: _parent(sessions) for meeting, sessions in by_meeting.items()}
    others = [
        observation
        for meeting, sessions in by_meeting.items()
        for observation in sessions
        if observation is not chosen[meeting] and observation.payload.get("type") == _MEETING
    ]
    if others:
        meeting, payload = others[0].meeting, others[0].payload
        _log.warning(
            "%d live sessions do not count, because their meeting has another one; the first is %s of meeting %s. They "
            "may be breakout rooms",
            len(others),
            payload.get("id"),
            meeting.meeting_id,
        )
    return chosen


def assign_meetings(live: dict[Meeting, Observation], meetings: Sequence[Meeting]) -> dict[Meeting, Observation]:
    """Return the sessions by meeting, spelled as the meeting list spells it.

    An ID counts letter by letter. If the list lacks the meeting of a session, a similar ID is the same meeting: one
    that differs only in capitals, or in the hyphens of a UUID. Two such IDs decide nothing.
    """
    unlisted = set(live)
    unlisted.difference_update(meetings)
    alike: dict[str, list[Meeting]] = {_spelling(meeting): [] for meeting in unlisted}
    if alike:
        for meeting in meetings:
            if (listed := alike.get(_spelling(meeting))) is not None:
                listed.append(meeting)
    names = {meeting: alike[_spelling(meeting)] for meeting in unlisted}
    renamed = {meeting: listed[0] for meeting, listed in names.items() if len(listed) == 1 and listed[0] not in live}
    return {
        renamed.get(meeting, meeting): session._replace(meeting=renamed.get(meeting, meeting))
        for meeting, session in live.items()
    }


def _parent(sessions: Sequence[Observation]) -> Observation:
    rooms = {room_id for session in sessions for room_id in _room_ids(session.payload)}

    def rank(observation: Observation) -> tuple[bool, bool, bool, str]:
        """Return the order of a session: the parent is the first."""
        payload = observation.payload
        is_room = payload.get("id") in rooms
        return payload.get("type") != _MEETING, is_room, not _room_ids(payload), str(payload.get("created_at"))

    return min(sessions, key=rank)


def _room_ids(payload: Payload) -> list[str]:
    """Return the session IDs of the breakout rooms, as far as the parent names them."""
    rooms: Any = payload.get("breakout_rooms")
    ids = [room.get("id") for room in rooms if isinstance(room, dict)] if isinstance(rooms, list) else []
    return [room_id for room_id in ids if isinstance(room_id, str)]


def _spelling(meeting: Meeting) -> str:
    """Return a text that is the same for all spellings of a meeting ID."""
    folded = meeting.meeting_id.casefold()
    digits = folded.replace("-", "")
    return digits if _UUID_DIGITS.fullmatch(digits) else folded
