"""An interrupt in one thread never keeps the others from writing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from qol_server.store import Store, StoreBusy


def test_who_is_interrupted_while_it_waits_leaves_the_queue_and_hands_the_lead_on(tmp_path: Path) -> None:
    store = Store(tmp_path / "toy.db")
    store.write(lambda tx: tx.run("CREATE TABLE toy (n INTEGER) STRICT"))
    waiting = _Interrupted(store)
    inside, go_on = threading.Event(), threading.Event()

    def slow(tx: object) -> None:
        inside.set()
        assert go_on.wait(30)

    leader = threading.Thread(target=lambda: store.write(slow))
    leader.start()
    assert inside.wait(30)
    with pytest.raises(KeyboardInterrupt):
        waiting.write()
    last = threading.Thread(target=lambda: store.write(lambda tx: tx.run("INSERT INTO toy VALUES (2)")))
    last.start()
    go_on.set()
    leader.join(30)
    last.join(30)
    assert not leader.is_alive()
    assert not last.is_alive()
    store.write(lambda tx: tx.run("INSERT INTO toy VALUES (3)"))
    assert [row["n"] for row in store.read().all("SELECT n FROM toy ORDER BY n")] == [2, 3]


class _Interrupted:
    """A writer whose waiting is interrupted at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self) -> None:
        import qol_server.store.sqlite as module

        real = module._Work

        class Broken(real):  # type: ignore[misc,valid-type]
            def __init__(self, function: object) -> None:
                super().__init__(function)
                self.wake = _Wake()

        module._Work = Broken  # type: ignore[misc]
        try:
            self._store.write(lambda tx: tx.run("INSERT INTO toy VALUES (1)"))
        finally:
            module._Work = real  # type: ignore[misc]


class _Wake:
    def acquire(self) -> None:
        raise KeyboardInterrupt

    def release(self) -> None:
        """Nobody waits any more."""

    def locked(self) -> bool:
        return True


def test_an_interrupted_leader_leaves_its_followers_with_a_failure_that_may_be_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "toy.db")
    store.write(lambda tx: tx.run("CREATE TABLE toy (n INTEGER) STRICT"))
    first, go_on = threading.Event(), threading.Event()
    found: dict[str, BaseException] = {}

    def hold(tx: object) -> None:
        first.set()
        assert go_on.wait(30)

    def stop(tx: object) -> None:
        raise KeyboardInterrupt

    def attempt(name: str, work: object) -> None:
        try:
            store.write(work)  # type: ignore[arg-type]
        except BaseException as failure:
            found[name] = failure

    holder = threading.Thread(target=attempt, args=("holder", hold))
    holder.start()
    assert first.wait(30)
    stopped = threading.Thread(target=attempt, args=("stopped", stop))
    stopped.start()
    while len(store._queue) < 1:
        pass
    follower = threading.Thread(target=attempt, args=("follower", lambda tx: tx.run("INSERT INTO toy VALUES (1)")))
    follower.start()
    while len(store._queue) < 2:
        pass
    go_on.set()
    for thread in (holder, stopped, follower):
        thread.join(30)
        assert not thread.is_alive()
    assert isinstance(found["stopped"], KeyboardInterrupt)
    assert isinstance(found["follower"], StoreBusy)
    store.write(lambda tx: tx.run("INSERT INTO toy VALUES (2)"))
    assert [row["n"] for row in store.read().all("SELECT n FROM toy")] == [2]
