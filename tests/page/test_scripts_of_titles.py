"""Titles in many scripts: each can be read, and none disturbs its line."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.page.browser import opened
from tests.page.offices import TITLES
from tests.skipping import skip

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

FONTS = ("Noto Sans Arabic", "Noto Sans Devanagari", "Noto Sans CJK JP", "Noto Color Emoji")
# The characters and words of a text that look like as many unassigned code points: the boxes of missing glyphs.
BOXES = """
text => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [900, 60];
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  pen.font = `24px ${getComputedStyle(document.body).fontFamily}`;
  const draw = text => {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.fillText(text, 20, 40);
    return pen.getImageData(0, 0, canvas.width, canvas.height).data.join();
  };
  const isDrawnAsBoxes = text => draw(text) === draw("\\u0378".repeat([...text].length));
  return [...text, ...text.split(" ")].filter(part => part.trim() && isDrawnAsBoxes(part));
}
"""
# How far a title in a heading of a row begins from its cell, and where the title and the text after it are.
PLACES = """
() => [...document.querySelectorAll("tbody th")].flatMap(cell => {
  const text = cell.firstChild, end = text.data.indexOf("\\u2069");
  if (!/[\\u0590-\\u06ff]/.test(text.data) || !text.data.slice(end + 1).trim()) return [];
  const box = (from, to) => {
    const range = document.createRange();
    range.setStart(text, from);
    range.setEnd(text, to);
    return range.getBoundingClientRect();
  };
  return [[box(0, end).right, box(end + 1, text.length).left]];
})
"""


@pytest.fixture(scope="module")
def fonts() -> None:
    """Skip the test without the fonts that CI installs."""
    installed = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=False).stdout
    missing = [font for font in FONTS if font not in installed]
    if missing:
        skip(f"no fonts: {', '.join(missing)} are not installed")


@pytest.mark.usefixtures("fonts")
@pytest.mark.parametrize("script", TITLES)
def test_a_title_can_be_read(browser: Browser, pages: dict[str, Path], script: str) -> None:
    """The font stack of the page has a glyph for each character, alone and in its word."""
    with opened(browser, pages["week, 60 meetings"]) as found:
        assert found.page.evaluate(BOXES, TITLES[script]) == []


@pytest.mark.usefixtures("fonts")
def test_a_missing_glyph_is_noticed(browser: Browser, pages: dict[str, Path]) -> None:
    """A private code point has no glyph in any font."""
    with opened(browser, pages["week, 60 meetings"]) as found:
        assert found.page.evaluate(BOXES, "a \U0010fffd") == ["\U0010fffd", "\U0010fffd"]


def test_a_title_from_right_to_left_does_not_turn_its_line(browser: Browser, pages: dict[str, Path]) -> None:
    """The ID after a title stands right of it."""
    with opened(browser, pages["week, 60 meetings"]) as found:
        places = found.page.evaluate(PLACES)
    assert places
    assert all(title_ends <= rest_begins + 1 for title_ends, rest_begins in places)
