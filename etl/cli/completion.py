"""Names that a shell completes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from etl.reports.catalogue import cookbook_themes, report_descriptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click


def complete_report(_context: click.Context, _parameter: click.Parameter, start: str) -> list[CompletionItem]:
    """Complete the name of a report."""
    return _items(report_descriptions(), start)


def complete_query(_context: click.Context, _parameter: click.Parameter, start: str) -> list[CompletionItem]:
    """Complete the name of a query of the cookbook."""
    return [item for questions in cookbook_themes().values() for item in _items(questions, start)]


def _items(descriptions: Mapping[str, str], start: str) -> list[CompletionItem]:
    return [CompletionItem(name, help=text) for name, text in descriptions.items() if name.startswith(start)]
