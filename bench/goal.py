"""A figure that the project wants to reach, and the table of such figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A measured figure and its limit, which is the highest value allowed, or the lowest if `is_least`."""

    text: str
    measured: float
    limit: float
    unit: str = ""
    is_least: bool = False

    @property
    def is_reached(self) -> bool:
        """True if the figure keeps to its limit; judged as measured, not as rounded for print."""
        return self.measured >= self.limit if self.is_least else self.measured <= self.limit

    def __str__(self) -> str:
        figure = f"{self.measured:,.0f}" if self.measured == int(self.measured) else f"{self.measured:.3g}"
        return f"| {self.text} | {figure}{self.unit} | {'reached' if self.is_reached else '**missed**'} |"


def table(goals: Iterable[Goal]) -> str:
    """Return the goals as a section of the results."""
    rows = "\n".join(map(str, goals))
    return f"## Goals\n\n| goal | measured | |\n|---|--:|---|\n{rows}\n"
