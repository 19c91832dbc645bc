"""A pause of all contact: for a stay in hospital or a holiday nobody writes to a participant or calls, up to a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from qol_server.intake.enrolling import the_participant
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.store import Tx
from qol_server.trial import problems
from qol_server.trial.facts import Kind
from qol_server.trial.participant import WITHOUT_END
from qol_server.trial.problems import Refused
from qol_server.trial.schedule import local

LONGEST_PAUSE = timedelta(days=92)
"""A pause is thought over at least so often; who wants no contact at all withdraws from it."""
DIED = "died"
"""The reason of a pause that begins when a call is closed because the participant died."""


def pause_after_death(tx: Tx, study: Study, number: str, *, actor: str, now: datetime) -> None:
    """Somebody heard that the participant died: nobody writes or calls until somebody says that it was an error. The death itself is
    recorded as a date; until it is, the desk is reminded of it."""
    if the_participant(tx, number).paused_until != WITHOUT_END:
        _record(tx, study, number, Kind.CONTACT_PAUSED, {"until": None}, DIED, actor, now)


def pause(study: Study, number: str, until: date, *, reason: str, actor: str, now: datetime) -> None:
    """Pause all contact up to and with a day of the participant's; a later pause replaces an earlier one.

    What waits to be sent is cancelled in the same transaction. Raises Refused(participant-unknown, bad-value, reason-needed).
    """

    def work(tx: Tx) -> None:
        participant = the_participant(tx, number)
        today = local(now, participant.time_zone).date()
        if participant.paused_until == WITHOUT_END:
            raise Refused(problems.BAD_VALUE, f"Somebody said that {number} died. If that was an error, resume contact first, and say so.")
        if not today <= until <= today + LONGEST_PAUSE:
            raise Refused(problems.BAD_VALUE, f"The last day of a pause lies within the next {LONGEST_PAUSE.days} days; not {until}.")
        if not reason.strip():
            raise Refused(problems.REASON_NEEDED, "Say why nobody is to write or call.")
        if participant.paused_until == until:
            return
        _record(tx, study, number, Kind.CONTACT_PAUSED, {"until": until.isoformat()}, reason.strip(), actor, now)

    study.store.write(work)


def resume(study: Study, number: str, *, reason: str, actor: str, now: datetime) -> None:
    """End a pause before its day; of one after a death the reason says why that was an error.

    Raises Refused(participant-unknown, bad-value, reason-needed).
    """

    def work(tx: Tx) -> None:
        participant = the_participant(tx, number)
        if not participant.is_paused(local(now, participant.time_zone).date()):
            raise Refused(problems.BAD_VALUE, f"The contact with {number} is not paused.")
        if participant.paused_until == WITHOUT_END and not reason.strip():
            raise Refused(problems.REASON_NEEDED, "Somebody said that the participant died: say why that was an error.")
        _record(tx, study, number, Kind.CONTACT_RESUMED, {}, reason.strip(), actor, now)

    study.store.write(work)


def _record(tx: Tx, study: Study, number: str, kind: Kind, fact: dict[str, object], reason: str, actor: str, now: datetime) -> None:
    nth = study.head(tx).position  # the same pause may be made again after it was ended
    record(tx, study, kind, fact, actor=actor, now=now, participant=number, reason=reason or None, nth=nth)
