"""The status of a session in the answers of the API: live, or ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.values.fetch import Payload


def is_live(session: Payload) -> bool:
    """Return True if a session says that it is live. Among ended sessions, any other status stands for an ended one."""
    return _has_status(session, "LIVE")


def has_ended(session: Payload) -> bool:
    """Return True if a session says that it has ended. Among live sessions, any other status stands for a live one."""
    return _has_status(session, "ENDED")


def _has_status(session: Payload, expected: str) -> bool:
    status = session.get("status")
    return isinstance(status, str) and status.upper() == expected
