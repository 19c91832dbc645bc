"""The site's desk in a simulation: nurses and investigators with accounts of their own, who work off cases and calls."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from qol_server.access import accounts
from qol_server.intake import adverse_events, calls, casework, expecting
from qol_server.intake import staff as staff_accounts
from qol_server.intake.adverse_events import Origin
from qol_server.intake.pausing import DIED
from qol_server.intake.reporting import Made
from qol_server.intake.staff import Staff
from qol_server.intake.study import Study
from qol_server.state import adverse_events as recorded
from qol_server.state import calls as call_tasks
from qol_server.state import cases, participants
from qol_server.store import Row
from qol_server.trial import watching
from qol_server.trial.adverse_events import Action, AdverseEvent, Outcome, Serious
from qol_server.trial.alerting import Urgency
from qol_server.trial.cases import State, Way
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Grant, Role
from qol_server.trial.watching import Task

EVERYWHERE = None
PEOPLE: tuple[tuple[str, str, str, Role, str | None], ...] = (
    ("nora@demo.example", "Nora Petit", "en", Role.NURSE, "01"),
    ("nils@demo.example", "Nils Marchand", "fr", Role.NURSE, "02"),
    ("nadia@demo.example", "Nadia Bellance", "fr", Role.NURSE, "03"),
    ("ivan@demo.example", "Ivan Roche", "en", Role.INVESTIGATOR, EVERYWHERE),
    ("dana@demo.example", "Dana Lefort", "en", Role.DATA_MANAGER, EVERYWHERE),
    ("marta@demo.example", "Marta Vidal", "en", Role.STUDY_MANAGER, EVERYWHERE),
    ("alma@demo.example", "Alma Girard", "en", Role.ADMINISTRATOR, EVERYWHERE),
    ("iris@demo.example", "Iris Blanc", "en", Role.INSPECTOR, EVERYWHERE),
)
"""Login, name, language, role and site (None: all) of the demonstration's accounts."""
ADVERSE = {"nausea": "Nausea", "vomiting": "Vomiting", "diarrhoea": "Diarrhea", "fatigue": "Fatigue", "abdominal_pain": "Abdominal pain"}
"""Symptom -> the term that the investigator signs."""
INVESTIGATOR = "staff:ivan@demo.example"
"""Who is asked for help, and signs."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account that the demonstration made. ``site`` None: all sites."""

    login: str
    password: str
    role: Role
    site: str | None


def hire(staff: Staff, study: str, sites: Iterable[str], now: datetime) -> list[Account]:
    """Make the accounts, one password for all of them and no second factor: it is a demonstration."""
    password = f"demo-{accounts.new_code()}"
    made = []
    for login, name, language, role, site in PEOPLE:
        if site is None or site in sites:
            staff_accounts.add(staff, login, name, language, actor="staff:demo", now=now, password=password)
            staff_accounts.give_role(staff, login, Grant(role, study, site), actor="staff:demo", now=now)
            made.append(Account(login, password, role, site))
    return made


