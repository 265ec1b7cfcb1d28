"""The colours of the page, light and dark: of each role one that is told from its ground, and from its neighbours."""

from __future__ import annotations

# Role: light, dark. A light one stands in the charts as they are drawn, and is the role's name there: no two are alike.
COLOURS = {
    "ground": ("#ffffff", "#14171c"),
    "panel": ("#f6f7f9", "#1c2027"),
    "line": ("#dfe3e8", "#343a44"),
    "text": ("#1b2027", "#e9ecf1"),
    "soft": ("#59626f", "#a3adba"),
    "accent": ("#1f5fae", "#7db4f5"),
    "good": ("#1c7248", "#69cf9c"),
    "bad": ("#a8451a", "#f5a06e"),
    "axis": ("#5a636f", "#a4aebb"),
    "grid": ("#e4e7ec", "#2b313a"),
    "edge": ("#fefefe", "#15181d"),
    "series-0": ("#2f6db3", "#6ea8f0"),
    "series-1": ("#c0661f", "#f0a25e"),
    "series-2": ("#23866a", "#4fc4a0"),
    "series-3": ("#a8447e", "#e07fb8"),
    "series-4": ("#6d62c7", "#aaa2f5"),
    "series-5": ("#85751c", "#cdbb55"),
    "series-6": ("#1a83a8", "#56c7ec"),
    "series-7": ("#6b4b3e", "#c29a88"),
    "series-others": ("#7a828e", "#868f9c"),
    "area": ("#c5d8ef", "#263d5c"),
    "stroke": ("#2e6cb2", "#6fa9f1"),
    "loaded": ("#27876b", "#50c5a1"),
    "missing": ("#a9461b", "#f6a16f"),
    "heat-0": ("#edf2f9", "#1a2431"),
    "heat-1": ("#cfdff1", "#1d3550"),
    "heat-2": ("#a9c6e6", "#234a74"),
    "heat-3": ("#7ba7d8", "#2d639b"),
    "heat-4": ("#4b86c4", "#4182c6"),
    "heat-5": ("#2865a8", "#69a6e6"),
    "heat-6": ("#0f4482", "#a5cffa"),
}
# Drawn in this colour, an area is hatched: nothing is known there.
UNKNOWN = "#fe01fe"
HEATS = 7
SERIES = 8


def light(role: str) -> str:
    """The colour of a role as charts are drawn."""
    return COLOURS[role][0]


def declarations(*, is_dark: bool) -> str:
    """The roles as CSS custom properties."""
    return "".join(f"--{role}:{pair[is_dark]};" for role, pair in COLOURS.items())


def classes() -> str:
    """CSS that gives what is drawn in a role's light colour the colour of the role."""
    return "".join(f".f-{role}{{fill:var(--{role})}}.s-{role}{{stroke:var(--{role})}}" for role in COLOURS) + "".join(
        f".k-{role}{{background:var(--{role})}}" for role in COLOURS
    )
