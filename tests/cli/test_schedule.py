from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from etl.cli.schedule import find_user
from tests.cli.conftest import until
from tests.skipping import skip

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

# A cron with a crontab of its own: nothing of this machine is seen or changed.
CRON = """
mount -t tmpfs none /var/spool/cron/crontabs && mount -t tmpfs none /run && mount -t tmpfs none /etc/cron.d &&
mount --bind /dev/null /etc/crontab && install -m 600 "$1" /var/spool/cron/crontabs/root && exec cron -f
"""


def write_environment(shell: Shell) -> None:
    """Write the file with the settings, and the list where commands look for it."""
    names = ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_BASE_URL", "REALTIMEKIT_APP_ID")
    (shell.directory / "environment").write_text("".join(f"{name}={shell.variables[name]}\n" for name in names))
    (shell.directory / "data").mkdir()
    shell.api.write_list(shell.directory / "data" / "meetings.txt")


def test_a_real_cron_runs_the_lines(shell: Shell) -> None:
    """Both jobs run from cron, with no more than it gives them. The night is in the same minute here."""
    if not shutil.which("cron") or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        skip("cron is missing, or this is not root")
    write_environment(shell)
    code, lines, stderr = shell.process("schedule", "--every", "1m", variables={"RTK_USAGE_DATABASE": None})
    assert (code, stderr) == (0, "")
    crontab, log = shell.directory / "crontab", shell.directory / "data" / "runs.log"
    crontab.write_text(re.sub(r"^\d+ 0 \* \* \*", "* * * * *", lines, flags=re.MULTILINE))
    with subprocess.Popen(["unshare", "-m", "sh", "-c", CRON, "sh", crontab], start_new_session=True) as cron:
        try:
            until(lambda: log.exists() and len(log.read_text().splitlines()) >= 2, seconds=100)
        finally:
            os.killpg(cron.pid, 9)
    said = log.read_text()
    assert re.search(r" INFO \S+ 40 meetings: \d+ live, \d+ idle, 0 failed; ", said)
    assert " reconciled app simulated-app: " in said
    assert (shell.directory / "data" / "usage.duckdb").exists()


def test_the_lines_name_every_path_in_full(shell: Shell) -> None:
    """They hold wherever cron starts them: program, environment file, list, database and log file."""
    write_environment(shell)
    code, stdout, _ = shell.process("schedule", "lists/big.csv", "--every", "5m", "--database", "usage.duckdb")
    here = shell.directory
    program = Path(sys.executable).with_name("rtk-usage")
    expected = (
        f"set -a && . {here}/environment && exec timeout -k 30 240 {program} snapshot {here}/lists/big.csv --every 5m "
        f"--deadline 210s --database {here}/usage.duckdb --lock-timeout 30s --quiet --log-file {here}/runs.log\n"
    )
    assert (code, stdout.count(expected)) == (0, 1)
    assert re.search(r"^\*/5 \* \* \* \* sleep \d+; set -a", stdout, flags=re.MULTILINE)
    assert re.search(r"^[1-4]\d 0 \* \* \* sleep .* reconcile ", stdout, flags=re.MULTILINE)


def test_the_files_can_be_written(shell: Shell) -> None:
    """Each has its name. The file with options goes with the commands, and a missing list is said."""
    settings = shell.directory / "settings.toml"
    settings.touch()
    for kind, names in (
        ("systemd", [f"rtk-usage-{job}.{kind}" for job in ("reconcile", "snapshot") for kind in ("service", "timer")]),
        ("kubernetes", ["rtk-usage.yaml"]),
        ("cron", ["crontab"]),
    ):
        output = shell.directory / "new" / kind
        options = ("--every", "15m", "--kind", kind, "--output", str(output))
        result = shell.run("--config", str(settings), "schedule", str(shell.directory / "gone.txt"), *options)
        assert (result.exit_code, result.stdout) == (0, "")
        assert sorted(path.name for path in output.iterdir()) == names
        assert "gone.txt does not exist yet; `rtk-usage meetings --output` writes it" in result.stderr
        assert all("settings.toml" in path.read_text() for path in output.iterdir() if path.suffix != ".timer")


def test_units_of_the_system_run_as_the_owner_of_the_settings(tmp_path: Path) -> None:
    """With sudo, root makes the units. If the file does not exist yet, they run as root."""
    environment = tmp_path / "environment"
    assert find_user(environment) == "root"
    environment.touch()
    assert find_user(environment) == pwd.getpwuid(os.geteuid()).pw_name


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "Missing option '--every'"),
        (["--every", "7m"], "did you mean 6m or 8m?"),
        (["--every", "90s"], "starts jobs on whole minutes"),
        (["--every", "90m", "--kind", "kubernetes"], "has one line of times"),
        (["list.txt", "--all-meetings", "--every", "5m"], "--all-meetings needs no meeting list: leave out list.txt"),
        (["--every", "5m", "--kind", "launchd"], "is not one of"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(shell: Shell, options: list[str], reason: str) -> None:
    """Nothing is printed."""
    result = shell.run("schedule", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr
