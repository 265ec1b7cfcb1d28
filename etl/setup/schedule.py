"""The schedule of the jobs, in the formats of cron, systemd and Kubernetes.

All three start the same two commands: a snapshot per interval, and a reconciliation per night.
"""

from __future__ import annotations

import hashlib
import shlex
import socket
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined

from etl import __version__
from etl.reports.periods import format_duration
from etl.setup.times import cron_times, on_calendar

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOUR = timedelta(hours=1)
_RECONCILE_LIMIT = timedelta(hours=2)
_PROGRAM_IN_IMAGE = Path("/usr/local/bin/rtk-usage")
_DATA_IN_CONTAINER, _FILES_IN_CONTAINER = Path("/data"), Path("/files")
_NIGHT_MINUTES = range(10, 50)  # after midnight, and not on a full hour, when others begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule: the interval of snapshots, and the absolute paths that its commands need.

    `meetings` is None if a snapshot is of all meetings of the app. `config` is the file of `--config`, if there is one.
    """

    every: timedelta
    program: Path
    environment: Path
    meetings: Path | None
    database: Path
    log_file: Path
    config: Path | None = None

    @property
    def seconds(self) -> int:
        """The seconds that a run and what surrounds it may take: the interval, but never more than an hour."""
        return int(min(self.every, _HOUR).total_seconds())

    @property
    def deadline_seconds(self) -> int:
        """The seconds that the fetch may take."""
        return self.seconds * 7 // 10

    @property
    def lock_seconds(self) -> int:
        """The seconds that a run waits for the database."""
        return min(30, self.seconds // 10)

    @property
    def limit_seconds(self) -> int:
        """The seconds after which a run is asked to end. It then stores what it has."""
        return self.seconds * 8 // 10

    @property
    def kill_seconds(self) -> int:
        """The seconds that it has for this. With the longest delay, it is over before the next run."""
        return self.seconds // 10

    @property
    def most_delay_seconds(self) -> int:
        """The longest delay of the start, so that not everybody asks the API in the same second."""
        return min(30, self.seconds // 10)

    @property
    def delay_seconds(self) -> int:
        """The delay of this machine and database. It is the same for each run, so that snapshots are evenly apart."""
        return 1 + self._number % self.most_delay_seconds

    @property
    def night_minute(self) -> int:
        """The minute after midnight at which the reconciliation starts."""
        return _NIGHT_MINUTES[self._number % len(_NIGHT_MINUTES)]

    @property
    def night_limit_seconds(self) -> int:
        """The seconds after which a reconciliation is asked to end."""
        return int(_RECONCILE_LIMIT.total_seconds())

    @property
    def _number(self) -> int:
        identity = f"{socket.gethostname()}:{self.database}"
        return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8], "big")

    @property
    def has_simple_times(self) -> bool:
        """True if a single line of times holds the interval."""
        return len(cron_times(self.every)) == 1

    def jobs(self) -> list[Job]:
        """Return both jobs."""
        config = ["--config", str(self.config)] if self.config else []
        meetings = [str(self.meetings)] if self.meetings else ["--all-meetings"]
        bounds = ["--every", f"{self.every // timedelta(minutes=1)}m", "--deadline", f"{self.deadline_seconds}s"]
        database = ["--database", str(self.database), "--lock-timeout", f"{self.lock_seconds}s"]
        return [
            Job(
                name="snapshot",
                command=[str(self.program), *config, "snapshot", *meetings, *bounds, *database],
                cron_times=cron_times(self.every),
                on_calendar=on_calendar(self.every),
                limit_seconds=self.limit_seconds,
            ),
            Job(
                name="reconcile",
                command=[str(self.program), *config, "reconcile", *database],
                cron_times=[f"{self.night_minute} 0 * * *"],
                on_calendar=[f"*-*-* 00:{self.night_minute}:00 UTC"],
                limit_seconds=self.night_limit_seconds,
            ),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job of the schedule: its command, when it starts, and the seconds after which it is asked to end."""

    name: str
    command: Sequence[str]
    cron_times: Sequence[str]
    on_calendar: Sequence[str]
    limit_seconds: int


def make_crontab(schedule: Schedule) -> dict[str, str]:
    """Make the lines for a crontab, by the name of their file."""
    return {"crontab": _render("crontab.jinja", schedule)}


def make_systemd_units(schedule: Schedule, *, user: str | None) -> dict[str, str]:
    """Make a service and a timer for each job, by the names of their files.

    The units are those of the system, whose jobs run as `user`; None makes units of a user's own.
    """
    files = {}
    for job in schedule.jobs():
        for kind in ("service", "timer"):
            text = _render(f"{kind}.jinja", schedule, job=job, user=user)
            files[f"rtk-usage-{job.name}.{kind}"] = text
    return files


def make_kubernetes_manifest(schedule: Schedule, image: str | None) -> dict[str, str]:
    """Make the manifest of the cron jobs, by the name of its file. Their commands have the paths of the container."""
    inside = replace(
        schedule,
        program=_PROGRAM_IN_IMAGE,
        database=_DATA_IN_CONTAINER / schedule.database.name,
        meetings=schedule.meetings and _FILES_IN_CONTAINER / schedule.meetings.name,
        config=schedule.config and _FILES_IN_CONTAINER / schedule.config.name,
    )
    context = {
        "files": [str(path) for path in (schedule.meetings, schedule.config) if path],
        "image": image or f"realtimekit-usage:{__version__}",
    }
    return {"rtk-usage.yaml": _render("kubernetes.yaml.jinja", inside, **context)}


def _render(template: str, schedule: Schedule, **context: object) -> str:
    environment = Environment(
        loader=FunctionLoader(lambda name: resources.files("etl.setup").joinpath(name).read_text(encoding="utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # the texts are no HTML; each is quoted as its format needs it
    )
    environment.filters |= {
        "cron": _quote_for_cron,
        "words": shlex.join,
        "unit": _quote_for_unit,
        "duration": format_duration,
        "path": lambda path: str(path).replace("%", "%%"),
    }
    return environment.get_template(template).render(schedule=schedule, jobs=schedule.jobs(), **context)


def _quote_for_cron(words: Sequence[object]) -> str:
    """Quote words for the shell that cron starts. Cron itself reads a percent sign as the end of a line."""
    return shlex.join([str(word) for word in words]).replace("%", r"\%")


def _quote_for_unit(words: Sequence[str]) -> str:
    """Quote words for a line of a unit of systemd."""
    return " ".join(_quote_word(word) for word in words)


def _quote_word(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != word or any(character in word for character in " ';#") else word
