"""What is known before the first request: which meetings to ask about, what the slot holds, what a run will cost."""

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
from etl.staging.runs import read_staged_spending, staged_runs, staging_of
from etl.store.database import open_to_read
from etl.store.read import run_sql_file
from etl.values.fetch import PriorState, Spending
from etl.values.finals import FinalsRequest, OpenSession
from etl.values.meetings import ALL_MEETINGS, Meeting, MeetingList
from etl.values.run import RunStart

if TYPE_CHECKING:
    from datetime import datetime

    from etl.settings import ReconcileSettings, SnapshotSettings
    from etl.store.database import Connection
    from etl.values.fetch import Plan

_log = logging.getLogger(__name__)

# How far back to look for how many sessions may be live.
_LATELY = timedelta(days=1)


def plan_snapshot(settings: SnapshotSettings, now: datetime) -> Plan:
    """What a snapshot would cost now, as far as the database and the staged runs tell. Nothing is sent or written."""
    meeting_list = read_meetings(settings)
    start = start_run(settings, now)
    known = read_staged_state(settings, start)
    if settings.database.exists():
        try:
            with open_to_read(settings.database) as connection:
                known = read_prior_state(connection, settings, start, known)
        except (StoreLocked, StoreError) as error:
            _log.warning("planned without what the database knows: %s", error)
    return make_plan(settings, unresolved_meetings(meeting_list, known), known, now)


def read_meetings(settings: SnapshotSettings) -> MeetingList:
    """The meetings to ask about; all of an app where the settings name no list."""
    if settings.meetings is not None:
        return read_meeting_list(settings.meetings, default_app_id=settings.app_id)
    return MeetingList(meetings=[], all_of=settings.app_id)


def unresolved_meetings(meeting_list: MeetingList, known: PriorState) -> MeetingList:
    """The meetings that the slot has no outcome for yet."""
    if not known.resolved:
        return meeting_list
    if meeting_list.all_of and Meeting(meeting_list.all_of, ALL_MEETINGS) in known.resolved:
        return replace(meeting_list, all_of=None)
    return replace(meeting_list, meetings=[one for one in meeting_list.meetings if one not in known.resolved])


def read_prior_state(
    connection: Connection, settings: SnapshotSettings, start: RunStart, staged: PriorState
) -> PriorState:
    """What the database knows of the slot and of the limit, with what is `staged` besides."""
    resolved = run_sql_file(connection, "read/resolved_meetings", slot=start.slot)
    ((live_before,),) = run_sql_file(
        connection, "read/most_live_sessions", since=start.started_at - _LATELY
    ).iter_rows()
    return PriorState(
        resolved={Meeting(*pair) for pair in resolved.iter_rows()},
        spent=[*staged.spent, *read_spending(connection, settings, start)],
        live_before=live_before,
    )


def read_spending(
    connection: Connection, settings: SnapshotSettings | ReconcileSettings, start: RunStart
) -> list[Spending]:
    """What earlier runs have spent of the window of the limit that a run begins in."""
    since = start.started_at - timedelta(seconds=settings.api.limits.rate.seconds)
    rows = run_sql_file(connection, "read/requests_spent", since=since)
    return [Spending(**row) for row in rows.iter_rows(named=True)]


def read_finals_request(connection: Connection, settings: ReconcileSettings, start: RunStart) -> FinalsRequest:
    """The apps whose final figures are wanted, and the sessions that the database has seen live and not final.

    Raises ConfigError where no app is named, and none is known.
    """
    since = settings.since_of(start.started_at)
    apps = [settings.app_id] if settings.app_id else run_sql_file(connection, "read/apps")["app_id"].to_list()
    if not apps:
        raise missing_app_error(settings)
    found = run_sql_file(connection, "read/open_sessions", since=since, app_ids=apps)
    return FinalsRequest(apps=apps, since=since, open_sessions=[OpenSession(*row) for row in found.iter_rows()])


def missing_app_error(settings: ReconcileSettings) -> ConfigError:
    """Nobody can say which app is meant."""
    return ConfigError(
        f"which app? {settings.database} knows none yet; set REALTIMEKIT_APP_ID or --app-id, or take a snapshot first"
    )


def read_staged_state(settings: SnapshotSettings, start: RunStart) -> PriorState:
    """What runs that are staged have spent of the limit: all that is known where the database can't be asked."""
    since = start.started_at - timedelta(seconds=settings.api.limits.rate.seconds)
    spent = [read_staged_spending(run) for run in staged_runs(staging_of(settings.database))]
    return PriorState(spent=[one for one in spent if one and one.finished_at > since])


def uuid7(instant: datetime) -> UUID:
    """A UUID that sorts by time: RFC 9562, version 7, with 74 random bits. Python has it from 3.14 on."""
    milliseconds = int(instant.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)


def start_run(settings: SnapshotSettings | ReconcileSettings, started_at: datetime) -> RunStart:
    """A run that begins now."""
    return RunStart(
        run_id=str(uuid7(started_at)),
        slot=settings.slot_of(started_at),
        started_at=started_at,
        account_id=settings.api.account_id,
        tool_version=__version__,
        host=socket.gethostname(),
        every_seconds=settings.every.total_seconds() if settings.every else None,
    )
