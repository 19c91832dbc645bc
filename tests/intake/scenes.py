"""Lives of participants at random, dense in what makes cases open, repeat, worsen, end and open again; each seed is another life.

What happens is drawn from ``Random(seed)`` alone, so that a life in which two accounts disagree can be lived again by its seed.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from qol_server.client import Sealed
from qol_server.intake import casework, conduct, dating, expecting, prescribing, rehearsal, typed
from qol_server.intake.reporting import Made
from qol_server.intake.typed import Typed
from qol_server.state import levels, participants
from qol_server.store import Row
from qol_server.trial.adverse_events import Serious
from qol_server.trial.prescribing import Doubt
from qol_server.trial.problems import Refused
from tests import people
from tests.people import DATA_MANAGER, NURSE, Phone, Trial

DAY = date(2026, 3, 2)
HOUR = timedelta(hours=1)
RULES = b"""alerts:
  - {id: severe, when: {instrument: symptom-diary, attribute: severity, at_least: 2}, urgency: this-week}
  - {id: very-severe, when: {instrument: symptom-diary, attribute: severity, at_least: 4}, urgency: same-day}
  - {id: red-flag, when: {any_item: [bleeding, jaundice], is: yes}, urgency: now}
  - {id: now-severe, when: {any_item: [rash.severity], is: 3}, urgency: now}
  - {id: worsening, when: {instrument: symptom-diary, attribute: severity, rise: 2, over: [previous]}, urgency: this-week}
  - {id: far-from-first, when: {instrument: symptom-diary, attribute: frequency, rise: 3, over: [baseline]}, urgency: this-week}
  - {id: fever, when: {item: temperature, at_least: "38.3"}, urgency: same-day}
  - {id: black, when: {item: black_stool, is: yes}, urgency: this-week}
  - {id: function-drop, when: {score: PF, drop: 20, over: baseline}, urgency: this-week}
  - {id: function-loss, when: {score: PF, drop: 40, over: previous}, urgency: same-day}
  - {id: missed-two, when: {stated_not_taken_in_a_row: 2}, urgency: this-week}
  - {id: missed-four, when: {stated_not_taken_in_a_row: 4}, urgency: same-day}
  - {id: too-much, when: {day_dose_above: prescribed}, urgency: same-day}
  - {id: ae-bad, when: {instrument: adverse-event-diary, attribute: severity, at_least: 2}, urgency: this-week}
  - {id: ae-hospital, when: {any_item: [hospital], is: yes}, urgency: same-day}
