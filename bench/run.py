"""The benchmark: a snapshot of many meetings by this project, by the official SDK and by dlt.

Ends with 0 if every contender did the job, whether or not the goals were reached; the results say which.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench import chart, results
from bench.figures import Figures, Measured
from bench.job.alone import measure_costs
from bench.job.contenders import all_contenders
from bench.job.job import Job
from bench.job.standalone import measure_parts
from bench.limit import coverage_page as covering_page
from bench.limit.at_limit import let_loose
from bench.limit.coverage import check_coverage, measure_coverage
from bench.measure import ContenderFailed
from bench.nginx import server
from bench.reports.usage import measure_reports

if TYPE_CHECKING:
    from bench.job.contenders import Contender
    from bench.limit.at_limit import Attempt
    from bench.measure import Sample

NAMES = ("ours", "sdk", "dlt")
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    options = parse_options()
    # Told to end, it still stops the server and the contender: SystemExit runs what is left to tidy up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = [one for one in all_contenders(options.peer_python) if one.name in (options.only or NAMES)]
    if missing := what_is_missing(chosen):
        print("\n".join(missing), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="bench-") as name, server.nginx(Path(name)) as running:
        job = Job(meetings=options.meetings, server=running, folder=Path(name))
        try:
            (measure_some if options.only else measure_and_write)(chosen, options, job)
        except ContenderFailed as failure:
            print(f"The benchmark failed: {failure}", file=sys.stderr)
            return 1
    return 0


def measure_and_write(chosen: list[Contender], options: argparse.Namespace, job: Job) -> None:
    """Measure everything, and write the page and its chart."""
    with let_loose(chosen, patience=options.patience) as attempts:
        measured = measure(chosen, options, job, attempts)
    page = results.page(measured)
    options.output.write_text(page, encoding="utf-8")
    drawn = chart.draw(measured.coverage, [one.label for one in chosen[1:]])
    options.output.with_name(covering_page.CHART).write_text(drawn, encoding="utf-8")
    print("\n" + page)


def measure(chosen: list[Contender], options: argparse.Namespace, job: Job, attempts: list[Attempt]) -> Measured:
    """Measure everything: what takes time first, while those who wait for the limit only wait."""
    figures = measure_all(chosen, options, job)
    parts = measure_parts(options.starts, job.folder)
    counted = {(one.name, job.meetings): job.meetings for one in chosen}  # a round counts with so many requests only
    costs = measure_costs(chosen[0], job, rounds=options.rounds, shrink=options.shrink)
    counted["ours", costs.meetings_each] = costs.each.requests
    return Measured(
        figures=figures,
        costs=costs,
        parts=parts,
        coverage=measure_coverage(chosen, job, counted, shrink=options.shrink),
        checks=check_coverage(options.shrink),
        at_limit=[one.result() for one in attempts],
        reports=measure_reports(job.folder, shrink=options.shrink),
        nginx_version=server.version(),
    )


def measure_some(chosen: list[Contender], options: argparse.Namespace, job: Job) -> None:
    """Measure some contenders, the project alone in its other shapes as well, and write no results."""
    figures = measure_all(chosen, options, job)
    ours = next((one for one in figures if one.contender.name == "ours"), None)
    print("\n" + results.table(figures, ours))
    if ours and figures == [ours]:
        costs = measure_costs(chosen[0], job, rounds=options.rounds, shrink=options.shrink)
        print("\n" + results.costs(ours, costs))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meetings", type=int, default=10_000, help="meetings of the list (10000)")
    parser.add_argument("--rounds", type=int, default=3, help="snapshots each contender takes (3)")
    parser.add_argument("--starts", type=int, default=5, help="runs with one meeting, and of --help (5)")
    parser.add_argument(
        "--only",
        type=some_names,
        metavar="NAME,...",
        help=f"some of {','.join(NAMES)}: prints the figures of the whole job and writes no results",
    )
    parser.add_argument("--patience", type=float, default=400, help="seconds that each may take at the limit (400)")
    parser.add_argument(
        "--shrink", type=int, default=1, help="divide the long lists by this, to try the benchmark itself (1)"
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


def measure_all(chosen: list[Contender], options: argparse.Namespace, job: Job) -> list[Figures]:
    """Let the contenders take turns, the single meeting first: it also compiles what will be imported."""
    single = replace(job, meetings=1)
    for contender in chosen:
        single.run(contender)
    starts = take_turns(single, chosen, options.starts)
    rounds = take_turns(job, chosen, options.rounds)
    return [
        Figures(contender=one, meetings=job.meetings, rounds=rounds[one.name], starts=starts[one.name])
        for one in chosen
    ]


def take_turns(job: Job, chosen: list[Contender], rounds: int) -> dict[str, list[Sample]]:
    """Return each contender's samples; every round begins with another one, so that no order favours any."""
    samples: dict[str, list[Sample]] = {one.name: [] for one in chosen}
    for number in range(rounds):
        first = number % len(chosen)
        for contender in chosen[first:] + chosen[:first]:
            sample = job.run(contender).sample
            samples[contender.name].append(sample)
            print(
                f"{contender.label}, meetings: {job.meetings:,}, round {number + 1} of {rounds}: "
                f"{sample.wall_seconds:.2f} s, "
                f"{sample.cpu_seconds:.2f} s of CPU, {sample.peak_bytes / 1e6:.0f} MB",
                flush=True,
            )
    return samples


if __name__ == "__main__":
    sys.exit(main())
