"""The sentence at the top of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.page.conftest import a_session, hourly

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.sql.rows import Usage

NOW = ("2026-11-05 00:00", "2026-11-08 00:00")


def headline(usage: Usage, make: MakePage, before: float, now: float) -> str:
    """Return the headline of three days with so many minutes, after three days with others."""
    hourly(usage, "2026-11-02 00:00", "2026-11-07 23:00")
    for day, minutes in (("2026-11-02", before), ("2026-11-05", now)):
        if minutes:
            a_session(usage, day, minutes, f"on {day}")
    return make(*NOW).texts[3]


@pytest.mark.parametrize(
    ("before", "now", "compared"),
    [
        (100, 112, "112 minutes (12 % more than in the same time before) in 1 session"),
        (100, 50, "50 minutes (50 % fewer than in the same time before) in 1 session"),
        (1000, 1004, "1,004 minutes (as many as in the same time before) in 1 session"),
        (1000, 1006, "1,006 minutes (0.6 % more than in the same time before) in 1 session"),
        (0, 50, "50 minutes (after none in the same time before) in 1 session"),
        (200, 1, "1 minute (100 % fewer than in the same time before) in 1 session"),
        (100, 0, "0 minutes (100 % fewer than in the same time before) in 0 sessions"),
    ],
)
def test_minutes_are_compared_with_the_same_time_before(
    usage: Usage, make: MakePage, before: float, now: float, compared: str
) -> None:
    """A change of less than half a per cent is not mentioned."""
    assert headline(usage, make, before, now).startswith((f"{compared}, busiest", f"{compared}."))


def test_the_headline_says_when_most_were_there_and_what_it_costs(usage: Usage, make: MakePage) -> None:
    """The instant is that of the zone."""
    hourly(usage, "2026-11-05 00:00", "2026-11-07 23:00")
    a_session(usage, "2026-11-05", 100, live_participants=7)
    assert make(*NOW, tz="Asia/Tokyo").texts[3].replace("\N{NO-BREAK SPACE}", " ") == (
        "100 minutes in 1 session, busiest on Thursday, 5 November at 21:00 with 7 participants, "
        "for an estimated $0.05 (audio only) to $0.20 (video)."
    )


def test_nothing_known_is_not_zero(usage: Usage, make: MakePage) -> None:
    """Every snapshot has failed."""
    hourly(usage, "2026-11-05 00:00", "2026-11-07 23:00", failed=["m"])
    assert make(*NOW).texts[3] == "Nothing is known of this period."
