"""Suggestions for a text that is not the name of a time zone."""

from __future__ import annotations

import difflib
import re
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

# An offset from UTC, as people write it: UTC+2, GMT-05:30, +02:00, Z. Some programs write a minus sign as U+2212.
_OFFSET = re.compile(r"(?:utc|gmt|z)?\s*([+-])\s*(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)
_ABBREVIATION = re.compile(r"[A-Za-z]{1,4}")
_UTC = re.compile(r"z|(?:utc|gmt)0?", re.IGNORECASE)
_MOST_SUGGESTIONS = 5
_LEAST_SIMILARITY = 0.75  # by difflib: 1.0 is the same text


def suggest_zones(text: str, names: Collection[str]) -> str:
    """Return a sentence that says which of the names may be meant, and how to find one."""
    if offset := _OFFSET.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-")):
        sign, hours, minutes = offset.groups(default="0")
        length = timedelta(hours=int(hours), minutes=int(minutes))
        return _suggest_for_offset(length if sign == "+" else -length, names)
    if _UTC.fullmatch(text.strip()):
        return "Did you mean UTC?"
    if similar := _similar_names(text, names):
        return f"Did you mean {', '.join(similar)}?"
    if _ABBREVIATION.fullmatch(text):
        return "An abbreviation may stand for several zones. Name a region such as Europe/Berlin, or UTC."
    return "Name a region such as Europe/Berlin, or UTC."


def _suggest_for_offset(offset: timedelta, names: Collection[str]) -> str:
    """Suggest a region, and the zone with this fixed offset. The signs in the names of fixed zones are reversed."""
    if not offset:
        return "Did you mean UTC?"
    hours, rest = divmod(abs(offset), timedelta(hours=1))
    side = "ahead of" if offset > timedelta() else "behind"
    fixed = f"Etc/GMT{'-' if offset > timedelta() else '+'}{hours}"
    advice = "It is an offset, and regions may change theirs twice a year. Name a region such as Europe/Berlin"
    if rest or fixed not in names:
        return f"{advice}."
    return f"{advice}, or {fixed}, which is always {hours} h {side} UTC: these names have the opposite sign."


def _similar_names(text: str, names: Collection[str]) -> list[str]:
    """Return the names that differ in case only, else the regions with the same words, else those written like it.

    Short names such as EST are not suggested: those that look alike are hours apart.
    """
    folded = text.casefold()
    if same := sorted(name for name in names if name.casefold() == folded):
        return same
    regions = sorted(name for name in names if "/" in name and not name.startswith("Etc/"))
    words = _words(text)
    if with_words := [name for name in regions if words and words <= _words(name)]:
        return with_words[:_MOST_SUGGESTIONS]
    if _ABBREVIATION.fullmatch(text):
        return []
    by_text = {(name if "/" in text else name.rpartition("/")[2]).casefold(): name for name in regions}
    near = difflib.get_close_matches(folded, by_text, n=_MOST_SUGGESTIONS, cutoff=_LEAST_SIMILARITY)
    return [by_text[name] for name in near]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.casefold()))
