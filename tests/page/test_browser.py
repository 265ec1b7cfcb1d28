"""The page of the demo in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.page.browser import SCHEMES, WIDTHS, opened

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.page.browser import Scheme

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


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_is_drawn(browser: Browser, demo_page: Path, width: int, scheme: Scheme) -> None:
    """There is no error and no other request. Each chart is shown once, and nothing is wider than the window."""
    with opened(browser, demo_page, width=width, scheme=scheme, is_silent=True) as found:
        assert found.requests == [demo_page.as_uri()]
        assert found.complaints == []
        marks = found.page.evaluate(VISIBLE)
        assert len(marks) == CHARTS
        assert all(marks)
        assert found.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_texts_in_charts_can_be_read(browser: Browser, demo_page: Path, width: int) -> None:
    """Each text is as high as small print, and inside its chart."""
    with opened(browser, demo_page, width=width) as found:
        texts = found.page.evaluate(TEXTS)
    assert texts
    assert min(height for height, _ in texts) >= 10
    assert all(is_inside for _, is_inside in texts)


def test_dark_mode_has_other_colours(browser: Browser, demo_page: Path) -> None:
    """Ground, text and charts have dark colours on a dark screen. Print is always light."""
    with opened(browser, demo_page, scheme="light") as light:
        of_light = light.page.evaluate(COLOURS)
    with opened(browser, demo_page, scheme="dark") as dark:
        of_dark = dark.page.evaluate(COLOURS)
        assert all(one != other for one, other in zip(of_light, of_dark, strict=True))
        dark.page.emulate_media(media="print")
        assert dark.page.evaluate(COLOURS) == of_light


def test_print_shows_every_chart(browser: Browser, demo_page: Path) -> None:
    """A phone prints the wide charts, too."""
    with opened(browser, demo_page, width=360) as found:
        found.page.emulate_media(media="print")
        assert len(found.page.evaluate(VISIBLE)) == CHARTS
        assert found.page.locator("figure > svg.wide:visible").count() == CHARTS
        assert len(found.page.pdf(format="A4")) > 10_000


def test_tables_open_without_a_script(browser: Browser, demo_page: Path) -> None:
    """The keyboard opens a table."""
    with opened(browser, demo_page, width=360) as found:
        summary = found.page.locator("summary").first
        summary.focus()
        found.page.keyboard.press("Enter")
        assert found.page.locator("details[open] table").first.is_visible()
        assert found.page.evaluate("document.documentElement.scrollWidth") <= 360
