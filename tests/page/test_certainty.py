"""What the page says on how sure its figures are, and on what the cost is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl.page import text
from tests.page.conftest import a_session, hourly
from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.sql.rows import Usage

DAY = ("2026-11-02 00:00", "2026-11-03 00:00")
HOURS = "Snapshots are 1 h apart, so the minutes of one hour are less exact than those of the period."


@pytest.mark.parametrize(
    ("final", "sentence"),
    [
        ([], "No minutes come from final totals yet: all of them may still grow."),
        (["one"], "75.0 % of the minutes come from final totals. The others may still grow."),
        (["one", "two"], "All minutes come from final totals."),
    ],
)
def test_the_share_of_final_minutes_is_said(usage: Usage, make: MakePage, final: list[str], sentence: str) -> None:
    """Minutes of meetings count. The share is that of the report meeting_days."""
    hourly(usage, *DAY)
    for session, minutes in (("one", 300), ("two", 100)):
        columns = {"meeting_id": session, "started_at": utc("2026-11-02 12:00")}
        usage.observed("2026-11-02 13:00", minutes, session, **columns)
        if session in final:
            usage.final("2026-11-02 13:30", minutes, session, **columns)
    a_session(usage, "2026-11-02", 1000, "stream", type="livestream")
    usage.final("2026-11-02 13:30", 1000, "stream", type="livestream", started_at=utc("2026-11-02 12:00"))
    assert make(*DAY).texts[5] == f"How sure is this? {sentence} {HOURS}"
    rows = [row for row in usage.report("meeting_days", *DAY) if row["type"] == "meeting"]
    assert sum(row["final_minutes"] for row in rows) == sum({"one": 300, "two": 100}[session] for session in final)


def test_minutes_without_snapshots_are_spread_evenly(usage: Usage, make: MakePage) -> None:
    """No snapshot says when the minutes happened."""
    usage.run("2026-11-10 00:00", kind="reconcile", list_id="ended")
    usage.final("2026-11-02 13:00", 45, started_at=utc("2026-11-02 12:00"))
    assert make(*DAY).texts[5] == (
        "How sure is this? All minutes come from final totals. Without snapshots, the minutes of a session are spread "
        "evenly over its time."
    )


def test_two_snapshots_promise_nothing(usage: Usage, make: MakePage) -> None:
    """There is no busiest hour and no percentage, and the page says that it has seen two snapshots only."""
    hourly(usage, "2026-11-02 14:00", "2026-11-02 15:00")
    usage.observed("2026-11-02 15:00", 58, started_at=utc("2026-11-02 14:00"), live_participants=39)
    page = make("2026-11-02 00:00", "2026-11-02 16:00")
    headline, _, certainty = (line.replace("\N{NO-BREAK SPACE}", " ") for line in page.texts[3:6])
    assert (
        headline
        == "58 minutes in 1 session, seen in 2 snapshots only, for an estimated $0.03 (audio only) to $0.12 (video)."
    )
    assert certainty.startswith(
        "How sure is this? Seen in 2 snapshots only: what happened between is not known. No minutes come from final"
    )
    assert page.tiles["Coverage"] == ["2 of 2", "snapshots, too few for a percentage"]


def test_ten_snapshots_are_enough_for_a_percentage(usage: Usage, make: MakePage) -> None:
    """The busiest time is named again."""
    hourly(usage, "2026-11-02 05:00", "2026-11-02 14:00")
    usage.observed("2026-11-02 14:00", 58, started_at=utc("2026-11-02 13:00"), live_participants=39)
    page = make("2026-11-02 00:00", "2026-11-02 15:00")
    assert page.tiles["Coverage"] == ["100.0 %", "10 of 10 snapshots"]
    assert "busiest on Monday, 2 November at 14:00 with 39 participants" in page.texts[3]
    assert "only" not in page.texts[5]


def test_the_cost_says_which_minutes_it_is_of(usage: Usage, make: MakePage) -> None:
    """The minutes beside it are of meetings only. The upper end has other types as well. Both ends have a change."""
    hourly(usage, "2026-11-01 00:00", "2026-11-02 23:00")
    a_session(usage, "2026-11-01", 20_000, "before")
    a_session(usage, "2026-11-02", 10_000, "now")
    a_session(usage, "2026-11-02", 2_000, "stream", type="livestream")
    page = make(*DAY)
    minus = "\N{MINUS SIGN}"
    assert page.tiles["Minutes"] == ["10,000", f"{minus}50 %", "in meetings"]
    assert page.tiles["Estimated cost"] == [
        text.usd(5, 40),
        f"low {minus}50 %, high no change",
        "from meetings with audio only to video with 2,000 minutes of other types",
    ]
    assert page.texts[3].endswith("to $40.00 (video, with 2,000 minutes of other types).")


def test_ends_that_change_alike_are_not_named() -> None:
    """Meetings alone have the same change at both ends of the price."""
    assert text.change_of_range((2, 8), (1, 4)) == "+100 %"
    assert text.change_of_range((2, 9), (1, 4)) == "low +100 %, high +125 %"
