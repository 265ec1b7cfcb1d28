"""The benchmark: jobs beside the official SDK and dlt, jobs at Cloudflare's limit, and reports.

Ends with 0 if every contender did its jobs, whether or not the goals are reached; the results say which are.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import chart, results
from bench.job.alone import measure_alone
from bench.job.beside_peers import compare
from bench.job.contenders import all_contenders
from bench.job.job import JobRunner
from bench.limit import coverage
from bench.limit.at_limit import attempts_at_limit
from bench.measure import ContenderFailed
from bench.nginx import server
from bench.reports.usage import make_histories, measure_reports

if TYPE_CHECKING:
    from bench.job.contenders import Contender

PARTS = ("peers", "limit", "alone", "reports")
OUTPUT = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    options = parse_options()
    # On SIGTERM, the server and the contenders are ended as well: SystemExit runs what is left to tidy up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    contenders = all_contenders(options.peer_python, options.before)
    if missing := missing_programs(contenders):
        print("\n".join(missing), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as name, server.nginx(Path(name)) as running:
        runner = JobRunner(server=running, folder=Path(name))
        try:
            measured = measure(contenders, runner, options)
        except ContenderFailed as failure:
            print(f"The benchmark failed: {failure}", file=sys.stderr)
            return 1
    page = results.page(measured)
    print("\n" + page)
    if options.only == PARTS:
        options.output.write_text(page, encoding="utf-8")
        drawn = chart.draw(measured.coverage or [], [each.label for each in contenders if each.is_peer])
        options.output.with_name(coverage.CHART).write_text(drawn, encoding="utf-8")
    return 0


def measure(contenders: list[Contender], runner: JobRunner, options: argparse.Namespace) -> results.Results:
    """Measure the parts that are asked for.

    What waits for the limit waits in the background, while databases for the reports are made. Nothing whose time
    counts is measured before that has ended.
    """
    ours, peers = contenders[0], [each for each in contenders if each.is_peer]
    measured = results.Results(contenders=contenders, nginx_version=server.version())
    with contextlib.ExitStack() as background:
        attempts = []
        if "limit" in options.only:
            attempts = background.enter_context(attempts_at_limit([ours, *peers], patience=options.patience))
        if "reports" in options.only:
            histories = make_histories(options.histories or runner.folder, shrink=options.shrink)
        if "limit" in options.only:
            measured.checks = coverage.check_coverage(options.shrink)
            chosen = [each for each in contenders if each.name in {"ours", "sdk", "dlt"}]
            measured.coverage = coverage.measure_coverage(chosen, runner, shrink=options.shrink)
        measured.at_limit = [attempt.result() for attempt in attempts]
    rounds, short_rounds, shrink = options.rounds, options.short_rounds, options.shrink
    if "peers" in options.only:
        measured.comparisons = compare(contenders, runner, rounds=rounds, short_rounds=short_rounds, shrink=shrink)
    if "alone" in options.only:
        measured.alone = measure_alone(ours, runner, rounds=short_rounds, shrink=shrink)
    if "reports" in options.only:
        measured.reports = measure_reports(histories, runner.folder)
    return measured


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only",
        type=some_parts,
        default=PARTS,
        metavar="PART,...",
        help=f"print some of {','.join(PARTS)}; write nothing",
    )
    parser.add_argument("--before", metavar="PYTHON", help="interpreter that has an earlier commit, to compare with")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the shapes with many meetings (3)")
    parser.add_argument("--short-rounds", type=int, default=9, help="rounds of the short shapes and parts (9)")
    parser.add_argument("--patience", type=float, default=400, help="seconds that each may take at the limit (400)")
    parser.add_argument("--shrink", type=int, default=1, help="divide all lengths by this, to try the benchmark (1)")
    parser.add_argument("--peer-python", default=sys.executable, help="interpreter that has the peers (this one)")
    parser.add_argument("--folder", type=Path, help="where temporary files go, 4 GB with reports (the system's)")
    parser.add_argument("--histories", type=Path, help="folder that keeps the databases for the reports (none is kept)")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the results go (bench/RESULTS.md)")
    return parser.parse_args()


def some_parts(text: str) -> tuple[str, ...]:
    """Return the parts named in the text, in their usual order."""
    if unknown := set(text.split(",")) - set(PARTS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return tuple(part for part in PARTS if part in text.split(","))


def missing_programs(contenders: list[Contender]) -> list[str]:
    """Return what to install before the benchmark can run, as sentences."""
    absent = sorted({name for each in contenders for name, version in each.versions.items() if version is None})
    sentences = []
    if server.find_nginx() is None:
        sentences.append("nginx is missing. It is in the Debian package nginx-light: apt-get install nginx-light")
    if absent:
        sentences.append(f"Not installed: {', '.join(absent)}. Run: pip install -e '.[bench]'")
    return sentences


if __name__ == "__main__":
    sys.exit(main())
