"""Where a request comes from when it was passed on: what reverse proxies say of it is believed of those that are named, of nobody else."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_HOST = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII)


def is_local(host: str) -> bool:
    """Whether a host, perhaps with a port, names the machine itself."""
    name = host if _address(host) or ":" not in host else host.rpartition(":")[0]
    address = _address(name)
    return address.is_loopback if address is not None else name == "localhost" or name.endswith(".localhost")


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks between commas. Raises ValueError."""
    return tuple(ipaddress.ip_network(each.strip()) for each in text.split(",") if each.strip())


class BehindProxies:
    """A WSGI application whose requests say who asked, by what scheme and which host, before a trusted proxy passed them on.

    ``X-Forwarded-For`` is read from its end: the last address that is no trusted proxy asked; what stands before it is hearsay.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], trusted: tuple[Network, ...]) -> None:
        self._application = application
        self._trusted = trusted

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            for address in reversed(_parts(environ, "FOR")):
                if _address(address) is None:
                    break
                environ["REMOTE_ADDR"] = str(_address(address))
                if not self._is_trusted(address):
                    break
            scheme = (_parts(environ, "PROTO") or [""])[-1].lower()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
            host = (_parts(environ, "HOST") or [""])[-1]
            if _HOST.fullmatch(host):
                environ["HTTP_HOST"] = host
        return self._application(environ, start_response)

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


def _parts(environ: dict[str, Any], what: str) -> list[str]:
    return [part.strip() for part in str(environ.get(f"HTTP_X_FORWARDED_{what}", "")).split(",") if part.strip()]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, perhaps with a port; an IPv4 one that came by IPv6 is the IPv4 one."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0] if text.count(":") == 1 else text
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
