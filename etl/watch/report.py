"""The report of a check, for people and for programs."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.watch.findings import worst_severity
from etl.watch.glance import GLANCE_INDENT, glance_as_lines, glance_as_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.watch.findings import Finding, Severity
    from etl.watch.glance import Glance

_SEVERITY_WIDTH = 10
TABLE_INDENT = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The state at a glance, the findings with the worst first, and all rules with the rows that break them."""

    glance: Glance
    findings: Sequence[Finding]
    checks: Sequence[dict[str, object]]

    @property
    def severity(self) -> Severity:
        """The worst severity of a finding."""
        return worst_severity(finding.severity for finding in self.findings)


def report_as_text(report: CheckReport, tz: str, *, width: int | None) -> str:
    """Format the state at a glance, and one line per finding. On a terminal, lines are wrapped at its `width`."""
    glance = [_wrap(line, width, indent=GLANCE_INDENT) for line in glance_as_lines(report.glance, tz)]
    return "\n".join([*glance, "", *(_finding_as_text(finding, width) for finding in report.findings)])


def report_as_json(report: CheckReport) -> str:
    """Format everything as one JSON object."""
    findings = [
        {
            "severity": str(finding.severity),
            "subject": finding.subject,
            "message": finding.message,
            "advice": finding.advice,
            "details": dict(finding.details),
        }
        for finding in report.findings
    ]
    content = {
        "severity": str(report.severity),
        "glance": glance_as_record(report.glance),
        "findings": findings,
        "checks": list(report.checks),
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def _finding_as_text(finding: Finding, width: int | None) -> str:
    """Format a finding as one line, and the rows of its table below it, which have their own width."""
    sentence = ". ".join(filter(None, (finding.message.rstrip("."), finding.advice)))
    line = _wrap(f"{finding.severity:<9} {finding.subject}: {sentence}", width, indent=_SEVERITY_WIDTH)
    return "\n".join([line, *(f"{TABLE_INDENT}{row}" for row in finding.table.splitlines())])


def _wrap(line: str, width: int | None, *, indent: int) -> str:
    """Wrap a line between words."""
    if width is None or len(line) <= width:
        return line
    return textwrap.fill(line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
