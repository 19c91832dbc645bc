"""Whatever is said of what is serious, in any order: its clock never moves later, and is never lost before it is reported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.intake import adverse_events, casework
from qol_server.intake.adverse_events import Origin
from qol_server.intake.reporting import Made
from qol_server.state import adverse_events as folded
from qol_server.state import cases
from qol_server.state.adverse_events import Recorded
from qol_server.trial.adverse_events import Action, AdverseEvent, Outcome, Serious
from qol_server.trial.cases import Case
from qol_server.trial.problems import Refused
from qol_server.trial.seriousness import Report
from tests import people
from tests.people import NURSE, Trial

HOURS = st.integers(0, 60)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), HOURS),
        st.tuples(st.just("aware"), HOURS),
        st.tuples(st.just("report"), HOURS),
        st.tuples(st.just("resolve"), HOURS),
        st.tuples(st.just("correct"), HOURS),
        st.tuples(st.just("record"), HOURS),
        st.tuples(st.just("record_alone"), HOURS),
        st.tuples(st.just("change"), HOURS),
        st.tuples(st.just("report_event"), HOURS),
    ),
    min_size=8,
    max_size=24,
)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    made = people.trial(Path(tmp_path_factory.mktemp("clock")), alerts=True)
    yield made
    made.study.store.close()


class Story:
    """One participant who fell ill, the case of it, and the adverse events that somebody records."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        trial.now += timedelta(days=10)
        self.number = trial.enrol(people.ADA)
        trial.start_treatment(self.number, trial.now.date())
        trial.now += timedelta(days=4)
        self.phone = trial.phone(self.number)
        self.sent = self.phone.something_happened(people.FELL_ILL | {"severity": 3})
        self.occurrence = str(json.loads(self.sent.line)["occurrence"])
        self.phone.sync()
        row = trial.study.store.read().one("SELECT * FROM cases WHERE participant = ?", (self.number,))
        assert row is not None
        self.case_id = row["case"]
        self.dues: dict[str, datetime] = {}
        self.reported: set[str] = set()

    @property
    def case(self) -> Case:
        found = cases.case(self.trial.study.store.read(), self.case_id)
        assert found is not None
        return found

    @property
    def events(self) -> list[Recorded]:
        return folded.of_participant(self.trial.study.store.read(), self.number)

    def before(self, hours: int) -> datetime:
        return self.trial.now - timedelta(hours=hours)

    def event(self, hours: int) -> AdverseEvent:
        start = self.trial.now.date() - timedelta(days=4)
        made = AdverseEvent("Fall", 3, start, None, "not_related", Action.UNKNOWN, Outcome.UNKNOWN)
        return replace(made, serious=frozenset({Serious.HOSPITALISATION}), aware_at=self.before(hours))

    # what may happen

    def wait(self, hours: int) -> None:
        self.trial.now += timedelta(hours=hours)

    def aware(self, hours: int) -> None:
        self._do(casework.state_serious, criterion=Serious.OTHER, aware_at=self.before(hours))

    def report(self, hours: int) -> None:
        self._do(casework.report_serious, made=Made(self.before(hours), "Nora", "Sponsor"))

    def resolve(self, _hours: int) -> None:
        self._do(casework.resolve, action="called", outcome="improving", reason="better")

    def _do(self, step: Any, **more: Any) -> None:
        step(self.trial.study, self.case_id, seen=self.case.version, actor=NURSE, now=self.trial.now, **more)

    def correct(self, hours: int) -> None:
        """It was worse, or less bad: the case may be raised, or opened, anew."""
        self.sent = self.phone.answer(
            self.occurrence, people.FELL_ILL | {"severity": 1 + hours % 3}, supersedes=self.sent.id, reason="typing_mistake",
            instrument="adverse-event-diary",
        )  # fmt: skip
        self.phone.sync()

    def record(self, hours: int, origin: Origin | None = None) -> None:
        where, form = origin or Origin(case=self.case_id), f"form {self.trial.position}"
        adverse_events.prepare(self.trial.study, self.number, self.event(hours), where, form=form, actor=NURSE, now=self.trial.now)

    def record_alone(self, hours: int) -> None:
        self.record(hours, Origin())

    def change(self, hours: int) -> None:
        one = self._one(hours)
        event = replace(self.event(hours), start=one.event.start)
        adverse_events.change(self.trial.study, one.ae, event, reason="heard more", seen=one.version, actor=NURSE, now=self.trial.now)

    def report_event(self, hours: int) -> None:
        one = self._one(hours)
        made = Made(self.before(hours), "Nora", "Sponsor")
        adverse_events.report(self.trial.study, one.ae, made, seen=one.version, actor=NURSE, now=self.trial.now)

    def _one(self, n: int) -> Recorded:
        if not self.events:
            self.record(n)
        return self.events[n % len(self.events)]

    # what always holds

    def look(self) -> None:
        """No clock is later than it was, none is gone, what was reported stays so, and what was not is listed by then at the latest."""
        tx = self.trial.study.store.read()
        listed = {case.id: case.serious for case, _ in cases.unreported(tx)} | {one.ae: one.report for one, _ in folded.unreported(tx)}
        clocks: dict[str, Report | None] = {self.case_id: self.case.serious, **{one.ae: one.report for one in self.events}}
        for id_, due in self.dues.items():
            there = clocks[id_]
            assert there is not None
            assert there.due <= due
        stands_for = {one.ae: one.case for one in self.events}
        for id_, report in clocks.items():
            if report is None:
                continue
            self.dues[id_] = report.due
            if report.reported_at is not None:
                self.reported.add(id_)
                continue
            assert id_ not in self.reported
            told = [listed[each] for each in (id_, stands_for.get(id_)) if each in listed]
            assert any(each is not None and each.due <= report.due for each in told)


@settings(max_examples=40, deadline=None)
@given(ACTS)
def test_no_clock_moves_later_or_is_lost_unreported(trial: Trial, acts: list[tuple[str, int]]) -> None:
    story = Story(trial)
    for act, hours in acts:
        with suppress(Refused):  # such as a second report, or one from before anybody knew
            getattr(story, act)(hours)
        story.look()
