from __future__ import annotations

import itertools

import pytest

from etl.page.colours import COLOURS, HEATS

TEXTS = ("text", "soft", "accent", "good", "bad", "axis")
MARKS = [role for role in COLOURS if role.startswith("series-")] + ["stroke", "loaded", "missing"]


def luminance(colour: str) -> float:
    """As WCAG 2.2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "panel"])
def test_texts_and_marks_stand_out(scheme: int, ground: str) -> None:
    """WCAG AA: 4.5 for text, 3 for what has to be seen in charts."""
    on = COLOURS[ground][scheme]
    assert [role for role in TEXTS if contrast(COLOURS[role][scheme], on) < 4.5] == []
    assert [role for role in MARKS if contrast(COLOURS[role][scheme], on) < 3] == []


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_more_is_farther_from_the_ground(scheme: int) -> None:
    """The hours of the week are told apart by lightness alone, whoever looks at them."""
    ground = COLOURS["ground"][scheme]
    steps = [contrast(COLOURS[f"heat-{level}"][scheme], ground) for level in range(HEATS)]
    assert steps == sorted(steps)
    assert all(after / before > 1.1 for before, after in itertools.pairwise(steps))


def test_a_light_colour_names_its_role() -> None:
    """Charts are drawn in light colours, by which their roles are found again."""
    assert len({light for light, _ in COLOURS.values()}) == len(COLOURS)
