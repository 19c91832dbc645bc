"""Receipts: what is stored, what was there already, what is remarked, and what the server knows to be missing."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest

from qol_server import journal
from qol_server.intake import conduct
from qol_server.trial import facts
from qol_server.trial.facts import Kind
from tests import people
from tests.api import rig

ID = "22222222-2222-4222-8222-222222222222"


def test_a_receipt_names_line_id_position_and_digest(trial: people.Trial, phone: people.Phone) -> None:
    before = trial.position
    sent = [rig.entry(trial, 1), rig.entry(trial, 2, occurrence="dose@2026-03-03")]
    results = rig.send(trial, phone, sent).results
    assert [result["line"] for result in results] == [2, 3]
    assert [result["id"] for result in results] == [fact["id"] for fact in sent]
    assert [result["position"] for result in results] == [before + 1, before + 2]
    stored = rig.from_phones(trial)
    tx = trial.study.store.read()
    assert [journal.digest_at(tx, people.SLUG, entry.position) for entry in stored] == [result["digest"] for result in results]
    assert [entry.line for entry in stored] == [rig.line(fact) for fact in sent]


def test_sent_twice_is_stored_once_with_the_first_receipt(trial: people.Trial, phone: people.Phone) -> None:
    sent = [rig.line(rig.entry(trial, seq, occurrence=f"dose@2026-03-0{seq + 1}")) for seq in (1, 2, 3)]
    first = rig.send(trial, phone, sent)
    trial.now += timedelta(days=40)
    again = rig.send(trial, phone, list(reversed(sent)))
    assert again.statuses == ["duplicate"] * 3
    assert [r["position"] for r in again.results] == [r["position"] for r in reversed(first.results)]
    assert [r["digest"] for r in again.results] == [r["digest"] for r in reversed(first.results)]
    assert rig.lines(trial) == sent


def test_twice_in_one_batch_is_stored_once(trial: people.Trial, phone: people.Phone) -> None:
    good, bad = rig.line(rig.entry(trial, 1)), b"rubbish"
    answer = rig.send(trial, phone, [good, bad, good, bad])
    assert answer.statuses == ["stored", "quarantined", "duplicate", "quarantined"]
    assert answer.results[0]["position"] == answer.results[2]["position"]
    assert answer.results[1]["ticket"] == answer.results[3]["ticket"]
    assert rig.lines(trial) == [good, bad]


def test_another_phone_of_the_participant_sends_the_same_entry_and_it_is_one(trial: people.Trial, phone: people.Phone) -> None:
    restored = trial.phone(rig.ada(trial))  # a phone set up from the other's backup
    sent = [rig.line(rig.entry(trial, 1))]
    assert rig.send(trial, phone, sent).statuses == ["stored"]
    assert rig.send(trial, restored, sent).statuses == ["duplicate"]
    assert rig.lines(trial) == sent


def test_an_id_used_again_with_other_bytes_is_kept_for_review(trial: people.Trial, phone: people.Phone) -> None:
    first = rig.line(rig.entry(trial, 1, id=ID))
    other = rig.line(rig.entry(trial, 2, id=ID, answers=people.FORGOTTEN))
    assert rig.send(trial, phone, [first]).statuses == ["stored"]
    reuse = rig.send(trial, phone, [other]).results[0]
    assert (reuse["status"], reuse["problem"]["type"]) == ("quarantined", "urn:qol:problem:id-reuse")
    again = rig.send(trial, phone, [other, first]).results
    assert (again[0]["ticket"], again[1]["status"]) == (reuse["ticket"], "duplicate")
    assert rig.lines(trial) == [first, other]


def test_an_id_used_twice_in_one_batch_keeps_the_first(trial: people.Trial, phone: people.Phone) -> None:
    lines = [rig.line(rig.entry(trial, seq, id=ID)) for seq in (1, 2, 3)]
    answer = rig.send(trial, phone, lines)
    assert answer.statuses == ["stored", "quarantined", "quarantined"]
    assert {r["problem"]["type"] for r in answer.results[1:]} == {"urn:qol:problem:id-reuse"}
    assert rig.lines(trial) == lines


def test_ids_are_one_participants_own(trial: people.Trial, phone: people.Phone) -> None:
    ben = trial.enrol(people.BEN)
    trial.start_treatment(ben, rig.DAY)
    his = trial.phone(ben)
    sent = [rig.line(rig.entry(trial, 1, id=ID))]
    assert rig.send(trial, phone, sent).statuses == ["stored"]
    assert rig.send(trial, his, sent).statuses == ["stored"]
    assert [entry.participant for entry in rig.from_phones(trial)] == [rig.ada(trial), ben]


def test_the_server_says_which_numbers_never_came(trial: people.Trial, phone: people.Phone) -> None:
    def known(*seqs: int) -> dict[str, Any]:
        return dict(
            rig.send(trial, phone, [rig.entry(trial, seq, kind="app.noted", what="storage-lost") for seq in seqs]).said["device_seq"]
        )

    assert known(1, 2) == {"contiguous_to": 2, "missing": []}
    assert known(5, 7) == {"contiguous_to": 2, "missing": [3, 4, 6]}
    assert known() == {"contiguous_to": 2, "missing": [3, 4, 6]}
    assert known(4) == {"contiguous_to": 2, "missing": [3, 6]}
    assert known(3) == {"contiguous_to": 5, "missing": [6]}
    assert known(6) == {"contiguous_to": 7, "missing": []}
    assert len(known(1000)["missing"]) == 200


def test_a_line_that_cannot_be_read_is_counted_by_the_envelope(trial: people.Trial, phone: people.Phone) -> None:
    answer = rig.send(trial, phone, [rig.entry(trial, 1), b"rubbish", rig.entry(trial, 3)], seqs=[1, 2, 3])
    assert answer.said["device_seq"] == {"contiguous_to": 3, "missing": []}


def test_each_phone_counts_for_itself(trial: people.Trial, phone: people.Phone) -> None:
    other = trial.phone(rig.ada(trial))
    rig.send(trial, phone, [rig.entry(trial, 1), rig.entry(trial, 2)])
    assert rig.send(trial, other, [rig.entry(trial, 3)]).said["device_seq"] == {"contiguous_to": 0, "missing": [1, 2]}


def _flags(answer: rig.Answer) -> list[str]:
    assert answer.statuses == ["stored"]
    return list(answer.results[0].get("flags", []))


def test_a_usual_answer_has_no_flags(trial: people.Trial, phone: people.Phone) -> None:
    assert _flags(rig.send(trial, phone, [rig.entry(trial, 1)])) == []


def test_late_is_after_the_last_day_on_time(trial: people.Trial, phone: people.Phone) -> None:
    trial.at("2026-03-04 23:00", "Europe/Paris")
    assert _flags(rig.send(trial, phone, [rig.entry(trial, 1)])) == []
    trial.at("2026-03-05 00:01", "Europe/Paris")
    assert _flags(rig.send(trial, phone, [rig.entry(trial, 2, occurrence="dose@2026-03-02")])) == ["late", "second-completion"]


def test_late_is_a_matter_of_when_it_was_entered_not_of_when_it_came(trial: people.Trial, phone: people.Phone) -> None:
    sealed = rig.entry(trial, 1)
    trial.now += timedelta(days=30)
    assert _flags(rig.send(trial, phone, [sealed])) == []


def test_a_second_completion_is_stored_and_remarked(trial: people.Trial, phone: people.Phone) -> None:
    rig.send(trial, phone, [rig.entry(trial, 1)])
    assert _flags(rig.send(trial, phone, [rig.entry(trial, 2, answers=people.FORGOTTEN)])) == ["second-completion"]


@pytest.mark.parametrize(("seconds", "suspect"), [(0, False), (299, False), (300, False), (301, True), (-301, True), (86_400, True)])
def test_a_clock_that_is_off_is_remarked(trial: people.Trial, phone: people.Phone, seconds: int, suspect: bool) -> None:
    shown = (trial.now + timedelta(seconds=seconds)).isoformat()
    flags = _flags(rig.send(trial, phone, [rig.entry(trial, 1)], sent_at=shown))
    assert ("clock-suspect" in flags) is suspect
    assert rig.from_phones(trial)[0].skew == seconds * 1000


def test_a_clock_that_went_back_is_remarked(trial: people.Trial, phone: people.Phone) -> None:
    rig.send(trial, phone, [rig.entry(trial, 1)])
    earlier = (trial.now - timedelta(hours=3)).isoformat()
    assert "clock-suspect" in _flags(rig.send(trial, phone, [rig.entry(trial, 2, captured_at=earlier)]))


def test_an_occurrence_that_a_corrected_date_retired_is_stored_and_remarked(trial: people.Trial, phone: people.Phone) -> None:
    trial.at("2026-03-10 20:00", "Europe/Paris")
    trial.anchor(rig.ada(trial), "treatment_start", date(2026, 3, 5), again=False, reason="typing mistake")
    assert "retired-occurrence" in _flags(rig.send(trial, phone, [rig.entry(trial, 1, occurrence="dose@2026-03-03")]))


def test_a_correction_may_come_before_what_it_corrects(trial: people.Trial, phone: people.Phone) -> None:
    original = rig.entry(trial, 1, id=ID)
    correction = rig.entry(trial, 2, supersedes=ID, reason="wrong_answer", answers=people.FORGOTTEN)
    assert rig.send(trial, phone, [correction]).statuses == ["stored"]
    assert rig.send(trial, phone, [original]).statuses == ["stored"]
    told = {c["id"]: c["data"]["status"] for c in rig.send(trial, phone, []).said["feed"]["changes"] if c["type"] == "entry_status"}
    assert told == {ID: "superseded", correction["id"]: "current"}


def test_of_two_corrections_the_later_position_counts_and_both_are_kept(trial: people.Trial, phone: people.Phone) -> None:
    original = rig.entry(trial, 1, id=ID)
    one, two = (rig.entry(trial, seq, supersedes=ID, reason="wrong_answer") for seq in (2, 3))
    rig.send(trial, phone, [original, two])
    assert "competing-correction" in _flags(rig.send(trial, phone, [one]))
    told = {c["id"]: c["data"]["status"] for c in rig.send(trial, phone, []).said["feed"]["changes"] if c["type"] == "entry_status"}
    assert told == {ID: "superseded", two["id"]: "not-current", one["id"]: "current"}
    assert len(rig.lines(trial)) == 3


def test_what_was_entered_after_the_end_is_kept_apart_and_what_before_is_ordinary(trial: people.Trial, phone: people.Phone) -> None:
    before = rig.entry(trial, 1)
    trial.at("2026-03-06 12:00", "Europe/Paris")
    trial.withdraw(rig.ada(trial), "consent", date(2026, 3, 4))
    after = rig.entry(trial, 2, occurrence="dose@2026-03-05")
    on_the_day = rig.entry(trial, 3, occurrence="dose@2026-03-04", captured_at="2026-03-04T23:59:59+01:00")
    answer = rig.send(trial, phone, [before, after, on_the_day])
    assert answer.statuses == ["stored", "quarantined", "stored"]
    assert answer.results[1]["problem"]["type"] == "urn:qol:problem:after-end"


def test_sixteen_senders_of_one_batch_store_each_entry_once(trial: people.Trial, phone: people.Phone) -> None:
    lines = [rig.line(rig.entry(trial, seq, kind="help.asked", what="call-me")) for seq in range(1, 20)] + [b"rubbish"]
    barrier = threading.Barrier(16)
    answers: list[rig.Answer] = []

    def one() -> None:
        barrier.wait()
        answers.append(rig.send(trial, phone, lines))

    threads = [threading.Thread(target=one) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 16
    assert rig.lines(trial) == lines
    assert sum(answer.statuses.count("stored") for answer in answers) == 19
    assert len({tuple(result["position"] for result in answer.results) for answer in answers}) == 1
    assert journal.verify(trial.study.store)[1] is None


def test_a_head_that_we_signed_and_do_not_have_is_journaled_once(trial: people.Trial, phone: people.Phone) -> None:
    def with_head(position: int, digest: str, signature: str | None = None) -> bool:
        """Send such a witness; whether the phone was told everything anew."""
        message = facts.head_message(people.SLUG, trial.study.epoch, position, digest)
        witness = {"position": position, "digest": digest, "signature": signature or trial.study.key.sign(message)}
        answer = rig.send(trial, phone, [], witness=witness, cursor=cursor)
        assert answer.status == 200
        return bool(answer.said["feed"]["reset"])

    def disagreements() -> list[int]:
        return [e.position for e in journal.every(trial.study.store.read(), None) if e.kind == Kind.WITNESS_DISAGREED]

    said = rig.send(trial, phone, []).said
    head, cursor = said["head"], said["feed"]["cursor"]
    assert not with_head(head["position"], head["digest"], head["signature"])
    assert not with_head(3, "ab" * 32, "00" * 64)  # anybody can make up a head
    assert disagreements() == []
    assert with_head(5000, "cd" * 32)  # a journal that was cut short
    with_head(5000, "cd" * 32)
    assert len(disagreements()) == 1
    with_head(3, "ab" * 32)  # a journal that was rewritten
    assert len(disagreements()) == 2


def test_an_app_with_an_old_version_of_an_instrument_still_uploads(trial: people.Trial, phone: people.Phone) -> None:
    documents = people.instruments()
    documents["dose-diary"] = documents["dose-diary"].replace(b"max_length: 500", b"max_length: 5")
    amended = people.protocol().replace(b"title: Imatinib", b"title: Low-dose imatinib")
    conduct.adopt(trial.study, amended, documents, actor=people.DATA_MANAGER, now=trial.now)
    new = trial.study.current(trial.study.store.read(), "instrument", "dose-diary")
    assert new != trial.versions["dose-diary"]
    trial.now += timedelta(days=730)
    wordy = people.TAKEN | {"comment": "six signs"}
    sent = [rig.entry(trial, 1, answers=wordy), rig.entry(trial, 2, answers=wordy, version=new)]
    answer = rig.send(trial, phone, sent, app="0.0.1")
    assert answer.statuses == ["stored", "quarantined"]
    assert answer.results[1]["problem"]["type"] == "urn:qol:problem:answer-out-of-range"
