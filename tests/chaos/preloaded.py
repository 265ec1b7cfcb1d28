"""Imports the whole tool, and with it the libraries that its commands import late."""

from __future__ import annotations

import importlib
import pkgutil

import etl

for _module in pkgutil.walk_packages(etl.__path__, "etl."):
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)
