"""What staff do to run a study: adopt its documents, enrol, set dates, prescribe, hold, withdraw, hand out pairing codes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal

from qol_server import journal
from qol_server.access import pairing
from qol_server.intake import alerting, calls, dating, prescribing, reach
from qol_server.intake.adoption import Adoption, activate, adopt, import_wording, lacking, preview
from qol_server.intake.catalogue import LONGEST_MESSAGE
from qol_server.intake.enrolling import Enrolment, enrol, must_be_included, the_participant
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.store import Tx
from qol_server.trial import facts, problems, schedule
from qol_server.trial.facts import Kind
from qol_server.trial.participant import Participant, Prescription
from qol_server.trial.problems import Refused
from qol_server.trial.protocol import Regimen

__all__ = [
    "Adoption",
    "Enrolment",
    "activate",
    "adopt",
    "enrol",
    "import_wording",
    "lacking",
    "offer_pairing",
    "prescribe",
    "preview",
    "revoke",
    "send_message",
    "set_anchor",
    "start_treatment",
    "the_participant",
    "withdraw",
    "write_message",
]


def set_anchor(
    study: Study, number: str, anchor: str, day: date, *, actor: str, now: datetime, again: bool = False, reason: str | None = None,
    seen: Sequence[date] | None = None,
) -> int:  # fmt: skip
    """Record when something happened to a participant; returns which time it is (1, 2, …).

    Without ``again`` a known day is corrected, which needs a reason. ``seen``: the days that stood there when that was decided.
    Raises Refused(participant-unknown, bad-value, changed-meanwhile).
    """

    nth = study.store.write(lambda tx: _set_anchor(tx, study, number, anchor, day, actor, now, again, reason, seen))
    reach.settle(study, number, now)
    return nth


def _set_anchor(
    tx: Tx, study: Study, number: str, anchor: str, day: date, actor: str, now: datetime, again: bool, reason: str | None,
    seen: Sequence[date] | None,
) -> int:  # fmt: skip
    participant = the_participant(tx, number)
    protocol = study.protocol_in_force(tx)
    if anchor not in protocol.anchors:
        raise Refused(problems.BAD_VALUE, f"There is no anchor {anchor!r}. Allowed: {', '.join(protocol.anchors)}.")
    if anchor == "treatment_start":
        must_be_included(participant)
    _must_not_be_future(day, participant, now)
    known = participant.anchors.get(anchor, ())
    if day in known:
        return known.index(day) + 1
    dating.must_be_as_seen(known, seen)
    if known and not again and not reason:
        raise Refused(
            problems.BAD_VALUE,
            f"{anchor} is known as {known[-1]}. Give a reason to correct it, or say that it happened again.",
        )
    nth = len(known) + 1 if again or not known else len(known)
    receipt = record(
        tx, study, Kind.ANCHOR_SET, {"anchor": anchor, "nth": nth, "date": day.isoformat()}, actor=actor, now=now,
        participant=number, reason=reason, nth=f"{anchor}/{nth}/{day}/{study.head(tx).position}",
    )  # fmt: skip
    alerting.look_again(tx, study, participant, receipt, now)
    calls.settle(tx, study, number, now)
    return nth


def _must_not_be_future(day: date, participant: Participant, now: datetime) -> None:
    today = schedule.local(now, participant.time_zone).date()
    if day > today:
        raise Refused(problems.BAD_VALUE, f"{day} lies in the future; today is {today} for this participant.")


def prescribe(
    study: Study, number: str, regimen: str | None, day: date, *, actor: str, now: datetime, reason: str, note: str = "",
    confirmed: Collection[str] = (), seen: int | None = None,
) -> None:  # fmt: skip
    """Prescribe a regimen from a day on; None is a hold, a prescription of nothing.

    ``confirmed``: the doubts about it that are meant so. ``seen``: the position of the participant's last prescription as it was
    looked at, 0 for none. Raises Refused(participant-unknown, not-eligible, bad-value, unconfirmed, changed-meanwhile).
    """

    def work(tx: Tx) -> None:
        treatment = study.protocol_in_force(tx).treatment
        regimens = {} if treatment is None else treatment.regimens
        if regimen is not None and regimen not in regimens:
            raise Refused(problems.BAD_VALUE, f"There is no regimen {regimen!r}. Allowed: {', '.join(sorted(regimens)) or 'none'}.")
        codes = study.protocol_in_force(tx).reasons.get("hold" if regimen is None else "dose_change", ())
        if reason != "start" and codes and reason not in codes:
            raise Refused(problems.BAD_VALUE, f"{reason!r} is not a reason here. Allowed: {', '.join(codes)}.")
        prescribing.must_be_as_seen(tx, number, seen)
        _prescribe(tx, study, number, regimens.get(regimen or ""), day, actor, now, reason, note, confirmed)

    study.store.write(work)


def _prescribe(
    tx: Tx, study: Study, number: str, regimen: Regimen | None, day: date, actor: str, now: datetime, reason: str, note: str = "",
    confirmed: Collection[str] | None = None,
) -> None:  # fmt: skip
    participant = the_participant(tx, number)
    must_be_included(participant)
    dose, intakes = (Decimal(0), 0) if regimen is None else (regimen.mg_per_day, regimen.intakes_per_day)
    written = Prescription(day, None if regimen is None else regimen.id, dose, intakes, reason)
    if written in participant.prescriptions:
        return
    doubts = prescribing.must_be_meant(study.protocol_in_force(tx), participant, written, now, confirmed)
    fact: dict[str, object] = {
        "from": day.isoformat(),
        "regimen": written.regimen,
        "mg_per_day": format(dose, "f"),
        "intakes_per_day": intakes,
    }
    fact |= ({"note": note} if note else {}) | ({"confirmed": doubts} if doubts else {})
    receipt = record(
        tx, study, Kind.TREATMENT_PRESCRIBED, fact, actor=actor, now=now, participant=number, reason=reason,
        nth=f"{day}/{study.head(tx).position}",
    )  # fmt: skip
    alerting.look_again(tx, study, participant, receipt, now)


def start_treatment(
    study: Study, number: str, day: date, *, actor: str, now: datetime, reason: str | None = None, seen: Sequence[date] | None = None
) -> None:
    """The first dose, or (with a reason) its corrected day; the starting regimen is prescribed where nothing is by that day."""

    def work(tx: Tx) -> None:
        treatment = study.protocol_in_force(tx).treatment
        if treatment is not None and not any(p.day <= day for p in the_participant(tx, number).prescriptions):
            _prescribe(tx, study, number, treatment.regimens[treatment.start], day, actor, now, "start")
        _set_anchor(tx, study, number, "treatment_start", day, actor, now, False, reason, seen)

    study.store.write(work)


def withdraw(
    study: Study, number: str, kind: str, day: date, *, actor: str, now: datetime, reason: str | None = None,
    seen: Sequence[date] | None = None,
) -> None:  # fmt: skip
    """Record one of the protocol's kinds of withdrawal. ``seen``: its day (none or one) when that was decided.

    Raises Refused(participant-unknown, bad-value, changed-meanwhile).
    """

    def work(tx: Tx) -> None:
        participant = the_participant(tx, number)
        kinds = study.protocol_in_force(tx).withdrawals
        if kind not in kinds:
            raise Refused(problems.BAD_VALUE, f"There is no withdrawal of {kind!r}. Allowed: {', '.join(kinds)}.")
        _must_not_be_future(day, participant, now)
        known = participant.withdrawals.get(kind)
        if known == day:
            return
        dating.must_be_as_seen([] if known is None else [known], seen)
        if known is not None and not reason:
            raise Refused(problems.REASON_NEEDED, f"The withdrawal is known as of {known}; say why its day is corrected.")
        receipt = record(
            tx, study, Kind.WITHDRAWAL_RECORDED, {"kind": kind, "date": day.isoformat()}, actor=actor, now=now, participant=number,
            reason=reason, nth=f"{kind}/{day}/{study.head(tx).position}",
        )  # fmt: skip
        alerting.look_again(tx, study, participant, receipt, now)
        calls.settle(tx, study, number, now)

    study.store.write(work)
    reach.settle(study, number, now)


def send_message(study: Study, number: str, text: str, *, actor: str, now: datetime, about: str | None = None) -> str:
    """Send a text, in the participant's language, to the participant's phones; returns the message's id.

    ``about``: the id of an entry of the participant that it answers. Raises Refused(participant-unknown, not-contacted,
    bad-value).
    """

    def work(tx: Tx) -> str:
        participant = the_participant(tx, number)
        if participant.is_paused(schedule.local(now, participant.time_zone).date()):
            raise Refused(problems.NOT_CONTACTED, f"The contact of {number} is paused; nothing is sent.")
        return write_message(tx, study, number, text, actor=actor, now=now, about=about)

    return study.store.write(work)


def write_message(tx: Tx, study: Study, number: str, text: str, *, actor: str, now: datetime, about: str | None) -> str:
    """The same, in a transaction of something larger; what a case needs to tell, a pause does not keep back."""
    text = text.strip()
    if not text or len(text) > LONGEST_MESSAGE:
        raise Refused(problems.BAD_VALUE, f"A message has 1 to {LONGEST_MESSAGE} characters; this one has {len(text)}.")
    participant = the_participant(tx, number)
    if not reach.may_be_contacted(participant, now):
        raise Refused(problems.NOT_CONTACTED, f"The participation of {number}, or the contact, has ended; nothing is sent.")
    if about is not None and not journal.stored(tx, number, [about]):
        raise Refused(problems.BAD_VALUE, f"{number} has no entry {about!r}.")
    nth = study.head(tx).position
    fact = {"text": text, "language": participant.language, "about": about}
    record(tx, study, Kind.MESSAGE_SENT, fact, actor=actor, now=now, participant=number, nth=nth)
    return facts.server_id(study.slug, Kind.MESSAGE_SENT, number, None, nth)


def offer_pairing(study: Study, number: str, *, actor: str, now: datetime, replaces: bool = False) -> tuple[str, str]:
    """Make a pairing code; returns it and the instant until which it is good. The code itself is never journaled.

    Raises Refused(participant-unknown, not-eligible).
    """

    def work(tx: Tx) -> tuple[str, str]:
        must_be_included(the_participant(tx, number))
        code, expires = pairing.offer(tx, number, now, replaces=replaces)
        fact = {"expires_at": expires, "replaces": replaces}
        record(tx, study, Kind.PAIRING_OFFERED, fact, actor=actor, now=now, participant=number, nth=study.head(tx).position)
        return code, expires

    return study.store.write(work)


def revoke(study: Study, number: str, device: str | None = None, *, actor: str, now: datetime, reason: str | None = None) -> list[str]:
    """Lock out one phone of the participant (lost, stolen), else all that are active; returns those locked out now.

    Raises Refused(participant-unknown, device-unknown).
    """

    def work(tx: Tx) -> list[str]:
        the_participant(tx, number)
        devices = pairing.active_devices(tx, number)
        if device is not None:
            known = {phone["device"]: phone["status"] for phone in pairing.phones(tx, number)}
            if device not in known:
                raise Refused(problems.DEVICE_UNKNOWN, f"{number} never had the phone {device}.")
            devices = [device] if known[device] != "revoked" else []
        for each in devices:
            record(tx, study, Kind.DEVICE_REVOKED, {"device": each}, actor=actor, now=now, participant=number, reason=reason, nth=each)
        return devices

    locked_out = study.store.write(work)
    reach.settle(study, number, now)
    return locked_out
