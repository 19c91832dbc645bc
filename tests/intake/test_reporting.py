"""The report of what is serious to the sponsor: one way for a case and for an adverse event, and no clock that is lost unreported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from qol_server import journal
from qol_server.intake import adverse_events, casework, looking
from qol_server.intake.adverse_events import Origin
from qol_server.intake.reporting import Made
from qol_server.state import adverse_events as folded
from qol_server.state import cases
from qol_server.state.adverse_events import Recorded
from qol_server.trial.adverse_events import Action, AdverseEvent, Outcome, Serious
from qol_server.trial.cases import Case
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from qol_server.trial.seriousness import Clock, clock
from tests import people
from tests.people import NURSE, Trial

HOUR = timedelta(hours=1)
AWARE = datetime(2026, 3, 5, 9, tzinfo=UTC)
FELL = AdverseEvent(
    "Fall", 3, date(2026, 3, 4), None, "not_related", Action.DOSE_NOT_CHANGED, Outcome.NOT_RECOVERED,
    frozenset({Serious.HOSPITALISATION}), AWARE,
)  # fmt: skip


@pytest.fixture
def ada(trial: Trial) -> str:
    number = trial.enrol(people.ADA)
    trial.start_treatment(number, date(2026, 3, 1))
    trial.at("2026-03-05 10:00")
    return number


def there(trial: Trial, ae: str) -> Recorded:
    found = folded.one(trial.study.store.read(), ae)
    assert found is not None
    return found


def record(trial: Trial, ada: str, event: AdverseEvent = FELL, case: str | None = None) -> str:
    return adverse_events.prepare(trial.study, ada, event, Origin(case=case), form=f"form {trial.position}", actor=NURSE, now=trial.now)


def report(trial: Trial, ae: str, at: datetime | None = None) -> None:
    made = Made(at or trial.now, "staff:nora", "Sponsor", "e-mail")
    adverse_events.report(trial.study, ae, made, seen=there(trial, ae).version, actor=NURSE, now=trial.now)


def change(trial: Trial, ae: str, event: AdverseEvent) -> None:
    seen = there(trial, ae).version
    adverse_events.change(trial.study, ae, event, reason="heard more", seen=seen, actor=NURSE, now=trial.now)


def listed(trial: Trial) -> list[str]:
    """What waits for its report, adverse events and cases."""
    tx = trial.study.store.read()
    return [one.ae for one, _ in folded.unreported(tx)] + [case.id for case, _ in cases.unreported(tx)]


def standing(trial: Trial, ae: str) -> tuple[Clock, timedelta]:
    found = there(trial, ae).report
    assert found is not None
    return clock(found, trial.now), found.late_by


def a_case(trial: Trial, ada: str) -> Case:
    """Ada's case, serious since nine o'clock."""
    phone = trial.phone(ada)
    phone.something_happened(people.FELL_ILL | {"severity": 3})
    phone.sync()
    [row] = cases.still_open(trial.study.store.read())
    casework.state_serious(
        trial.study, row["case"], seen=row["version"], criterion=Serious.HOSPITALISATION, aware_at=AWARE, actor=NURSE, now=trial.now
    )
    return the_case(trial)


def the_case(trial: Trial) -> Case:
    [row] = cases.still_open(trial.study.store.read())
    return cases.of_row(row)


def report_case(trial: Trial, at: datetime) -> None:
    there = the_case(trial)
    casework.report_serious(trial.study, there.id, Made(at, "staff:nora", "Sponsor"), seen=there.version, actor=NURSE, now=trial.now)


def test_what_nobody_reported_stays_until_it_is_reported_however_late(trial: Trial, ada: str) -> None:
    ae = record(trial, ada)
    trial.now += timedelta(days=60)
    assert (listed(trial), standing(trial, ae)) == ([ae], (Clock.OVERDUE, timedelta(0)))
    report(trial, ae, AWARE + 30 * HOUR)
    assert (listed(trial), standing(trial, ae)) == ([], (Clock.LATE, 6 * HOUR))
    [entry] = journal.of_kind(trial.study.store.read(), Kind.SERIOUSNESS_REPORTED)
    assert entry.actor == NURSE
    with pytest.raises(Refused, match="recorded once"):
        report(trial, ae)


def test_only_what_is_serious_is_reported_and_by_who_saw_it_as_it_is(trial: Trial, ada: str) -> None:
    ae = record(trial, ada, replace(FELL, serious=frozenset(), aware_at=None))
    assert there(trial, ae).report is None
    with pytest.raises(Refused, match="Nobody says that it is serious"):
        report(trial, ae)
    change(trial, ae, FELL)
    made = Made(trial.now, "staff:nora", "Sponsor")
    with pytest.raises(Refused) as stale:
        adverse_events.report(trial.study, ae, made, seen=there(trial, ae).version - 1, actor=NURSE, now=trial.now)
    assert stale.value.problem.name == "adverse-event-changed"
    assert listed(trial) == [ae]


def test_the_earliest_knowledge_counts_and_the_report_stays_through_every_change(trial: Trial, ada: str) -> None:
    ae = record(trial, ada)
    report(trial, ae)
    trial.now += timedelta(days=2)
    change(trial, ae, replace(FELL, aware_at=AWARE - 28 * HOUR))
    assert (listed(trial), standing(trial, ae)) == ([], (Clock.LATE, 5 * HOUR))
    change(trial, ae, replace(FELL, aware_at=AWARE + 20 * HOUR))
    assert (listed(trial), standing(trial, ae)) == ([], (Clock.LATE, 5 * HOUR)), "a later knowledge takes nothing back"


def test_one_that_is_not_serious_any_more_has_no_clock_and_begins_anew(trial: Trial, ada: str) -> None:
    ae = record(trial, ada)
    report(trial, ae)
    change(trial, ae, replace(FELL, serious=frozenset(), aware_at=None))
    assert there(trial, ae).report is None
    change(trial, ae, replace(FELL, aware_at=AWARE + HOUR))
    assert (listed(trial), standing(trial, ae)[0]) == ([ae], Clock.RUNS)


def test_a_report_of_the_event_ends_the_clock_of_its_case_and_the_other_way_round(trial: Trial, ada: str) -> None:
    case = a_case(trial, ada)
    first = record(trial, ada, case=case.id)
    assert listed(trial) == [case.id], "one clock for both"
    report(trial, first)
    assert listed(trial) == []
    assert the_case(trial).serious == there(trial, first).report
    later = record(trial, ada, replace(FELL, aware_at=AWARE + HOUR), case.id)
    assert (listed(trial), standing(trial, later)[0]) == ([], Clock.IN_TIME), "the report of the case came after"


def test_what_became_known_after_the_report_of_the_case_has_a_report_of_its_own(trial: Trial, ada: str) -> None:
    case = a_case(trial, ada)
    report_case(trial, trial.now)
    reported = the_case(trial).serious
    trial.now += 5 * HOUR
    ae = record(trial, ada, replace(FELL, aware_at=trial.now - HOUR), case.id)
    assert listed(trial) == [ae]
    report(trial, ae)
    assert (listed(trial), the_case(trial).serious) == ([], reported)


def test_an_earlier_knowledge_of_the_event_than_of_its_case_is_listed_by_itself(trial: Trial, ada: str) -> None:
    case = a_case(trial, ada)
    ae = record(trial, ada, replace(FELL, aware_at=AWARE - 5 * HOUR), case.id)
    assert listed(trial) == [ae, case.id]
    report_case(trial, trial.now)
    assert (listed(trial), standing(trial, ae)[0]) == ([], Clock.IN_TIME)


def test_the_clocks_follow_from_the_journal_alone(trial: Trial, ada: str) -> None:
    case = a_case(trial, ada)
    ae = record(trial, ada, case=case.id)
    report(trial, ae)
    change(trial, ae, replace(FELL, aware_at=AWARE - HOUR))
    record(trial, ada)
    views = looking.as_of(trial.study, trial.position)
    for table in ("cases", "adverse_events"):
        decided = [tuple(each) for each in trial.study.store.read().all(f"SELECT * FROM {table} ORDER BY 1")]
        assert [tuple(each) for each in views.store.read().all(f"SELECT * FROM {table} ORDER BY 1")] == decided
        assert decided
