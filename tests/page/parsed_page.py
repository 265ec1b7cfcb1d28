"""The parsed page, for tests to look things up in."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta", "link"}
_BLOCKS = {"title", "h1", "h2", "p", "dt", "dd", "figcaption", "li", "summary", "caption"}


class ParsedPage(HTMLParser):
    """The tags in order with their attributes, tables by caption, text by section, tiles by label.

    `texts` are the texts of the page outside its charts and tables, in order. Every tag has to be closed in its place.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.sections: dict[str, str] = {}
        self.titles: list[str] = []
        self.texts: list[str] = []
        self.tiles: dict[str, list[str]] = {}
        self._open: list[str] = []
        self._section = ""
        self._rows: list[list[str]] = []
        self._caption = ""
        self._tile = ""
        self.feed(html)
        self.close()
        assert self._open == []
        self.texts = [" ".join(text.split()) for text in self.texts]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the tag, and what it opens."""
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        if tag not in _VOID:
            self._open.append(tag)
        if tag in _BLOCKS and "svg" not in self._open:
            self.texts.append("")
        if tag == "section":
            self._section = attributes.get("aria-labelledby", "")
        elif tag == "table":
            self._rows, self._caption = [], ""
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"th", "td"}:
            self._rows[-1].append("")
        elif tag == "title":
            self.titles.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the tag."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close the tag, which has to be the last one that was opened."""
        assert self._open.pop() == tag, f"</{tag}> closes another tag, in line {self.getpos()[0]}"
        if tag == "table":
            self.tables[self._caption] = self._rows

    def handle_data(self, data: str) -> None:
        """Add the text to its section, table, title or tile."""
        inside = set(self._open)
        if "style" in inside:
            return
        if inside & _BLOCKS and "svg" not in inside:
            self.texts[-1] += data
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
        """Return the rows of the table whose caption begins so, by the names of its columns."""
        (name,) = (caption for caption in self.tables if caption.startswith(beginning))
        header, *rows = self.tables[name]
        return [dict(zip(header, row, strict=True)) for row in rows]

    def attributes(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every element of that kind."""
        return [attributes for name, attributes in self.tags if name == tag]

    def shapes(self, css_class: str) -> list[dict[str, str]]:
        """Return the shapes of charts that have a CSS class, such as `line` or `unknown`."""
        return [attributes for _, attributes in self.tags if css_class in attributes.get("class", "").split()]
