"""Contacts are read by whoever holds the keys and says why, and are gone for everybody once they were erased."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qol_server import keys
from qol_server.contacts import PUSH, Contacts, Look
from qol_server.store import Store
from qol_server.trial.problems import Refused

NOW = datetime(2026, 3, 2, 19, tzinfo=UTC)
ADA, BEN = "01-0001-4", "02-0001-3"
SECRET = b"https://push.example.org/send/a-very-secret-endpoint"


@pytest.fixture
def vault(tmp_path: Path) -> Contacts:
    return Contacts(tmp_path / "contacts" / "desminib.db", tmp_path / "keys")


def values(vault: Contacts, participant: str = ADA) -> dict[str, bytes]:
    return vault.read(participant, PUSH, who="clock", why="a reminder", now=NOW)


def files(vault: Contacts) -> bytes:
    """Every byte of the vault's folder."""
    return b"".join(path.read_bytes() for path in sorted(vault.path.parent.iterdir()))


def test_what_was_kept_is_read_by_name(vault: Contacts) -> None:
    vault.put(ADA, PUSH, "phone", SECRET, NOW)
    vault.put(ADA, PUSH, "tablet", b"another", NOW)
    vault.put(ADA, "email", "home", b"ada@example.org", NOW)
    assert values(vault) == {"phone": SECRET, "tablet": b"another"}
    assert values(vault, BEN) == {}
    vault.put(ADA, PUSH, "phone", b"newer", NOW)
    assert values(vault)["phone"] == b"newer"


def test_another_process_reads_the_same(vault: Contacts, tmp_path: Path) -> None:
    vault.put(ADA, PUSH, "phone", SECRET, NOW)
    assert values(Contacts(vault.path, tmp_path / "keys")) == {"phone": SECRET}


def test_before_the_first_contact_there_is_no_file_and_nothing_to_read(vault: Contacts) -> None:
    assert values(vault) == {}
    assert vault.names(ADA, PUSH) == []
    assert vault.looks(ADA) == []
    vault.remove(ADA, PUSH, "phone")
    vault.erase(ADA)
    assert not vault.path.exists()


def test_the_file_tells_nothing_and_is_its_owners_alone(vault: Contacts, tmp_path: Path) -> None:
    vault.put(ADA, PUSH, "phone", SECRET, NOW)
    assert b"secret-endpoint" not in files(vault)
    assert vault.path.parent.stat().st_mode & 0o077 == 0
    assert (tmp_path / "keys" / keys.CONTACTS_FILE).stat().st_mode & 0o777 == 0o600


def test_every_look_is_kept_with_who_and_why(vault: Contacts) -> None:
    vault.put(ADA, PUSH, "phone", SECRET, NOW)
    assert vault.looks(ADA) == []
    values(vault)
    vault.names(ADA, PUSH)
    assert vault.looks(ADA) == [Look("2026-03-02T19:00:00.000Z", "clock", "a reminder", PUSH)]
    assert vault.looks(BEN) == []


def test_what_was_removed_is_in_no_byte_of_the_file(vault: Contacts) -> None:
    vault.put(ADA, PUSH, "phone", SECRET, NOW)
    vault.put(ADA, PUSH, "tablet", b"another", NOW)
    row = Store(vault.path, read_only=True).read().one("SELECT value FROM contacts WHERE name = 'phone'")
    assert row is not None
    assert row["value"] in files(vault)
    vault.remove(ADA, PUSH, "phone")
    assert row["value"] not in files(vault)
    assert values(vault) == {"tablet": b"another"}


def test_who_is_erased_is_erased_with_the_key_and_may_begin_anew(vault: Contacts) -> None:
    vault.put(ADA, PUSH, "phone", SECRET, NOW)
    vault.put(BEN, PUSH, "phone", b"ben's", NOW)
    values(vault)
    wrapped = Store(vault.path, read_only=True).read().one("SELECT key FROM wrapped WHERE participant = ?", (ADA,))
    assert wrapped is not None
    vault.erase(ADA)
    assert wrapped["key"] not in files(vault)
    assert values(vault) == {}
    assert values(vault, BEN) == {"phone": b"ben's"}
    assert len(vault.looks(ADA)) == 1, "who looked stays known"
    vault.put(ADA, PUSH, "phone", b"again", NOW)
    assert values(vault) == {"phone": b"again"}


def test_a_lost_key_is_named_and_never_made_anew_beside_what_it_closes(vault: Contacts, tmp_path: Path) -> None:
    vault.put(ADA, PUSH, "phone", SECRET, NOW)
    key = tmp_path / "keys" / keys.CONTACTS_FILE
    kept = key.read_text()
    key.unlink()
    with pytest.raises(Refused, match="key of the contacts"):
        values(vault)
    with pytest.raises(Refused, match="key of the contacts"):
        vault.put(ADA, PUSH, "phone", SECRET, NOW)
    key.write_text("00" * 32)
    with pytest.raises(Refused, match="Bring it back"):
        values(vault)
    key.write_text("ab")
    with pytest.raises(Refused, match="not a key of 32 bytes"):
        values(vault)
    key.write_text(kept)
    assert values(vault) == {"phone": SECRET}


@pytest.mark.parametrize("change", ["participant = '02-0001-3'", "name = 'tablet'", "value = zeroblob(60)"])
def test_a_value_that_was_moved_or_changed_is_noticed(vault: Contacts, change: str) -> None:
    vault.put(ADA, PUSH, "phone", SECRET, NOW)
    vault.put(BEN, PUSH, "other", b"ben's", NOW)
    Store(vault.path).write(lambda tx: tx.run(f"UPDATE contacts SET {change} WHERE name = 'phone'"))
    with pytest.raises(Refused, match="was changed outside"):
        values(vault, BEN if "participant" in change else ADA)


def test_eight_that_come_first_at_once_share_one_key(vault: Contacts, tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def put(nth: int) -> None:
        own = Contacts(vault.path, tmp_path / "keys")
        start.wait()
        own.put(f"01-000{nth}-0", PUSH, "phone", str(nth).encode(), NOW)
        own.close()

    threads = [threading.Thread(target=put, args=(nth,)) for nth in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [values(vault, f"01-000{nth}-0") for nth in range(8)] == [{"phone": str(nth).encode()} for nth in range(8)]
