"""The report of a check, for people and for programs."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from etl.watch.findings import worst_severity
from etl.watch.glance import glance_as_lines, glance_as_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.watch.findings import Finding, Severity
    from etl.watch.glance import Glance

_NAME_WIDTH = 10  # of the severity before a finding
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
    lines = [*glance_as_lines(report.glance, tz), "", *chain.from_iterable(map(_finding_as_lines, report.findings))]
    return "\n".join(_wrap(line, width) for line in lines)


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


def _finding_as_lines(finding: Finding) -> list[str]:
    sentence = ". ".join(filter(None, (finding.message.rstrip("."), finding.advice)))
    line = f"{finding.severity:<9} {finding.subject}: {sentence}"
    return [line, *(f"{TABLE_INDENT}{row}" for row in finding.table.splitlines())]


def _wrap(line: str, width: int | None) -> str:
    """Wrap a line between words. Rows of a table have their own width."""
    if width is None or len(line) <= width or line.startswith(TABLE_INDENT):
        return line
    return textwrap.fill(
        line, width, subsequent_indent=" " * _NAME_WIDTH, break_long_words=False, break_on_hyphens=False
    )
