"""Figures, instants and names as texts for people."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from etl.reports.periods import Period

NOTHING = "–"  # noqa: RUF001  # a dash: no snapshot has the figure, which is not zero
_MINUS = "\N{MINUS SIGN}"
_ISOLATED = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_FACTOR_FROM = 1_000  # per cent from which on a change is a factor
_DOLLARS_FROM = 100  # US dollars from which on an estimate has no cents


def count(value: float | None) -> str:
    """Format a whole number, with separated thousands."""
    return _number(value, 0)


def tenths(value: float | Decimal | None) -> str:
    """Format a number with one decimal."""
    return _number(value, 1)


def hundredths(value: float | Decimal | None) -> str:
    """Format a number with two decimals."""
    return _number(value, 2)


def _number(value: float | Decimal | None, digits: int) -> str:
    """Format a number. One that rounds to zero has no sign."""
    if value is None:
        return NOTHING
    return f"{round(float(value), digits) + 0.0:,.{digits}f}".replace("-", _MINUS)


def percent(share: float | None) -> str:
    """Format a share of 1 as per cent, rounded down: 100 % means all."""
    return NOTHING if share is None else f"{math.floor(share * 1000 + 1e-9) / 10:.1f} %"


def rounded_percent(share: float) -> str:
    """Format a share of 1 as per cent, rounded: for parts of which none means all."""
    return f"{100 * share:.1f} %"


def usd(low: float, high: float) -> str:
    """Format a range of money."""
    digits = 0 if high >= _DOLLARS_FROM else 2
    if round(low, digits) == round(high, digits):
        return f"${low:,.{digits}f}"
    return f"${low:,.{digits}f}\N{NO-BREAK SPACE}{NOTHING} ${high:,.{digits}f}"


def change(now: float, before: float) -> str:
    """Format the change of a figure: `+12 %`, or `new` if it was zero before."""
    if now == before:
        return "no change"
    if before == 0:
        return "new"
    percentage = 100 * (now - before) / before
    if abs(percentage) >= _FACTOR_FROM:
        return f"{now / before:,.0f} times as much"
    return f"{'+' if percentage > 0 else _MINUS}{percent_change(percentage / 100)}"


def change_of_range(now: tuple[float, float], before: tuple[float, float]) -> str:
    """Format the change of both ends of a range. Each is named, unless they changed alike."""
    low, high = (change(*ends) for ends in zip(now, before, strict=True))
    return low if low == high else f"low {low}, high {high}"


def percent_change(share: float) -> str:
    """Format the size of a change of a figure, without its direction: `12 %`, `0.4 %`, `1,200 %`."""
    percentage = abs(100 * share)
    return f"{percentage:,.0f} %" if percentage >= 1 else f"{percentage:.1f} %"


def duration(minutes: float) -> str:
    """Format a length of time in hours and minutes."""
    hours, rest = divmod(round(minutes), 60)
    if not hours:
        return f"{rest} min"
    return f"{hours:,} h {rest:02} min" if rest else f"{hours:,} h"


def day(value: date) -> str:
    """Format a day, with its weekday and year."""
    return f"{value:%a} {value.day} {value:%b %Y}"


def month(value: date) -> str:
    """Format the month of a day, with its year."""
    return f"{value:%B %Y}"


def instant(at: datetime, tz: str) -> str:
    """Format an instant in a zone, to the minute."""
    local = at.astimezone(ZoneInfo(tz))
    return f"{local.day} {local:%b %Y, %H:%M}"


def exact_period(period: Period) -> str:
    """Format a period to the last digit, as `--since` and `--until` take its instants."""
    since, until = (at.astimezone(ZoneInfo(period.tz)).isoformat() for at in (period.since, period.until))
    return f"{since} to {until}"


def name(text: str | None, instead: str = "unknown", *, most: int | None = None) -> str:
    """Return a name that is safe to show, or `instead` if nothing of it can be seen.

    It is one line without control characters. A name from right to left does not turn the text around it. A name with
    more than `most` characters ends with an ellipsis.
    """
    readable = _readable(text or "") or _readable(instead)
    if most and len(readable) > most:
        readable = readable[: most - 1].rstrip() + "…"
    return readable if readable.isascii() else readable.join(_ISOLATED)


def _readable(text: str) -> str:
    """Return the visible characters. White space becomes single spaces."""
    characters = [" " if character.isspace() else character for character in text]
    return " ".join("".join(character for character in characters if _is_shown(character)).split())


def _is_shown(character: str) -> bool:
    """Return True if a character is visible, or joins visible ones as in emoji."""
    is_joining = character in "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
    return is_joining or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
