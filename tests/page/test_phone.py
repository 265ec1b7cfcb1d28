"""Tables in narrow windows, where a row becomes a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.page.browser import OPEN_ALL_TABLES, opened
from tests.page.offices import PAGES

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

# Elements whose content is wider than they are: it would be cut, or scrolled to without a hint.
CUT = """
() => [...document.querySelectorAll("body, body *:not(svg, svg *)")]
  .filter(element => element.checkVisibility() && element.clientWidth > 1)
  .filter(element => element.scrollWidth > element.clientWidth + 1)
  .map(element => `${element.tagName} ${element.className}: ${element.textContent.trim().slice(0, 40)}`)
"""
# Elements that end beyond the window.
OUTSIDE = """
() => [...document.querySelectorAll("body *")]
  .filter(element => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 1)
  .map(element => `${element.tagName} ${element.className.baseVal ?? element.className}`)
"""
# The label of each cell, and the header of its column.
LABELS = """
() => [...document.querySelectorAll("tbody td")].map(cell => [
  getComputedStyle(cell, "::before").content.match(/"(.*)\\u2002"/)?.[1],
  cell.closest("table").tHead.rows[0].cells[cell.cellIndex].textContent,
])
"""


@pytest.mark.parametrize("width", [320, 360, 641, 768, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut(browser: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    """No content is wider than its element, and nothing is outside the window, with every table open."""
    with opened(browser, pages[name], width=width) as found:
        found.page.evaluate(OPEN_ALL_TABLES)
        assert found.page.evaluate(CUT) == []
        assert found.page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("name", PAGES)
def test_each_figure_of_a_card_has_its_label(browser: Browser, pages: dict[str, Path], name: str) -> None:
    """The label is the header of the column, which a narrow window does not show."""
    with opened(browser, pages[name], width=360) as found:
        labels = found.page.evaluate(LABELS)
    assert labels
    assert [(label, header) for label, header in labels if label != header] == []


@pytest.mark.parametrize("width", [320, 360, 768])
def test_nothing_is_cut_on_an_interactive_page(
    browser: Browser, interactive_pages: dict[str, Path], width: int
) -> None:
    """The buttons of a table can be seen in every window, and the days of a meeting fit into it."""
    with opened(browser, interactive_pages["week, 60 meetings"], width=width) as found:
        found.page.evaluate(OPEN_ALL_TABLES)
        for title in found.page.locator("tbody button").all():
            title.click()
        assert all(button.is_visible() for button in found.page.locator("thead button").all())
        assert found.page.evaluate(CUT) == []
        assert found.page.evaluate(OUTSIDE) == []
