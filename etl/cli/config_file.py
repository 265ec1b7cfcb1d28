"""`--config`: a TOML file with the options of commands, one section per command.

What the environment or the command line says wins over the file.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from etl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def read_config(path: Path, group: click.Group, context: click.Context) -> dict[str, dict[str, Any]]:
    """Read the options of all commands from a file, by command and parameter.

    Raises ConfigError if the file can't be read, or holds a section, a name or a value that is not valid.
    """
    sections = {}
    for name, section in _parse(path).items():
        if not isinstance(section, dict):
            raise ConfigError(f"{path}: {name} stands in no section; write it below one such as [snapshot]")
        if name not in group.commands:
            raise ConfigError(f"{path}: [{name}] is not the name of a command; {_nearest(name, group.commands)}")
        command = group.commands[name]
        sections[name] = _read_section(f"{path}: [{name}]", section, command, click.Context(command, context, name))
    return sections


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: the file of --config can't be read: {error.strerror}") from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def _read_section(
    place: str, section: Mapping[str, object], command: click.Command, context: click.Context
) -> dict[str, Any]:
    """Return the values by the names of their parameters. Each is checked now, so that a message can name the file."""
    parameters = {name: parameter for parameter in command.params for name in _names(parameter)}
    values: dict[str, Any] = {}
    for name, value in section.items():
        parameter = parameters.get(name)
        if parameter is None or parameter.name is None:
            raise ConfigError(f"{place} has no option {name}; {_nearest(name, parameters)}")
        if isinstance(value, dict) or (isinstance(value, list) and not parameter.multiple):
            raise ConfigError(f"{place} {name}: expected one value")
        values[parameter.name] = value.isoformat() if isinstance(value, datetime | date) else value
        try:
            parameter.process_value(context, values[parameter.name])
        except click.BadParameter as error:
            raise ConfigError(f"{place} {name}: {error.message}") from error
        except ConfigError as error:
            raise ConfigError(f"{place} {name}: {error}") from error
    return values


def _names(parameter: click.Parameter) -> list[str]:
    """Return the names of a parameter in the file: those of its options without dashes, or that of an argument."""
    return [name.removeprefix("--") for name in parameter.opts]


def _nearest(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"expected one of {', '.join(names)}"
