"""`qol serve`: the web server and its clock, from one command that ends both."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import ssl
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qol_server.cli.common import common, emit, fail
from qol_server.cli.failures import ENVIRONMENT

if TYPE_CHECKING:
    from qol_server.settings import Settings

THREADS = 16  # of each worker: phones that wait for one commit share it, so more wait than work
GUIDE = "docs/guides/operate.md"


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer.  [default: one a core, at most 4]")
@click.option("--tls-cert", type=click.Path(path_type=Path), metavar="FILE", help="HTTPS: the certificate and its chain, PEM.")
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="FILE", help="HTTPS: the certificate's private key, PEM.")
@click.option("--insecure", is_flag=True, help="Listen without HTTPS where other machines can reach it, as behind a proxy on another host.")
@common
def command(port: int, host: str, workers: int | None, tls_cert: Path | None, tls_key: Path | None, insecure: bool, data: Path) -> int:
    """Run the server and its clock until Ctrl-C or SIGTERM."""
    from qol_server import keys, logs
    from qol_server.settings import from_environment

    settings = from_environment(data=str(data))
    keys.load(settings.keys)
    tempfile.TemporaryFile(dir=settings.data).close()  # an OSError says that nothing could be stored here
    tls = _tls(tls_cert, tls_key)
    listening = listen(host, port, clear=not tls and not insecure)
    workers = workers or min(os.cpu_count() or 1, 4)
    logs.to_stderr(settings.log_level)
    return _serve(settings, listening, workers, tls)


def _tls(cert: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        fail("HTTPS needs both a certificate and its key.", advice="Give --tls-cert FILE and --tls-key FILE.")
    for option, path in (("--tls-cert", cert), ("--tls-key", key)):
        path.open("rb").close()  # an OSError names the file
        if "-----BEGIN" not in path.read_text(encoding="ascii", errors="replace"):
            fail(f"{option} {path}: this is no PEM file (it has no line -----BEGIN …-----).")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: "")
    except ssl.SSLError as error:
        why = "the key does not belong to the certificate" if "MISMATCH" in str(error) else f"they cannot be used ({error.reason or error})"
        fail(f"--tls-cert {cert} and --tls-key {key}: {why}.", advice="The key must be of this certificate and without a passphrase.")
    curve = _curve(key)
    if curve not in (None, "secp256r1", "secp384r1"):
        fail(f"--tls-key {key}: the server cannot use keys of the curve {curve}.", advice="Use an RSA, P-256, P-384 or Ed25519 key.")
    return cert.resolve(), key.resolve()


def _curve(key: Path) -> str | None:
    """The elliptic curve of a private key; None for a key of another kind."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    with contextlib.suppress(ValueError):  # another block stands before the key
        curve: str | None = getattr(getattr(load_pem_private_key(key.read_bytes(), None), "curve", None), "name", None)
        return curve
    return None


def listen(host: str, port: int, *, clear: bool) -> socket.socket:
    """A socket that listens at the address; nobody else can take the port between this check and the serving."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError:
        fail(f"--host {host} is no address of this machine.", advice="Use 127.0.0.1, or 0.0.0.0 for all addresses.")
    if clear and not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        fail(
            f"{host} can be reached by other machines, and without HTTPS what patients answer could be read on the way.",
            advice="Give --tls-cert and --tls-key; or stay at 127.0.0.1 behind a reverse proxy that does HTTPS on this machine; or\n"
            f"  say --insecure where such a proxy is on another machine of a closed network. See {GUIDE}.",
        )
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        made.listen(1024)
    except OSError as error:
        made.close()
        match error.errno:
            case errno.EADDRINUSE:
                advice = f"Choose another one, as --port {port + 1 if port < 65535 else 8000}, or end that program (ss -ltnp names it)."
                fail(f"Another program uses port {port} of {host}.", advice=advice, code=ENVIRONMENT)
            case errno.EACCES:
                fail(f"Port {port} is for the administrator alone.", advice="Choose one from 1024 up, as --port 8000.", code=ENVIRONMENT)
            case errno.EADDRNOTAVAIL:
                fail(f"--host {host} is no address of this machine.", advice="Use 127.0.0.1, or 0.0.0.0 for all addresses.")
        raise
    return made


def _serve(settings: Settings, listening: socket.socket, workers: int, tls: tuple[Path, Path] | None) -> int:
    # All that is slow to import is imported here, once: the children get it by being forked. Nothing is opened before.
    from qol_server.app import create_app
    from qol_server.cli.processes import Supervisor
    from qol_server.cli.web import serve_forever
    from scheduler import clock

    ready, is_ready = os.pipe()

    def web() -> None:
        os.close(ready)

        def make() -> Any:
            made = create_app(settings)
            threading.Thread(target=made.extensions["qol"].warm, daemon=True).start()
            return made

        serve_forever(make, listening, lambda: _tell(is_ready), workers=workers, threads=THREADS, tls=tls)

    def tick() -> None:
        clock.run(settings)

    host, port = listening.getsockname()[:2]
    supervisor = Supervisor(web, tick, ready, lambda: _announce(settings, host, port, workers, tls is not None))
    listening.close()
    os.close(is_ready)
    code = supervisor.run()
    if code:
        fail("The server ended by itself.", advice="The lines above say why.", code=ENVIRONMENT)
    return 0


def _tell(is_ready: int) -> None:
    with contextlib.suppress(OSError):
        os.write(is_ready, b".")
    os.close(is_ready)


def _announce(settings: Settings, host: str, port: int, workers: int, is_https: bool) -> None:
    from qol_server.intake.study import slugs

    studies = slugs(settings)
    shown = f"[{host}]" if ":" in host else host
    address = f"http{'s' if is_https else ''}://{shown}:{port}"
    payload: dict[str, Any] = {"address": address, "data": str(settings.data), "studies": studies, "workers": workers, "clock": True}
    phones = "a phone reaches it where its certificate is trusted." if is_https else (
        "a real phone needs HTTPS: --tls-cert and --tls-key here, or a reverse proxy that does it.\n"
        f"           How: {GUIDE}"
    )  # fmt: skip
    names = f"{len(studies)} ({', '.join(studies)})" if studies else "none yet; adopt one with: qol study adopt FILE"
    lines = (
        f"Serving    {address}  (is it well? {address}/health)",
        f"Data       {settings.data}",
        f"Studies    {names}",
        f"Workers    {workers}, each with {THREADS} threads",
        "Clock      ticks in a process of its own: reminders, scores, what did not happen, seals",
        f"Phones     {phones}",
        "Stop it with Ctrl-C.",
    )
    emit(payload, "\n".join(lines))
    with contextlib.suppress(OSError):
        sys.stdout.flush()
