"""The door of the study for people: consent first, then eligibility, then the inclusion that opens schedule and pairing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from qol_server.intake.people_shapes import ON_PAPER
from qol_server.intake.record import record
from qol_server.intake.shapes import time_zones
from qol_server.intake.study import Study
from qol_server.state import participants, screening
from qol_server.store import Tx
from qol_server.trial import consenting, eligibility, problems, schedule
from qol_server.trial import participant as people
from qol_server.trial.eligibility import Judged, Result
from qol_server.trial.facts import Kind
from qol_server.trial.participant import Participant
from qol_server.trial.problems import Refused
from qol_server.trial.protocol import Protocol

INCLUSION = "inclusion"
_TAKER = re.compile(r"staff:[a-z0-9][a-z0-9._+@-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is known of a participant at enrolment. ``eligibility``: criterion id -> value ("yes", "no" or a number).

    ``consent_taken_by``: who took the consent, as for ``give_consent``.
    """

    site: str
    consent_version: str
    consent_day: date
    eligibility: Mapping[str, str]
    language: str | None = None
    time_zone: str | None = None
    reminder_hour: int = 9
    consent_taken_by: str | None = None


def enrol(study: Study, enrolment: Enrolment, *, actor: str, now: datetime) -> str:
    """Enrol and include a participant at once; returns the number. Raises Refused(study-not-active, not-eligible, bad-value)."""
    return study.store.write(lambda tx: _enrol(tx, study, enrolment, actor, now, at_once=True))


def screen(study: Study, enrolment: Enrolment, *, actor: str, now: datetime, form: str | None = None) -> str:
    """Give somebody who consented a number; returns it. Values may be missing or fail: they are kept.

    When all criteria are met the participant is included by it. ``form``: the id of the form that it was typed into, if there was
    one; what comes again from it, as a browser may send it, is the same person. Raises Refused(study-not-active, bad-value).
    """
    return study.store.write(lambda tx: _enrol(tx, study, enrolment, actor, now, at_once=False, form=form))


def _enrol(tx: Tx, study: Study, enrolment: Enrolment, actor: str, now: datetime, *, at_once: bool, form: str | None = None) -> str:
    known = None if form is None else participants.enrolled_by(tx, form)
    if known is not None:
        return known
    protocol = study.protocol_in_force(tx)
    if not study.is_active(tx):
        raise Refused(problems.STUDY_NOT_ACTIVE, f"Activate it with: qol study activate {study.slug}")
    site = protocol.sites.get(enrolment.site)
    if site is None:
        raise Refused(problems.BAD_VALUE, f"There is no site {enrolment.site!r}. Allowed: {', '.join(sorted(protocol.sites))}.")
    language = enrolment.language or protocol.languages[0]
    if language not in protocol.languages:
        raise Refused(problems.BAD_VALUE, f"{language!r} is not a language of the study. Allowed: {', '.join(protocol.languages)}.")
    judged = judged_by(protocol, enrolment.eligibility)
    failures = [one for one in judged if one.blocks]
    if at_once and failures:
        of_all = f"{len(failures)} of {len(judged)} are not."
        raise Refused(problems.NOT_ELIGIBLE, of_all, errors=[{"what": one.why} for one in failures])
    zone = enrolment.time_zone or site.time_zone
    if zone not in time_zones():
        raise Refused(problems.BAD_VALUE, f"{zone!r} is not the name of a time zone, like {site.time_zone}.")
    today = schedule.local(now, zone).date()
    must_be_in_force(protocol, enrolment.consent_version, enrolment.consent_day, today)
    must_be_no_name(enrolment.consent_taken_by)
    nth = sum(number.startswith(site.id + "-") for number in participants.numbers(tx)) + 1
    number = people.number(site.id, nth)
    anchors = {"consent": enrolment.consent_day.isoformat()}
    if not failures and INCLUSION in protocol.anchors:
        anchors[INCLUSION] = today.isoformat()
    fact = {
        "number": number, "site": site.id, "language": language, "time_zone": zone, "reminder_hour": enrolment.reminder_hour,
        "consent_version": enrolment.consent_version, "consent_taken_by": enrolment.consent_taken_by or actor, "anchors": anchors,
        "included": not failures, "eligibility": _as_fact(judged),
    } | ({"form": form} if form else {})  # fmt: skip
    record(tx, study, Kind.PARTICIPANT_ENROLLED, fact, actor=actor, now=now, participant=number)
    return number


