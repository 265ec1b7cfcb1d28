"""The interactive page: its script in a real browser, and the policy that allows this script alone."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

import pytest

from tests.page.browser import opened
from tests.page.offices import HOSTILE, PAGES, TITLES
from tests.page.parsed_page import ParsedPage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

WEEK, YEAR = "week, 60 meetings", "year, 1,000 meetings"
DASH = "\N{EN DASH}"


def table(page: Page, caption: str) -> Locator:
    """Return the table whose caption begins so, and open what it is folded in."""
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    return page.locator(f"xpath=//table[caption[starts-with(., '{caption}')]]")


def column(of: Locator, name: str) -> list[str]:
    """Return the texts of a column, without invisible characters."""
    place = of.locator("thead th").all_inner_texts().index(name) + 1
    texts = of.locator(f"tbody > tr > :nth-child({place})").all_inner_texts()
    return [re.sub("[\u2066-\u2069]", "", text) for text in texts]


def figure(text: str) -> float:
    """Return the first number of a text."""
    return float(re.sub("[$,%]", "", text.replace("\N{MINUS SIGN}", "-")).split()[0])


def minutes(text: str) -> int:
    """Return the minutes of a duration, such as `at least 2 h 05 min`."""
    return sum(int(number) * (60 if unit == "h" else 1) for number, unit in re.findall(r"(\d+) (h|min)", text))


def test_the_policy_allows_the_script_that_is_written(interactive_pages: dict[str, Path]) -> None:
    """The hash is that of the script in the file. The page has no other script, and no other permission."""
    html = interactive_pages[WEEK].read_text(encoding="utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policies = [
        one["content"]
        for one in ParsedPage(html).attributes("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == [f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:"]
    assert ParsedPage(html).attributes("script") == [{}]


def test_without_the_option_there_is_no_script(pages: dict[str, Path]) -> None:
    """The file has neither the script nor what it needs."""
    html = pages[WEEK].read_text(encoding="utf-8")
    assert not ParsedPage(html).attributes("script")
    assert "script-src" not in html
    assert "data-days" not in html


@pytest.mark.parametrize("name", PAGES)
def test_the_script_breaks_nothing(browser: Browser, interactive_pages: dict[str, Path], name: str) -> None:
    """There is no error, no violation of the policy, and no other request."""
    with opened(browser, interactive_pages[name], is_silent=True) as found:
        assert found.page.locator("thead button").count() > 20
        assert found.complaints == []
        assert found.requests == [interactive_pages[name].as_uri()]


def test_no_other_script_runs(browser: Browser, interactive_pages: dict[str, Path]) -> None:
    """A script that someone adds to the page is refused by the policy."""
    with opened(browser, interactive_pages[WEEK]) as found:
        found.page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {text: 'document.title = 1'}))"
        )
        assert found.page.title() == "Usage"
        assert "Content Security Policy" in found.complaints[0]


@pytest.mark.parametrize(
    ("caption", "name", "value"),
    [
        ("The 20 busiest", "sessions", figure),
        ("The 20 busiest", "share", figure),
        ("Ten at most", "duration", minutes),
        ("Usage of each day", "minutes", figure),
        ("Estimated cost", "cost", figure),
    ],
)
def test_a_click_on_a_figure_sorts_by_it(
    browser: Browser, interactive_pages: dict[str, Path], caption: str, name: str, value: Callable[[str], float]
) -> None:
    """The first click puts the most on top, the second the least. `aria-sort` says so."""
    with opened(browser, interactive_pages[WEEK]) as found:
        sorted_table = table(found.page, caption)
        before = column(sorted_table, name)
        header = sorted_table.locator("thead th", has_text=re.compile(f"^{name}$"))
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == "descending"
        assert column(sorted_table, name) == sorted(before, key=value, reverse=True)
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == "ascending"
        assert column(sorted_table, name) == sorted(before, key=value)


def test_what_is_not_known_comes_last(browser: Browser, interactive_pages: dict[str, Path]) -> None:
    """A dash stands at the end in both directions."""
    with opened(browser, interactive_pages[WEEK]) as found:
        accuracy = table(found.page, "Minutes of each day")
        for reverse in (True, False):
            accuracy.locator("thead button", has_text="difference").click()
            texts = column(accuracy, "difference, UTC day")
            known = [figure(text) for text in texts if text != DASH]
            assert known == sorted(known, reverse=reverse)
            assert texts[len(known) :] == [DASH] * (len(texts) - len(known)) != []


def test_days_are_sorted_by_date_and_by_keyboard(browser: Browser, interactive_pages: dict[str, Path]) -> None:
    """Enter and the space bar sort as a click does. The focus is visible, and one column at a time is sorted."""
    with opened(browser, interactive_pages[WEEK]) as found:
        usage = table(found.page, "Usage of each day")
        in_order = column(usage, "day")
        assert in_order == sorted(in_order, key=lambda text: datetime.strptime(f"{text} +0000", "%a %d %b %Y %z"))
        usage.locator("thead button", has_text="peak").click()
        usage.locator("thead button", has_text="day").focus()
        found.page.keyboard.press("Enter")
        assert found.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert column(usage, "day") == in_order
        found.page.keyboard.press("Space")
        assert column(usage, "day") == in_order[::-1]
        assert usage.locator("thead th[aria-sort]").all_inner_texts() == ["day"]


def test_a_click_on_a_meeting_shows_its_days(browser: Browser, interactive_pages: dict[str, Path]) -> None:
    """The days below a meeting add up to its minutes. A second click, and sorting, fold them again."""
    with opened(browser, interactive_pages[WEEK]) as found:
        busiest = table(found.page, "The 20 busiest")
        total = figure(column(busiest, "minutes")[0])
        title = busiest.locator("tbody button").first
        title.click()
        assert title.get_attribute("aria-expanded") == "true"
        days = table(found.page, "The days of")
        assert sum(map(figure, column(days, "minutes"))) == pytest.approx(total, abs=0.2)
        in_order = column(table(found.page, "Usage of each day"), "day")
        assert column(days, "day") == [day for day in in_order if day in column(days, "day")] != []
        title.press("Enter")
        assert days.count() == 0
        title.press("Space")
        assert days.count() == 1
        busiest.locator("thead button", has_text="share").first.click()
        assert days.count() == 0
        assert title.get_attribute("aria-expanded") == "false"


def test_a_day_of_a_meeting_has_its_date(browser: Browser, interactive_pages: dict[str, Path]) -> None:
    """The only day is named as in the other tables, with its minutes and sessions."""
    with opened(browser, interactive_pages["first day, 1 meeting"]) as found:
        found.page.locator("tbody button").first.click()
        days = table(found.page, "The days of Weekly")
        assert days.locator("tbody tr").all_inner_texts() == ["Sun 8 Nov 2026\t40.0\t1"]


def test_a_hostile_title_stays_text(browser: Browser, interactive_pages: dict[str, Path]) -> None:
    """A title that looks like HTML is shown as it is, in the caption of its days, too."""
    with opened(browser, interactive_pages[WEEK]) as found:
        found.page.locator("tbody button", has_text="onerror").first.click()
        assert found.page.locator(".days caption").inner_text().endswith(f"The days of {HOSTILE}")
        assert found.page.locator("img").count() == 0
        assert found.page.title() == "Usage"
        assert found.complaints == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        ("arzt", ["Ärztliche Besprechung, größere Runde"]),
        ("runde ÄRZT", ["Ärztliche Besprechung, größere Runde"]),
        ("بيع", []),
        ("الفريق 0000001c", [f"{TITLES['Arabic']} (0000001c)"]),
        ("சந்தி", []),
        ("கூட்டம்", [TITLES["Tamil"]]),
        ("ミーティング", [TITLES["Japanese"]]),
        ("</script><img", [HOSTILE]),
        ("0000001f-9d4b", ["Room 31"]),
        (".*", []),
    ],
)
def test_a_search_looks_through_all_meetings(
    browser: Browser, interactive_pages: dict[str, Path], typed: str, titles: list[str], width: int
) -> None:
    """Every word has to be in the title, or begin the ID. Case and accents do not count. The table unfolds."""
    with opened(browser, interactive_pages[WEEK], width=width) as found:
        found.page.get_by_label("Search the meetings").fill(typed)
        rows = found.page.locator("#meetings > tbody > tr:visible")
        assert [re.sub("[\u2066-\u2069]", "", row) for row in rows.locator("th").all_inner_texts()] == titles
        assert found.page.locator("output").inner_text() == f"{len(titles)} of 49 meetings"
        found.page.get_by_label("Search the meetings").fill("")
        assert rows.count() == 49
        assert found.page.locator("output").inner_text() == ""


def test_a_search_keeps_the_order_and_folds_the_days(browser: Browser, interactive_pages: dict[str, Path]) -> None:
    """A sorted table stays sorted in a search, and no day is left from a meeting that is hidden."""
    with opened(browser, interactive_pages[YEAR]) as found:
        meetings = table(found.page, "All meetings")
        meetings.locator("thead button", has_text="meeting").first.click()
        meetings.locator("tbody button").first.click()
        found.page.get_by_label("Search the meetings").press_sequentially("room 99")
        texts = meetings.locator("tbody > tr:visible > th").all_inner_texts()
        assert texts == [f"Room {number}" for number in range(1_000) if "99" in str(number)]
        assert meetings.locator(".days").count() == 0


def test_a_search_is_quick(browser: Browser, interactive_pages: dict[str, Path]) -> None:
    """A letter filters 1,000 meetings within a tenth of a second, drawing included. The first one unfolds the table."""
    typed = """
    letters => [...letters].map((_, place) => {
      const field = document.querySelector("input");
      field.value = letters.slice(0, place + 1);
      const before = performance.now();
      field.dispatchEvent(new Event("input"));
      document.body.getBoundingClientRect();
      return performance.now() - before;
    })
    """
    with opened(browser, interactive_pages[YEAR]) as found:
        milliseconds = found.page.evaluate(typed, "room 12")
        assert median(milliseconds) < 100
        assert max(milliseconds) < 1_000
        assert found.page.locator("output").inner_text() == "19 of 1,000 meetings"


def test_print_has_no_search(browser: Browser, interactive_pages: dict[str, Path]) -> None:
    """Nobody types on paper. All meetings stay folded there, too."""
    with opened(browser, interactive_pages[WEEK]) as found:
        found.page.emulate_media(media="print")
        assert not found.page.locator("input").is_visible()
        assert not found.page.locator("#meetings").is_visible()
