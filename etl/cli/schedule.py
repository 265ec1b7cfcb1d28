"""`rtk-usage schedule`."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.build_settings import DEFAULT_LIST
from etl.cli.examples import examples
from etl.cli.logs import log_to_stderr
from etl.cli.options import make_database_option
from etl.cli.output import print_text, print_warning
from etl.cli.types import Interval, NewFile
from etl.errors import ConfigError
from etl.files import as_store_error, make_directory, write_whole

if TYPE_CHECKING:
    from etl.setup.schedule import Schedule

_KINDS = ("cron", "systemd", "kubernetes")


@click.command(
    epilog=examples(
        "schedule --every 5m",
        "schedule meetings.csv --every 15m --kind systemd --output ~/.config/systemd/user",
        "schedule --all-meetings --every 1h --kind kubernetes",
    )
)
@click.argument("meetings", type=NewFile(), required=False)
@click.option(
    "--every",
    type=Interval(),
    required=True,
    help="The interval of snapshots in whole minutes, such as 5m or 1h. It divides a day.",
)
@click.option(
    "--kind", type=click.Choice(_KINDS), default="cron", show_default=True, help="The program that starts the jobs."
)
@click.option("--all-meetings", is_flag=True, help="Record every live meeting of the app, without a meeting list.")
@click.option(
    "--environment",
    type=NewFile(),
    default="environment",
    show_default=True,
    help="The file with account, app and token, as lines NAME=value.",
)
@make_database_option(purpose="to write to")
@click.option("--log-file", type=NewFile(), help="The log file of cron jobs. Default: runs.log beside the database.")
@click.option("--image", help="The container image of the Kubernetes jobs.")
@click.option(
    "--output",
    type=NewFile(file_okay=False),
    help="Write the files into this directory instead of printing them. Existing files with their names are replaced.",
)
@click.pass_context
def schedule(context: click.Context, /, *, kind: str, image: str | None, output: Path | None, **options: Any) -> None:
    """Print what to install to run the jobs: a snapshot per interval, and reconcile every night.

    MEETINGS is the meeting list. Default: data/meetings.txt. The printed lines name every path in full, delay the start
    by a few seconds, and end a run before the next one starts.
    """
    log_to_stderr(verbose=False)
    planned = _plan(options, context.find_root().params.get("config"))
    files = _make_files(planned, kind, image)
    if output is None:
        print_text("\n".join(files.values()).rstrip("\n"))
    else:
        with as_store_error(output):
            make_directory(output)
        for name, text in files.items():
            write_whole(output / name, text.encode())
            click.echo(f"wrote {output / name}", err=True)
    for path, command in ((planned.environment, "init"), (planned.meetings, "meetings --output")):
        if path and not path.exists():
            print_warning(f"{path} does not exist yet; `rtk-usage {command}` writes it")


def _plan(options: dict[str, Any], config: Path | None) -> Schedule:
    from etl.setup.schedule import Schedule

    every: timedelta = options["every"]
    if every % timedelta(minutes=1):
        raise click.BadParameter(
            "a schedule starts jobs on whole minutes; name such an interval.", param_hint="--every"
        )
    if options["all_meetings"] and options["meetings"]:
        raise click.UsageError(f"--all-meetings needs no meeting list: leave out {options['meetings']}.")
    meetings = None if options["all_meetings"] else options["meetings"] or DEFAULT_LIST
    database: Path = options["database"].absolute()
    return Schedule(
        every=every,
        program=_find_program(),
        environment=options["environment"].absolute(),
        meetings=meetings and meetings.absolute(),
        database=database,
        log_file=(options["log_file"] or database.with_name("runs.log")).absolute(),
        config=config and config.absolute(),
    )


def _make_files(planned: Schedule, kind: str, image: str | None) -> dict[str, str]:
    from etl.setup.schedule import make_crontab, make_kubernetes_manifest, make_systemd_units

    if kind == "systemd":
        return make_systemd_units(planned, user=find_user(planned.environment) if os.geteuid() == 0 else None)
    if kind == "cron":
        return make_crontab(planned)
    if not planned.has_simple_times:
        raise click.BadParameter(
            "a CronJob of Kubernetes has one line of times, which can't hold this interval; use one that divides an "
            "hour, or whole hours.",
            param_hint="--every",
        )
    return make_kubernetes_manifest(planned, image)


def find_user(environment: Path) -> str:
    """Return the user whose settings these are: the one whom the environment file belongs to, or else root."""
    try:
        return environment.owner()
    except (OSError, KeyError):  # the file does not exist, or its owner has no name
        return "root"


def _find_program() -> Path:
    """Return the absolute path of this program. It stands beside the Python that runs it."""
    program = Path(sys.executable).with_name("rtk-usage")
    if not program.exists():
        raise ConfigError(f"{program} does not exist; install realtimekit-usage for {sys.executable}")
    return program
