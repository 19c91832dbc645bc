"""The demonstration: makes a data folder, lives a study in it, and tells what happened."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from qol_server import journal, keys
from qol_server.exports import tidy
from qol_server.intake import conduct, looking
from qol_server.intake.staff import open_staff
from qol_server.intake.study import create_study, open_study, path_of
from qol_server.settings import Settings
from qol_server.simulation.clock import ticking
from qol_server.simulation.desk import hire
from qol_server.simulation.life import STAFF, Life, eligible, set_up
from qol_server.simulation.server import served
from qol_server.state import cases, responses
from qol_server.trial.facts import Kind
from qol_server.trial.problems import DEMO_EXISTS, Refused
from qol_server.trial.protocol import Period
from qol_server.trial.schedule import add
from qol_server.views.completeness import completeness
from qol_server.views.ledger import ledger_faults

STUDY = "desminib"
MARK = "this-is-a-demo.txt"


@dataclass(frozen=True, slots=True)
class Wish:
    """What to live: so many participants, so many months, until an instant (UTC), from a seed."""

    participants: int
    months: int
    until: datetime
    seed: int

    @property
    def first(self) -> date:
        return add(self.until.date(), Period(months=-self.months))


def make_folder(settings: Settings, *, fresh: bool) -> None:
    """Make the data folder; with ``fresh`` an earlier demonstration there is removed. Raises Refused(demo-exists)."""
    data = settings.data
    if data.exists() and any(data.iterdir()):
        if not (data / MARK).is_file():
            raise Refused(DEMO_EXISTS, f"{data} is not a demonstration's folder; nothing was touched.")
        if not fresh:
            raise Refused(DEMO_EXISTS, f"{data} holds a demonstration already. Serve it with: qol serve --data {data}")
        shutil.rmtree(data)
    data.mkdir(parents=True, exist_ok=True)
    (data / MARK).write_text("A demonstration of virtual participants. It may be removed at any time.\n", encoding="utf-8")
    keys.make(settings.keys)


def live(settings: Settings, protocol: bytes, wish: Wish, progress: Callable[[date], None]) -> dict[str, Any]:
    """Live the study through its real HTTP interface; returns what the participants' side counted."""
    quick = replace(settings, durable=False)  # what is lost here can be lived again
    began = datetime.combine(wish.first, time(0, 1), UTC)
    study = create_study(quick, STUDY, actor=STAFF, now=began)
    set_up(study, protocol, began)
    with served(quick, began) as (address, clock), ticking(quick, STUDY) as tick:
        life = Life(study, address, clock.set, tick, wish.seed)
        for day in life.run(wish.participants, wish.first, wish.until):
            progress(day)
    study.store.close()
    lived = life.lived
    return {
        "participants": len(lived.participants), "phones": sum(len(one.phones) for one in lived.participants), "sealed": lived.sealed,
        "waiting": sum(len(phone.waiting()) for one in lived.participants for phone in one.phones), "sent_twice": lived.duplicates,
        "ticks": lived.ticks,
    }  # fmt: skip


def newcomer(settings: Settings, now: datetime) -> tuple[str, str]:
    """Enrol one more participant, two weeks into treatment, whose phone is yours; returns the number and a pairing code."""
    study = open_study(settings, STUDY)
    protocol = study.protocol_in_force(study.store.read())
    site = random.Random(0).choice(sorted(protocol.sites))
    enrolment = conduct.Enrolment(site, "1.0", now.date() - timedelta(days=20), eligible(protocol), language="en")
    number = conduct.enrol(study, enrolment, actor=STAFF, now=now)
    conduct.start_treatment(study, number, now.date() - timedelta(days=14), actor=STAFF, now=now)
    return number, conduct.offer_pairing(study, number, actor=STAFF, now=now)[0]


def report(settings: Settings, until: datetime) -> dict[str, Any]:
    """Score and export what was lived, enrol the newcomer, and count what the journal and the views hold."""
    study = open_study(settings, STUDY)
    views = looking.live(study, settings)
    looking.score(study, views, until)
    views.catch_up()
    views.draw(until)
    made = tidy.export(study, settings.data / "export", actor=STAFF, now=until)
    number, code = newcomer(settings, until)
    tx = study.store.read()
    kinds = journal.tally(tx)
    return {
        "entries": journal.head(tx, STUDY).position,
        "journal": str(path_of(settings, STUDY)),
        "export": str(made.folder),
        "exported_at": made.position,
        "newcomer": number,
        "code": code,
        "completion": [
            {"assessment": one.assessment, "expected": one.expected, "answered": one.answered, "rate": one.rate}
            for one in completeness(views, until.date().isoformat())
        ],
        "quarantined": kinds.get(Kind.ENTRY_QUARANTINED, 0),
        "reminders_sent": kinds.get(Kind.REMINDER_SENT, 0),
        "reminders_cancelled": kinds.get(Kind.REMINDER_CANCELLED, 0),
        "calls": kinds.get(Kind.CALL_RAISED, 0),
        "faults": ledger_faults(tx),
        "resolutions": kinds.get(Kind.CASE_RESOLVED, 0),
        "calls_closed": kinds.get(Kind.CALL_CLOSED, 0),
        "adverse_events": kinds.get(Kind.ADVERSE_EVENT_SIGNED, 0),
        "accounts": [
            {"login": one.login, "password": one.password, "role": str(one.role), "site": one.site}
            for one in hire(open_staff(settings, until), STUDY, study.protocol_in_force(tx).sites, until)
        ],
        **cases.tally(tx),
        **responses.tally(tx),
    }
