"""Check the settings, the list, the staged runs, the disk, and the database if it can be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from etl.errors import EtlError, UnknownApp
from etl.meeting_list import read_meeting_list
from etl.normalize.snapshots import ALL_OF, compute_list_id
from etl.reports.ask import read_database
from etl.reports.checks import results_as_records
from etl.settings import ApiSettings, Limits, ReadSettings
from etl.staging.erasure import is_erasure_pending
from etl.staging.runs import Staging, read_ledger
from etl.watch.configuration import find_configuration, find_list
from etl.watch.database import (
    bytes_per_day,
    find_closed_database,
    find_database,
    find_disk_space,
    find_erasure,
    find_figures,
    read_disk_space,
)
from etl.watch.findings import Finding, Severity, sort_findings
from etl.watch.glance import Glance, read_budget
from etl.watch.report import TABLE_INDENT, CheckReport
from etl.watch.runs import StagedSlots, find_backlog, find_coverage, find_reconcile_age, find_snapshot_age, next_slot
from etl.watch.state import Question, read_stored_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from etl.reports.periods import Period
    from etl.staging.runs import StagedLedger
    from etl.values.fetch import Spending
    from etl.values.meetings import MeetingList
    from etl.values.run import StagedRun
    from etl.watch.state import StoredState

# So many staged runs are looked at for the newest good ones. A run with failures only is rare.
_MOST_LEDGERS = 20

# Asks the API, given the meeting list and what earlier runs have spent of the limit.
Ask: TypeAlias = "Callable[[MeetingList | EtlError, list[Spending]], list[Finding]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """The settings of a check. A setting that is not valid is an error in its place, which becomes a finding.

    `app_id` is the app of the list and of the API. `only_app_id` limits what is said about the database. `is_named`
    says that the user named the list. `width` is that of the terminal; None stands for a pipe or a file.
    """

    api: ApiSettings | EtlError
    app_id: str | None
    only_app_id: str | None
    meetings: Path
    is_named: bool
    database: Path | EtlError
    lock_timeout: timedelta
    period: Period
    now: datetime
    width: int | None

    @property
    def limits(self) -> Limits:
        """The limit of the API."""
        return self.api.limits if isinstance(self.api, ApiSettings) else Limits()


def check_job(settings: CheckSettings, ask: Ask | None = None) -> CheckReport:
    """Check everything that needs no request, and `ask` the API for the rest if that is wanted. Nothing is changed.

    Raises ConfigError if the database holds nothing of the only app. Every other fault is a finding.
    """
    listed = _read_list(settings)
    list_id = None if isinstance(listed, EtlError) else compute_list_id(listed.meetings)
    state = _read_state(settings, list_id)
    staged = _read_staged(settings)
    findings = [
        find_configuration(settings.api, settings.app_id),
        *_find_list(settings, listed, state, list_id),
        *_find_runs(settings, state, staged),
        *_find_store(settings, state),
    ]
    if ask:
        findings += ask(listed, [] if isinstance(state, EtlError) else state.spent)
    return CheckReport(
        glance=_glance(settings, state, staged),
        findings=sort_findings(findings),
        checks=[] if isinstance(state, EtlError) else results_as_records(state.checks, settings.period.tz),
    )


def _read_list(settings: CheckSettings) -> MeetingList | EtlError:
    try:
        return read_meeting_list(settings.meetings, default_app_id=settings.app_id)
    except EtlError as error:
        return error


def _read_state(settings: CheckSettings, list_id: str | None) -> StoredState | EtlError:
    """Read the database. An error becomes a value, unless it is about the only app that the user named."""
    if isinstance(settings.database, EtlError):
        return settings.database
    question = Question(
        database=settings.database,
        period=settings.period,
        app_id=settings.only_app_id,
        now=settings.now,
        list_id=list_id,
        window_seconds=settings.limits.rate.seconds,
    )
    reading = ReadSettings(database=settings.database, lock_timeout=settings.lock_timeout)
    try:
        return read_database(reading, partial(read_stored_state, question=question))
    except UnknownApp:
        raise
    except EtlError as error:
        return error


def _read_staged(settings: CheckSettings) -> list[StagedRun] | EtlError:
    if isinstance(settings.database, EtlError):
        return settings.database
    try:
        return Staging(settings.database).runs()
    except EtlError as error:
        return error


def _find_list(
    settings: CheckSettings, listed: MeetingList | EtlError, state: StoredState | EtlError, list_id: str | None
) -> list[Finding]:
    """Judge the list. It is not needed if the newest run recorded a whole app, unless the user named it."""
    list_ids, last_meetings = ([], None) if isinstance(state, EtlError) else (state.list_ids, state.last_meetings)
    is_whole_app = bool(list_ids) and list_ids[0].startswith(ALL_OF)
    is_needed = settings.is_named or settings.meetings.exists() or not is_whole_app
    return find_list(
        settings.meetings,
        listed if is_needed else None,
        last_meetings=last_meetings,
        is_same=list_id in list_ids,
    )


def _find_runs(
    settings: CheckSettings, state: StoredState | EtlError, staged: list[StagedRun] | EtlError
) -> Iterator[Finding]:
    """Judge the runs, as far as the database or the staging directory tells about them."""
    if isinstance(staged, EtlError):
        if staged is not settings.database:
            yield Finding(severity=Severity.CRITICAL, subject="backlog", message=str(staged))
        return
    slots = read_staged_slots(staged)
    if not isinstance(state, EtlError):
        yield from find_snapshot_age(state.newest_snapshots, slots, settings.now)
        yield from find_reconcile_age(state.history, slots, settings.now)
        yield from find_coverage(state.coverage, settings.period.since, settings.period.tz)
    if not isinstance(settings.database, EtlError):
        yield find_backlog(staged, Staging(settings.database).directory, settings.now)


def _find_store(settings: CheckSettings, state: StoredState | EtlError) -> Iterator[Finding]:
    """Judge the database, its figures and its disk."""
    growth = 0.0
    if isinstance(state, EtlError):
        yield find_closed_database(state)
    elif not isinstance(settings.database, EtlError):
        yield find_database(settings.database, state.history, version=state.version)
        yield from find_figures(
            state.checks, state.data_range, settings.period, width=settings.width and settings.width - len(TABLE_INDENT)
        )
        growth = bytes_per_day(state.history, settings.database.stat().st_size, settings.now)
    if not isinstance(settings.database, EtlError):
        yield from find_erasure(is_pending=is_erasure_pending(settings.database))
        folders = [settings.database.parent, Staging(settings.database).directory]
        yield from (find_disk_space(space, growth) for space in read_disk_space(folders))


def read_staged_slots(staged: Sequence[StagedRun]) -> StagedSlots:
    """Find the newest good runs among the staged ones."""
    newest: dict[str, StagedLedger] = {}
    for run in reversed(staged[-_MOST_LEDGERS:]):
        ledger = read_ledger(run)
        if ledger and ledger.is_good:
            newest.setdefault(ledger.kind, ledger)
    snapshot, reconciliation = newest.get("snapshot"), newest.get("reconcile")
    return StagedSlots(
        snapshot_slot=snapshot.slot if snapshot else None,
        reconciled_at=reconciliation.started_at if reconciliation else None,
    )


def _glance(settings: CheckSettings, state: StoredState | EtlError, staged: list[StagedRun] | EtlError) -> Glance:
    staged_runs = 0 if isinstance(staged, EtlError) else len(staged)
    if isinstance(state, EtlError):
        return Glance(now=settings.now, is_readable=False, staged_runs=staged_runs)
    return Glance(
        now=settings.now,
        is_readable=True,
        last_run=state.last_run,
        live=state.live,
        today=state.today,
        week_ago=state.week_ago,
        budget=read_budget(settings.limits, state.spent, settings.now),
        staged_runs=staged_runs,
        next_slot=next_slot(state.newest_snapshots, settings.now),
    )
