"""A figure to reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure to reach: at most the limit, or at least, where it `is_least`."""

    text: str
    measured: float
    limit: float
    unit: str = ""
    is_least: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether it is."""
        return self.measured >= self.limit if self.is_least else self.measured <= self.limit

    def __str__(self) -> str:
        whole = f"{self.measured:,.0f}" if self.measured == int(self.measured) else f"{self.measured:.3g}"
        return f"| {self.text} | {whole}{self.unit} | {'reached' if self.is_reached else '**missed**'} |"
