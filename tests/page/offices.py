"""Pages for the browser: a first day, a week with titles in many scripts, and a year of 1,000 meetings."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from etl.page.html import render
from etl.page.query import PageOptions, fetch_page_data
from etl.reports.periods import Period
from tests.samples import open_copy
from tests.sql.rows import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

TITLES = {
    "Latin": "Ärztliche Besprechung, größere Runde",
    "Greek": "Εβδομαδιαία σύσκεψη",
    "Cyrillic": "Еженедельная встреча",
    "Arabic": "اجتماع الفريق الأسبوعي",
    "Hebrew": "פגישה שבועית",
    "Devanagari": "साप्ताहिक बैठक",
    "Bengali": "সাপ্তাহিক সভা",
    "Gurmukhi": "ਹਫ਼ਤਾਵਾਰੀ ਮੀਟਿੰਗ",
    "Gujarati": "સાપ્તાહિક બેઠક",
    "Tamil": "வாராந்திர கூட்டம்",
    "Telugu": "వారపు సమావేశం",
    "Kannada": "ವಾರದ ಸಭೆ",
    "Malayalam": "പ്രതിവാര യോഗം",
    "Sinhala": "සතිපතා රැස්වීම",
    "Thai": "ประชุมประจำสัปดาห์",
    "Lao": "ກອງປະຊຸມປະຈໍາອາທິດ",
    "Khmer": "ការប្រជុំប្រចាំសប្តាហ៍",
    "Burmese": "အပတ်စဉ် အစည်းအဝေး",
    "Georgian": "ყოველკვირეული შეხვედრა",
    "Armenian": "շաբաթական հանդիպում",
    "Amharic": "ሳምንታዊ ስብሰባ",
    "Chinese": "每周例会",
    "Japanese": "週次ミーティング",
    "Korean": "주간 회의",
    "emoji": "🎉🚀 👩🏽‍💻 🇩🇪",
}
HOSTILE = "</script><img src=x onerror=\"document.title='hacked'\"><!-- <script> & 'quotes' ]]>"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 2
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
NOW = MONDAY + timedelta(days=7)


def write_first_day(usage: Usage) -> datetime:
    """Fill the database with one meeting and three hourly snapshots. Return the beginning."""
    beginning = NOW - timedelta(hours=3)
    usage.runs(beginning, NOW - timedelta(hours=1), every=3600)
    usage.observed(NOW - timedelta(hours=2), 40, started_at=beginning, live_participants=3)
    return beginning


def write_week(usage: Usage) -> datetime:
    """Fill the database with 60 meetings of two apps, two weeks long. Return the beginning of the second week."""
    usage.runs(MONDAY - timedelta(days=7), NOW - timedelta(hours=1), every=3600)
    usage.runs(MONDAY, NOW - timedelta(hours=1), every=3600, app="second-app")
    arabic = TITLES["Arabic"]
    titles = [*TITLES.values(), HOSTILE, LONG, arabic, arabic, "   ", "AC/DC 50 %"]
    _write_sessions(usage, titles, meetings=60, days=14, apps=("app", "second-app"))
    for day in range(14):
        usage.total(f"{MONDAY - timedelta(days=7 - day):%Y-%m-%d}", 2_000, 9)
    usage.run(NOW, kind="reconcile")
    return MONDAY


def write_year(usage: Usage) -> datetime:
    """Fill the database with 1,000 meetings in a year. Return its beginning."""
    beginning = NOW - timedelta(days=365)
    usage.runs(beginning, NOW - timedelta(hours=6), every=6 * 3600)
    _write_sessions(usage, [*TITLES.values()], meetings=1_000, days=364, apps=("app",))
    usage.run(NOW, kind="reconcile")
    return beginning


PAGES: dict[str, Callable[[Usage], datetime]] = {
    "first day, 1 meeting": write_first_day,
    "week, 60 meetings": write_week,
    "year, 1,000 meetings": write_year,
}


def _write_sessions(usage: Usage, titles: list[str], *, meetings: int, days: int, apps: tuple[str, ...]) -> None:
    """Write three ended sessions per meeting, on random days. A snapshot has seen each. The first are the busiest."""
    chance = random.Random(7)
    for meeting, number in itertools.product(range(meetings), range(3)):
        started_at = NOW - timedelta(days=chance.randrange(1, days), hours=chance.randrange(6, 16))
        participants = chance.randrange(1, 30)
        session = f"5e551011-{meeting:04x}-{number:04x}-8a54-0c1f6b7a2e90"
        columns = {
            "meeting_id": f"{meeting:08x}-9d4b-4a3e-8a54-0c1f6b7a2e90",
            "meeting_display_name": titles[meeting] if meeting < len(titles) else f"Room {meeting}",
            "app_id": apps[meeting % len(apps)],
            "started_at": started_at,
            "max_concurrent_participants": participants,
        }
        usage.observed(started_at + timedelta(hours=1), 5, session, live_participants=participants, **columns)
        ended_at = (started_at + timedelta(minutes=chance.randrange(60, 180))).isoformat()
        usage.final(ended_at, 3_000 / (1 + meeting) + participants, session, live_participants=0, **columns)


def write_page(name: str, directory: Path, *, is_interactive: bool = False) -> Path:
    """Write the page of that name, and return its file."""
    directory.mkdir(exist_ok=True)
    file = directory / f"{name.replace(' ', '-')}.html"
    with open_copy(directory / f"{name}.duckdb") as connection:
        usage = Usage(connection, directory)
        since = PAGES[name](usage)
        usage.write()
        options = PageOptions(
            period=Period(since=since, until=NOW, tz="UTC"), title="Usage", is_interactive=is_interactive
        )
        data = fetch_page_data(connection, Path("usage.duckdb"), options)
        file.write_text(render(data, options, database="usage.duckdb", made_at=NOW), encoding="utf-8")
    return file
