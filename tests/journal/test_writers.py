"""Many writers at once, writers that are killed, and a disk that is full: nothing acknowledged is lost, nothing half stored."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

from qol_server import journal
from qol_server.store import Store
from tests.journal import books

ROOT = Path(__file__).resolve().parents[2]


def add(store: Store, nth: int, line: bytes = b"") -> int:
    """Append one entry; returns its position once it is durable."""
    entry = books.with_body(books.sent_by_phone(nth, line))
    return store.write(lambda tx: journal.append(tx, books.STUDY, [entry])[0].position)


def writer(path: Path, code: str) -> subprocess.Popen[bytes]:
    """Another process with the journal open as `store`, which runs `code`."""
    head = (
        "import sys; from pathlib import Path; from qol_server.store import Store, StoreFull; from qol_server import journal;"
        " from tests.journal.test_writers import add; store = Store(Path(sys.argv[1]))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", head + code, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ids(store: Store) -> list[str]:
    return [entry.id for entry in journal.every(store.read())]


def test_sixteen_threads_keep_one_chain(tmp_path: Path) -> None:
    store = books.book(tmp_path / "toy.db")
    positions: list[int] = []

    def work(first: int) -> None:
        positions.extend(add(store, first + n) for n in range(20))

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(positions) == list(range(1, 321))
    head, broken = journal.verify(store)
    assert (head.position, broken) == (320, None)


def test_one_callers_failure_does_not_undo_its_neighbours(tmp_path: Path) -> None:
    store = books.book(tmp_path / "toy.db")
    outcomes: list[str] = []

    def work(n: int) -> None:
        try:
            add(store, n % 8)  # half of them bring an identity that another brings too
            outcomes.append("stored")
        except Exception:
            outcomes.append("refused")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 8 + ["stored"] * 8
    assert len(set(ids(store))) == 8
    assert journal.verify(store)[1] is None


def test_two_processes_keep_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "toy.db"
    store = books.book(path)
    code = "print('ready', flush=True); first = int(sys.stdin.readline())\nfor n in range(60): add(store, first + n)"
    writers = [writer(path, code) for _ in range(2)]
    for each in writers:
        assert each.stdout is not None
        assert each.stdout.readline() == b"ready\n"
    for first, each in enumerate(writers):
        assert each.stdin is not None
        each.stdin.write(b"%d\n" % (1000 * first))
        each.stdin.flush()
    for n in range(60):
        add(store, 5000 + n)
    for each in writers:
        _, errors = each.communicate()
        assert (each.returncode, errors) == (0, b"")
    head, broken = journal.verify(store)
    assert (head.position, broken) == (180, None)


def test_a_killed_writer_loses_no_acknowledged_entry(tmp_path: Path) -> None:
    path = tmp_path / "toy.db"
    store = books.book(path)
    acknowledged: list[bytes] = []
    code = "first = int(sys.stdin.readline())\nfor n in range(first, first + 10_000): add(store, n); print(n, flush=True)"
    for life in range(4):
        process = writer(path, code)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"%d\n" % (100_000 * (life + 1)))
        process.stdin.flush()
        acknowledged += [process.stdout.readline().strip() for _ in range(5 + 3 * life)]
        process.send_signal(signal.SIGKILL)  # it is in the middle of the next ones
        acknowledged += process.stdout.read().split(b"\n")[:-1]
        process.wait()
        process.stdin.close()
        process.stdout.close()
        assert process.stderr is not None
        process.stderr.close()
        assert journal.verify(store)[1] is None
        assert {books.sent_by_phone(int(n)).id for n in acknowledged} <= set(ids(store))
        add(store, life)  # and the next writer is not held up
    assert len(acknowledged) >= 5 + 8 + 11 + 14


FILL = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that may not grow is then a failed write, as on a full disk
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, most))
stored, refused = 0, None
for n in range(200):
    try:
        add(store, n, b"x" * 8000 + b"%d" % n)
        stored += 1
    except StoreFull:
        refused = n
        break
print(stored, refused, journal.head(store.read(), "toy").position, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
print(add(store, refused, b"relief"), journal.verify(store)[1], flush=True)
"""


def test_a_full_disk_stores_nothing_of_the_entry_and_relief_mends_it(tmp_path: Path) -> None:
    path = tmp_path / "toy.db"
    books.book(path).close()
    out, errors = writer(path, FILL).communicate()
    assert errors == b""
    first, second = out.decode().splitlines()
    stored, refused, reached = (int(word) for word in first.split())
    assert 0 < stored == refused == reached < 200
    assert second == f"{stored + 1} None"
