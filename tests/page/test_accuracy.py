"""The table of accuracy: days, or the months of a long period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.page.conftest import a_session
from tests.sql.rows import utc

if TYPE_CHECKING:
    from tests.page.conftest import MakePage
    from tests.sql.rows import Usage

MONTHS = "Minutes of each month, in UTC only of the days that Cloudflare has totalled"

SEPTEMBER = [(f"2026-09-{day:02}", 10) for day in range(1, 30)]


def test_more_than_31_days_are_shown_by_month(usage: Usage, make: MakePage) -> None:
    """The difference is that of the sums. A month without a total of Cloudflare has none. The days are folded."""
    usage.runs("2026-09-01 00:00", "2026-11-05 12:00", every=12 * 3600)
    for day, minutes in (*SEPTEMBER, ("2026-10-02", 20), ("2026-10-31", 30), ("2026-11-04", 40)):
        a_session(usage, day, minutes, day)
    usage.total("2026-10-02", 25, 1, at="2026-11-05 00:00")
    usage.total("2026-11-04", 40, 1, at="2026-11-05 00:00")
    usage.run("2026-11-05 12:00", kind="reconcile")
    page = make("2026-09-01 00:00", "2026-11-06 00:00")
    dash = "\N{EN DASH}"
    assert [list(row.values()) for row in page.table(MONTHS)] == [
        ["September 2026", "290.00", "290.00", dash, dash, dash],
        ["October 2026", "50.00", "50.00", "20.00", "25.00", "5.00"],
        ["November 2026", "40.00", "40.00", "40.00", "40.00", "0.00"],
    ]
    assert len(page.table("Minutes of each day")) == 32
    assert "The figures of each day" in page.texts


def test_the_table_has_a_conclusion(usage: Usage, make: MakePage) -> None:
    """It says how much final totals have changed, and how far the totals of Cloudflare are from the minutes here."""
    usage.runs("2026-11-02 00:00", "2026-11-03 12:00", every=12 * 3600)
    usage.run("2026-11-04 00:00", kind="reconcile")
    a_session(usage, "2026-11-02", 1000)
    usage.final("2026-11-02 13:00", 1250, started_at=utc("2026-11-02 12:00"))
    period = ("2026-11-02 00:00", "2026-11-04 00:00")
    first = "Final totals made it 1,250 minutes in place of 1,000 from snapshots alone: +25 %."
    texts = [text for text in make(*period).texts if text.startswith("Final totals")]
    assert texts[0].startswith(f"{first} Cloudflare has totalled none of these days yet.")
    usage.total("2026-11-02", 1250, 1, at="2026-11-05 00:00")
    texts = [text for text in make(*period).texts if text.startswith("Final totals")]
    assert texts[0].startswith(f"{first} Cloudflare\N{RIGHT SINGLE QUOTATION MARK}s own totals are the same.")


def test_a_month_is_shown_by_day(usage: Usage, make: MakePage) -> None:
    """There is no table of months."""
    usage.runs("2026-10-01 00:00", "2026-10-31 12:00", every=12 * 3600)
    for day in range(1, 32):
        a_session(usage, f"2026-10-{day:02}", 10, str(day))
    usage.run("2026-11-01 00:00", kind="reconcile")
    page = make("2026-10-01 00:00", "2026-11-01 00:00")
    assert len(page.table("Minutes of each day")) == 31
    assert MONTHS not in page.tables
