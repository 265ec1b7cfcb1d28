"""The page as axe judges it: contrast, structure, names, and order."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import CHECKOUT
from tests.page.browser import OPEN_ALL_TABLES, SCHEMES, WIDTHS, opened
from tests.page.offices import PAGES
from tests.skipping import skip

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.page.browser import Scheme

AXE = CHECKOUT / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
# axe cannot judge a text on a drawing or a bar. test_colors.py judges the colours of both.
ON_A_DRAWING = {"imgNode", "bgGradient", "shortTextContent"}
# Elements that keep a rule are neither listed nor described: that would take twice as long as the rules.
OPTIONS = """{
  rules: {"target-size": {enabled: true}},
  resultTypes: ["violations", "incomplete"],
  selectors: false,
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe, as `make axe` installs it."""
    if not AXE.exists():
        skip(f"no axe: {AXE} is missing. `make axe` installs it")
    return AXE.read_text(encoding="utf-8")


def problems(page: Page, axe: str) -> list[str]:
    """Return the broken rules, each with an element. A rule that axe cannot judge is broken, too."""
    page.evaluate(f"{axe}\n;0")
    result = page.evaluate(f"axe.run({OPTIONS})")
    open_questions = [
        (rule["id"], node)
        for rule in result["incomplete"]
        for node in rule["nodes"]
        if not _reasons(node) <= ON_A_DRAWING
    ]
    broken = [(rule["id"], node) for rule in result["violations"] for node in rule["nodes"]]
    assert result["passes"]
    return [f"{rule}: {node['html'][:200]}" for rule, node in broken + open_questions]


def _reasons(node: dict[str, Any]) -> set[str]:
    """Return the reasons why axe cannot judge an element."""
    return {(check["data"] or {}).get("messageKey", check["id"]) for check in node["any"] + node["all"] + node["none"]}


@pytest.mark.parametrize("look", [*itertools.product(SCHEMES, WIDTHS)], ids=str)
@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith("year")])
def test_axe_finds_nothing(
    browser: Browser, pages: dict[str, Path], axe: str, name: str, look: tuple[Scheme, int]
) -> None:
    """No rule of axe is broken, with every table open, in light and dark and at each width."""
    scheme, width = look
    with opened(browser, pages[name], width=width, scheme=scheme) as found:
        found.page.evaluate(OPEN_ALL_TABLES)
        assert problems(found.page, axe) == []


@pytest.mark.parametrize("look", [*itertools.product(SCHEMES, WIDTHS)], ids=str)
def test_axe_finds_nothing_on_an_interactive_page(
    browser: Browser, interactive_pages: dict[str, Path], axe: str, look: tuple[Scheme, int]
) -> None:
    """The same is true of an interactive page, with a sorted table, and with the days of a meeting open."""
    scheme, width = look
    with opened(browser, interactive_pages["week, 60 meetings"], width=width, scheme=scheme) as found:
        found.page.evaluate(OPEN_ALL_TABLES)
        found.page.locator("thead button", has_text="minutes").first.click()
        found.page.locator("tbody button").first.click()
        assert problems(found.page, axe) == []
