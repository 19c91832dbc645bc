"""Adverse events: prepared at the site, signed by an investigator, changed with a reason, withdrawn and never deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import orjson
import pytest

from qol_server import journal
from qol_server.intake import adverse_events, looking
from qol_server.intake.adverse_events import Origin
from qol_server.state import adverse_events as folded
from qol_server.state import cases
from qol_server.state.adverse_events import Recorded
from qol_server.trial.adverse_events import Action, AdverseEvent, Outcome, Serious
from qol_server.trial.problems import Refused
from qol_server.views.showing import VIEWS
from tests import people
from tests.people import INVESTIGATOR, NURSE, Trial

NAUSEA = AdverseEvent(
    term="nausea", grade=2, start=date(2026, 3, 3), end=None, relation="possibly_related", action=Action.DOSE_NOT_CHANGED,
    outcome=Outcome.NOT_RECOVERED, words="Sick each morning",
)  # fmt: skip
MEANING = "I have judged this."
WORSE = replace(NAUSEA, term="Nausea", grade=3)


@pytest.fixture
def ada(trial: Trial) -> str:
    number = trial.enrol(people.ADA)
    trial.start_treatment(number, date(2026, 3, 1))
    trial.at("2026-03-05 10:00")
    return number


def prepare(trial: Trial, number: str, event: AdverseEvent = NAUSEA, origin: Origin = Origin(), form: str | None = None) -> str:  # noqa: B008
    form = form or f"form {trial.position}"
    return adverse_events.prepare(trial.study, number, event, origin, form=form, actor=NURSE, now=trial.now)


def there(trial: Trial, ae: str) -> Recorded:
    found = folded.one(trial.study.store.read(), ae)
    assert found is not None
    return found


def sign(trial: Trial, ae: str) -> None:
    adverse_events.sign(trial.study, ae, meaning=MEANING, seen=there(trial, ae).version, actor=INVESTIGATOR, now=trial.now)


def change(trial: Trial, ae: str, event: AdverseEvent, reason: str = "heard more", seen: int | None = None) -> None:
    seen = there(trial, ae).version if seen is None else seen
    adverse_events.change(trial.study, ae, event, reason=reason, seen=seen, actor=NURSE, now=trial.now)


def withdraw(trial: Trial, ae: str, reason: str = "another participant") -> None:
    adverse_events.withdraw(trial.study, ae, reason=reason, seen=there(trial, ae).version, actor=INVESTIGATOR, now=trial.now)


def in_the_data(trial: Trial) -> list[tuple[str, int]]:
    return [(one.event.term, one.event.grade) for one, _, _ in folded.in_the_data(trial.study.store.read())]


def refused(problem: str, act: object, *args: object, **more: object) -> str:
    assert callable(act)
    with pytest.raises(Refused) as told:
        act(*args, **more)
    assert told.value.problem.name == problem
    return told.value.detail


def test_only_what_was_signed_is_in_the_data(trial: Trial, ada: str) -> None:
    ae = prepare(trial, ada)
    assert (there(trial, ae).event.term, in_the_data(trial)) == ("Nausea", [])
    sign(trial, ae)
    assert in_the_data(trial) == [("Nausea", 2)]


def test_a_signature_names_what_was_signed_by_its_bytes(trial: Trial, ada: str) -> None:
    ae = prepare(trial, ada)
    sign(trial, ae)
    found = there(trial, ae)
    assert found.signed is not None
    signature = journal.one(trial.study.store.read(), found.signed)
    content = trial.study.store.read().one("SELECT body FROM entries WHERE position = ?", (found.content,))
    assert signature is not None
    assert content is not None
    said = orjson.loads(signature.line)
    assert (said["content"], said["body"], signature.actor) == (found.content, content["body"].hex(), INVESTIGATOR)
    assert (found.signed_by, said["meaning"]) == (INVESTIGATOR, MEANING)


def test_a_change_breaks_the_signature_until_it_is_signed_again(trial: Trial, ada: str) -> None:
    ae = prepare(trial, ada)
    sign(trial, ae)
    change(trial, ae, WORSE)
    assert (in_the_data(trial), there(trial, ae).signed_before) == ([], True)
    sign(trial, ae)
    assert in_the_data(trial) == [("Nausea", 3)]
    kinds = [journal.one(trial.study.store.read(), position) for position in folded.steps(trial.study.store.read(), ae)]
    assert [entry.kind.partition(".")[2] for entry in kinds if entry] == ["recorded", "signed", "changed", "signed"]


def test_the_past_shows_what_was_signed_then(trial: Trial, ada: str) -> None:
    ae = prepare(trial, ada)
    sign(trial, ae)
    then = trial.position
    change(trial, ae, WORSE)
    sign(trial, ae)
    withdraw(trial, ae)
    assert [row[7] for row in VIEWS["adverse_events"](looking.as_of(trial.study, then))[1]] == [2]
    assert VIEWS["adverse_events"](looking.as_of(trial.study, trial.position))[1] == []


def test_what_was_withdrawn_stays_to_be_seen_and_is_not_touched_again(trial: Trial, ada: str) -> None:
    ae = prepare(trial, ada)
    sign(trial, ae)
    refused("reason-needed", withdraw, trial, ae, " ")
    withdraw(trial, ae)
    assert (in_the_data(trial), there(trial, ae).withdrawn) == ([], trial.position)
    refused("adverse-event-changed", change, trial, ae, WORSE)
    refused("adverse-event-changed", sign, trial, ae)


def test_of_two_who_change_it_at_once_the_second_is_told(trial: Trial, ada: str) -> None:
    ae = prepare(trial, ada)
    seen = there(trial, ae).version
    change(trial, ae, WORSE, seen=seen)
    refused("adverse-event-changed", change, trial, ae, replace(NAUSEA, grade=1), seen=seen)
    refused(
        "adverse-event-changed",
        adverse_events.sign,
        trial.study,
        ae,
        meaning=MEANING,
        seen=seen,
        actor=INVESTIGATOR,
        now=trial.now,
    )
    assert there(trial, ae).event == WORSE


def test_a_form_that_is_sent_twice_makes_one(trial: Trial, ada: str) -> None:
    first = prepare(trial, ada, form="one")
    assert prepare(trial, ada, form="one") == first
    assert prepare(trial, ada, form="another") != first
    assert len(folded.of_participant(trial.study.store.read(), ada)) == 2


def test_a_change_needs_a_reason_and_a_change(trial: Trial, ada: str) -> None:
    ae = prepare(trial, ada)
    refused("reason-needed", change, trial, ae, WORSE, " ")
    assert refused("bad-value", change, trial, ae, NAUSEA) == "Nothing was changed."


def test_a_grade_that_the_term_does_not_have_is_refused_with_those_that_it_has(trial: Trial, ada: str) -> None:
    told = refused("adverse-event-wrong", prepare, trial, ada, replace(NAUSEA, grade=4))
    assert "Nausea 1, 2, 3" in told


def test_a_death_is_recorded_first(trial: Trial, ada: str) -> None:
    fatal = replace(
        NAUSEA, term="Sepsis", grade=5, start=date(2026, 3, 4), end=date(2026, 3, 5), outcome=Outcome.FATAL,
        serious=frozenset({Serious.DEATH}), aware_at=datetime(2026, 3, 5, 9, tzinfo=UTC),
    )  # fmt: skip
    assert "death not recorded" in refused("adverse-event-wrong", prepare, trial, ada, fatal)
    trial.anchor(ada, "death", date(2026, 3, 5))
    ae = prepare(trial, ada, fatal)
    trial.anchor(ada, "death", date(2026, 3, 4), reason="typing mistake")
    assert "end not death" in refused("adverse-event-wrong", sign, trial, ae)


def test_it_is_linked_to_the_report_and_the_case_of_the_same_participant(trial: Trial, ada: str) -> None:
    phone = trial.phone(ada)
    report = phone.something_happened(people.FELL_ILL | {"severity": 3})
    phone.sync()
    assert report.receipt is not None
    tx = trial.study.store.read()
    [case] = cases.still_open(tx)
    ae = prepare(trial, ada, origin=Origin(report.receipt["position"], case["case"]))
    sign(trial, ae)
    assert (there(trial, ae).given, there(trial, ae).case) == (report.receipt["position"], case["case"])
    [(_, site, reported)] = folded.in_the_data(trial.study.store.read())
    assert (site, reported) == ("01", report.id)
    ben = trial.enrol(people.BEN)
    refused("bad-value", prepare, trial, ben, origin=Origin(report.receipt["position"]))
    refused("bad-value", prepare, trial, ben, origin=Origin(case=case["case"]))
