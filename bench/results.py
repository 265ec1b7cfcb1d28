"""The page with the results: the sections in the order of what a user wants to know, then the goals."""

from __future__ import annotations

import os
import platform
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import goal
from bench.job import alone, beside_peers
from bench.limit import at_limit, coverage
from bench.reports import usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.goal import Goal
    from bench.job.alone import Alone
    from bench.job.beside_peers import Comparisons
    from bench.job.contenders import Contender
    from bench.limit.at_limit import AtLimit
    from bench.limit.coverage import Check, Coverage
    from bench.reports.usage import Reports

# Tables, headings, lists, images and blocks of code keep their lines.
NOT_WRAPPED = ("|", "#", "- ", "!", "    ")
WRAPPER = textwrap.TextWrapper(width=120, break_long_words=False, break_on_hyphens=False)


@dataclass(slots=True, kw_only=True)
class Results:
    """The results of all parts; None stands for a part that was left out."""

    contenders: list[Contender]
    nginx_version: str
    comparisons: Comparisons | None = None
    alone: Alone | None = None
    coverage: list[Coverage] | None = None
    checks: list[Check] | None = None
    at_limit: list[AtLimit] | None = None
    reports: Reports | None = None


def page(results: Results) -> str:
    """Return `RESULTS.md`, with the parts that were measured."""
    parts = [*sections(results), goal.table(goals(results)), ran(results), AGAIN]
    return wrapped("# Results\n\nWritten by `make bench`, not by hand.\n\n" + "\n".join(parts))


def wrapped(text: str) -> str:
    """Break the lines of paragraphs anew, because the figures in them have different lengths."""
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(each if each.startswith(NOT_WRAPPED) else WRAPPER.fill(each) for each in paragraphs) + "\n"


def sections(results: Results) -> Iterator[str]:
    """Return the sections of the parts that were measured."""
    if results.comparisons:
        yield beside_peers.section(results.comparisons)
    if results.coverage and results.checks:
        yield coverage.section(results.coverage, results.checks)
    if results.at_limit:
        yield at_limit.section(results.at_limit)
    if results.alone:
        yield alone.section(results.alone)
    if results.reports:
        yield usage.section(results.reports)


def goals(results: Results) -> Iterator[Goal]:
    """Return the goals of the parts that were measured, in the order of the sections."""
    if results.comparisons:
        yield from beside_peers.goals(results.comparisons)
    if results.checks:
        yield from coverage.goals(results.checks)
    if results.alone:
        yield from alone.goals(results.alone)
    if results.reports:
        yield from usage.goals(results.reports)


def ran(results: Results) -> str:
    """Say what ran, and what that means for the figures."""
    installed = "\n".join(
        f"- {each.label}: " + ", ".join(f"{name} {version}" for name, version in each.versions.items() if version)
        for each in results.contenders
    )
    loop = ""
    if results.alone:
        seconds = results.alone.parts.loop_seconds
        loop = f"\n- ten million additions in a Python loop took {seconds:.2f} s of CPU, to compare machines by"
    return f"""## What ran

- {os.cpu_count()} cores, {platform.system()} {platform.machine()}, {platform.python_implementation()} \
{platform.python_version()}, {results.nginx_version}
{installed}{loop}

Without a limit each contender waits for nothing but the server, so those figures are costs of the client. Against
Cloudflare the distance and the rate limit set the pace, and CPU and memory are what remains.

Each peer is written as its documentation shows. The SDK has 8 requests under way with its default HTTP client, because
with 32 it takes a quarter more CPU; over aiohttp it has 32. dlt has its default of five threads; 32 take the same CPU.
The peers store the live sessions only. `rtk-usage` also keeps the list, the run and the failures, and stages the run on
disk before it loads it.
"""


AGAIN = """## Again

    sudo apt-get install nginx-light
    make bench

`.venv/bin/python -m bench.run --help` lists the options. `--before PYTHON` measures an earlier commit as well, by the
interpreter of its environment. Other work on the machine shows in these figures: the ratios suffer less than the rates.
Requests, refusals and the times at the limit do not depend on the machine.
"""
