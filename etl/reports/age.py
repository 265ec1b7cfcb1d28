"""The age of the data: how long ago the newest snapshot of each app was, and if that is too long for its schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from etl.reports.counts import format_count
from etl.store.read import run_sql_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from etl.store.database import Connection

_MOST_STEPS = 2
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestSnapshot:
    """The newest snapshot of an app: its slot (UTC), and the step of the schedule in seconds, if it is known."""

    app_id: str
    slot: datetime
    step_seconds: float | None

    def is_old(self, at: datetime) -> bool:
        """Return True if a later snapshot is missing at an instant: more than two steps have passed."""
        return self.step_seconds is not None and at - self.slot > timedelta(seconds=_MOST_STEPS * self.step_seconds)


def read_newest_snapshots(connection: Connection, parameters: Mapping[str, object]) -> list[NewestSnapshot]:
    """Read the newest snapshot of each app in the period of the parameters."""
    rows = run_sql_file(
        connection, "read/newest_snapshots", **{name: parameters[name] for name in ("since", "until", "app_id")}
    )
    return [NewestSnapshot(**row) for row in rows.iter_rows(named=True)]


def format_age(age: timedelta) -> str:
    """Format how long ago something was, in its largest unit: `12 minutes`, `1 day`."""
    seconds = age.total_seconds()
    for length, unit in _UNITS:
        if seconds >= length:
            number = int(seconds // length)
            return format_count(number, unit)
    return "less than a minute"


def describe_age(snapshots: Sequence[NewestSnapshot], *, until: datetime, now: datetime, always: bool) -> str:
    """Say how old the newest snapshot is, or nothing if it is young, unless `always`. Several apps are named.

    Data of a past period is old if its end is missing.
    """
    subject = "newest snapshot of app {}" if len(snapshots) > 1 else "newest snapshot"
    texts = []
    for snapshot in snapshots:
        is_old = snapshot.is_old(min(until, now))
        if always or is_old:
            missing = ", later ones are missing" if is_old else ""
            texts.append(f"{subject.format(snapshot.app_id)} {format_age(now - snapshot.slot)} old{missing}")
    return "; ".join(texts)
