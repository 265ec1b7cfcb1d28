"""The proxy that the environment names for the base URL. Variables for other URLs are not looked at."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentProxy:
    """A proxy, and the setting that names it. The URL may hold a password."""

    setting: str
    url: str


def find_proxy(base_url: str) -> EnvironmentProxy | None:
    """Return the proxy for an https URL: that of HTTPS_PROXY, else of ALL_PROXY, unless NO_PROXY exempts the host."""
    parts = urlsplit(base_url)
    proxies = getproxies()
    kind = next((kind for kind in ("https", "all") if proxies.get(kind)), None)
    if kind is None or proxy_bypass(f"{parts.hostname}:{parts.port or _HTTPS_PORT}"):
        return None
    url = proxies[kind]
    return EnvironmentProxy(setting=_setting(kind), url=url if "://" in url else f"http://{url}")


def has_address(url: str) -> bool:
    """Return True if a URL names a host, and a port that exists if it names one."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _setting(kind: str) -> str:
    """Return the name of the variable that counts. Without a variable, the proxy is one of the system's settings."""
    names = (f"{kind}_proxy", f"{kind}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "the proxy settings of this system")
