"""Whoever changes, removes, adds or moves anything in a journal is found, at the first position that does not hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qol_server import journal
from qol_server.store import Store
from qol_server.store.driver import sqlite3 as engine
from tests.journal import books, stranger

ENTRIES = [books.made_by_server(1, reason="wrong_day"), *(books.sent_by_phone(n) for n in range(2, 9))]
TEXT = ("kind", "id", "participant", "actor", "device", "received_at", "occurrence", "supersedes", "reason")
MAY_BE_NULL = ("participant", "device", "skew", "occurrence", "supersedes", "reason")


@contextmanager
def forced(store: Store) -> Iterator[Any]:
    """The store's own connection with every protection taken away, as somebody who owns the file has it."""
    connection = store.read().connection
    for trigger in ("entries_are_final", "entries_stay", "lines_are_final", "lines_stay"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute("PRAGMA foreign_keys=OFF")
    yield connection


def first_bad(store: Store) -> int | None:
    _, broken = journal.verify(store)
    return None if broken is None else broken.position


def test_an_untouched_journal_holds_and_so_does_an_empty_one() -> None:
    head, broken = journal.verify(books.book(None, ENTRIES))
    assert (head.position, broken) == (len(ENTRIES), None)
    assert journal.verify(books.book(None)) == (journal.head(books.book(None).read(), books.STUDY), None)


@settings(max_examples=150, deadline=None)
@given(position=st.integers(1, len(ENTRIES)), column=st.sampled_from(TEXT), value=st.text(max_size=8))
def test_a_changed_text_is_found(position: int, column: str, value: str) -> None:
    store = books.book(None, ENTRIES)
    with forced(store) as connection:
        (before,) = connection.execute(f"SELECT {column} FROM entries WHERE position = ?", (position,)).fetchone()
        connection.execute(f"UPDATE entries SET {column} = ? WHERE position = ?", (value, position))
    assert first_bad(store) == (None if value == before else position)


@pytest.mark.parametrize("column", MAY_BE_NULL)
def test_a_value_that_was_blanked_or_put_where_none_was_is_found(column: str) -> None:
    store = books.book(None, ENTRIES)
    with forced(store) as connection:
        (before,) = connection.execute(f"SELECT {column} FROM entries WHERE position = 4").fetchone()
        fresh = None if before is not None else "x"
        connection.execute(f"UPDATE entries SET {column} = ? WHERE position = 4", (fresh,))
    assert first_bad(store) == 4


@settings(max_examples=60, deadline=None)
@given(position=st.integers(1, len(ENTRIES)), skew=st.integers(-(2**53), 2**53))
def test_a_changed_skew_is_found(position: int, skew: int) -> None:
    store = books.book(None, ENTRIES)
    with forced(store) as connection:
        connection.execute("UPDATE entries SET skew = ? WHERE position = ?", (skew, position))
    assert first_bad(store) == (None if skew == ENTRIES[position - 1].skew else position)


@settings(max_examples=150, deadline=None)
@given(
    position=st.integers(1, len(ENTRIES)),
    where=st.sampled_from(["entries.body", "entries.digest", "lines.line"]),
    nth=st.integers(0, 31),
    bit=st.integers(0, 7),
)
def test_one_changed_bit_of_a_line_or_a_digest_is_found(position: int, where: str, nth: int, bit: int) -> None:
    store = books.book(None, ENTRIES)
    table, _, column = where.partition(".")
    with forced(store) as connection:
        (before,) = connection.execute(f"SELECT {column} FROM {table} WHERE position = ?", (position,)).fetchone()
        after = bytearray(before)
        after[nth] ^= 1 << bit
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE position = ?", (bytes(after), position))
    assert first_bad(store) == position


@pytest.mark.parametrize("position", range(1, len(ENTRIES)))
def test_an_entry_that_was_taken_out_is_found(position: int) -> None:
    store = books.book(None, ENTRIES)
    with forced(store) as connection:
        for table in ("lines", "entries"):
            connection.execute(f"DELETE FROM {table} WHERE position = ?", (position,))
    assert first_bad(store) == position


@pytest.mark.parametrize("position", range(1, len(ENTRIES)))
def test_an_entry_that_was_taken_out_with_the_gap_closed_is_found(position: int) -> None:
    store = books.book(None, ENTRIES)
    with forced(store) as connection:
        for table in ("lines", "entries"):
            connection.execute(f"DELETE FROM {table} WHERE position = ?", (position,))
            for later in range(position + 1, len(ENTRIES) + 1):
                connection.execute(f"UPDATE {table} SET position = ? WHERE position = ?", (later - 1, later))
    assert first_bad(store) == position


@pytest.mark.parametrize("position", range(1, len(ENTRIES)))
def test_two_entries_that_changed_places_are_found(position: int) -> None:
    store = books.book(None, ENTRIES)
    with forced(store) as connection:
        for table in ("lines", "entries"):
            for old, new in ((position, 99), (position + 1, position), (99, position + 1)):
                connection.execute(f"UPDATE {table} SET position = ? WHERE position = ?", (new, old))
    assert first_bad(store) == position


@pytest.mark.parametrize("position", [-1, 0, len(ENTRIES) + 1, len(ENTRIES) + 5])
def test_an_entry_that_was_put_in_is_found(position: int) -> None:
    store = books.book(None, ENTRIES)
    with forced(store) as connection:
        connection.execute(
            f"INSERT INTO entries SELECT {position}, kind, 'forged', participant, actor, device, received_at, skew, occurrence, supersedes,"
            " reason, body, digest FROM entries WHERE position = 8"
        )
        connection.execute(f"INSERT INTO lines SELECT {position}, line FROM lines WHERE position = 8")
    assert first_bad(store) == (1 if position < 1 else len(ENTRIES) + 1)


@pytest.mark.parametrize("position", [-3, 50])
def test_a_line_without_an_entry_is_found(position: int) -> None:
    store = books.book(None, ENTRIES)
    with forced(store) as connection:
        connection.execute("INSERT INTO lines VALUES (?, x'00')", (position,))
    assert first_bad(store) == position


def test_the_journal_of_another_study_does_not_pass_for_this_one() -> None:
    store = books.book(None, ENTRIES)
    with forced(store) as connection:
        connection.execute("UPDATE journal SET study = 'other'")
    assert first_bad(store) == 1


def test_what_was_cut_off_at_the_end_holds_by_itself_and_only_a_head_tells() -> None:
    store = books.book(None, ENTRIES)
    head = journal.head(store.read(), books.STUDY)
    with forced(store) as connection:
        for table in ("lines", "entries"):
            connection.execute(f"DELETE FROM {table} WHERE position > 6")
    assert first_bad(store) is None
    assert journal.digest_at(store.read(), books.STUDY, head.position) is None


def test_a_blanked_line_is_found_unless_an_entry_says_that_it_was_redacted() -> None:
    store = books.book(None, ENTRIES)
    books.redact(store, 3)
    assert first_bad(store) is None
    with forced(store) as connection:
        connection.execute("UPDATE lines SET line = x'2121' WHERE position = 3")
    assert first_bad(store) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET actor = 'staff:eve' WHERE position = 2",
        "DELETE FROM entries WHERE position = 8",
        "UPDATE lines SET line = x'' WHERE position = 2",
        "DELETE FROM lines WHERE position = 8",
        "INSERT OR REPLACE INTO lines VALUES (2, x'2121')",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE position = 2",
    ],
)
def test_the_file_itself_refuses_changes(statement: str) -> None:
    store = books.book(None, ENTRIES)
    assert journal.unprotected(store.read()) == []
    with pytest.raises(engine.IntegrityError):
        store.write(lambda tx: tx.run(statement))
    assert first_bad(store) is None


