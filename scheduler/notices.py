"""The tick that tells staff by e-mail what cannot wait on the worklist: a case or call, its escalation, the week's digest."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import orjson

from qol_server.access import accounts
from qol_server.access.accounts import Reach
from qol_server.clock import stamp
from qol_server.intake.record import record
from qol_server.intake.staff import open_staff
from qol_server.intake.study import Study
from qol_server.logs import log_failure
from qol_server.messaging import NotTaken, Undeliverable
from qol_server.messaging.sending import Sender
from qol_server.settings import Settings
from qol_server.state import adverse_events, calls, cases, notices
from qol_server.store import Row, Tx
from qol_server.trial import facts, notifying, reminding
from qol_server.trial.facts import Kind
from qol_server.trial.protocol import Site
from qol_server.trial.roles import Role

log = logging.getLogger(__name__)

CLOCK = "clock"
DIGEST_FOR = timedelta(days=3)
"""How long after its Monday a digest is still worth a mail: whoever comes later finds the list on the desk."""
NO_ADDRESS = "no e-mail address is known"
FINAL = ("sent", "failed")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that staff of a site are to be told. ``about`` names it and no other: a case, call or report with a step, or a week.
    ``is_news``: about a case of which they were told before.

    ``path``: of the page that a link leads to.
    """

    about: str
    template: str
    site: str
    path: str
    step: int = 0
    case: str | None = None
    participant: str | None = None
    owner: str | None = None
    count: int | None = None
    to_all: bool = False
    is_news: bool = False


def notify(study: Study, now: datetime, settings: Settings, sender: Sender) -> Counter[str]:
    """Tell staff what is to be told and was not yet; returns how many mails were sent, deferred or failed.

    Each is claimed before it is sent, once for each person. One of which nothing is known for ten minutes is sent again under the
    same key, as long as the case waits.
    """
    done = Counter[str]()
    found = study.store.snapshot(lambda tx: list(_unfinished(study, tx, now)))
    if not found or not settings.server.exists():
        return done
    staff = open_staff(settings, now)
    try:
        for notice in found:
            for person in _people(staff.store.read(), study, notice):
                outcome = _tell(study, notice, person, now, settings, sender)
                if outcome is not None:
                    done[outcome] += 1
    finally:
        staff.store.close()
    return done


def _unfinished(study: Study, tx: Tx, now: datetime) -> Iterator[Notice]:
    """What is to be told, but for what everybody was told already."""
    for notice in _all(study, tx, now):
        told = notices.of(tx, notice.about)
        if not told or any(_try(row, now) is not None for row in told):
            yield notice


def _all(study: Study, tx: Tx, now: datetime) -> Iterator[Notice]:
    for case, site in (*cases.waiting(tx), *cases.taken(tx, stalled=True)):
        step = notifying.step_to_tell(case)
        if step is not None:
            about, template = f"{stamp(case.since)}/{step}", "case-escalated" if step else "case-waits"
            if case.stalled and case.acted_at is not None:
                about, template = f"{stamp(case.acted_at)}/stalled/{step}", "case-stalled"
            waits = Notice(
                f"case/{case.id}/{about}", template, site, f"cases/{case.id}", step, case.id, case.participant,
                (case.owner or "").removeprefix("staff:") or None,
            )  # fmt: skip
            yield waits
            told_at = min((datetime.fromisoformat(row["told_at"]) for row in notices.of(tx, waits.about)), default=None)
            news = notifying.news_to_tell(case, told_at)
            if news is not None:
                yield replace(waits, about=f"{waits.about}/news/{news}", template="case-news", is_news=True)
    protocol = study.protocol_in_force(tx)
    for row in calls.appeals(tx):
        where = protocol.sites.get(row["site"]) or Site(row["site"], row["site"], protocol.time_zone)  # dropped by an amendment: no hours
        step = notifying.call_step_to_tell(where, datetime.fromisoformat(row["raised_at"]), now)
        if step is not None:
            yield Notice(
                f"call/{row['position']}/{step}", "call-escalated" if step else "call-waits", row["site"], f"calls/{row['position']}",
                step, participant=row["participant"],
            )  # fmt: skip
    yield from _reports(tx, now)
    for site in protocol.sites:
        digest = calls.digest(tx, site)
        lines = [] if digest is None else orjson.loads(digest["lines"])
        if digest is not None and lines and now.date() - date.fromisoformat(digest["week"]) <= DIGEST_FOR:
            yield Notice(f"digest/{site}/{digest['week']}", "digest", site, "calls/digest", count=min(len(lines), 9999))