class Desk:
    """The desk of one study. What it does it does through the same functions as its pages."""

    def __init__(self, study: Study, seed: int) -> None:
        self._study = study
        self._chance = random.Random(f"{seed}/desk")
        self._protocol = study.protocol_in_force(study.store.read())
        self._to_sign: list[str] = []

    def work(self, now: datetime) -> None:
        """A look at the worklist of each site: what is urgent now at any hour, everything else in the site's hours."""
        tx = self._study.store.read()
        for login, _, _, role, site in PEOPLE:
            if role is not Role.NURSE or site is None or site not in self._protocol.sites:
                continue
            is_open = self._is_open(site, now)
            for row in cases.still_open(tx, site):
                if is_open or row["urgency"] == Urgency.NOW:
                    with suppress(Refused):  # the clock has just taken a step with it; there is another look soon
                        self._case(row, f"staff:{login}", now)
            for call in call_tasks.open_tasks(tx, [site]) if is_open else ():
                with suppress(Refused):
                    self._call(call, f"staff:{login}", now)
        if now.weekday() in (1, 4):
            self._sign(now)

    def _sign(self, now: datetime) -> None:
        """The investigator's round: what nurses have prepared is signed."""
        while self._to_sign:
            there = recorded.one(self._study.store.read(), self._to_sign.pop())
            assert there is not None, "it was prepared"  # noqa: S101
            with suppress(Refused):  # such as a death that became known since
                adverse_events.sign(
                    self._study, there.ae, meaning="I have reviewed this adverse event.", seen=there.version,
                    actor=INVESTIGATOR, now=now,
                )  # fmt: skip

    def _is_open(self, site: str, now: datetime) -> bool:
        wall = now.astimezone(ZoneInfo(self._protocol.sites[site].time_zone))
        return wall.weekday() < 5 and 8 <= wall.hour < 18

    def _case(self, row: Row, nurse: str, now: datetime) -> None:
        """One thing that is done with a case; the next look does the next."""
        chance, there = self._chance.random(), cases.of_row(row)
        act: dict[str, Any] = {"seen": there.version, "actor": nurse, "now": now}
        if there.state is State.RAISED:
            if chance < {Urgency.NOW: 0.9, Urgency.SAME_DAY: 0.8}.get(there.urgency, 0.5):
                casework.acknowledge(self._study, there.id, **act)
        elif not row["reached"] and row["contacts"] < 3:
            reached = chance < 0.7
            way = Way.TELEPHONE if chance < 0.9 else Way.EMAIL
            casework.contact(self._study, there.id, channel=way, reached=reached, note="" if reached else "No answer.", **act)
        elif there.urgency is Urgency.NOW and there.serious is None and chance < 0.08:
            casework.state_serious(self._study, there.id, criterion=Serious.HOSPITALISATION, aware_at=now, **act)
        elif there.serious is not None and there.serious.reported_at is None:
            casework.report_serious(self._study, there.id, Made(now, nurse, "sponsor"), **act)
        elif chance < 0.12 and there.owner != INVESTIGATOR:
            casework.assign(self._study, there.id, owner=INVESTIGATOR, reason="Please look at this with me.", **act)
        else:
            self._finish(row, nurse, now)

    def _finish(self, row: Row, nurse: str, now: datetime) -> None:
        there, chance = cases.of_row(row), self._chance.random()
        item = max(there.known, key=lambda key: there.known[key] or 0, default=("", ""))[1]
        level = there.known.get(next((key for key in there.known if key[1] == item), ("", "")))
        term = ADVERSE.get(item.partition(".")[0])
        if term is not None and chance < 0.25:
            self._record(row, term, nurse, now)
        elif item.endswith(".severity") and level is not None and chance < 0.5 and there.urgency is not Urgency.NOW:
            until = now.date() + timedelta(days=self._chance.choice((28, 56)))
            with suppress(Refused):  # a level that the item does not have
                expecting.expect(
                    self._study, there.participant, item, int(level), until, reason="Known before the study, stable.", actor=nurse, now=now
                )
        action, outcome = (
            ("called", self._chance.choice(("improving", "unchanged", "recovered"))) if row["reached"] else ("other", "not_reached")
        )
        casework.resolve(
            self._study, there.id, seen=there.version, action=action, outcome=outcome, reason="Spoken about, no more to do now.",
            actor=nurse, now=now,
        )  # fmt: skip

    def _record(self, row: Row, term: str, nurse: str, now: datetime) -> None:
        tx = self._study.store.read()
        participant = participants.load(tx, row["participant"])
        assert participant is not None  # noqa: S101
        day = datetime.fromisoformat(row["captured_at"] or row["since"]).date()
        event = AdverseEvent(
            term, 2, day, None, adverse_events.relations(self._study, tx)[0], Action.DOSE_NOT_CHANGED, Outcome.NOT_RECOVERED,
            words="As the participant told it.",
        )  # fmt: skip
        with suppress(Refused):
            form, origin = f"{row['case']}/{self._study.head(tx).position}", Origin(None, row["case"])
            self._to_sign.append(adverse_events.prepare(self._study, participant.number, event, origin, form=form, actor=nurse, now=now))

    def _call(self, row: Row, nurse: str, now: datetime) -> None:
        chance = self._chance.random()
        act: dict[str, Any] = {"seen": row["version"], "actor": nurse, "now": now}
        tried = len(call_tasks.attempts(self._study.store.read(), row["position"]))
        if chance < 0.3:
            return
        if row["owner"] is None:
            calls.take(self._study, row["position"], **act)
        elif tried == 0 or (tried < 3 and chance < 0.5):
            calls.attempt(self._study, row["position"], channel=Way.TELEPHONE, reached=chance < 0.8, note=None, **act)
        else:
            codes = [code for code in watching.codes(self._protocol, Task(row["task"])) if code != DIED]
            calls.close(self._study, row["position"], reason=self._chance.choice(codes), note=None, **act)
