from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from etl import __version__
from etl.cli import cli, main
from tests.cli.conftest import CHECKOUT
from tests.skipping import skip

if TYPE_CHECKING:
    from click.testing import Result

    from tests.cli.conftest import Shell

# The process ends with what it has imported on its last line.
IMPORTED = """
import sys
sys.argv = ["rtk-usage", *sys.argv[1:]]
from etl.cli import main
try:
    main()
finally:
    print(*sys.modules)
"""

WITHOUT_SETTINGS = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}
# What the settings of a user load, and the tab key after `rtk-usage report cov`. In zsh, only a terminal has that key.
COMPLETION = {
    "bash": """
        eval "$(_RTK_USAGE_COMPLETE=bash_source rtk-usage)"
        COMP_WORDS=(rtk-usage report cov) COMP_CWORD=2
        _rtk_usage_completion rtk-usage
        echo "${COMPREPLY[@]}"
    """,
    "zsh": r"""
        zmodload zsh/zpty
        zpty shell 'zsh -f -i'
        zpty -w shell 'PS1=; autoload -U compinit; compinit -u -D; eval "$(_RTK_USAGE_COMPLETE=zsh_source rtk-usage)"'
        zpty -w shell 'print rea""dy'
        zpty -r shell shown '*ready*'
        zpty -w -n shell $'rtk-usage report cov\t'
        zpty -r shell shown '*coverage*'
        print -r -- "$shown"
        zpty -d shell
    """,
    "fish": """
        _RTK_USAGE_COMPLETE=fish_source rtk-usage | source
        complete -C "rtk-usage report cov"
    """,
}


def run(*arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(cli, [*arguments], prog_name="rtk-usage", catch_exceptions=False)


@pytest.mark.parametrize("command", [[], *([name] for name in cli.commands)])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_helps(command: list[str], flag: str) -> None:
    """`--help` and `-h` print the usage of a command and succeed."""
    result = run(*command, flag)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(" ".join(["Usage: rtk-usage", *command]))


def test_every_option_says_what_it_is_for() -> None:
    """Every option has a help text."""
    silent = [
        f"{name} {parameter.name}"
        for name, command in cli.commands.items()
        for parameter in command.params
        if parameter.param_type_name == "option" and not getattr(parameter, "help", None)
    ]
    assert silent == []


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "69", "74", "75", "77", "78", "130, 143"])
def test_the_help_lists_the_exit_codes(code: str) -> None:
    """The author of a cron job finds the meaning of each exit code."""
    assert any(line.strip().startswith(f"{code} ") for line in run("--help").stdout.splitlines())


@pytest.mark.parametrize(
    "variable",
    [
        "CLOUDFLARE_API_TOKEN",
        "CLOUDFLARE_API_TOKEN_FILE",
        "CLOUDFLARE_ACCOUNT_ID",
        "REALTIMEKIT_APP_ID",
        "CLOUDFLARE_API_BASE_URL",
        "CLOUDFLARE_BASE_URL",
        "RTK_USAGE_DATABASE",
    ],
)
def test_the_help_of_snapshot_names_every_variable(variable: str) -> None:
    """Every environment variable is in the help."""
    assert variable in run("snapshot", "--help").stdout


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["--version"],
        ["snapshot", "--help"],
        ["report", "--help"],
        ["query", "--help"],
        ["check", "--help"],
        ["report"],  # the list of the reports
    ],
)
def test_help_is_quick_because_it_imports_nothing_heavy(command: list[str]) -> None:
    """Polars, DuckDB, the HTTP libraries and rich are not imported to print a help text."""
    ended = subprocess.run(
        [sys.executable, "-c", IMPORTED, *command], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    imported = set(ended.stdout.splitlines()[-1].split())
    assert imported & {"polars", "duckdb", "httpx", "tenacity", "rich", "starlette", "uvicorn"} == set()


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        (["snapshot", "--dry-run"], {"httpx", "tenacity", "rich", "pygments"}),
        (["snapshot"], {"starlette", "uvicorn"}),
        (["meetings"], {"polars", "duckdb"}),
    ],
)
def test_a_command_imports_no_more_than_it_uses(shell: Shell, command: list[str], unused: set[str]) -> None:
    """A plan needs no HTTP, a list of meetings needs no database, and a run from cron needs no progress bar."""
    (shell.directory / "data").mkdir()
    shell.api.write_list(shell.directory / "data" / "meetings.txt")
    ours = {name: value for name, value in shell.environment({}).items() if value is not None}
    ended = subprocess.run(
        [sys.executable, "-c", IMPORTED, *command],
        cwd=shell.directory,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)} | ours,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(ended.stdout.splitlines()[-1].split())
    assert imported & unused == set()


