"""Plans for tests that carry them out."""

from __future__ import annotations

from etl.values.fetch import Plan, ViaReason


def plan(via: str = "meetings", *, may_ask_each: bool = True) -> Plan:
    """Make a plan of which a fetch reads only the way and what it allows."""
    return Plan(
        via=via,
        reason=ViaReason.REQUESTED,
        may_ask_each=may_ask_each,
        meetings=0,
        requests=0,
        most_requests=0,
        other_requests=None,
        seconds=0.0,
        quota=0,
        window_seconds=0.0,
        reserved=0,
        spent=0,
        remaining=0,
    )
