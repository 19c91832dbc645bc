"""`qol serve` as a process: it answers, its clock ticks, it ends both, and says what is wrong before it starts."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from qol_server import cli
from qol_server.cli import serve, web
from qol_server.simulation.server import served
from qol_server.store import Store
from tests import people
from tests.people import Trial
from tests.scheduler.post import wait_for
from tests.shape.project import ROOT


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return people.trial(tmp_path_factory.mktemp("data"))


@dataclass(slots=True)
class Server:
    """A running `qol serve` and what it announced."""

    process: psutil.Popen
    told: str

    @property
    def address(self) -> str:
        return self.told.split()[1]

    def health(self, context: ssl.SSLContext | None = None) -> dict[str, object]:
        with urllib.request.urlopen(f"{self.address}/health", timeout=10, context=context) as answer:
            return json.load(answer)

    def family(self) -> list[psutil.Process]:
        """The processes below: the web server, its workers, the clock."""
        return self.process.children(recursive=True)

    def clock(self) -> psutil.Process | None:
        """The child that is not the web server."""
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended while it was looked at
            return next((child for child in self.process.children() if not is_gone(child) and not child.children()), None)
        return None


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended; one whose parent was killed may wait for ever to be asked for its exit code."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE
    return True


def start(data: Path, *arguments: str) -> Server:
    command = [sys.executable, "-m", "qol_server.cli", "serve", "--data", str(data), "--port", "0", *arguments]
    with (data / "errors.txt").open("w") as errors:
        process = psutil.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    told = ""
    for line in process.stdout:
        told += line
        if line.startswith("Stop it"):
            return Server(process, told)
    raise AssertionError(f"it did not start: {told}{(data / 'errors.txt').read_text()}")


@pytest.fixture
def server(trial: Trial) -> Iterator[Server]:
    running = start(trial.settings.data, "--workers", "1")
    yield running
    end(running, signal.SIGTERM)


def end(running: Server, sign: signal.Signals) -> int:
    """Send a signal and wait until the whole family is gone."""
    family = running.family()
    if running.process.is_running():
        running.process.send_signal(sign)
    code = running.process.wait(40)
    running.process.stdout.close()
    wait_for(lambda: all(is_gone(each) for each in family))
    return code


def test_it_says_where_it_is_what_it_serves_and_what_a_phone_needs(server: Server, trial: Trial) -> None:
    assert server.address.startswith("http://127.0.0.1:")
    assert str(trial.settings.data) in server.told
    assert f"1 ({people.SLUG})" in server.told
    assert "HTTPS" in server.told
    health = server.health()
    assert (health["status"], health["studies"]) == ("ok", 1)


def test_the_clock_beside_it_ticks_and_is_started_again_when_it_dies(server: Server) -> None:
    wait_for(lambda: server.health()["clock"]["ticks"])
    first = server.clock()
    assert first is not None
    first.kill()
    wait_for(lambda: server.clock() not in (None, first))
    assert server.health()["status"] == "ok"


def test_a_dead_worker_is_replaced(server: Server) -> None:
    (worker,) = (process for child in server.process.children() for process in child.children())
    worker.kill()
    wait_for(lambda: any(grand not in (worker,) for child in server.process.children() for grand in child.children()))
    assert server.health()["status"] == "ok"


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_all_its_processes_end_with_it(trial: Trial, sign: signal.Signals, code: int) -> None:
    running = start(trial.settings.data, "--workers", "2")
    wait_for(lambda: len(running.family()) == 4)
    assert end(running, sign) == code
    with pytest.raises(OSError, match="refused"):
        running.health()


def test_when_the_web_server_dies_the_command_ends_and_says_so(trial: Trial) -> None:
    running = start(trial.settings.data, "--workers", "1")
    wait_for(lambda: len(running.family()) == 3)
    (web,) = (child for child in running.process.children() if child.children())
    family = running.family()
    web.kill()
    assert running.process.wait(40) == 3
    running.process.stdout.close()
    wait_for(lambda: all(is_gone(each) for each in family))
    assert "The server ended by itself" in (trial.settings.data / "errors.txt").read_text()


def seen_by_another_process(path: Path) -> str:
    """The lines of a database, as a command would read them; it closes the file, and takes the log away where it seems to be alone."""
    script = "store = Store(Path(sys.argv[1])); print([row['line'] for row in store.read().all('SELECT line FROM entries')]); store.close()"
    command = [sys.executable, "-c", f"import sys; from pathlib import Path; from qol_server.store import Store; {script}", str(path)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def test_looking_for_silent_connections_lets_go_of_no_database(tmp_path: Path) -> None:
    store = Store(tmp_path / "journal.db")
    store.write(lambda tx: tx.run("CREATE TABLE entries (line TEXT)"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        web.hang_up(listening.getsockname()[1], silent=3600)
    assert seen_by_another_process(tmp_path / "journal.db") == "[]"
    store.write(lambda tx: tx.run("INSERT INTO entries VALUES ('one')"))
    assert seen_by_another_process(tmp_path / "journal.db") == "['one']"
    store.close()


def test_a_phone_that_falls_silent_in_the_middle_of_a_request_keeps_no_thread_for_long() -> None:
    with serve.listen("127.0.0.1", 0, clear=True) as listening, socket.create_connection(listening.getsockname()) as phone:
        accepted, _ = listening.accept()
        with accepted:
            phone.sendall(b"POST ")
            assert accepted.recv(5) == b"POST "
            web.hang_up(listening.getsockname()[1], silent=3600)
            phone.sendall(b"/")
            assert accepted.recv(5) == b"/"
            web.hang_up(listening.getsockname()[1] ^ 1, silent=0)
            phone.sendall(b"d")
            assert accepted.recv(5) == b"d"
            web.hang_up(listening.getsockname()[1], silent=0)
            assert accepted.recv(5) == b""
            assert phone.recv(5) == b""
        with socket.create_connection(listening.getsockname()):  # the door itself stays open
            listening.accept()[0].close()


def test_what_a_request_fails_with_is_logged_without_what_it_quotes(caplog: pytest.LogCaptureFixture) -> None:
    def application(environ: dict[str, str], start: Callable[[str, list[tuple[str, str]]], object]) -> Iterator[bytes]:
        start("200 OK", [])
        yield b"half an answer"
        raise ValueError(environ["entered"])

    told: list[str] = []
    body = web.guarded(application)({"entered": "pain: 4"}, lambda status, _: told.append(status))
    assert (b"".join(body), told[-1]) == (b"", "500 Internal Server Error")
    assert "ValueError at " in caplog.text
    assert "pain" not in caplog.text


def test_a_simulations_server_lives_in_its_present_and_ends_with_it(trial: Trial) -> None:
    began = dt.datetime(2031, 5, 1, 12, tzinfo=dt.UTC)
    with served(replace(trial.settings, durable=False), began) as (address, clock):
        for days in range(3):
            clock.set(began + dt.timedelta(days=days))
            with urllib.request.urlopen(f"{address}/health", timeout=10) as answer:
                assert json.load(answer)["server_time"] == f"2031-05-0{1 + days}T12:00:00.000Z"
        family = [each for each in psutil.Process().children(recursive=True) if each.net_connections("tcp")]
        assert len(family) == 2
    wait_for(lambda: all(is_gone(each) for each in family))
    with pytest.raises(OSError, match=r"refused|reset"):
        urllib.request.urlopen(address, timeout=10)


def certificate(folder: Path, curve: ec.EllipticCurve | None = None) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that its own key signed, and the key."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert_file, key_file


def test_https_with_a_certificate_of_ones_own(trial: Trial, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    running = start(trial.settings.data, "--workers", "1", "--tls-cert", str(cert), "--tls-key", str(key))
    try:
        assert running.address.startswith("https://127.0.0.1:")
        assert running.health(ssl.create_default_context(cafile=str(cert)))["status"] == "ok"
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            running.health(ssl.create_default_context())
    finally:
        assert end(running, signal.SIGTERM) == 0


# What is wrong is said before anything starts


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = cli.main(["serve", *arguments])
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    return code, told.err


def test_a_busy_port_is_named_with_what_to_do(trial: Trial, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, told = refused(capsys, "--data", str(trial.settings.data), "--port", str(port))
    assert code == 3
    assert f"port {port}" in told
    assert "--port" in told.splitlines()[1]


def test_without_a_data_folder_it_names_the_command_that_makes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = refused(capsys, "--data", str(tmp_path / "nowhere"))
    assert code == 3
    assert "qol init" in told


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104
def test_answers_do_not_travel_in_clear_text_unless_it_is_said(trial: Trial, host: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = refused(capsys, "--data", str(trial.settings.data), "--host", host, "--port", "0")
    assert code == 2
    for way in ("--tls-cert", "--tls-key", "reverse proxy", "--insecure"):
        assert way in told


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7"])
def test_a_host_that_is_not_here(trial: Trial, host: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = refused(capsys, "--data", str(trial.settings.data), "--host", host, "--insecure")
    assert code == 2
    assert f"--host {host} is no address of this machine" in told


def test_certificate_files_that_do_not_fit_are_named(trial: Trial, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cert, key = certificate(tmp_path / "one")
    _, other = certificate(tmp_path / "two")
    wide_cert, wide_key = certificate(tmp_path / "wide", ec.SECP521R1())
    text = tmp_path / "notes.txt"
    text.write_text("not a certificate", encoding="utf-8")
    data = ("--data", str(trial.settings.data))
    for arguments, says in (
        (("--tls-cert", str(cert)), "both a certificate and its key"),
        (("--tls-key", str(key)), "both a certificate and its key"),
        (("--tls-cert", str(cert), "--tls-key", str(other)), "does not belong to the certificate"),
        (("--tls-cert", str(text), "--tls-key", str(key)), f"{text}: this is no PEM file"),
        (("--tls-cert", str(key), "--tls-key", str(key)), "cannot be used"),
        (("--tls-cert", str(wide_cert), "--tls-key", str(wide_key)), "cannot use keys of the curve secp521r1"),
        (("--tls-cert", str(tmp_path / "none.pem"), "--tls-key", str(key)), "none.pem"),
    ):
        code, told = refused(capsys, *data, *arguments)
        assert (code, says in told) == (2, True), told
