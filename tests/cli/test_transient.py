"""A run survives an answer that is not valid, and a refusal that passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import OpenShell

COMMANDS = [
    ["snapshot", "meetings.txt", "--via", "list"],
    ["snapshot", "meetings.txt", "--via", "meetings"],
    ["snapshot", "--all-meetings"],
    ["reconcile", "--since", "1d"],
    ["meetings", "--output", "new.txt"],
]
FAULTS = ["not_json", "empty_body"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_answer_that_is_none_costs_no_run(open_shell: OpenShell, command: list[str], fault: str) -> None:
    """HTML or nothing with status 200 is tried again like a 502, whatever was asked for."""
    shell = open_shell(script=[fault])
    shell.api.write_list(shell.directory / "meetings.txt")
    command = [str(shell.directory / word) if word.endswith(".txt") else word for word in command]
    result = shell.run(*command)
    assert result.exit_code == 0
    assert "fail" not in result.stderr
