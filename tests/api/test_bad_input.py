"""Each bad input with nine good neighbours, at every place of the batch: nine stored, one quarantined, all bytes kept."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from qol_server import journal
from qol_server.intake import lines as reading
from qol_server.trial import problems
from qol_server.trial.facts import Kind
from tests import people
from tests.api import rig
from tests.api.corpus import CORPUS

PLACES = range(10)


@dataclass
class Ward:
    """A study with ten phones, one for each place that a bad line can have."""

    trial: people.Trial
    phones: list[people.Phone]
    seqs: dict[str, int] = field(default_factory=dict)

    def next(self, phone: people.Phone) -> int:
        """The phone's next number; the envelope names it also for a line that cannot be read."""
        self.seqs[phone.client.device_id] = seq = self.seqs.get(phone.client.device_id, 0) + 1
        return seq

    def neighbour(self, seq: int) -> dict[str, object]:
        """A good entry; every kind that a phone may send has its turn."""
        id_ = str(uuid.uuid4())
        kinds: tuple[dict[str, object], ...] = (
            {"kind": "app.noted", "what": "reminder-shown", "about": "dose@2026-03-02"},
            {"kind": "help.asked", "what": "call-me", "note": "Ça va, « merci » – 頑張って"},
            {"kind": "preference.set", "reminder_hour": seq % 24},
            {
                "kind": "response.given", "instrument": "adverse-event-diary", "occurrence": f"adverse-event@{id_}",
                "version": self.trial.versions["adverse-event-diary"], "answers": people.FELL_ILL,
            },
        )  # fmt: skip
        return rig.entry(self.trial, seq, id=id_) | kinds[seq % 4]

    def sent(self, phone: people.Phone, lines: list[bytes], seqs: list[int]) -> rig.Answer:
        answer = rig.send(self.trial, phone, lines, seqs=seqs, cursor=phone.client.cursor)
        phone.client.cursor = answer.said["feed"]["cursor"]
        return answer


@pytest.fixture(scope="module")
def ward(original: people.Trial, tmp_path_factory: pytest.TempPathFactory) -> Ward:
    trial = rig.reopened(original, Path(tmp_path_factory.mktemp("ward")) / "data")
    return Ward(trial, [trial.phone(rig.ada(trial)) for _ in PLACES])


@pytest.mark.parametrize("name", CORPUS)
def test_nine_are_stored_and_one_is_kept_for_review(ward: Ward, name: str) -> None:
    make, problem = CORPUS[name]
    for place in PLACES:
        phone = ward.phones[place]
        seqs = [ward.next(phone) for _ in PLACES]
        lines = [rig.line(ward.neighbour(seq)) for seq in seqs]
        lines[place] = make(rig.entry(ward.trial, seqs[place]))
        before = ward.trial.position

        first = ward.sent(phone, lines, seqs).results
        assert [result["status"] for result in first] == ["quarantined" if n == place else "stored" for n in PLACES]
        bad = first[place]
        assert bad["problem"]["type"] == f"urn:qol:problem:{problem}"
        assert bad["ticket"] == f"Q-{bad['position']}"
        since = journal.read(ward.trial.study.store.read(), before)
        kept = [entry for entry in since if entry.kind != Kind.CALL_RAISED]  # somebody asked for a call, and that is arranged
        assert [entry.line for entry in kept] == lines
        assert [entry.position for entry in kept] == [result["position"] for result in first]
        assert (kept[place].kind, kept[place].reason) == (Kind.ENTRY_QUARANTINED, problem)

        again = ward.sent(phone, lines, seqs)
        assert again.statuses == ["quarantined" if n == place else "duplicate" for n in PLACES]
        assert [result["position"] for result in again.results] == [result["position"] for result in first]
        assert again.results[place]["ticket"] == bad["ticket"]
        assert again.said["device_seq"] == {"contiguous_to": seqs[-1], "missing": []}
        assert ward.trial.position == since[-1].position


def test_what_went_through_all_this_is_a_whole_journal(ward: Ward) -> None:
    head, broken = journal.verify(ward.trial.study.store)
    assert broken is None
    assert head.position == ward.trial.position


def test_a_batch_of_nothing_but_bad_lines_is_kept_whole(trial: people.Trial, phone: people.Phone) -> None:
    lines = [make(rig.entry(trial, seq)) for seq, (make, _) in enumerate(CORPUS.values(), 1)]
    small = [line for line in lines if len(line) < 6000]
    answer = rig.send(trial, phone, small)
    assert set(answer.statuses) == {"quarantined"}
    assert rig.lines(trial) == list(dict.fromkeys(small))


def test_a_line_of_64_kib_and_one_32_deep_are_still_fine(trial: people.Trial, phone: people.Phone) -> None:
    deep: object = 1
    for _ in range(31):
        deep = [deep]
    long = rig.line(rig.entry(trial, 1))
    long += b" " * (65_536 - len(long))
    assert rig.send(trial, phone, [long, rig.entry(trial, 2, note=deep)]).statuses == ["stored", "stored"]


def test_a_text_that_never_ends_is_read_once() -> None:
    endless = b"[" * 33 + b'\\"' * 32_000  # each quote could begin a text that goes on to the end
    assert [found.span() for found in reading._STRING.finditer(endless)] == [(34, len(endless))]
    assert reading.parse(endless) is problems.TOO_DEEP


def test_unknown_fields_of_newer_apps_are_kept_and_do_no_harm(trial: people.Trial, phone: people.Phone) -> None:
    lines = [rig.line(rig.entry(trial, 1, battery=80, network={"type": "wifi"}, list=[None, True]))]
    assert rig.send(trial, phone, lines).statuses == ["stored"]
    assert rig.lines(trial) == lines


@pytest.mark.parametrize(
    "sent_at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]
)
def test_a_phone_whose_clock_is_years_off_loses_nothing(trial: people.Trial, phone: people.Phone, sent_at: str) -> None:
    answer = rig.send(trial, phone, [rig.entry(trial, 1)], sent_at=sent_at)
    assert answer.statuses == ["quarantined"]
    assert answer.results[0]["problem"]["type"] == "urn:qol:problem:clock-beyond-a-year"
