"""The command that adds a missing package works in the installation in which it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl.extras import install_command, missing_extra, packages_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("extra", "packages"), [("simulator", ["starlette", "uvicorn"]), ("excel", ["xlsxwriter"]), ("other", [])]
)
def test_an_extra_has_the_packages_of_the_installation(extra: str, packages: list[str]) -> None:
    """They come from the metadata of the package, so that there is one list."""
    assert packages_of(extra) == packages


@pytest.mark.parametrize(
    ("marker", "command"),
    [
        ("pipx_metadata.json", "pipx inject realtimekit-usage a b"),
        ("uv-receipt.toml", "uv pip install --python '/a b/python' a b"),
        ("pyvenv.cfg", "'/a b/python' -m pip install a b"),
    ],
)
def test_the_command_is_that_of_the_installation(tmp_path: Path, marker: str, command: str) -> None:
    """The file in the environment is that of pipx, of uv, or of neither."""
    (tmp_path / marker).touch()
    assert install_command(["a", "b"], prefix=tmp_path, python="/a b/python") == command


def test_the_error_names_the_module_and_the_command() -> None:
    """The module is not always the package."""
    error = missing_extra(ModuleNotFoundError(name="starlette.applications"), "simulator")
    assert str(error).startswith("starlette.applications is not installed; run: ")
    assert str(error).endswith(" -m pip install starlette uvicorn")
