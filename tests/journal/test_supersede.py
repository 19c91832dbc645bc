"""Which of several responses is current: corrections supersede and never replace, in whatever order they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.state import responses, schema
from qol_server.state.fold import Folder
from qol_server.store import Store, Tx
from qol_server.trial.protocol import Assessment, Protocol
from tests.journal import books

PROTOCOL = Protocol(
    "toy", "0" * 64, "Toy", "NCT0", "UTC", ("en",), ("consent",), (), {}, {"note": Assessment("note", "toy", ad_hoc=True)}
)  # fmt: skip


@dataclass(frozen=True)
class Given:
    """A response: its number, its occurrence, and the number of the one it corrects."""

    nth: int
    occurrence: str
    corrects: int | None = None

    @property
    def id(self) -> str:
        return books.sent_by_phone(self.nth).id


def fold(arrivals: Sequence[Given], together: bool = False) -> tuple[set[int], dict[int, set[str]]]:
    """Fold responses in the order of their arrival, one by one or as one batch: the current ones, and the flags of each."""
    store, folder = Store(None), Folder(lambda _tx, _version: PROTOCOL)
    store.write(schema.create)
    flags: dict[int, set[str]] = {}

    def work(tx: Tx) -> set[int]:
        tx.run("UPDATE study SET protocol = 'toy'")
        known = folder.know(tx, books.ADA, [one.id for one in arrivals], [one.occurrence for one in arrivals]) if together else None
        for position, one in enumerate(arrivals, 1):
            supersedes = None if one.corrects is None else books.sent_by_phone(one.corrects).id
            entry = books.sent_by_phone(one.nth, occurrence=one.occurrence, supersedes=supersedes, position=position)
            fact = {"captured_at": "2026-11-22T08:00:00+01:00", "instrument": "toy", "version": "0" * 64}
            flags[one.nth] = set(folder.fold(tx, entry, fact, (), known))
        if known is not None:
            known.flush(tx)
        numbers = {one.id: one.nth for one in arrivals}
        return {numbers[row["id"]] for row in tx.all("SELECT id FROM responses WHERE current = 1")}

    current = store.write(work)
    store.close()
    return current, flags


FIRST = Given(1, "note@a")
MENDED = Given(2, "note@a", corrects=1)


def test_a_correction_is_current_and_what_it_corrects_stays() -> None:
    assert fold([FIRST, MENDED]) == ({2}, {1: set(), 2: set()})


def test_a_correction_may_arrive_before_what_it_corrects() -> None:
    assert fold([MENDED, FIRST]) == ({2}, {1: set(), 2: set()})


def test_of_two_corrections_the_later_arrival_is_current_and_flagged() -> None:
    rival = Given(3, "note@a", corrects=1)
    assert fold([FIRST, MENDED, rival]) == ({3}, {1: set(), 2: set(), 3: {responses.COMPETING_CORRECTION}})
    assert fold([FIRST, rival, MENDED])[0] == {2}
    assert fold([rival, MENDED, FIRST])[0] == {2}


def test_of_two_completions_the_first_stays_current_and_the_second_is_flagged() -> None:
    again = Given(2, "note@a")
    assert fold([FIRST, again]) == ({1}, {1: set(), 2: {responses.SECOND_COMPLETION}})


def test_a_correction_may_move_an_answer_to_another_occurrence() -> None:
    assert fold([FIRST, Given(2, "note@b", corrects=1)])[0] == {2}
    assert fold([Given(2, "note@b", corrects=1), FIRST])[0] == {2}


def test_what_a_moved_answer_leaves_behind_is_current_again() -> None:
    stray, right = Given(1, "note@b"), Given(2, "note@b")
    assert fold([stray, right])[0] == {1}
    assert fold([stray, right, Given(3, "note@a", corrects=1)])[0] == {2, 3}


def test_of_two_corrections_one_of_which_moves_only_the_later_is_current() -> None:
    moved, stays = Given(2, "note@b", corrects=1), Given(3, "note@a", corrects=1)
    assert fold([FIRST, moved, stays])[0] == {3}
    assert fold([FIRST, stays, moved])[0] == {2}
    assert fold([moved, stays, FIRST])[0] == {3}


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Given], set[int]]:
    """Chains of corrections, each with its own occurrences, in any order of arrival; and the last of each chain."""
    listed: list[Given] = []
    last = set()
    for chain in range(draw(st.integers(1, 3))):
        for link in range(draw(st.integers(1, 5))):
            occurrence = f"note@{chain}{draw(st.sampled_from('ab'))}"
            listed.append(Given(10 * chain + link, occurrence, corrects=10 * chain + link - 1 if link else None))
        last.add(listed[-1].nth)
    return draw(st.permutations(listed)), last


@settings(max_examples=200, deadline=None)
@given(histories(), st.booleans())
def test_any_order_of_arrival_gives_the_same_current_responses(history: tuple[list[Given], set[int]], together: bool) -> None:
    arrivals, last = history
    assert fold(arrivals, together)[0] == last


@settings(max_examples=150, deadline=None)
@given(st.permutations([2, 3, 4]), st.integers(0, 3), st.lists(st.sampled_from("ab"), min_size=3, max_size=3))
def test_of_competing_corrections_the_last_to_arrive_is_current(order: list[int], when: int, places: list[str]) -> None:
    rivals = [Given(nth, f"note@{place}", corrects=1) for nth, place in zip(order, places, strict=True)]
    assert fold([*rivals[:when], FIRST, *rivals[when:]])[0] == {order[-1]}
