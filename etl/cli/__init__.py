"""The command line: it parses, calls one function, and prints. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import signal
import sys

import click

from etl import __version__
from etl.cli.check import check
from etl.cli.demo import demo
from etl.cli.load import load
from etl.cli.meetings import meetings
from etl.cli.page import page
from etl.cli.query import query
from etl.cli.reconcile import reconcile
from etl.cli.report import report
from etl.cli.simulate import simulate
from etl.cli.snapshot import snapshot
from etl.errors import EtlError

EXIT_CODES = """\b
Exit codes:
  0   every meeting has an outcome, and it is in the database
  1   figures break a rule (check), or a defect of this tool; a trace says where
  2   the command was called wrongly
  3   the run is stored, but some meetings failed
  69  the API gives no good answer
  74  the database or the staging directory can't be used
  75  another program has the database open, or another run is under way
  77  the API refuses the token
  78  a setting, the meeting list or the database file is wrong
  130, 143  interrupted; what there was is stored
"""


class _Group(click.Group):
    """A group in which every error of ours becomes a message and its exit code: the only place where that happens."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
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
def cli() -> None:
    """Usage snapshots of Cloudflare RealtimeKit meetings, exactly once, in DuckDB."""


for _command in (snapshot, reconcile, report, query, page, check, meetings, load, simulate, demo):
    cli.add_command(_command)


def main() -> None:
    """Run `rtk-usage`."""
    sys.exit(cli(prog_name="rtk-usage"))
