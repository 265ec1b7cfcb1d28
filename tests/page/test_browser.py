"""The page of the demo in a real browser."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest
from click.testing import CliRunner
from playwright.sync_api import sync_playwright

from etl.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (360, 768, 1280)
CHARTS = 4
# Marks that are drawn, with an area, in a chart that is shown.
VISIBLE = """
() => [...document.querySelectorAll("figure > svg")]
  .filter(svg => svg.checkVisibility())
  .map(svg => [...svg.querySelectorAll(".mark")].filter(mark => {
    const box = mark.getBoundingClientRect();
    return box.width > 0.2 && box.height > 0.2;
  }).length)
"""
# Each text of the shown charts: its size on the screen, and whether it is within its chart.
TEXTS = """
() => [...document.querySelectorAll("figure > svg")].filter(svg => svg.checkVisibility()).flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].map(text => {
    const box = text.getBoundingClientRect();
    return [box.height, box.left >= frame.left - 1 && box.right <= frame.right + 1];
  });
})
"""
COLOURS = """
() => ["body", "h1", ".tiles div", "figure > svg text", "figure > svg .mark"].map(selector => {
  const style = getComputedStyle(document.querySelector(selector));
  return [style.color, style.backgroundColor, style.fill].join();
})
"""


@dataclass
class Opened:
    """An open page, its requests, and its error messages."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a short demo, made with the commands."""
    directory = tmp_path_factory.mktemp("page")
    output = directory / "usage.html"
    database = str(directory / "usage.duckdb")
    for arguments in (
        ["demo", "--directory", str(directory), "--days", "2", "--meetings", "20"],
        ["page", "--database", database, "--output", str(output)],
    ):
        assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    return output


@pytest.fixture(scope="module")
def browser(file: Path) -> Iterator[Browser]:
    """A browser of this machine. Without one the test is skipped, with a reason."""
    assert file.exists()  # it is made first: making it needs an event loop, and a browser keeps one running
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None and not os.environ.get("RTK_USAGE_TESTS_SKIP_NOTHING"):
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*QUIET])
        yield browser
        browser.close()


def opened(browser: Browser, file: Path, *, width: int = 1280, scheme: Literal["light", "dark"] = "light") -> Opened:
    """Open the page in a new window."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    found = Opened(page)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_drawn(browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]) -> None:
    """There is no error and no other request. Each chart is shown once, and nothing is wider than the window."""
    found = opened(browser, file, width=width, scheme=scheme)
    assert found.requests == [file.as_uri()]
    assert found.complaints == []
    marks = found.page.evaluate(VISIBLE)
    assert len(marks) == CHARTS
    assert all(marks)
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width
    found.page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_texts_in_charts_can_be_read(browser: Browser, file: Path, width: int) -> None:
    """Each text is as high as small print, and inside its chart."""
    found = opened(browser, file, width=width)
    texts = found.page.evaluate(TEXTS)
    assert texts
    assert min(height for height, _ in texts) >= 10
    assert all(is_inside for _, is_inside in texts)
    found.page.close()


def test_dark_mode_has_other_colours(browser: Browser, file: Path) -> None:
    """Ground, text and charts have dark colours on a dark screen. Print is always light."""
    light, dark = (opened(browser, file, scheme=scheme) for scheme in ("light", "dark"))
    of_light, of_dark = light.page.evaluate(COLOURS), dark.page.evaluate(COLOURS)
    assert all(one != other for one, other in zip(of_light, of_dark, strict=True))
    dark.page.emulate_media(media="print")
    assert dark.page.evaluate(COLOURS) == of_light
    light.page.close()
    dark.page.close()


def test_print_shows_every_chart(browser: Browser, file: Path) -> None:
    """A phone prints the wide charts, too."""
    found = opened(browser, file, width=360)
    found.page.emulate_media(media="print")
    assert len(found.page.evaluate(VISIBLE)) == CHARTS
    assert found.page.locator("figure > svg.wide:visible").count() == CHARTS
    assert len(found.page.pdf(format="A4")) > 10_000
    found.page.close()


def test_tables_open_without_a_script(browser: Browser, file: Path) -> None:
    """The keyboard opens a table."""
    found = opened(browser, file, width=360)
    summary = found.page.locator("summary").first
    summary.focus()
    found.page.keyboard.press("Enter")
    assert found.page.locator("details[open] table").first.is_visible()
    assert found.page.evaluate("document.documentElement.scrollWidth") <= 360
    found.page.close()
