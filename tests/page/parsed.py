"""A page as a reader of HTML sees it."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "img", "hr", "input", "rect", "path", "line"}


class Parsed(HTMLParser):
    """Its tags in order with their attributes, its tables by caption, its text by section, its headline by label."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.sections: dict[str, str] = {}
        self.titles: list[str] = []
        self.tiles: dict[str, list[str]] = {}
        self._open: list[str] = []
        self._section = ""
        self._rows: list[list[str]] = []
        self._caption = ""
        self._tile = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it, and where it opens something."""
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        self._open.append(tag)
        if tag == "section":
            self._section = found.get("aria-labelledby", "")
        elif tag == "table":
            self._rows, self._caption = [], ""
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"th", "td"}:
            self._rows[-1].append("")
        elif tag == "title":
            self.titles.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close it, and what stands open in it."""
        while self._open and self._open.pop() != tag:
            pass
        if tag == "table":
            self.tables[self._caption] = self._rows

    def handle_data(self, data: str) -> None:
        """Put text where it belongs."""
        inside = set(self._open)
        if "style" in inside:
            return
        self.sections[self._section] = self.sections.get(self._section, "") + data
        if "caption" in inside:
            self._caption += data
        elif inside & {"th", "td"} and self._rows:
            self._rows[-1][-1] += data
        elif "title" in inside:
            self.titles[-1] += data
        elif self._section == "headline" and "dt" in inside:
            self._tile = data
            self.tiles[data] = []
        elif self._section == "headline" and "dd" in inside and data.strip():
            self.tiles[self._tile].append(data)

    def table(self, beginning: str) -> list[dict[str, str]]:
        """The rows of the table whose caption begins so, by the names of its columns."""
        (name,) = (caption for caption in self.tables if caption.startswith(beginning))
        header, *rows = self.tables[name]
        return [dict(zip(header, row, strict=True)) for row in rows]

    def attributes(self, tag: str) -> list[dict[str, str]]:
        """Those of every element of that kind."""
        return [attributes for name, attributes in self.tags if name == tag]
