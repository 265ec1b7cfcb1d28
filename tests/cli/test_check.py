"""`rtk-usage check`: the state at a glance, and findings with the worst first."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from etl.store import sql_files
from etl.store.database import open_database
from etl.store.load import load_runs
from tests.cli.conftest import on_terminal
from tests.samples import stage_run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from tests.cli.conftest import Shell

CHECKS = [name.partition("/")[2] for name in sql_files.names("checks")]
BROKEN = "one_snapshot_per_meeting_and_slot"
EVER = ("--since", "all")
STEP = timedelta(minutes=5)
GLANCE = ["last run", "live now", "today", "budget", "backlog", "next slot"]


@pytest.fixture
def well(shell: Shell) -> Shell:
    """A shell whose database holds four snapshots up to now and a reconciliation, and whose list is theirs."""
    slot = datetime.now(UTC).replace(second=0, microsecond=0)
    shell.directory.joinpath("meetings.txt").write_text("meeting-1\nmeeting-2\n", encoding="utf-8")
    with open_database(shell.database) as connection:
        load_runs(connection, [stage_run(shell.directory, slot=slot - number * STEP) for number in range(4)])
        connection.execute("update session_snapshots set created_at = slot, started_at = slot, observed_at = slot")
        connection.execute("update session_snapshots set session_id = cast(uuid() as varchar)")
        connection.execute(
            "insert into runs select * replace (uuid() as run_id, 'reconcile' as kind, 0 as live, 0 as idle) from runs"
            " limit 1"
        )
    for run in shell.staged():
        for file in run.iterdir():
            file.unlink()
        run.rmdir()
    return shell


@pytest.fixture
def broken(well: Shell) -> Shell:
    """The same, with a snapshot of a meeting stored three times in its slot."""
    with duckdb.connect(well.database) as connection:
        connection.execute("insert into session_snapshots select s.* from session_snapshots as s, range(2)")
    return well


def check(shell: Shell, *arguments: str, **changes: str | None) -> Result:
    """Check with the list of the test and the app called app."""
    meetings = str(shell.directory / "meetings.txt")
    return shell.run("check", meetings, *arguments, **{"REALTIMEKIT_APP_ID": "app"} | changes)


def found(result: Result) -> dict[str, tuple[str, str]]:
    """Return the severity and the sentence of every subject; of the worst finding if a subject has several."""
    lines = [line for line in result.stdout.partition("\n\n")[2].splitlines() if not line.startswith(" ")]
    findings: dict[str, tuple[str, str]] = {}
    for line in lines:
        severity, _, rest = line.partition(" ")
        subject, _, sentence = rest.strip().partition(": ")
        findings.setdefault(subject, (severity, sentence))
    return findings


def severities(result: Result) -> dict[str, str]:
    """Return the severity of every subject."""
    return {subject: severity for subject, (severity, _) in found(result).items()}


def test_a_job_that_is_well_is_a_success(well: Shell) -> None:
    """The state at a glance stands first. Then comes one line per finding, and all are fine."""
    result = check(well)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[:6]] == GLANCE
    assert "snapshot of " in lines[0]
    assert "1 meeting with 1 participant" in lines[1]
    assert "1,080 of 1,200 requests in 300 s remain" in lines[3]
    assert lines[6] == ""
    subjects = ["configuration", "list", "snapshots", "reconcile", "completeness", "backlog", "database", "figures"]
    assert severities(result) == dict.fromkeys([*subjects, "disk"], "fine")
    assert found(result)["list"][1].endswith("meetings.txt: 2 meetings, those of the last run")
    assert f"all {len(CHECKS)} rules hold" in found(result)["figures"][1]
    schema = sql_files.names("migrations")[-1].partition("/")[2]
    assert f"with 4 snapshots of sessions, the schema {schema}, and opens with" in found(result)["database"][1]


def test_everything_can_be_read_by_programs(broken: Shell) -> None:
    """`--json` prints one object: the state at a glance, the findings, and all rows that break a rule."""
    result = check(broken, "--json")
    content: dict[str, Any] = json.loads(result.stdout)
    assert (result.exit_code, content["severity"]) == (1, "warning")
    assert content["glance"]["live"]["participants"] == 1
    assert [finding["severity"] for finding in content["findings"]][:2] == ["warning", "warning"]
    assert content["findings"][0].keys() == {"severity", "subject", "message", "advice", "details"}
    checks = {one["name"]: one for one in content["checks"]}
    assert list(checks) == CHECKS
    assert checks[BROKEN]["broken"][0]["meeting_id"] == "meeting-1"
    assert checks["live_participants_within_maximum"]["broken"] == []


def test_a_broken_rule_is_named_with_the_rows_that_break_it(broken: Shell) -> None:
    """The rows stand below the finding. It is a warning, so the command ends with 1."""
    result = check(broken)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    (place,) = [number for number, line in enumerate(lines) if BROKEN in line]
    assert lines[place].startswith(f"warning   figures: 4 rows break the rule {BROKEN}: A meeting has")
    rows = list(takewhile(lambda line: line.startswith("    "), lines[place + 1 :]))
    assert len([row for row in rows if "meeting-1" in row]) == 4


def test_only_the_period_is_checked(broken: Shell) -> None:
    """Rows outside the period are not checked. A period without data proves nothing, which is said."""
    result = check(broken, "--since", "2026-11-03", "--until", "2026-11-04")
    assert severities(result)["figures"] == "warning"
    assert "no data from 2026-11-03 00:00" in found(result)["figures"][1]


def test_only_the_app_is_checked(broken: Shell) -> None:
    """Rows of another app are not checked."""
    with duckdb.connect(broken.database) as connection:
        connection.execute("insert into meeting_lists values ('other-list', 'other', 'meeting-9')")
    result = check(broken, "--app-id", "other", *EVER)
    assert BROKEN not in result.stdout
    assert severities(result)["snapshots"] == "critical"


def test_an_unknown_app_is_refused(well: Shell) -> None:
    """A mistyped app must not pass all checks."""
    result = check(well, "--app-id", "mistyped", *EVER)
    assert (result.exit_code, result.stdout) == (78, "")
    assert "holds nothing of app 'mistyped'" in result.stderr


def test_a_check_changes_nothing(broken: Shell) -> None:
    """The database is opened read-only, and nothing is written beside it."""
    before = broken.database.read_bytes()
    files = sorted(path.name for path in broken.directory.rglob("*"))
    check(broken, *EVER)
    assert broken.database.read_bytes() == before
    assert sorted(path.name for path in broken.directory.rglob("*")) == files


@pytest.mark.usefixtures("no_database")
def test_nothing_aborts_before_the_first_run(shell: Shell, tmp_path: Path) -> None:
    """Without settings, list and database there are three critical findings, and each says what to do."""
    nothing = dict.fromkeys(("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "REALTIMEKIT_APP_ID"))
    result = shell.run("check", str(tmp_path / "missing.txt"), **nothing)
    assert result.exit_code == 2
    assert severities(result) == {
        "configuration": "critical",
        "list": "critical",
        "database": "critical",
        "backlog": "fine",
        "disk": "fine",
    }
    assert "set CLOUDFLARE_ACCOUNT_ID" in found(result)["configuration"][1]
    assert "rtk-usage snapshot creates it" in found(result)["database"][1]
    assert result.stdout.startswith(
        "state:     not known, because the database can't be read\nbacklog:   0 staged runs\n\n"
    )


@pytest.mark.parametrize(
    ("database", "severity", "sentence"),
    [
        ("md:cloud", "critical", "--database 'md:cloud' is not the path of a file on this machine"),
        ("{directory}/meetings.txt", "critical", "meetings.txt is not a DuckDB database"),
        ("{directory}", "critical", "is a directory, not a file"),
        ("{directory}/cut.duckdb", "critical", "cut.duckdb"),
    ],
)
def test_a_database_that_cannot_be_read_is_a_finding(well: Shell, database: str, severity: str, sentence: str) -> None:
    """The other findings are there as well."""
    whole = well.database.read_bytes()
    (well.directory / "cut.duckdb").write_bytes(whole[: len(whole) // 2])
    result = check(well, "--database", database.format(directory=well.directory))
    assert result.exit_code == 2
    assert found(result)["database"][0] == severity
    assert sentence in found(result)["database"][1]
    assert severities(result)["list"] == "fine"


def test_a_database_that_is_written_to_is_a_warning_and_its_holder_named(well: Shell) -> None:
    """The command waits for it first. Staged runs then say how old the newest snapshot is not."""
    stage_run(well.directory, slot=datetime.now(UTC) - timedelta(hours=1))
    with well.database_held() as holder:
        result = check(well, "--lock-timeout", "0")
    assert result.exit_code == 1
    assert severities(result)["database"] == "warning"
    assert f"(PID {holder.pid})" in found(result)["database"][1]
    assert "1 run in" in found(result)["backlog"][1]
    assert severities(result)["backlog"] == "warning"


def test_a_staged_snapshot_is_as_good_as_a_stored_one(well: Shell) -> None:
    """The database has none of the last hour, but nothing is lost."""
    with duckdb.connect(well.database) as connection:
        connection.execute("update runs set slot = slot - interval 1 hour")
    assert severities(check(well))["snapshots"] == "critical"
    stage_run(well.directory, slot=datetime.now(UTC) - timedelta(minutes=1))
    assert severities(check(well))["snapshots"] == "fine"
    well.staged()[0].joinpath("runs.parquet").write_bytes(b"damaged")
    assert severities(check(well))["snapshots"] == "critical"


def test_a_changed_list_names_the_meetings_added_and_gone(well: Shell) -> None:
    """A line that is not a meeting ID is a warning beside it."""
    (well.directory / "meetings.txt").write_text("meeting-1\nmeeting-3\ntwo words\n", encoding="utf-8")
    result = check(well)
    assert result.exit_code == 1
    assert "warning   list: " in result.stdout
    assert "1 line is not a meeting ID, line 3: the meeting ID has a space" in result.stdout
    assert "since the last run 1 added (meeting-3) and 1 gone (meeting-2)" in result.stdout


def test_runs_for_a_whole_app_need_no_list(well: Shell) -> None:
    """A list that the user names is read all the same."""
    with duckdb.connect(well.database) as connection:
        connection.execute("update runs set list_id = 'all:app' where kind = 'snapshot'")
    (well.directory / "meetings.txt").unlink()
    with_default = well.run("check", REALTIMEKIT_APP_ID="app")
    assert severities(with_default)["list"] == "fine"
    assert "all meetings of an app, which needs no list" in found(with_default)["list"][1]
    assert severities(check(well))["list"] == "critical"


def test_online_the_api_is_asked_as_well(well: Shell) -> None:
    """A mistyped meeting is named. Without the option nothing is sent, and without a token nothing can be."""
    world = well.api.world
    right = world.meeting_ids[0]
    (well.directory / "meetings.txt").write_text(f"{right}\n{right[:-1]}\n", encoding="utf-8")
    mine = {"REALTIMEKIT_APP_ID": world.app_id}
    check(well, **mine)
    check(well, "--online", CLOUDFLARE_API_TOKEN=None, **mine)
    assert well.api.app.state.requests == 0
    result = check(well, "--online", "--sample", "1", **mine)
    assert result.stderr == ""
    online = {name: severities(result)[name] for name in ("token", "permission", "app", "meetings", "live list")}
    assert online == dict.fromkeys(online, "fine") | {"meetings": "warning"}
    assert f"1 of 2 is not in app {world.app_id}: {right[:-1]} (nearest: {right}, " in result.stdout
    assert list(well.api.app.state.requests_by_meeting) == [right]


def test_online_a_proxy_that_is_not_usable_is_a_finding(well: Shell) -> None:
    """Nothing is sent then."""
    address = {"CLOUDFLARE_API_BASE_URL": "https://api.example.org/client/v4", "HTTPS_PROXY": "socks5://localhost:1"}
    result = check(well, "--online", **address)
    assert severities(result)["network"] == "critical"
    assert "the proxy in HTTPS_PROXY is not usable" in found(result)["network"][1]


def test_lines_fit_the_terminal(broken: Shell) -> None:
    """Sentences are wrapped between words, and rows as those of a report. `--wide` and a pipe get whole lines."""
    meetings = str(broken.directory / "meetings.txt")
    with duckdb.connect(broken.database) as connection:
        connection.execute("update session_snapshots set type = 'a type of session that nobody has documented'")
    lines = on_terminal(broken, "check", meetings, *EVER, columns=100).splitlines()
    paths = [line for line in lines if str(broken.directory) in line]
    assert max(len(line) for line in lines if line not in paths) <= 100
    assert any(line.startswith("          ") for line in lines)
    wide = on_terminal(broken, "check", meetings, *EVER, "--wide", columns=100).splitlines()
    assert max(map(len, wide)) > 120
