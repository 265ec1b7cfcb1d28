"""Examples at the end of the help of a command."""

from __future__ import annotations


def examples(*commands: str) -> str:
    """Format commands as the last part of a help text. Click leaves the lines after a backspace as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  rtk-usage {command}" for command in commands)
