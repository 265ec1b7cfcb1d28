"""Scan a JSON text value by value, so that a list of a million objects is never in memory as a whole."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from etl.errors import ConfigError
from etl.values.meetings import quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

_SPACE = re.compile(r"[ \t\n\r]*")
_PART_OF_NUMBER = re.compile(r"[0-9.eE+-]*")  # a number may go on in the next chunk
_CHUNK_CHARACTERS = 1 << 18
_SHOWN_CHARACTERS = 20


class JsonScanner:
    """A position in a JSON text, which is read in chunks. `line` and `column` are those of the position, from 1.

    Every method raises ConfigError if the text is not valid JSON.
    """

    def __init__(self, file: TextIO, name: str) -> None:
        self.line = self.column = 1
        self._file = file
        self._name = name
        self._decode = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0

    def peek(self) -> str:
        """Skip white space, and return the next character, or an empty text at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._advance(space.end() if space else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def value(self) -> Any:  # noqa: ANN401  # JSON has values of every type
        """Read the next value."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._fill():
                    self._advance(error.pos)
                    self._fail(error.msg.removesuffix(" at"))
            except RecursionError:
                self._fail("the value is nested too deeply")
            else:
                after = _PART_OF_NUMBER.match(self._text, end)
                if (after and after.end() < len(self._text)) or not self._fill():
                    self._advance(end)
                    return value

    def elements(self) -> Iterator[None]:
        """Stop at each element of an array, which the caller has to read."""
        return self._members("]")

    def keys(self) -> Iterator[str]:
        """Stop at each value of an object, which the caller has to read, and yield its key."""
        for _ in self._members("}"):
            if self.peek() != '"':
                self._fail("expected a key in double quotes")
            key = self.value()
            self._skip(":")
            yield key

    def _members(self, closing: str) -> Iterator[None]:
        self._skip(self.peek())
        if self.peek() != closing:
            yield
            while self.peek() == ",":
                self._skip(",")
                yield
        self._skip(closing, expected=f"',' or {closing!r}")

    def _skip(self, character: str, *, expected: str = "") -> None:
        if self.peek() != character:
            self._fail(f"expected {expected or repr(character)}")
        self._advance(self._at + 1)

    def _advance(self, to: int) -> None:
        """Move the position forward, and count the lines and columns."""
        if lines := self._text.count("\n", self._at, to):
            self.line += lines
            self.column = to - self._text.rfind("\n", self._at, to)
        else:
            self.column += to - self._at
        self._at = to

    def _fill(self) -> bool:
        """Read another chunk, as long as the text that is kept. Return False at the end, and change nothing then."""
        chunk = self._file.read(max(_CHUNK_CHARACTERS, len(self._text) - self._at))
        if chunk:
            self._text, self._at = self._text[self._at :] + chunk, 0
        return bool(chunk)

    def _fail(self, problem: str) -> NoReturn:
        found = quote(self._text[self._at :], _SHOWN_CHARACTERS)
        raise ConfigError(
            f"{self._name}, line {self.line}, column {self.column}: not valid JSON: {problem} "
            f"(found: {found or 'the end of the file'}); "
            "write the file again, or save the list as plain text, with one meeting ID per line"
        )
