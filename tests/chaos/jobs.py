"""The jobs of the trials: the state in which each begins, and its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.conftest import START
from tests.samples import held_open

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.site import Site

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job and the state in which it begins: `prepare` makes it, `arguments` are those of the job.

    `is_locked` tells that another program has the database open meanwhile.
    """

    prepare: Callable[[Site], object]
    arguments: Callable[[Site], list[str]]
    is_locked: bool = False


def take_first(site: Site) -> None:
    """Store a snapshot, so that the database exists."""
    site.take(START - HOUR)


def leave_staged(site: Site) -> None:
    """Store a snapshot, and leave another staged, since a program holds the database open."""
    take_first(site)
    with held_open(site.database):
        site.take(START - HOUR / 2)


def take_snapshot_arguments(site: Site) -> list[str]:
    """Take the snapshot of the slot START."""
    site.api.clock.set(START)
    return site.arguments_of_snapshot(START)


def erase_arguments(site: Site) -> list[str]:
    """Erase the app, and with it every row."""
    return ["erase", "--app-id", site.api.world.app_id, "--yes"]


JOBS = {
    "first snapshot": Job(prepare=lambda _site: None, arguments=take_snapshot_arguments),
    "snapshot": Job(prepare=take_first, arguments=take_snapshot_arguments),
    "snapshot beside a staged run": Job(prepare=leave_staged, arguments=take_snapshot_arguments),
    "snapshot of a locked database": Job(prepare=take_first, arguments=take_snapshot_arguments, is_locked=True),
    "load": Job(prepare=leave_staged, arguments=lambda _site: ["load"]),
    "reconcile": Job(prepare=take_first, arguments=lambda _site: ["reconcile", "--since", "2026-11-01"]),
    "compact": Job(prepare=take_first, arguments=lambda _site: ["compact"]),
    "export to a file": Job(prepare=take_first, arguments=lambda site: ["export", str(site.copy)]),
    "export to a directory": Job(prepare=take_first, arguments=lambda site: ["export", str(site.parquet)]),
    "erase": Job(prepare=leave_staged, arguments=erase_arguments),
}
