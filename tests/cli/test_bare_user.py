"""Commands of a user without a name, without a home directory and without variables."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from etl.staging.runs import Staging
from etl.store.database import open_database
from tests.bare_user import USER_ID, make_folder_of_bare_user, needs_root, run_as_bare_user
from tests.samples import stage_run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs_root


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that belongs to the user, below directories that everybody can enter."""
    with tempfile.TemporaryDirectory() as name:
        make_folder_of_bare_user(Path(name))
        yield Path(name)


def test_the_demo_and_its_page_need_no_home_directory(folder: Path) -> None:
    """Any container can run them."""
    demo = run_as_bare_user(folder, "demo", "--days", "1", "--meetings", "10", "--directory", "demo")
    assert (demo.returncode, demo.stderr) == (0, "")
    assert (folder / "demo" / "usage.html").is_file(), demo.stdout
    assert {path.stat().st_uid for path in (folder / "demo").iterdir()} == {USER_ID}
    page = run_as_bare_user(folder, "page", "--database", "demo/usage.duckdb", "--output", "page.html")
    assert page.returncode == 0
    assert (folder / "page.html").is_file()
    assert run_as_bare_user(folder, "page", "--database", "demo/usage.duckdb", "--output", "-").stdout.startswith("<!")


def test_a_home_directory_that_does_not_exist_is_asked_for_only_if_it_is_named(folder: Path) -> None:
    """The message has the text, and no traceback follows."""
    ended = run_as_bare_user(folder, "load", "--database", "~/usage.duckdb")
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr.startswith("rtk-usage: --database: '~/usage.duckdb' is not the path of a file: Could not")
    assert len(ended.stderr.splitlines()) == 1


def test_the_user_who_owns_a_lock_file_is_named(folder: Path) -> None:
    """A run by root leaves files that the next run by another user can't use. The run sends nothing and says why."""
    stage_run(folder)
    staging = Staging(folder / "usage.duckdb").directory
    os.chown(staging, USER_ID, USER_ID)
    (staging / "run.lock").touch(mode=0o600)
    (folder / "meetings.txt").write_text("meeting-1\n", encoding="utf-8")
    ended = run_as_bare_user(
        folder,
        "snapshot",
        "meetings.txt",
        "--database=usage.duckdb",
        CLOUDFLARE_API_TOKEN="not-used",  # noqa: S106  # it opens nothing
        CLOUDFLARE_ACCOUNT_ID="account",
        REALTIMEKIT_APP_ID="app",
        CLOUDFLARE_API_BASE_URL="http://127.0.0.1:9",
    )
    assert (ended.returncode, ended.stdout) == (74, "")
    assert "usage.duckdb.staged/run.lock: Permission denied; " in ended.stderr
    assert f"run.lock belongs to user root, and this is user {USER_ID}. Run as that user, or change" in ended.stderr


def test_the_user_who_owns_a_directory_is_named(folder: Path) -> None:
    """The directory of the database may belong to another user, too."""
    (folder / "theirs").mkdir(mode=0o755)
    stage_run(folder / "theirs")
    ended = run_as_bare_user(folder, "load", "--database=theirs/usage.duckdb")
    assert ended.returncode == 74
    assert "usage.duckdb.staged belongs to user root, and this is user" in ended.stderr


def test_a_database_that_duckdb_would_not_find_is_not_replaced(folder: Path) -> None:
    """A capability lets the user open the file, but access(2) ignores it, and DuckDB would create a new database."""
    data = folder / "closed" / "data"
    data.mkdir(parents=True)
    stage_run(data)
    with open_database(data / "usage.duckdb"):
        pass
    for path in (data, *data.rglob("*")):
        os.chown(path, USER_ID, USER_ID)
    (folder / "closed").chmod(0o700)
    before = (data / "usage.duckdb").read_bytes()
    ended = run_as_bare_user(data, "load", "--database=usage.duckdb")
    assert (ended.returncode, ended.stdout) == (74, "")
    assert "a directory above it can't be entered with the permissions of this user" in ended.stderr
    assert (data / "usage.duckdb").read_bytes() == before
    assert len(Staging(data / "usage.duckdb").runs()) == 1
