"""What stands apart from the peers, measured: `--help`, parts of the job (`parts.py`), the machine."""

from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.figures import Parts
from bench.measure import run_measured

if TYPE_CHECKING:
    from bench.measure import Sample


def measure_parts(runs: int, folder: Path) -> Parts:
    """Measure what stands apart from the peers; medians of several runs."""
    command = Path(sys.executable).with_name("rtk-usage")
    helps = [run_measured([command, "--help"], log=folder / "help.txt") for _ in range(runs)]
    meetings_file = folder / "million.txt"
    with meetings_file.open("w", encoding="utf-8") as file:
        file.writelines(f"{uuid.UUID(int=number << 64)}\n" for number in range(1_000_000))
    lists = [measure_part("list", meetings_file, folder) for _ in range(runs)]
    holds = [measure_part("hold", folder / f"hold-{number}", folder) for number in range(runs)]
    return Parts(
        help_seconds=median(sample.cpu_seconds for sample in helps),
        list_seconds=median(seconds for seconds, _ in lists),
        list_mb=median(sample.peak_bytes for _, sample in lists) / 1e6,
        hold_ms=median(seconds for seconds, _ in holds) * 1000,
        loop_seconds=median(time_loop() for _ in range(runs)),
    )


def measure_part(name: str, path: Path, folder: Path) -> tuple[float, Sample]:
    """Run a part of the job; the seconds it says it took, and what its process cost."""
    log = folder / f"{name}.txt"
    sample = run_measured([sys.executable, Path(__file__).with_name("parts.py"), name, path], log=log)
    return float(log.read_text(encoding="utf-8")), sample


def time_loop() -> float:
    """Return the CPU seconds of a loop that is the same everywhere, to compare machines and hours by."""
    started = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - started