def test_a_redaction_allows_the_line_to_be_blanked_and_nothing_else() -> None:
    store = books.book(None, ENTRIES)
    books.redact(store, 3)
    for statement in ("UPDATE lines SET line = x'2121' WHERE position = 3", "UPDATE lines SET line = x'' WHERE position = 4"):
        with pytest.raises(engine.IntegrityError):
            store.write(lambda tx, statement=statement: tx.run(statement))
    assert first_bad(store) is None


def test_missing_protections_are_named() -> None:
    store = books.book(None, ENTRIES)
    with forced(store):
        assert journal.unprotected(store.read()) == ["entries_are_final", "entries_stay", "lines_stay", "lines_are_final"]


def test_a_damaged_file_is_a_finding_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "toy.db"
    store = books.book(path, [books.sent_by_phone(n, b"x" * 3000 + b"%d" % n) for n in range(1, 60)])
    store.read().connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    text = bytearray(path.read_bytes())
    start = text.index(b"x" * 2000, len(text) // 2)
    text[start : start + 1500] = bytes(1500)
    path.write_bytes(text)
    reader = Store(path, read_only=True)
    assert first_bad(reader) is not None
    reader.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(1, len(ENTRIES)), column=st.sampled_from(TEXT))
def test_a_stranger_and_the_server_find_the_same_place(position: int, column: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("toy") / "toy.db"
    books.book(path, ENTRIES).close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER entries_are_final")
    connection.execute(f"UPDATE entries SET {column} = 'forged' WHERE position = ?", (position,))
    connection.commit()
    connection.close()
    reader = Store(path, read_only=True)
    assert first_bad(reader) == stranger.first_bad(*stranger.of_file(path)) == position
    reader.close()
