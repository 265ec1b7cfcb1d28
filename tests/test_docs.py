"""The documentation: its commands run, its options are those of `--help`, its columns those of the database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from etl import RELEASED_AT, __version__
from etl.cli import EXIT_CODES, cli
from etl.errors import EXIT_WITH_FAILURES, EtlError, FailureKind
from etl.reports.catalogue import report_descriptions
from etl.simulator.app import TOKEN
from etl.store import sql_files
from etl.store.database import open_database

if TYPE_CHECKING:
    from tests.conftest import Api

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
DATA_MODEL = (ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
# `make demo` and `make test` are what .ci/run does; the others set up the shell, as the test does.
RUN_ELSEWHERE = ("make ", "export ", ". ")


def blocks(language: str, document: str = README) -> list[str]:
    """Return the code blocks of a document in a language. Those of a list are indented."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", document, flags=re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def sections() -> dict[str, str]:
    """Return the text of every section of docs/cli.md by its heading."""
    parts = re.split(r"^## ", COMMANDS, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}


def table(text: str, first_column: str) -> list[list[str]]:
    """Return the rows of the table in a text whose first column has this name."""
    found = re.search(rf"^\| {first_column} \|.*\n((?:\|.*\n)*)", text, flags=re.MULTILINE)
    assert found, first_column
    return rows(found[0])


def rows(table: str) -> list[list[str]]:
    """Return the cells of the rows of a Markdown table, without its two head lines."""
    lines = [line for line in table.splitlines() if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines][1:]