def _as_fact(judged: tuple[Judged, ...]) -> list[dict[str, str]]:
    return [{"criterion": one.criterion.id, "value": one.value, "result": one.result} for one in judged if one.value is not None]


def judged_by(protocol: Protocol, given: Mapping[str, str]) -> tuple[Judged, ...]:
    """Every criterion of a protocol with these values. Raises Refused(bad-value): no criterion, or no value of one."""
    known = {criterion.id: criterion for criterion in protocol.eligibility}
    values: dict[str, str] = {}
    for name, text in given.items():
        if name not in known:
            raise Refused(problems.BAD_VALUE, f"There is no criterion {name!r}. The study asks for: {', '.join(sorted(known))}.")
        try:
            values[name] = eligibility.read(known[name], text)
        except ValueError as wrong:
            raise Refused(problems.BAD_VALUE, f"{name}: {wrong}.") from None
    return eligibility.judge_all(protocol.eligibility, values)


def must_be_in_force(protocol: Protocol, version: str, day: date, today: date) -> None:
    """Raises Refused(bad-value) unless this version of the consent was the one to sign on that day, today or earlier."""
    if day > today:
        raise Refused(problems.BAD_VALUE, f"The consent of {day} lies in the future.")
    if not protocol.consents:
        return
    listed = consenting.in_force(protocol.consents, day)
    if listed is None:
        raise Refused(problems.BAD_VALUE, f"The study has no consent before {protocol.consents[0].since}; this one is of {day}.")
    if listed.version != version:
        raise Refused(problems.BAD_VALUE, f"The consent in force on {day} is version {listed.version}, not {version}.")


def must_be_no_name(taken_by: str | None) -> None:
    """Raises Refused(bad-value) for what is neither a login nor "on-paper"."""
    if taken_by is not None and taken_by != ON_PAPER and not _TAKER.fullmatch(taken_by):
        raise Refused(problems.BAD_VALUE, f"{taken_by!r} is no login. Who has none stands on the signed form: say {ON_PAPER!r}.")


def the_participant(tx: Tx, number: str) -> Participant:
    """The participant of a number. Raises Refused(participant-unknown), which tells a mistyped number apart."""
    found = participants.load(tx, number)
    if found is None:
        why = "is not a participant of this study" if people.number_is_valid(number) else "is mistyped: its check digit does not fit"
        raise Refused(problems.PARTICIPANT_UNKNOWN, f"{number!r} {why}.")
    return found


def must_be_included(participant: Participant) -> None:
    """Raises Refused(not-eligible) for whoever is in screening, or failed a criterion without a signed deviation."""
    if not participant.included:
        why = f"Not met: {', '.join(participant.unmet)}." if participant.unmet else "Eligibility is not complete yet."
        raise Refused(problems.NOT_ELIGIBLE, f"{participant.number} is not included. {why}")


# Consent


def give_consent(study: Study, number: str, version: str, day: date, *, actor: str, now: datetime, taken_by: str | None = None) -> None:
    """Record that a participant signed a consent (again). Raises Refused(participant-unknown, bad-value).

    ``taken_by``: who took it, as an actor ("staff:<login>") or "on-paper" for somebody without an account, whose name stands on the
    signed form alone: the journal is for good, and a name is not. None: whoever records it. What is known already is not recorded
    twice.
    """

    def work(tx: Tx) -> None:
        participant = the_participant(tx, number)
        today = schedule.local(now, participant.time_zone).date()
        must_be_in_force(study.protocol_in_force(tx), version, day, today)
        must_be_no_name(taken_by)
        if day < min(participant.anchors["consent"]):
            raise Refused(
                problems.BAD_VALUE, f"The first consent of {number} is of {min(participant.anchors['consent'])}; {day} is earlier."
            )
        fact = {"version": version, "date": day.isoformat(), "taken_by": taken_by or actor}
        if all((one.version, one.day) != (version, day) for one in participant.consents):
            record(tx, study, Kind.CONSENT_GIVEN, fact, actor=actor, now=now, participant=number, nth=f"{version}/{day}")

    study.store.write(work)


