"""The command line: it parses options, calls one function, and prints the result."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import click

from etl import __version__
from etl.cli.check import check
from etl.cli.compact import compact
from etl.cli.demo import demo
from etl.cli.erase import erase
from etl.cli.export import export
from etl.cli.init import init
from etl.cli.load import load
from etl.cli.meetings import meetings
from etl.cli.page import page
from etl.cli.query import query
from etl.cli.reconcile import reconcile
from etl.cli.report import report
from etl.cli.schedule import schedule
from etl.cli.simulate import simulate
from etl.cli.snapshot import snapshot
from etl.cli.types import NewFile
from etl.errors import EtlError

if TYPE_CHECKING:
    from pathlib import Path

EXIT_CODES = """\b
Exit codes:
  0   success: every meeting has an outcome, and the run is in the database
  1   check has a warning, or this tool has a defect and prints a traceback
  2   the command line is not valid, or check finds something critical
  3   the run is stored, but some meetings failed
  69  the API is down, or its answers are not valid
  74  the database, the staging directory or the output can't be read or written, for example on a full disk
  75  another program has the database open, or another run is in progress
  77  the API refuses the token
  78  a setting or the meeting list is not valid, or the database is another program's or another kind of file
  130, 143  interrupted by Ctrl-C or SIGTERM; the results so far are stored
"""


class _Group(click.Group):
    """The group of all commands. It is the only place that turns an EtlError into a message and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            if error.option_name != "--config":
                raise
            place = "--config stands before the command: rtk-usage --config FILE COMMAND."
            raise click.UsageError(place, error.ctx) from error
        except EtlError as error:
            click.echo(f"rtk-usage: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("rtk-usage: interrupted", err=True)
            ctx.exit(128 + signal.SIGINT)


@click.group(
    cls=_Group, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, package_name="realtimekit-usage", prog_name="rtk-usage")
@click.option(
    "--config",
    type=NewFile(),
    envvar="RTK_USAGE_CONFIG",
    show_envvar=True,
    help="A TOML file with options: one section per command, such as [snapshot], and the names of its options. "
    "Variables and options win over it.",
)
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Record the usage of Cloudflare RealtimeKit meetings in DuckDB, exactly once, and report on it."""
    if config:
        from etl.cli.config_file import read_config

        context.default_map = dict(read_config(config, cli, context))


for _command in (
    init,
    schedule,
    snapshot,
    reconcile,
    report,
    query,
    page,
    check,
    meetings,
    load,
    export,
    compact,
    erase,
    simulate,
    demo,
):
    cli.add_command(_command)


def main() -> None:
    """Run `rtk-usage`."""
    sys.exit(cli(prog_name="rtk-usage"))
