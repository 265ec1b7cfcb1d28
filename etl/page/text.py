"""Figures, instants and names as people read them."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import date, datetime

NOTHING = "–"  # noqa: RUF001  # a dash: nothing is known, which is not zero
_MINUS = "\N{MINUS SIGN}"
_ISOLATED = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_MANY_PERCENT = 1_000
_HOUR = 60
_MANY_USD = 100  # from here on cents say nothing in an estimate


def count(value: float | None) -> str:
    """A whole number with thousands separated."""
    return NOTHING if value is None else f"{value:,.0f}".replace("-", _MINUS)


def tenths(value: float | None) -> str:
    """A number with one decimal."""
    return NOTHING if value is None else f"{value:,.1f}".replace("-", _MINUS)


def hundredths(value: float | None) -> str:
    """A number with two decimals; what rounds to nothing has no sign."""
    return NOTHING if value is None else f"{round(float(value), 2) + 0.0:,.2f}".replace("-", _MINUS)


def percent(share: float | None) -> str:
    """A share of 1 as per cent, never rounded up to all of it."""
    return NOTHING if share is None else f"{math.floor(share * 1000 + 1e-9) / 10:.1f} %"


def usd(low: float | None, high: float | None) -> str:
    """A range of money."""
    if low is None or high is None:
        return NOTHING
    digits = 0 if high >= _MANY_USD else 2
    if round(low, digits) == round(high, digits):
        return f"${low:,.{digits}f}"
    return f"${low:,.{digits}f}\N{NO-BREAK SPACE}{NOTHING} ${high:,.{digits}f}"


def change(now: float, before: float) -> str:
    """What became of a figure: `+12 %`; `new` where there was nothing."""
    if now == before:
        return "no change"
    if before == 0:
        return "new"
    percentage = 100 * (now - before) / before
    if abs(percentage) >= _MANY_PERCENT:
        return f"{now / before:,.0f} times as much"
    text = f"{abs(percentage):.0f}" if abs(percentage) >= 1 else f"{abs(percentage):.1f}"
    return f"{'+' if percentage > 0 else _MINUS}{text} %"


def duration(minutes: float | None) -> str:
    """Hours and minutes."""
    if minutes is None:
        return NOTHING
    whole = round(minutes)
    hours, rest = divmod(whole, _HOUR)
    if not hours:
        return f"{whole} min"
    return f"{hours:,} h {rest:02} min" if rest else f"{hours:,} h"


def day(value: date) -> str:
    """A day with its weekday and year."""
    return f"{value:%a} {value.day} {value:%b %Y}"


def instant(at: datetime, tz: str) -> str:
    """An instant in the zone."""
    local = at.astimezone(ZoneInfo(tz))
    return f"{local.day} {local:%b %Y, %H:%M}"


def name(text: str | None, instead: str, *, most: int | None = None) -> str:
    """A name that moves nothing and hides nothing, whatever it holds; `instead` where it holds nothing.

    Its direction is its own and ends with it, so that a name from right to left turns nothing else around. Longer than
    `most` characters, it ends with an ellipsis.
    """
    readable = _readable(text or "") or _readable(instead)
    if most and len(readable) > most:
        readable = readable[: most - 1].rstrip() + "…"
    return readable if readable.isascii() else readable.join(_ISOLATED)


def _readable(text: str) -> str:
    """Without control characters and those that turn directions; white space as single spaces."""
    kept = "".join(" " if one.isspace() else one for one in text if one.isspace() or _is_shown(one))
    return " ".join(kept.split())


def _is_shown(character: str) -> bool:
    """Whether it is seen, or joins what is seen (as emoji need it)."""
    is_joining = character in "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
    return is_joining or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
