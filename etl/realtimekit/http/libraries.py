"""The two HTTP libraries, imported without what they do at import that no run needs: a fifth of a short run's CPU."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def _without_certificates() -> Iterator[None]:
    """Let what is imported meanwhile find no certificates.

    aiohttp reads the system's twice (50 ms), for contexts of its own. Ours are httpx's; should aiohttp's ever be used,
    they trust nobody.
    """
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    before = {name: os.environ[name] for name in names if name in os.environ}
    os.environ.update(dict.fromkeys(names, os.devnull))
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]
        os.environ.update(before)


@contextlib.contextmanager
def _without(module: str) -> Iterator[None]:
    """Let what is imported meanwhile take an optional module for one that is not installed, unless it is loaded."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # Python's own way to say so
    try:
        yield
    finally:
        del sys.modules[module]


with _without_certificates():
    import aiohttp
with _without("httpx._main"):  # httpx's own command line, which brings rich and pygments (30 ms)
    import httpx

__all__ = ["aiohttp", "httpx"]
