"""The size of a trial: short with `make test`, full with `make chaos`, which writes the figures to the docs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

IS_FULL = os.environ.get("RTK_USAGE_CHAOS") == "full"

_DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
_BEGIN, _END = "<!-- figures of make chaos -->\n", "<!-- end of the figures -->\n"
_HEAD = "| trial | figures |\n|---|---|\n"
_FIGURES: dict[str, str] = {}


@pytest.fixture
def seed() -> int:
    """A seed of this run's own. A failed trial names it, and RTK_USAGE_CHAOS_SEED repeats the trial."""
    return int(os.environ.get("RTK_USAGE_CHAOS_SEED") or int.from_bytes(os.urandom(4), "big"))


@pytest.fixture
def note_figures(record_property: Callable[[str, object], None]) -> Callable[[str, str], None]:
    """Note the figures of a trial that has passed, by its name."""
    return record_property


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect the figures, which also come from worker processes."""
    if report.when == "call" and report.passed:
        _FIGURES.update((name, str(figures)) for name, figures in report.user_properties)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the figures of full trials, if all of them have passed."""
    is_worker = hasattr(session.config, "workerinput")
    if not IS_FULL or is_worker or exitstatus != pytest.ExitCode.OK:
        return
    before, _, rest = _DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    lines = "".join(f"| {name} | {figures} |\n" for name, figures in sorted(_FIGURES.items()))
    _DOCUMENT.write_text(f"{before}{_BEGIN}{_HEAD}{lines}{_END}{after}", encoding="utf-8")