def test_python_runs_the_package_as_a_command(shell: Shell) -> None:
    """`python -m etl --version` prints the name of the command and its version."""
    assert shell.process("--version") == (0, f"rtk-usage, version {__version__}\n", "")


def test_the_installed_command_ends_with_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The entry point of `rtk-usage` reads the arguments of the process and ends it."""
    monkeypatch.setattr(sys, "argv", ["rtk-usage", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().out) == (0, f"rtk-usage, version {__version__}\n")


def test_no_command_at_all_shows_the_help() -> None:
    """The bare name prints the commands. It ends with 2, because nothing was done."""
    result = run()
    assert result.exit_code == 2
    assert "snapshot" in result.output


def test_a_misspelt_command_is_refused() -> None:
    """An unknown command ends with 2 and a message that quotes it."""
    result = run("snapshoot")
    assert result.exit_code == 2
    assert "snapshoot" in result.stderr


@pytest.mark.parametrize("name", cli.commands)
def test_the_examples_of_a_command_are_valid(name: str) -> None:
    """Each has at least two, and their options are those of the command."""
    lines = run(name, "--help").stdout.partition("Examples:\n")[2].splitlines()
    assert len(lines) >= 2
    for line in lines:
        program, command, *arguments = shlex.split(line)
        assert (program, command) == ("rtk-usage", name)
        cli.commands[name].make_context(name, arguments)


@pytest.mark.parametrize(
    ("shell", "words", "answer"),
    [
        ("bash", "rtk-usage rep", "plain,report\n"),
        ("bash", "rtk-usage report cov", "plain,coverage\n"),
        ("zsh", "rtk-usage query busiest", "plain\nbusiest_hours\nWhich hours of the last 30 days were the busiest?\n"),
        ("fish", "rtk-usage report cov", "plain,coverage"),
    ],
)
def test_a_shell_completes_commands_and_names(shell: str, words: str, answer: str) -> None:
    """The installed program answers the shell. Fish names the word, and the others its number."""
    typed, _, last = words.rpartition(" ")
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    if shell == "fish":
        asked = {"COMP_WORDS": typed, "COMP_CWORD": last}
    assert complete(asked | {"_RTK_USAGE_COMPLETE": f"{shell}_complete"}).startswith(answer)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_completes_the_program(shell: str) -> None:
    """A user adds the script to the settings of the shell, as docs/cli.md says."""
    document = (CHECKOUT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert f"_RTK_USAGE_COMPLETE={shell}_source rtk-usage" in document
    assert "rtk-usage" in complete({"_RTK_USAGE_COMPLETE": f"{shell}_source"})


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_tab_key_completes_a_name_in_a_real_shell(shell: str, tmp_path: Path) -> None:
    """The shell loads the line of docs/cli.md. It then completes the name of a report."""
    program = shutil.which(shell)
    if program is None:
        skip(f"no {shell}: it is not installed")
    variables = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [shell, *WITHOUT_SETTINGS[shell], "-c", COMPLETION[shell]],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert "coverage" in done.stdout


def complete(variables: dict[str, str]) -> str:
    """Run the installed program as a shell does to complete a command."""
    program = Path(sys.executable).parent / "rtk-usage"
    done = subprocess.run([program], env=os.environ | variables, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout
