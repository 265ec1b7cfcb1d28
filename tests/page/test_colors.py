"""The colours of the style sheet, in light and dark."""

from __future__ import annotations

import itertools
import re
from importlib import resources

import pytest

from etl.page.charts import HEAT_COLORS, OTHERS, SERIES_COLORS

STYLE = resources.files("etl.page").joinpath("page.css").read_text("utf-8")
SCHEMES = [
    dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", block))
    for block in re.findall(r":root\{(.*?)\}", STYLE, re.DOTALL)
    if "--ground" in block
]
TEXTS = ("text", "soft", "accent", "good", "bad")
MARKS = [role for role in SCHEMES[0] if role.startswith("series-")] + ["covered", "missing"]


def luminance(color: str) -> float:
    """Return the relative luminance as WCAG 2.2 defines it."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(color: str, other: str) -> float:
    """Return the contrast as WCAG 2.2 defines it, from 1 to 21."""
    low, high = sorted((luminance(color), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_light_and_dark_have_the_same_roles() -> None:
    """A role without a dark colour would keep its light one."""
    light, dark = SCHEMES
    assert light.keys() == dark.keys()


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "panel"])
def test_texts_and_marks_stand_out(scheme: dict[str, str], ground: str) -> None:
    """WCAG AA asks for 4.5 for text, and 3 for the shapes of a chart."""
    assert [role for role in TEXTS if contrast(scheme[role], scheme[ground]) < 4.5] == []
    assert [role for role in MARKS if contrast(scheme[role], scheme[ground]) < 3] == []


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark"])
def test_more_is_farther_from_the_ground(scheme: dict[str, str]) -> None:
    """The hours of the week differ in lightness alone, so that every reader can tell them apart."""
    steps = [contrast(scheme[f"heat-{level}"], scheme["ground"]) for level in range(HEAT_COLORS)]
    assert steps == sorted(steps)
    assert all(after / before > 1.1 for before, after in itertools.pairwise(steps))


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark"])
def test_each_class_has_a_colour_of_its_own(scheme: dict[str, str]) -> None:
    """Shapes and entries of legends take their colour from their class alone, and no two classes share one."""
    classes = [*MARKS, *(f"heat-{level}" for level in range(HEAT_COLORS))]
    assert dict(re.findall(r"\.([\w-]+)\{--ink:var\(--([\w-]+)\)\}", STYLE)) == {name: name for name in classes}
    assert {f"series-{place}" for place in range(SERIES_COLORS)} | {OTHERS} <= set(classes)
    colors = [scheme[name] for name in classes]
    assert len(set(colors)) == len(colors)