def run(command: str, directory: Path, api: Api) -> str:
    """Run a command as a user would, with the three variables set and the simulator in the place of Cloudflare."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(directory),
        "CLOUDFLARE_API_TOKEN": TOKEN,
        "CLOUDFLARE_ACCOUNT_ID": api.world.account_id,
        "REALTIMEKIT_APP_ID": api.world.app_id,
        "CLOUDFLARE_API_BASE_URL": api.base_url,
    }
    done = subprocess.run(
        ["bash", "-ec", command], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, EXIT_WITH_FAILURES}, done.stderr
    return done.stdout


def test_the_commands_of_the_readme_run(api: Api, tmp_path: Path) -> None:
    """They run in turn, in an empty directory."""
    (tmp_path / "data").mkdir()
    commands = [line for block in blocks("sh") for line in block.splitlines() if not line.startswith(RUN_ELSEWHERE)]
    assert len(commands) >= 2
    run("rtk-usage demo --days 1 --meetings 3", tmp_path, api)  # which `make demo` does
    said = "".join(run(command, tmp_path, api) for command in commands)
    assert re.search(r" 40 meetings: \d+ live, \d+ idle, 0 failed; ", said)
    assert (tmp_path / "usage.html").exists()
    assert (tmp_path / "data" / "usage.duckdb").exists()


def test_the_crontab_lines_run(api: Api, tmp_path: Path) -> None:
    """The commands run as in cron: in sh, with few variables, and without the tool on the PATH. They print nothing."""
    (block,) = blocks("crontab")
    home = tmp_path / "realtimekit-usage"
    (home / "data").mkdir(parents=True)
    (home / ".venv").symlink_to(Path(sys.executable).parent.parent)
    variables = {
        "CLOUDFLARE_API_TOKEN": TOKEN,
        "CLOUDFLARE_ACCOUNT_ID": api.world.account_id,
        "REALTIMEKIT_APP_ID": api.world.app_id,
        "CLOUDFLARE_API_BASE_URL": api.base_url,
    }
    (home / "environment").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    api.write_list(home / "data" / "meetings.txt")
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    for line, said in zip(block.splitlines(), (" 40 meetings: ", " reconciled app "), strict=True):
        command = ["/bin/sh", "-c", line.split(maxsplit=5)[5]]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert said in (home / "data" / "runs.log").read_text()


def test_a_session_of_the_documentation_is_what_a_terminal_shows(tmp_path: Path) -> None:
    """The session is for a list of ten thousand meetings, without any setting."""
    (tmp_path / "big.txt").write_text("".join(f"meeting-{number}\n" for number in range(10_000)))
    environment = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    (session,) = blocks("console", COMMANDS)
    for shown in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, output = shown.split("\n", 1)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        assert done.stdout == output


def test_every_command_has_a_section() -> None:
    """Every section named `rtk-usage ...` is a command."""
    headings = {heading for heading in sections() if heading.startswith("rtk-usage ")}
    assert headings == {f"rtk-usage {name}" for name in cli.commands}


@pytest.mark.parametrize("name", cli.commands)
def test_the_options_of_a_command_are_those_of_its_help(name: str) -> None:
    """Their names, variables, defaults and meanings: none is missing, and none is made up."""
    options = [option for option in cli.commands[name].params if isinstance(option, click.Option)]
    assert table(sections()[f"rtk-usage {name}"], "option") == [
        [
            f"`{option.opts[0]}`",
            ", ".join(f"`{variable}`" for variable in variables_of(option)),
            f"`{option.default}`" if option.show_default else "",
            option.help,
        ]
        for option in options
    ]


def variables_of(option: click.Option) -> list[str]:
    """Return the environment variables of an option."""
    return [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or [])


@pytest.mark.parametrize("name", cli.commands)
def test_the_usage_of_a_command_is_that_of_its_help(name: str) -> None:
    """The usage is the line below the heading."""
    with cli.make_context("rtk-usage", ["--help"], resilient_parsing=True) as group:
        context = click.Context(cli.commands[name], info_name=name, parent=group)
        usage = " ".join(["rtk-usage", name, *cli.commands[name].collect_usage_pieces(context)])
    assert f"`{usage}`" in sections()[f"rtk-usage {name}"].splitlines()


def test_the_documented_reports_are_those_that_there_are() -> None:
    """Each has the sentence with which its file begins."""
    assert dict(table(sections()["rtk-usage report"], "report")) == {
        f"`{name}`": description for name, description in report_descriptions().items()
    }


def test_the_documented_exit_codes_are_those_of_the_help_and_of_the_errors() -> None:
    """The list stands in docs/cli.md and in the help, and every error has a code of it."""
    documented = dict(table(sections()["Exit codes"], "code"))
    in_help = dict(line.strip().split("  ", 1) for line in EXIT_CODES.splitlines()[2:])
    assert {code: text.strip() for code, text in in_help.items()} == documented
    errors = {str(error.exit_code) for error in EtlError.__subclasses__()}
    assert errors | {"0", "1", "2", str(EXIT_WITH_FAILURES), "130, 143"} == set(documented)


def test_the_lines_of_the_readme_are_short() -> None:
    """A README with short lines can be read in a terminal. Lines of a crontab can't be broken."""
    text = re.sub(r"```crontab\n.*?```", "", README, flags=re.DOTALL)
    assert [line for line in text.splitlines() if len(line) > 100] == []
    assert len(README.splitlines()) <= 130


