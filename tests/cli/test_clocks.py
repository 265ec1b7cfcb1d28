"""A wrong clock and a slot in the future, as a user of the command line meets them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from tests.realtimekit.servers import answering

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

IDLE = b'{"success": false, "error": {"code": 404, "message": "No active session found for meeting_id m"}}'


def test_a_clock_a_day_ahead_of_the_api_is_a_warning(shell: Shell) -> None:
    """The command succeeds. Its summary and the ledger have the reason, and standard error has it once."""
    date = {"Date": format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)}
    with answering(IDLE, status=404, headers=date) as server:
        result = shell.snapshot("--json", "--via", "meetings", CLOUDFLARE_API_BASE_URL=server.base_url)
    assert result.exit_code == 0
    note = json.loads(result.stdout)["clock_note"]
    assert "1 day, 0:00:0" in note
    assert "ahead of the API's clock" in note
    assert shell.rows("select clock_note from runs") == [(note,)]
    assert result.stderr.count("ahead of the API's clock") == 1
    assert "Set the clock of this machine, for example with NTP" in result.stderr


def test_a_right_clock_is_not_mentioned(shell: Shell) -> None:
    """Cron mails what stands on standard error."""
    code, _, stderr = shell.process("snapshot", str(shell.directory / "meetings.txt"))
    assert (code, stderr) == (0, "")
    assert shell.rows("select clock_note from runs") == [(None,)]


@pytest.mark.usefixtures("no_database")
def test_a_slot_in_the_future_ends_with_78(shell: Shell) -> None:
    """A dry run refuses it as well."""
    slot = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for arguments in (["--slot", slot], ["--slot", slot, "--dry-run"]):
        result = shell.snapshot(*arguments)
        assert (result.exit_code, result.stdout) == (78, "")
        assert f"--slot {slot} is in the future" in result.stderr
        assert "Name a slot that has come, or leave out --slot" in result.stderr
    assert not shell.database.exists()
