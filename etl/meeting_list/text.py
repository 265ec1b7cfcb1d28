"""Read a meeting list in text: one ID per line."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from etl.meeting_list.entries import Entry

_COMMENT = re.compile(r"(?<!\S)#.*", re.DOTALL)


def read_text(file: TextIO, *, after_line: int = 0) -> Iterator[Entry]:
    """Read one ID per line. The lines up to `after_line` are the header, if there is one."""
    for number, line in enumerate(islice(file, after_line, None), after_line + 1):
        meeting_id = line.strip()
        if "#" in meeting_id:
            meeting_id = remove_comment(meeting_id)
        if meeting_id:
            yield number, meeting_id, None


def remove_comment(line: str) -> str:
    """Remove a comment. It starts with `#` at the start of a line or after white space."""
    return _COMMENT.sub("", line).rstrip()