"""
"""Rules of every kind and urgency, with limits that are met often."""
ITEMS = ("nausea.severity", "nausea.severity", "nausea.frequency", "fatigue.severity", "rash.severity", "rash.severity")
ZONES = ("Asia/Tokyo", "Europe/Paris", "America/Martinique")
ALSO = (
    {"temperature": "36.9"}, {"temperature": "38.4"}, {"temperature": "40.1"}, {"temperature": "39,5"}, {"bleeding": "yes"},
    {"bleeding": "no"}, {"black_stool": "yes"}, {"black_stool": "no"}, {"rash.frequency": 1, "rash.severity": 3}, {"rash.severity": 9},
)  # fmt: skip
DOSES: tuple[dict[str, str], ...] = (
    people.TAKEN, people.TAKEN, people.FORGOTTEN, people.FORGOTTEN, people.FORGOTTEN, {},
    people.TAKEN | {"intake.2.status": "taken"}, {"intake.1.status": "different", "intake.1.mg": "800"},
    {"intake.1.status": "different", "intake.1.mg": "1200"}, {"intake.1.status": "different"},
)  # fmt: skip


def watched(folder: Path) -> Trial:
    """A study in which alerts are on and these rules are in force. What it has is not worth an fsync."""
    trial = people.trial(folder, alerts=True, durable=False)
    version = trial.study.protocol_in_force(trial.study.store.read()).version
    rehearsal.activate(trial.study, RULES, amends=version, actor=DATA_MANAGER, now=trial.now, reason="rules of every kind")
    return trial


class Life:
    """One participant with two phones, lived act by act; the clock is the trial's."""

    def __init__(self, trial: Trial, seed: int) -> None:
        self.trial, self.chance = trial, random.Random(seed)
        self.acts: list[str] = []  # what happened, for whoever has to find out why
        trial.now = people.START
        self.number = trial.enrol(people.ADA)
        trial.at("2026-03-02 08:00", "Europe/Paris")
        trial.start_treatment(self.number, DAY)
        self.phones = [trial.phone(self.number), trial.phone(self.number)]
        self.given: list[tuple[Sealed, str]] = []
        self.papers: dict[str, str] = {}  # occurrence -> id of what was typed last

    def live(self, acts: int) -> Life:
        """So many acts, an hour or more apart; in the end everything is sent."""
        for _ in range(acts):
            self.trial.now += HOUR
            act = self.chance.choices(tuple(ACTS), tuple(ACTS.values()))[0]
            self.acts.append(f"{self.trial.now:%m-%d %H:%M} {act.__name__}")
            with suppress(Refused):  # such as an end before the beginning
                act(self)
        for phone in self.phones:
            self.trial.now += HOUR
            phone.sync()
        return self

    # what is answered

    @property
    def phone(self) -> Phone:
        return self.chance.choice((*self.phones[:1] * 3, *self.phones))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.phones[0].time_zone)

    def answer(self, occurrence: str, answers: dict[str, Any], phone: Phone | None = None, **fields: Any) -> Sealed:
        """Answer on some phone; mostly now, sometimes the answer lay there for a while."""
        phone = phone or self.phone
        if "captured" not in fields:
            fields["captured"] = self.some_time_ago(phone)
        sealed = phone.answer(occurrence, answers, **fields)
        self.given.append((sealed, occurrence))
        return sealed

    def some_time_ago(self, phone: Phone) -> str:
        hours = self.chance.choice((0, 0, 0, 0, 1, 23, 24, 25, 29, 31, 72))
        wall = (self.trial.now - hours * HOUR).astimezone(ZoneInfo(phone.time_zone))
        return f"{wall:%Y-%m-%d %H:%M:%S}"

    def symptoms(self) -> dict[str, Any]:
        level = self.chance.choice
        if level((True, False, False, False)):
            return {"nausea.frequency": 0, **level(ALSO)}
        answers = {"nausea.frequency": level((1, 1, 2, 3, 4)), "nausea.severity": level((0, 0, 1, 2, 2, 3, 4))}
        if level((True, False, False)):
            answers |= {"fatigue.frequency": 1, "fatigue.severity": level((0, 1, 2, 3, 4))}
        return answers | (level(ALSO) if level((True, False, False, False)) else {})

    def week(self) -> None:
        self.answer(f"symptoms@W{self.chance.randrange(7)}", self.symptoms())

    def first_of_all(self) -> None:
        """What began before everything else comes only now: all that is compared with it has to be looked at."""
        wall = f"2026-03-02 08:{self.chance.randrange(60):02}:00"
        self.answer(f"symptoms@W{self.chance.randrange(7)}", {"nausea.frequency": 0}, captured=wall)
        self.sync()

    def dose(self) -> None:
        """A few days of the dose diary, not always in their order nor at once; often the same on each."""
        first, usual = self.chance.randrange(7), self.chance.choice((None, people.FORGOTTEN, people.FORGOTTEN))
        for n in self.chance.sample(range(first, first + 6), self.chance.randint(2, 6)):
            self.answer(f"dose@{DAY + timedelta(days=n)}", usual or self.chance.choice(DOSES), self.phones[0])
            if self.chance.random() < 0.4:
                self.phones[0].sync()
                self.trial.now += HOUR

    def quality_of_life(self) -> None:
        level = self.chance.choice((1, 1, 1, 2, 4, 4))
        self.answer(f"qol@{self.chance.choice(('BASELINE', 'M1', 'M2'))}", people.C30 | {f"q{n}": level for n in range(1, 6)})

    def event(self) -> None:
        what = people.FELL_ILL | {"severity": self.chance.randint(0, 4), "hospital": self.chance.choice(("yes", "no"))}
        self.answer(f"adverse-event@{uuid.UUID(int=self.chance.getrandbits(128), version=4)}", what)

    def again(self, occurrence: str) -> dict[str, Any]:
        return self.chance.choice(DOSES) if occurrence.startswith("dose") else self.symptoms()

    def correct(self) -> None:
        """One of the last answers is corrected, perhaps into another week; perhaps it arrives after its correction."""
        there = [one for one in self.given[-8:] if one[1].startswith(("symptoms", "dose"))]
        if there:
            target, occurrence = self.chance.choice(there)
            if occurrence.startswith("symptoms") and self.chance.random() < 0.3:
                occurrence = f"symptoms@W{self.chance.randrange(7)}"
            for _ in range(self.chance.choice((1, 1, 2))):  # two corrections of one answer compete
                self.answer(occurrence, self.again(occurrence), supersedes=target.id, reason="typing_mistake")

    def chain(self) -> None:
        """An answer, its correction and the correction of that, sealed on either phone: any of them may arrive first."""
        week, target = self.chance.randrange(7), None
        for _ in range(3):
            week = self.chance.choice((week, week, self.chance.randrange(7)))
            more = {} if target is None else {"supersedes": target, "reason": "typing_mistake"}
            target = self.answer(f"symptoms@W{week}", self.symptoms(), self.chance.choice(self.phones), **more).id
        for phone in self.chance.sample(self.phones, 2):
            phone.sync()
            self.trial.now += HOUR

    def circle(self) -> None:
        """Two answers that name each other: no phone of ours seals that."""
        first = self.answer("symptoms@W3", self.symptoms(), self.phones[0])
        second = self.answer("symptoms@W3", self.symptoms(), self.phones[1], supersedes=first.id, reason="changed")
        first.line = first.line.replace(b'"answers"', b'"supersedes":"%s","reason":"changed","answers"' % second.id.encode())

    def type(self) -> None:
        """Staff type one or two answers from paper in one instant, the later week first, or correct what they typed."""
        week = self.chance.randrange(6)
        for occurrence in (f"symptoms@W{week + 1}", f"symptoms@W{week}")[: self.chance.choice((1, 2))]:
            self._type(occurrence)

    def _type(self, occurrence: str) -> None:
        self.type_in(occurrence, self.symptoms(), self.trial.now - timedelta(hours=self.chance.choice((1, 30))))

    def type_in(self, occurrence: str, answers: dict[str, Any], at: datetime) -> None:
        """Type what was answered on paper at an instant, or correct what was typed of it before."""
        id_ = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        corrects, version = self.papers.get(occurrence), self.trial.versions["symptom-diary"]
        paper = Typed(
            id_, occurrence, "symptom-diary", version, None, "fr", "paper", "participant", at.astimezone(self.zone), self.zone.key, answers,
            supersedes=corrects, reason="wrong_answer" if corrects else "",
        )  # fmt: skip
        typed.enter(self.trial.study, self.number, paper, actor=NURSE, now=self.trial.now)
        self.papers[occurrence] = id_

    def sync(self) -> None:
        self.phone.sync()

    def wait(self) -> None:
        self.trial.now += timedelta(hours=self.chance.choice((3, 9, 24, 24, 48, 80, 150, 200)))

    def travel(self) -> None:
        """Two weeks answered within some hours, before a flight and after it; the wall's time may have gone back."""
        phone, week = self.phones[0], self.chance.randrange(5)
        self.answer(f"symptoms@W{week}", self.symptoms(), phone)
        self.trial.now += timedelta(hours=self.chance.choice((1, 5)))
        phone.time_zone = self.chance.choice(ZONES)
        phone.client.seal("preference.set", captured_at=self.trial.now.astimezone(self.zone), time_zone=phone.time_zone, language="fr")
        self.answer(f"symptoms@W{week + 1}", self.symptoms(), phone)
        phone.sync()

    # what is known and done at the site

    def cases(self, where: str = "state <> 'resolved'") -> list[Row]:
        """The participant's cases, in the order of their opening."""
        tx = self.trial.study.store.read()
        return tx.all(f'SELECT * FROM cases WHERE participant = ? AND {where} ORDER BY opened_at, "case"', (self.number,))

    def acknowledge(self) -> None:
        for row in self.cases("state = 'raised'"):
            casework.acknowledge(self.trial.study, row["case"], seen=row["version"], actor=NURSE, now=self.trial.now)

    def forget(self) -> None:
        """The clock takes the steps that are due."""
        casework.escalate(self.trial.study, self.trial.now)

    def leave(self) -> None:
        """Whoever owned cases has left."""
        casework.release(self.trial.study, lambda _owner, _site: False, self.trial.now)

    def resolve(self) -> None:
        for row in self.cases("state <> 'resolved' AND (serious IS NULL OR reported_at IS NOT NULL)"):
            casework.resolve(
                self.trial.study, row["case"], seen=row["version"], action="called", outcome="improving", reason="better", actor=NURSE,
                now=self.trial.now,
            )  # fmt: skip

    def relapse(self) -> None:
        """What was resolved comes again, worse or not, about as long after as a case opens again."""
        self.resolve()
        self.trial.now += timedelta(days=self.chance.choice((1, 6, 7, 7, 8)), hours=self.chance.choice((0, 0, 1, 12)))
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            self.phones[0].answer(f"symptoms@W{self.chance.randrange(7)}", self.symptoms())
            self.phones[0].sync()
            self.trial.now += HOUR

    def serious(self) -> None:
        """Some case is serious, also one that was resolved; perhaps more comes soon."""
        for row in self.chance.sample(there := self.cases("1"), min(len(there), 2)):
            casework.state_serious(
                self.trial.study, row["case"], seen=row["version"], criterion=Serious.HOSPITALISATION, aware_at=self.trial.now,
                actor=NURSE, now=self.trial.now,
            )  # fmt: skip
        if self.chance.random() < 0.5:
            self.trial.now += timedelta(days=self.chance.choice((1, 8)))
            self.week()
            self.sync()

    def report(self) -> None:
        for row in self.cases("state <> 'resolved' AND serious IS NOT NULL AND reported_at IS NULL"):
            self.chance.choice((self._report, self._not_serious))(row)

    def _report(self, row: Row) -> None:
        made = Made(self.trial.now, "staff:nora", "sponsor")
        casework.report_serious(self.trial.study, row["case"], made, seen=row["version"], actor=NURSE, now=self.trial.now)

    def _not_serious(self, row: Row) -> None:
        casework.retract_serious(self.trial.study, row["case"], seen=row["version"], reason="a slip", actor=NURSE, now=self.trial.now)

    def expect(self) -> None:
        """Levels are usual from now on, until some evening; perhaps an answer comes on its last day, or the day after."""
        today, days = self.trial.now.astimezone(self.zone).date(), self.chance.choice((0, 1, 3, 30, 60))
        for item in self.chance.sample(ITEMS, self.chance.randint(2, 5)):
            level = self.chance.choice((1, 2, 3, 4, 4))
            expecting.expect(
                self.trial.study, self.number, item, level, today + timedelta(days=days), reason="x", actor=NURSE, now=self.trial.now
            )
        if days <= 3:
            midnight = datetime.combine(today + timedelta(days=days + 1), datetime.min.time(), self.zone)
            beside = self.chance.choice((-HOUR, HOUR / 2, HOUR * 9))
            self.trial.now = max(self.trial.now, midnight.astimezone(self.trial.now.tzinfo) + beside)
            just_that = {"nausea.frequency": 1, "nausea.severity": 2}, {"rash.frequency": 1, "rash.severity": 3}
            answers = self.chance.choice((self.symptoms(), *just_that))
            self.phones[0].answer(f"symptoms@W{self.chance.randrange(7)}", answers)
            self.phones[0].sync()

    def stop_expecting(self) -> None:
        for one in levels.expected(self.trial.study.store.read(), self.number)[:1]:
            expecting.end(self.trial.study, self.number, one.position, reason="x", actor=NURSE, now=self.trial.now)

    def some_day(self) -> date:
        return min(DAY + timedelta(days=self.chance.randrange(10)), self.trial.now.astimezone(self.zone).date())

    def hold(self) -> None:
        self.trial.hold(self.number, self.some_day())

    def prescribe(self) -> None:
        self.trial.prescribe(self.number, self.chance.choice(("400", "600", "800")), self.some_day(), "recovery")

    def never_prescribed(self) -> None:
        """A prescription is moved, or was never made."""
        history = participants.prescriptions(self.trial.study.store.read(), self.number)
        position, day = self.chance.choice(history)["position"], self.chance.choice((None, self.some_day()))
        doubts = [str(doubt) for doubt in Doubt]
        prescribing.correct(
            self.trial.study, self.number, position, day, actor=NURSE, now=self.trial.now, reason="a slip", confirmed=doubts
        )

    def begin(self) -> None:
        conduct.start_treatment(self.trial.study, self.number, self.some_day(), actor=NURSE, now=self.trial.now, reason="a slip")

    def end(self) -> None:
        self.trial.anchor(self.number, "treatment_end", self.some_day(), reason="x")
        self.without_doses(self.goes_on)

    def without_doses(self, mistaken: Callable[[], None]) -> None:
        """No dose is due any more, and none is taken; perhaps all that was a mistake, and they were due."""
        if self.chance.random() < 0.6:
            first = self.chance.randrange(9)
            for n in range(first, first + 4):
                self.answer(f"dose@{DAY + timedelta(days=n)}", people.FORGOTTEN, self.phones[0])
            self.phones[0].sync()
            self.trial.now += HOUR
            mistaken()

    def goes_on(self) -> None:
        dating.take_back_anchor(self.trial.study, self.number, "treatment_end", actor=NURSE, now=self.trial.now, reason="x")

    def withdraw(self) -> None:
        self.trial.withdraw(self.number, "treatment", self.some_day(), reason="x")
        self.without_doses(self.stays)

    def stays(self) -> None:
        dating.take_back_withdrawal(self.trial.study, self.number, "treatment", actor=NURSE, now=self.trial.now, reason="x")


ACTS: dict[Callable[[Life], None], int] = {
    Life.week: 10, Life.first_of_all: 2, Life.dose: 10, Life.quality_of_life: 6, Life.event: 3, Life.correct: 8, Life.chain: 4,
    Life.circle: 2, Life.type: 3, Life.sync: 16, Life.wait: 6, Life.travel: 2, Life.acknowledge: 3, Life.resolve: 3, Life.relapse: 5,
    Life.serious: 3, Life.report: 3, Life.expect: 8, Life.stop_expecting: 2, Life.hold: 3, Life.prescribe: 3, Life.never_prescribed: 2,
    Life.begin: 3, Life.end: 2, Life.goes_on: 2, Life.withdraw: 2, Life.stays: 2,
}  # fmt: skip
"""What may happen -> how often beside the others."""
