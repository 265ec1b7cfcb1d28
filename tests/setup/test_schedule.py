from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from etl.setup.schedule import Schedule, make_crontab, make_kubernetes_manifest, make_systemd_units
from tests.setup.test_times import INTERVALS
from tests.skipping import skip

ODD = "/srv/a b%c$d;'e\"f"
SCHEDULE = Schedule(
    every=timedelta(minutes=5),
    program=Path(sys.executable).with_name("rtk-usage"),
    environment=Path("/srv/environment"),
    meetings=Path("/srv/meetings.csv"),
    database=Path("/srv/data/usage.duckdb"),
    log_file=Path("/srv/data/runs.log"),
)
ODD_SCHEDULE = replace(
    SCHEDULE,
    environment=Path(ODD, "environment"),
    meetings=Path(ODD, "meetings.txt"),
    database=Path(ODD, "usage.duckdb"),
    log_file=Path(ODD, "runs.log"),
    config=Path(ODD, "settings.toml"),
)


@pytest.mark.parametrize("minutes", INTERVALS)
def test_a_run_is_over_before_the_next_one(minutes: int) -> None:
    """Even if it starts late, reaches its time limit and needs all its time to store what it has."""
    schedule = replace(SCHEDULE, every=timedelta(minutes=minutes))
    assert 1 <= schedule.delay_seconds <= schedule.most_delay_seconds
    assert schedule.most_delay_seconds + schedule.limit_seconds + schedule.kill_seconds <= minutes * 60
    assert schedule.deadline_seconds + schedule.lock_seconds <= schedule.limit_seconds


def test_databases_start_at_different_seconds_and_each_always_at_the_same() -> None:
    """The delay and the minute of the night belong to the machine and the database."""
    others = [replace(SCHEDULE, database=Path(f"/srv/{number}.duckdb")) for number in range(50)]
    assert len({schedule.delay_seconds for schedule in others}) > 10
    assert len({schedule.night_minute for schedule in others}) > 10
    assert replace(SCHEDULE).delay_seconds == SCHEDULE.delay_seconds


def commands(crontab: str) -> list[list[str]]:
    """Return the words of the commands in a crontab, as the shell of cron reads them."""
    lines = [line.split(maxsplit=5)[5] for line in crontab.splitlines() if not line.startswith("#")]
    return [shlex.split(line.replace(r"\%", "%")) for line in lines]


def test_all_kinds_start_the_same_commands() -> None:
    """Only the paths of Kubernetes are those in the container, and only cron needs a log file."""
    in_cron = [command[command.index("exec") + 5 :] for command in commands(make_crontab(SCHEDULE)["crontab"])]
    log = ["--quiet", "--log-file", "/srv/data/runs.log"]
    snapshot = ["snapshot", "/srv/meetings.csv", "--every", "5m", "--deadline", "210s"]
    database = ["--database", "/srv/data/usage.duckdb", "--lock-timeout", "30s"]
    program = str(SCHEDULE.program)
    assert in_cron == [[program, *snapshot, *database, *log], [program, "reconcile", *database, *log]]
    units = make_systemd_units(SCHEDULE, user="root")
    services = [units["rtk-usage-snapshot.service"], units["rtk-usage-reconcile.service"]]
    in_systemd = [text.partition("ExecStart=")[2].partition("\n")[0].split() for text in services]
    assert in_systemd == [command[:-3] for command in in_cron]
    containers = [
        job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0] for job in cron_jobs(SCHEDULE)
    ]
    inside = {program: "/usr/local/bin/rtk-usage", "/srv/meetings.csv": "/files/meetings.csv"}
    inside |= {"/srv/data/usage.duckdb": "/data/usage.duckdb"}
    assert [one["args"] for one in containers] == [[inside.get(word, word) for word in one] for one in in_systemd]


def test_paths_with_odd_characters_reach_the_program() -> None:
    """They are quoted for the shell, and a percent sign for cron."""
    for command in commands(make_crontab(ODD_SCHEDULE)["crontab"]):
        assert f"{ODD}/usage.duckdb" in command
        assert command[command.index("--config") + 1] == f"{ODD}/settings.toml"
        assert command[command.index(".") + 1] == f"{ODD}/environment"


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """Those of the system and of a user, for every kind of interval, and for odd paths: it says nothing about them."""
    if not shutil.which("systemd-analyze"):
        skip("systemd-analyze is missing")
    others = [ODD_SCHEDULE, replace(SCHEDULE, every=timedelta(minutes=90))]
    for user in ("root", None):
        for number, schedule in enumerate([SCHEDULE, *others]):
            directory = tmp_path / f"{number}-{user}"
            directory.mkdir()
            for name, text in make_systemd_units(schedule, user=user).items():
                (directory / name).write_text(text)
            verified = subprocess.run(
                ["systemd-analyze", *([] if user else ["--user"]), "verify", *sorted(directory.iterdir())],
                env={"XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def pod_of(job: dict[str, Any]) -> Any:
    """Return the description of the pods of a cron job."""
    return job["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def cron_jobs(schedule: Schedule) -> list[dict[str, Any]]:
    """Return the cron jobs of a manifest, each valid by the schema of Kubernetes."""
    (text,) = make_kubernetes_manifest(schedule, None).values()
    documents = list(yaml.safe_load_all(text))
    for document in documents:
        kubernetes_validate.validate(document, "1.33", strict=True)
    assert [document["kind"] for document in documents] == ["PersistentVolumeClaim", "CronJob", "CronJob"]
    return documents[1:]


@pytest.mark.parametrize("schedule", [SCHEDULE, ODD_SCHEDULE, replace(SCHEDULE, meetings=None)])
def test_kubernetes_accepts_the_manifest(schedule: Schedule) -> None:
    """It is valid by the published schema, which refuses names that are not in it. No second run starts beside one."""
    for job in cron_jobs(schedule):
        assert (job["spec"]["concurrencyPolicy"], job["spec"]["timeZone"]) == ("Forbid", "Etc/UTC")
        pod = pod_of(job)
        mounts = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
        assert mounts == {volume["name"] for volume in pod["volumes"]}
    snapshot, reconcile = cron_jobs(schedule)
    assert snapshot["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 300
    assert (snapshot["spec"]["schedule"], reconcile["spec"]["schedule"].split()[1:]) == ("*/5 * * * *", ["0", *"***"])


def test_a_wrong_manifest_is_not_accepted() -> None:
    """The schema is really used."""
    (job, _) = cron_jobs(SCHEDULE)
    job["spec"]["concurrencyPolicies"] = "Forbid"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, "1.33", strict=True)
