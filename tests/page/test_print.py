"""The page in print, as a PDF that is read back."""

from __future__ import annotations

import io
import re
import unicodedata
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader

from tests.page.browser import opened
from tests.page.offices import PAGES

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser
    from pypdf import PageObject

PAPERS = ("A4", "Letter")
# Texts that belong together: a heading and what follows it, a caption and its table, a caption and its chart, tiles,
# accuracy as a whole.
TOGETHER = """
() => {
  const shown = element => element && element.checkVisibility();
  const text = element => element.textContent;
  const all = selector => [...document.querySelectorAll(selector)].filter(shown);
  const words = figure => [...figure.querySelectorAll("svg.wide text")].map(text);
  const rows = table => [...table.tBodies[0].rows].slice(0, 2).map(row => text(row.cells[0]));
  return [
    ...all("h2:not(.unseen)").map(heading => [text(heading), text(heading.nextElementSibling).trim().slice(0, 20)]),
    ...all("table").map(table => [text(table.caption), ...rows(table)]),
    ...all("figure").map(figure => [text(figure.querySelector("figcaption")), ...words(figure)]),
    all(".tiles dt").map(text),
    all("#accuracy, [aria-labelledby=accuracy] :is(caption, tbody th)").map(text),
  ];
}
"""


def squeezed(text: str) -> str:
    """Return the letters and digits of ASCII. A PDF has ligatures, places spaces at will, and shapes other scripts."""
    return re.sub("[^A-Za-z0-9]", "", unicodedata.normalize("NFKC", text))


def read_sheet(page: PageObject) -> tuple[str, float]:
    """Return the text of a sheet, and the share of its height from its first to its last text."""
    heights = []

    def note(text: str, transform: list[float], of_text: list[float], *_: object) -> None:
        if text.strip():
            heights.append(transform[1] * of_text[4] + transform[3] * of_text[5] + transform[5])

    text = squeezed(page.extract_text(visitor_text=note))
    return text, (max(heights) - min(heights)) / float(page.mediabox.height) if heights else 0.0


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_stands_alone_and_no_sheet_is_nearly_empty(
    browser: Browser, pages: dict[str, Path], name: str, paper: str
) -> None:
    """Texts that belong together are on one sheet. Each sheet has texts on at least a quarter of its height."""
    with opened(browser, pages[name]) as found:
        pdf = PdfReader(io.BytesIO(found.page.pdf(format=paper)))
        found.page.emulate_media(media="print")
        together = [[squeezed(text) for text in group] for group in found.page.evaluate(TOGETHER)]
    sheets = [read_sheet(page) for page in pdf.pages]
    assert len(together) > 10
    assert [group for group in together if not any(all(text in sheet for text in group) for sheet, _ in sheets)] == []
    assert [share for _, share in sheets if share < 0.25] == []
