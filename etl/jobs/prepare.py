"""The steps of both jobs before the first request: name the run, and read the database and the staged runs."""

from __future__ import annotations

import logging
import secrets
import socket
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from etl import __version__
from etl.errors import ConfigError, StoreError, StoreLocked
from etl.meeting_list import read_meeting_list
from etl.realtimekit.limit.plan import make_plan
from etl.settings import floor_to
from etl.staging.runs import Staging
from etl.store.database import open_to_read, refuse_foreign_database
from etl.store.read import run_sql_file
from etl.values.fetch import PriorState, Spending
from etl.values.finals import FinalsRequest, OpenSession
from etl.values.meetings import ALL_MEETINGS, Meeting, MeetingList
from etl.values.run import RunStart

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from etl.settings import ReconcileSettings, SnapshotSettings
    from etl.store.database import Connection
    from etl.values.fetch import Plan

_log = logging.getLogger(__name__)

# The period in which earlier runs show how many sessions may be live.
_LIVE_BEFORE = timedelta(days=1)


def start_run(
    account_id: str, started_at: datetime, *, slot: datetime | None = None, every: timedelta | None = None
) -> RunStart:
    """Give a run that begins now its ID and its slot: the given one, or the second in which it begins."""
    return RunStart(
        run_id=str(uuid7(started_at)),
        slot=slot or floor_to(started_at, timedelta(seconds=1)),
        started_at=started_at,
        account_id=account_id,
        tool_version=__version__,
        host=socket.gethostname(),
        every_seconds=every.total_seconds() if every else None,
    )


def require_own_database(database: Path) -> None:
    """Raise ConfigError if another program made the database, before a staging directory is made for it."""
    if not Staging(database).directory.exists():
        refuse_foreign_database(database)


def uuid7(instant: datetime) -> UUID:
    """Make a UUID that sorts by time (RFC 9562, version 7, 74 random bits). Python has this from version 3.14."""
    milliseconds = int(instant.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)


def plan_snapshot(settings: SnapshotSettings, now: datetime) -> Plan:
    """Plan a snapshot without sending or writing anything, from the database and the staged runs."""
    meeting_list = read_requested_meetings(settings)
    start = start_run(settings.api.account_id, now, slot=settings.slot_of(now), every=settings.every)
    prior_state = read_staged_state(settings, start)
    if settings.database.exists():
        try:
            with open_to_read(settings.database) as connection:
                prior_state = read_prior_state(connection, settings, start, staged=prior_state)
        except (StoreLocked, StoreError) as error:
            _log.warning("planned without what the database knows: %s", error)
    return make_plan(settings, select_unresolved(meeting_list, prior_state), prior_state, now)


def read_requested_meetings(settings: SnapshotSettings) -> MeetingList:
    """Read the meeting list, or return a list of all meetings of the app if the settings name no list."""
    if settings.meetings is not None:
        return read_meeting_list(settings.meetings, default_app_id=settings.app_id)
    return MeetingList(meetings=[], all_of=settings.app_id)


def select_unresolved(meeting_list: MeetingList, prior_state: PriorState) -> MeetingList:
    """Return the meetings that have no outcome in the slot yet."""
    resolved = prior_state.resolved
    if not resolved:
        return meeting_list
    if meeting_list.all_of and Meeting(meeting_list.all_of, ALL_MEETINGS) in resolved:
        return replace(meeting_list, all_of=None)
    return replace(meeting_list, meetings=[meeting for meeting in meeting_list.meetings if meeting not in resolved])


def read_prior_state(
    connection: Connection, settings: SnapshotSettings, start: RunStart, *, staged: PriorState
) -> PriorState:
    """Read what the database knows of the slot and of the limit, and add what the staged runs have spent."""
    resolved = run_sql_file(connection, "read/resolved_meetings", slot=start.slot)
    since = start.started_at - _LIVE_BEFORE
    return PriorState(
        resolved={Meeting(*row) for row in resolved.iter_rows()},
        spent=[*staged.spent, *read_spending(connection, settings, start)],
        live_sessions=run_sql_file(connection, "read/most_live_sessions", since=since).item(),
        newest_run_at=read_newest_run(connection),
    )


def read_staged_state(settings: SnapshotSettings, start: RunStart) -> PriorState:
    """Read what the staged runs have spent of the limit, for when the database can't be read."""
    since, until = _window_bounds(settings, start)
    spent = Staging(settings.database).read_spending()
    in_window = [spending for spending in spent if since < spending.finished_at <= until]
    return PriorState(spent=in_window, is_spending_known=not settings.database.exists())


def read_spending(
    connection: Connection, settings: SnapshotSettings | ReconcileSettings, start: RunStart
) -> list[Spending]:
    """Read what earlier runs have spent of the window of the limit in which a run begins."""
    since, until = _window_bounds(settings, start)
    rows = run_sql_file(connection, "read/requests_spent", since=since, until=until)
    return [Spending(**row) for row in rows.iter_rows(named=True)]


def read_newest_run(connection: Connection) -> datetime | None:
    """Read the latest start of a run whose clock seemed right."""
    newest: datetime | None = run_sql_file(connection, "read/newest_run").item()
    return newest


def _window_bounds(settings: SnapshotSettings | ReconcileSettings, start: RunStart) -> tuple[datetime, datetime]:
    """Return the instants between which an earlier run has spent of the window of the limit in which a run begins.

    A run that ended later than now counts, because the clock may have been set back. A run that ended later than a
    window from now does not count: its clock was wrong, and every run would wait until that time.
    """
    window = timedelta(seconds=settings.api.limits.rate.seconds)
    return start.started_at - window, start.started_at + window


def read_finals_request(connection: Connection, settings: ReconcileSettings, start: RunStart) -> FinalsRequest:
    """Read which apps to ask about, and which sessions the database has seen live without final figures.

    Raises ConfigError if the settings name no app and the database knows none.
    """
    app_ids = [settings.app_id] if settings.app_id else run_sql_file(connection, "read/apps")["app_id"].to_list()
    if not app_ids:
        raise make_missing_app_error(settings)
    sessions = run_sql_file(connection, "read/open_sessions", since=settings.since, app_ids=app_ids)
    return FinalsRequest(
        apps=app_ids,
        since=settings.since,
        open_sessions=[OpenSession(*row) for row in sessions.iter_rows()],
        spent=read_spending(connection, settings, start),
        newest_run_at=read_newest_run(connection),
    )


def make_missing_app_error(settings: ReconcileSettings) -> ConfigError:
    """The error for a reconciliation that has no app to ask about."""
    return ConfigError(
        f"which app? {settings.database} knows no app yet; set REALTIMEKIT_APP_ID or --app-id, or take a snapshot first"
    )