def columns(tmp_path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the names and types of the columns of every table and view."""
    found: dict[str, list[tuple[str, str]]] = {}
    with open_database(tmp_path / "usage.duckdb") as connection:
        query = """
            select table_name, column_name, data_type
            from duckdb_columns()
            where database_name = 'usage' and not internal
            order by table_name, column_index
        """
        for table, column, data_type in connection.execute(query).fetchall():
            found.setdefault(table, []).append((column, data_type))
    return found


def described() -> dict[str, list[list[str]]]:
    """Return the rows of the tables of the data model, by heading."""
    parts = {part.splitlines()[0]: part for part in re.split(r"^## ", DATA_MODEL, flags=re.MULTILINE)[1:]}
    same = {heading: re.search(r"The columns are those of `(\w+)`", part) for heading, part in parts.items()}
    return {heading: rows(parts[other[1]] if (other := same[heading]) else part) for heading, part in parts.items()}


def names_and_types(table: list[list[str]]) -> list[tuple[str, str]]:
    """Return the first two cells of every row."""
    return [(cells[0], cells[1]) for cells in table]


def test_the_release_is_the_day_of_the_changelog() -> None:
    """Until the version has a day in the changelog, the release is a day in the past."""
    (day,) = re.findall(rf"^## {re.escape(__version__)} \((.*)\)$", CHANGELOG, flags=re.MULTILINE)
    assert datetime.now(UTC) > RELEASED_AT
    assert day in {"unreleased", f"{RELEASED_AT:%Y-%m-%d}"}


def test_the_data_model_describes_the_columns_that_are_there(tmp_path: Path) -> None:
    """The names, types and order are those of every table and view."""
    tables = {heading: names_and_types(cells) for heading, cells in described().items() if "(" not in heading}
    assert tables == columns(tmp_path)


def test_the_data_model_describes_the_macros_that_are_there(tmp_path: Path) -> None:
    """Their parameters and columns are those of the database."""
    documented = {heading: names_and_types(cells) for heading, cells in described().items() if "(" in heading}
    assert documented == macros(tmp_path)


def test_the_data_model_says_what_every_column_and_parameter_means() -> None:
    """Every column and parameter has an explanation."""
    assert all(cells[2] for table in described().values() for cells in table)
    introduction = DATA_MODEL.split("\n## ")[0].split("The parameters of the macros:")[1]
    explained = re.findall(r"`(\w+)`", "".join(re.findall(r"^- ([^:]+): ", introduction, flags=re.MULTILINE)))
    signatures = re.findall(r"^## \w+\((.+)\)$", DATA_MODEL, flags=re.MULTILINE)
    assert set(explained) == {name for signature in signatures for name in signature.split(", ")}


# What the macros are called with, to see their columns.
ARGUMENTS = {
    "since": "timestamptz '2026-11-02'",
    "until": "timestamptz '2026-11-03'",
    "tz": "'UTC'",
    "unit": "'day'",
    "with_finals": "true",
    "path": f"'{ROOT}/sql/prices.csv'",
}


def macros(tmp_path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the columns of every macro, by its name with its parameters. A scalar macro has no columns."""
    found = {}
    with open_database(tmp_path / "usage.duckdb") as connection:
        query = """
            select function_name, parameters, function_type = 'table_macro'
            from duckdb_functions()
            where database_name = 'usage' and not internal
        """
        for name, parameters, has_columns in connection.execute(query).fetchall():
            call = f"{name}({', '.join(ARGUMENTS.get(one, 'null') for one in parameters)})"
            described = connection.execute(f"describe from {call}").fetchall() if has_columns else []
            found[f"{name}({', '.join(parameters)})"] = [(column, kind) for column, kind, *_ in described]
    return found


def test_the_data_model_names_every_kind_of_failure() -> None:
    """The documented kinds are exactly those of the code."""
    (kinds,) = re.findall(r"^\| kind \| VARCHAR \| (`invalid_id`.*) \|$", DATA_MODEL, flags=re.MULTILINE)
    assert re.findall("`([a-z_]+)`", kinds) == [str(kind) for kind in FailureKind]


@pytest.mark.parametrize(
    "folder",
    [
        *("load", "read", "copy", "export", "erase", "views", "migrations", "macros", "reports", "checks"),
        *("cookbook", "watch"),
    ],
)
def test_every_sql_file_begins_by_saying_what_it_is(folder: str) -> None:
    """The first line is a comment that describes the file."""
    for name in sql_files.names(folder):
        assert sql_files.text(name).startswith("-- "), name


def test_links_within_the_project_lead_somewhere() -> None:
    """This covers the README and the other documents."""
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for document in documents:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_each_promise_names_a_test_that_is_there() -> None:
    """A renamed or deleted test must not leave its promise behind. The figures of `make chaos` are no promises."""
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    text = re.sub("<!-- figures of .*<!-- end of the figures -->", "", text, flags=re.DOTALL)
    promises = re.findall(r"^\| (?!promise|---)(.+?) \| `([\w/]+\.py)::(\w+)` \|$", text, flags=re.MULTILINE)
    assert len(promises) == text.count("\n| ") - text.count("| promise | test |")
    for promise, file, name in promises:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), promise
