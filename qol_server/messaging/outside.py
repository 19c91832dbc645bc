"""Posts to services of others: to public addresses only, whatever a name leads to; redirects are not followed."""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from qol_server.messaging import AT_LEAST, NotTaken, Undeliverable, Unknown

TIMEOUT = 10.0
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NOT_OUTSIDE = (
    ipaddress.ip_network("168.63.129.16/32"),  # answers virtual machines of a large host with what is theirs alone
    ipaddress.ip_network("64:ff9b:1::/48"),  # leads to addresses of version 4 that only this network knows
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered: its status, and how long it asks to be left alone."""

    status: int
    wait: timedelta = timedelta(0)


def is_public(address: str) -> bool:
    """Whether anybody on the internet may use this address; one of version 4 inside one of version 6 counts too."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast and not any(found in network for network in _NOT_OUTSIDE)


def post(url: str, body: bytes, headers: Mapping[str, str], now: datetime, *, loopback: bool = False) -> Reply:
    """Post to an https address and return what was answered.

    Every address that the name leads to has to be public, and those that were looked at are the ones that are connected to.
    ``loopback``: this machine may be posted to as well, and by http. Raises Undeliverable where the address may not be posted to,
    NotTaken where nobody was reached and nothing was sent; Unknown where something was sent and no answer understood.
    """
    parts = urlsplit(url)
    is_secure = parts.scheme == "https"
    if not parts.hostname or not (is_secure or (loopback and parts.scheme == "http")):
        raise Undeliverable("the address may not be posted to")
    connection = _Checked(parts.hostname, parts.port or (443 if is_secure else 80), is_secure=is_secure, loopback=loopback)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        with _deadline(connection, TIMEOUT):
            connection.request("POST", path, body, {**headers, "Host": parts.netloc.rpartition("@")[2]})
            answer = connection.getresponse()
            return Reply(answer.status, _wait(answer.headers.get("Retry-After"), now))
    except (OSError, http.client.HTTPException) as odd:
        raise Unknown(type(odd).__name__) from odd
    finally:
        connection.close()


def judge(reply: Reply) -> None:
    """Return where a service took what was posted. Raises NotTaken, Undeliverable, or Unknown."""
    if 200 <= reply.status < 300:
        return
    why = f"it answered {reply.status}"
    if reply.status in (408, 425, 429, 503):
        raise NotTaken(why, max(reply.wait, AT_LEAST))
    if reply.status < 500:
        raise Undeliverable(why)
    raise Unknown(why)


def _wait(retry_after: str | None, now: datetime) -> timedelta:
    """How long a service asks to be left alone: seconds, or until a date; nothing where it does not say so in a way to understand."""
    if retry_after is None:
        return timedelta(0)
    if re.fullmatch(r"[0-9]{1,6}", retry_after.strip()):
        return timedelta(seconds=int(retry_after))
    try:
        return max(parsedate_to_datetime(retry_after) - now, timedelta(0))
    except (TypeError, ValueError, OverflowError):
        return timedelta(0)


@contextmanager
def _deadline(connection: _Checked, seconds: float) -> Iterator[None]:
    """Connect, and hang up when the whole post takes longer: a service that drips its answer must not hold up everybody's messages."""
    is_over = threading.Event()

    def hang_up() -> None:
        is_over.set()
        if connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        try:
            connection.connect()
        except OSError as nobody:
            raise NotTaken("it cannot be reached", AT_LEAST) from nobody
        yield
    except (OSError, http.client.HTTPException):
        if is_over.is_set():
            raise Unknown("it took too long") from None
        raise
    finally:
        timer.cancel()


class _Checked(http.client.HTTPConnection):
    """A connection to addresses that were looked at; over TLS the certificate is checked as usual."""

    def __init__(self, host: str, port: int, *, is_secure: bool, loopback: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._tls = ssl.create_default_context() if is_secure else None
        self._loopback = loopback

    def connect(self) -> None:
        addresses = [str(found[4][0]) for found in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)]
        if not addresses or not all(self._may_be_used(address) for address in addresses):
            raise Undeliverable("the name leads to an address that is not public")
        for nth, address in enumerate(addresses, start=1):
            try:
                self.sock = socket.create_connection((address, self.port), self.timeout)
                break
            except OSError:
                if nth == len(addresses):
                    raise
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)

    def _may_be_used(self, address: str) -> bool:
        if self._loopback and ipaddress.ip_address(address.partition("%")[0]).is_loopback:
            return True
        return self._tls is not None and is_public(address)
