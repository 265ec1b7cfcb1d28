"""Numbers of things, for people."""

from __future__ import annotations


def format_count(count: int, noun: str, plural: str | None = None) -> str:
    """Format a number with its noun, which is singular for one: `1 meeting`, `2,000 meetings`, `0 retries`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