def _reports(tx: Tx, now: datetime) -> Iterator[Notice]:
    """Of the reports of what is serious: that one is due soon, and that its time is over."""
    clocks = [
        (case.id, f"cases/{case.id}", site, case.participant, case.serious.due) for case, site in cases.unreported(tx) if case.serious
    ]
    clocks += [
        (found.ae, "worklist", site, found.participant, found.report.due) for found, site in adverse_events.unreported(tx) if found.report
    ]
    for id_, path, site, number, due in clocks:
        told = notifying.report_to_tell(due, now)
        if told is not None:
            template = "report-over" if told is notifying.Report.OVER else "report-due"
            yield Notice(f"report/{id_}/{stamp(due)}/{told}", template, site, path, int(told), participant=number, to_all=True)


def _people(tx: Tx, study: Study, notice: Notice) -> Iterable[Reach]:
    by_role = {role: accounts.reach(tx, role, study.slug, notice.site) for role in (Role.NURSE, Role.INVESTIGATOR)}
    nurses, investigators = ([person.login for person in by_role[role]] for role in (Role.NURSE, Role.INVESTIGATOR))
    choose = notifying.told_of_news if notice.is_news else notifying.recipients
    chosen = choose(notice.step, notice.owner, nurses, investigators)
    if notice.to_all:
        chosen = tuple(dict.fromkeys((*investigators, *nurses)))
    known = {person.login: person for people in by_role.values() for person in people}
    return [known[login] for login in chosen]


def _try(row: Row | None, now: datetime) -> int | None:
    """Which try of a notice to a person is due, from 1; None where none is."""
    if row is None:
        return 1
    if row["outcome"] in FINAL or row["tries"] >= reminding.MOST_TRIES:
        return None
    again = datetime.fromisoformat(row["until"]) if row["until"] else datetime.fromisoformat(row["told_at"]) + notifying.ASK_AGAIN
    return int(row["tries"]) + 1 if again <= now else None


def _tell(study: Study, notice: Notice, person: Reach, now: datetime, settings: Settings, sender: Sender) -> str | None:
    """Claim a notice to one person, send it, and record what became of it; None where it is not due or another clock's."""

    def claim(tx: Tx) -> int | None:
        row = next((each for each in notices.of(tx, notice.about) if each["login"] == person.login), None)
        nth = _try(row, now)
        is_due = nth is not None and any(each.about == notice.about for each in _all(study, tx, now))
        return nth if nth is not None and is_due and _record(tx, study, notice, person, nth, "intended", now) else None

    nth = study.store.write(claim)
    if nth is None:
        return None
    outcome, why, until = _send(study, notice, person, nth, now, settings, sender)
    if outcome is not None:
        study.store.write(lambda tx: _record(tx, study, notice, person, nth, outcome, now, why, until))
    return outcome or "unknown"


def _send(
    study: Study, notice: Notice, person: Reach, nth: int, now: datetime, settings: Settings, sender: Sender
) -> tuple[str | None, str | None, datetime | None]:
    """What became of it, why, and until when it waits; no outcome where nobody knows."""
    key = facts.server_id(study.slug, Kind.STAFF_NOTIFIED, notice.participant, None, f"{notice.about}/{person.login}")
    link = f"{settings.public_url}/{study.slug}/staff/{notice.path}" if settings.public_url else ""
    slots = {"site": notice.site, "link": link} | ({} if notice.count is None else {"count": str(notice.count)})
    try:
        if person.email is None:
            raise Undeliverable(NO_ADDRESS)
        sender.notice(person.email, notice.template, person.language, slots, key, now)
    except Undeliverable as refused:
        return "failed", refused.why, None
    except NotTaken as busy:
        wait = max(busy.wait, reminding.FIRST_WAIT * 2 ** (nth - 1))
        return ("deferred", busy.why, now + wait) if nth < reminding.MOST_TRIES else ("failed", busy.why, None)
    except Exception as failure:
        log_failure(log, f"what became of the notice {key} is unknown", failure)
        return None, None, None
    return "sent", None, None


def _record(
    tx: Tx, study: Study, notice: Notice, person: Reach, nth: int, outcome: str, now: datetime, why: str | None = None,
    until: datetime | None = None,
) -> bool:  # fmt: skip
    fact = {
        "about": notice.about, "template": notice.template, "site": notice.site, "step": notice.step, "case": notice.case,
        "login": person.login, "channel": "email", "try": nth, "outcome": outcome, "until": None if until is None else stamp(until),
    }  # fmt: skip
    word = "intended" if outcome == "intended" else "settled"
    found = record(
        tx, study, Kind.STAFF_NOTIFIED, fact, actor=CLOCK, now=now, participant=notice.participant, reason=why,
        nth=f"{notice.about}/{person.login}/{nth}/{word}",
    )  # fmt: skip
    return found is not None
