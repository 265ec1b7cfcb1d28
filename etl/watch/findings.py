"""Findings: what is well or not well, how bad it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Severity(StrEnum):
    """The severity of a finding, with the exit codes of monitoring plugins."""

    FINE = "fine"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def exit_code(self) -> int:
        """The exit code of `check` if this is the worst severity."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding about a subject. `advice` is empty if there is nothing to do, or if the message says it.

    `details` are the figures behind it, as JSON can hold them. `table` is text to show below it.
    """

    severity: Severity
    subject: str
    message: str
    advice: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    table: str = ""


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with the worst first. Those that are equally bad keep their order."""
    return sorted(findings, key=lambda finding: -finding.severity.exit_code)


def worst_severity(severities: Iterable[Severity]) -> Severity:
    """Return the worst of severities, or FINE without any."""
    return max(severities, key=lambda severity: severity.exit_code, default=Severity.FINE)


def judge(value: float, *, warning: float, critical: float) -> Severity:
    """Judge a value that should be low: it is a warning, or critical, above these bounds."""
    if value > critical:
        return Severity.CRITICAL
    return Severity.WARNING if value > warning else Severity.FINE
