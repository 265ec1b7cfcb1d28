"""The samples of a benchmark, and the figures they come to."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.job.alone import Costs
    from bench.job.contenders import Contender
    from bench.limit.at_limit import AtLimit
    from bench.limit.coverage import Check, Coverage
    from bench.measure import Sample
    from bench.reports.usage import Reports


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one contender needed: full snapshots, and snapshots of a single meeting."""

    contender: Contender
    meetings: int
    rounds: list[Sample]
    starts: list[Sample]

    @property
    def rates(self) -> list[float]:
        """Requests a second of each round, over the whole process."""
        return [self.meetings / one.wall_seconds for one in self.rounds]

    @property
    def rate(self) -> float:
        """Requests a second, the median."""
        return median(self.rates)

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU a meeting, the whole process divided by its meetings, the median."""
        return median(one.cpu_seconds for one in self.rounds) / self.meetings * 1000

    @property
    def peak_mb(self) -> float:
        """Peak memory in megabytes, the median."""
        return median(one.peak_bytes for one in self.rounds) / 1e6

    @property
    def start_seconds(self) -> float:
        """CPU seconds for a snapshot of one meeting, the median."""
        return median(one.cpu_seconds for one in self.starts)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What stands apart from the peers: `--help`, a list of a million, the time the database is open, the machine."""

    help_seconds: float
    list_seconds: float
    list_mb: float
    hold_ms: float
    loop_seconds: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """All that a benchmark found out; the project comes first among the figures, its peers follow."""

    figures: list[Figures]
    parts: Parts
    costs: Costs
    coverage: list[Coverage]
    checks: list[Check]
    at_limit: list[AtLimit]
    reports: Reports
    nginx_version: str
