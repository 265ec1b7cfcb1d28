"""Read the meeting list: the IDs of the meetings to ask about, from a file or from standard input.

The content decides the format. The ending of the file decides only where the content leaves a choice:

- text: one ID per line, `#` starts a comment;
- a table with a header: CSV, TSV and what spreadsheets write;
- JSON: an array, the answer of the API, or one value per line;
- Parquet.

A file in another format is refused with the name of that format.
"""

from etl.meeting_list.read import read_meeting_list

__all__ = ["read_meeting_list"]
