"""A small site: pages of this week, of this month, of the last one and of each month before, and an index of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from etl.errors import ConfigError
from etl.files import make_directory, write_whole
from etl.page.html import make_environment, make_page, read_resource
from etl.page.query import NoData
from etl.reports.ask import read_data_range, read_database
from etl.reports.periods import Period, midnight

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from etl.page.query import PageOptions
    from etl.settings import ReadSettings

INDEX = "index.html"
_MONTH_FILES = "[0-9][0-9][0-9][0-9]-[0-9][0-9].html"
_GENERATOR = b'<meta name="generator" content="realtimekit-usage'
# By then, reconcile has fetched the final figures of a month.
_SETTLED_AFTER = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePage:
    """A page of a site: its file and its name. `is_past` says that its month is over."""

    file_name: str
    name: str
    period: Period
    is_past: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPages:
    """The numbers of pages that were made, and of those that an earlier call has made."""

    made: int
    kept: int


def write_site(settings: ReadSettings, directory: Path, options: PageOptions, *, rebuild: bool) -> WrittenPages:
    """Write the pages of a site, and its index last. The period of the options ends now.

    The page of a month is not made again, unless it was made before the month was settled, or `rebuild` is True.
    A page without data is left out. Raises NoData if that is every page, and ConfigError if the directory has an
    index of another program.
    """
    _refuse_other_index(directory / INDEX)
    now = options.period.until
    of_app = {"app_id": options.app_id}
    first = read_database(settings, partial(read_data_range, database=settings.database, parameters=of_app)).first
    pages = list(plan_pages(first or now, now, options.period.tz))
    make_directory(directory)
    kept = [page for page in pages if not rebuild and _is_final(page, directory)]
    made = [page for page in pages if page not in kept and _write_page(page, settings, directory, options)]
    if not (made or kept):
        raise NoData(f"{settings.database} holds no data of these pages; the site is not written")
    shown = [page for page in pages if page in made or page in kept]
    for file in directory.glob(_MONTH_FILES):
        if file.name not in {page.file_name for page in shown}:
            file.unlink()  # its month has no data any more
    write_whole(directory / INDEX, _render_index(shown, options, settings.database.name).encode())
    return WrittenPages(made=len(made), kept=len(kept))


def plan_pages(first: datetime, now: datetime, tz: str) -> Iterator[SitePage]:
    """Yield the pages of a site whose data begins at an instant: the current ones, then the months, newest first."""
    zone = ZoneInfo(tz)
    today = now.astimezone(zone).date()
    monday, month = today - timedelta(days=today.weekday()), today.replace(day=1)
    before = _month_before(month)

    def between(begin: date, end: datetime) -> Period:
        """Return a period that begins with a day."""
        return Period(since=midnight(begin, zone), until=end, tz=tz)

    current = [("this-week", "This week", monday, now), ("this-month", "This month", month, now)]
    current.append(("last-month", "Last month", before, midnight(month, zone)))
    for file_name, name, begin, end in current:
        if midnight(begin, zone) < end:  # at midnight, the week has no time yet
            yield SitePage(file_name=f"{file_name}.html", name=name, period=between(begin, end))
    while midnight(month, zone) > first:
        end = midnight(month, zone)
        month = _month_before(month)
        yield SitePage(file_name=f"{month:%Y-%m}.html", name=f"{month:%B %Y}", period=between(month, end), is_past=True)


def _refuse_other_index(index: Path) -> None:
    """Raise ConfigError if the index would replace a file that this tool has not made."""
    if index.exists() and _GENERATOR not in index.read_bytes():
        raise ConfigError(f"{index} was not made by rtk-usage; name another directory with --output")


def _month_before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def _is_final(page: SitePage, directory: Path) -> bool:
    """Return True if the page of a month was made when the month was settled."""
    file = directory / page.file_name
    if not (page.is_past and file.exists()):
        return False
    return datetime.fromtimestamp(file.stat().st_mtime, UTC) >= page.period.until + _SETTLED_AFTER


def _write_page(page: SitePage, settings: ReadSettings, directory: Path, options: PageOptions) -> bool:
    """Write a page. If it has no data, delete the one that is there, and return False."""
    file = directory / page.file_name
    of_page = replace(options, period=page.period, title=f"{options.title}: {page.name}", index=INDEX)
    try:
        write_whole(file, make_page(settings, of_page))
    except NoData:
        file.unlink(missing_ok=True)
        return False
    return True


def _render_index(pages: list[SitePage], options: PageOptions, database: str) -> str:
    template = make_environment(options.period.tz).get_template("site.html.jinja")
    return template.render(
        title=options.title,
        style=read_resource("page.css"),
        current=[page for page in pages if not page.is_past],
        months=[page for page in pages if page.is_past],
        database=database,
        made_at=options.period.until,
        tz=options.period.tz,
    )