# Eligibility


def standing_of(study: Study, tx: Tx, number: str) -> tuple[Judged, ...]:
    """Every criterion of the protocol in force with the participant's value, and whether a deviation was signed for it."""
    return eligibility.judge_all(study.protocol_in_force(tx).eligibility, screening.values(tx, number), screening.deviations(tx, number))


def set_values(
    study: Study, number: str, given: Mapping[str, str], *, actor: str, now: datetime, reason: str | None = None
) -> tuple[Judged, ...]:
    """Record values of criteria; returns all criteria as they stand then. When all are met, the participant is included.

    A value that replaces another one needs a reason. Somebody who is included stays so whatever turns out: what is not met is
    named, and waits for a signed deviation. Raises Refused(participant-unknown, bad-value, reason-needed).
    """

    def work(tx: Tx) -> tuple[Judged, ...]:
        participant = the_participant(tx, number)
        protocol = study.protocol_in_force(tx)
        fresh = {one.criterion.id: one.value for one in judged_by(protocol, given) if one.value is not None}
        known = screening.values(tx, number)
        changed = [name for name, value in fresh.items() if known.get(name, value) != value]
        if changed and not reason:
            raise Refused(problems.REASON_NEEDED, f"Say why it changes: {', '.join(changed)}.")
        judged = eligibility.judge_all(protocol.eligibility, known | fresh, screening.deviations(tx, number))
        if any(known.get(name) != value for name, value in fresh.items()):
            record(
                tx, study, Kind.ELIGIBILITY_RECORDED, {"values": _as_fact(judged)}, actor=actor, now=now, participant=number,
                reason=reason, nth=study.head(tx).position,
            )  # fmt: skip
        _include(tx, study, participant, judged, actor, now)
        return judged

    return study.store.write(work)


def sign_deviation(
    study: Study, number: str, seen: Mapping[str, str], *, meaning: str, reason: str, actor: str, now: datetime
) -> tuple[Judged, ...]:
    """An investigator accepts, by signature, criteria that are not met; returns all criteria as they stand then.

    ``seen``: criterion -> value, all that is not met as the signer saw it. ``meaning``: the sentence that was signed. What is
    unknown cannot be signed for. Raises Refused(participant-unknown, eligibility-changed, reason-needed).
    """
    if not reason.strip():
        raise Refused(problems.REASON_NEEDED)

    def work(tx: Tx) -> tuple[Judged, ...]:
        participant = the_participant(tx, number)
        standing = standing_of(study, tx, number)
        unmet = {one.criterion.id: one.value for one in standing if one.result is Result.NOT_MET and one.blocks}
        if not unmet or unmet != dict(seen):
            raise Refused(problems.ELIGIBILITY_CHANGED)
        criteria = [{"criterion": name, "value": value} for name, value in unmet.items()]
        record(
            tx, study, Kind.DEVIATION_SIGNED, {"criteria": criteria, "meaning": meaning}, actor=actor, now=now, participant=number,
            reason=reason.strip(), nth=study.head(tx).position,
        )  # fmt: skip
        judged = standing_of(study, tx, number)
        _include(tx, study, participant, judged, actor, now)
        return judged

    return study.store.write(work)


def _include(tx: Tx, study: Study, participant: Participant, judged: tuple[Judged, ...], actor: str, now: datetime) -> None:
    if participant.included or not eligibility.may_be_included(judged):
        return
    today = schedule.local(now, participant.time_zone).date().isoformat()
    anchors = {INCLUSION: today} if INCLUSION in study.protocol_in_force(tx).anchors else {}
    record(tx, study, Kind.PARTICIPANT_INCLUDED, {"date": today, "anchors": anchors}, actor=actor, now=now, participant=participant.number)
