"""The benchmark: a snapshot of many meetings by this project, by the official SDK and by dlt.

Ends with 0 if every contender did the job, whether or not the goals were reached; the results say which.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import results
import server
from contenders import Job, all_contenders
from measure import ContenderFailed, run_measured

if TYPE_CHECKING:
    from contenders import Contender
    from measure import Sample

NAMES = ("ours", "sdk", "dlt")
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    options = parse_options()
    # Told to end, it still stops the server and the contender: SystemExit runs what is left to tidy up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = [one for one in all_contenders(options.peer_python) if one.name in options.only]
    if missing := what_is_missing(chosen):
        print("\n".join(missing), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="bench-") as name, server.nginx(Path(name)) as address:
        try:
            figures = measure_all(chosen, options, address=address, folder=Path(name))
            parts = measure_parts(options.starts, Path(name)) if options.only == NAMES else None
        except ContenderFailed as failure:
            print(f"The benchmark failed: {failure}", file=sys.stderr)
            return 1
    if parts is None:
        ours = next((one for one in figures if one.contender.name == "ours"), None)
        print("\n" + results.table(figures, ours))
        return 0
    page = results.page(figures, parts, nginx_version())
    options.output.write_text(page, encoding="utf-8")
    print("\n" + page)
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meetings", type=int, default=10_000, help="meetings of the list (10000)")
    parser.add_argument("--rounds", type=int, default=3, help="snapshots each contender takes (3)")
    parser.add_argument("--starts", type=int, default=5, help="runs with one meeting, and of --help (5)")
    parser.add_argument(
        "--only",
        type=some_names,
        default=NAMES,
        metavar="NAME,...",
        help=f"some of {','.join(NAMES)}: prints their figures and writes no results",
    )
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter that has the peers (this one)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results go (bench/RESULTS.md)")
    return parser.parse_args()


def some_names(text: str) -> tuple[str, ...]:
    """Return the contenders named in the text, in the order of `NAMES`."""
    if unknown := set(text.split(",")) - set(NAMES):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return tuple(name for name in NAMES if name in text.split(","))


def what_is_missing(chosen: list[Contender]) -> list[str]:
    """Return what to install before the benchmark can run, as sentences; empty when nothing is missing."""
    absent = sorted({name for one in chosen for name, version in one.versions().items() if version is None})
    sentences = []
    if server.find_nginx() is None:
        sentences.append("nginx is missing. It is in the Debian package nginx-light: apt-get install nginx-light")
    if absent:
        sentences.append(f"Not installed: {', '.join(absent)}. Run: pip install -e '.[bench]'")
    return sentences


def measure_all(
    chosen: list[Contender], options: argparse.Namespace, *, address: str, folder: Path
) -> list[results.Figures]:
    """Let the contenders take turns, the single meeting first: it also compiles what will be imported."""
    single = Job(meetings=1, address=address, folder=folder)
    full = Job(meetings=options.meetings, address=address, folder=folder)
    for contender in chosen:
        single.run(contender)
    starts = take_turns(single, chosen, options.starts)
    rounds = take_turns(full, chosen, options.rounds)
    return [
        results.Figures(contender=one, meetings=options.meetings, rounds=rounds[one.name], starts=starts[one.name])
        for one in chosen
    ]


def take_turns(job: Job, chosen: list[Contender], rounds: int) -> dict[str, list[Sample]]:
    """Return each contender's samples; every round begins with another one, so that no order favours any."""
    samples: dict[str, list[Sample]] = {one.name: [] for one in chosen}
    for number in range(rounds):
        first = number % len(chosen)
        for contender in chosen[first:] + chosen[:first]:
            sample = job.run(contender)
            samples[contender.name].append(sample)
            print(
                f"{contender.label}, meetings: {job.meetings:,}, round {number + 1} of {rounds}: "
                f"{sample.wall_seconds:.2f} s, "
                f"{sample.cpu_seconds:.2f} s of CPU, {sample.peak_bytes / 1e6:.0f} MB",
                flush=True,
            )
    return samples


def measure_parts(runs: int, folder: Path) -> results.Parts:
    """Measure what stands apart from the peers; medians of several runs."""
    command = Path(sys.executable).with_name("rtk-usage")
    helps = [run_measured([command, "--help"], log=folder / "help.txt") for _ in range(runs)]
    meetings_file = folder / "million.txt"
    meetings_file.write_text("\n".join(str(uuid.UUID(int=number << 64)) for number in range(1_000_000)) + "\n")
    lists = [measure_part("list", meetings_file, folder) for _ in range(runs)]
    holds = [measure_part("hold", folder / f"hold-{number}", folder) for number in range(runs)]
    return results.Parts(
        help_seconds=median(sample.cpu_seconds for sample in helps),
        list_seconds=median(seconds for seconds, _ in lists),
        list_mb=median(sample.peak_bytes for _, sample in lists) / 1e6,
        hold_ms=median(seconds for seconds, _ in holds) * 1000,
        loop_seconds=median(time_loop() for _ in range(runs)),
    )


def measure_part(name: str, path: Path, folder: Path) -> tuple[float, Sample]:
    """Run a part of the job; the seconds it says it took, and what its process cost."""
    log = folder / f"{name}.txt"
    sample = run_measured([sys.executable, RESULTS.with_name("parts.py"), name, path], log=log)
    return float(log.read_text(encoding="utf-8")), sample


def time_loop() -> float:
    """Return the CPU seconds of a loop that is the same everywhere, to compare machines and hours by."""
    started = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - started


def nginx_version() -> str:
    """Return nginx's name and version as it gives them: `nginx/1.22.1`."""
    said = subprocess.run([str(server.find_nginx()), "-v"], check=True, capture_output=True, text=True).stderr
    return said.rpartition(": ")[2].strip()


if __name__ == "__main__":
    sys.exit(main())
