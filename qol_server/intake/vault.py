"""Names, telephones and addresses of participants: written, looked at and destroyed, each time with a line in the journal.

The journal says who, whose, when and what for; what the details say stands in the vault alone, under a key for each participant.
The line comes first: there may be one for a look that a crash prevented, never a look without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import orjson

from qol_server import journal
from qol_server.contacts import PERSON
from qol_server.intake.enrolling import the_participant
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.store import Tx
from qol_server.trial import problems
from qol_server.trial.contacting import FIELDS, Purpose, fits
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused

DETAILS = "details"


def is_kept(study: Study, number: str) -> bool:
    """Whether there are contact details of the participant; this is no look at them."""
    return bool(study.contacts.names(number, PERSON))


def written_at(tx: Tx, number: str) -> int:
    """The position at which details were last written or erased; 0 before the first."""
    last = journal.of_participant(tx, number, (Kind.CONTACT_WRITTEN, Kind.CONTACT_ERASED))
    return last[-1].position if last else 0


def write(study: Study, number: str, details: Mapping[str, str], *, actor: str, now: datetime, seen: int | None = None) -> None:
    """Keep these details, and no others, of a participant. ``seen``: what ``written_at`` said when the writer looked.

    Raises Refused(participant-unknown, bad-value, contact-changed, data-folder).
    """
    kept = {field: details[field] for field in FIELDS if details.get(field)}
    for field in {*details} - {*FIELDS}:
        raise Refused(problems.BAD_VALUE, f"There is no {field!r}. Allowed: {', '.join(FIELDS)}.")
    for field, value in kept.items():
        if not fits(field, value):
            raise Refused(problems.BAD_VALUE, f"What is given as {field} cannot be one.")
    _tell(
        study, number, Kind.CONTACT_WRITTEN, {"fields": list(kept)}, actor, now, seen=seen,
        then=lambda: study.contacts.put(number, PERSON, DETAILS, orjson.dumps(kept), now),
    )  # fmt: skip


def look(study: Study, number: str, why: Purpose, *, actor: str, now: datetime) -> dict[str, str]:
    """The details of a participant, by field; that somebody looked is journalled before. Raises Refused(participant-unknown)."""
    _tell(study, number, Kind.CONTACT_SEEN, {"why": why}, actor, now)
    found = study.contacts.read(number, PERSON, who=actor, why=why, now=now)
    return orjson.loads(found[DETAILS]) if DETAILS in found else {}


def erase(study: Study, number: str, *, reason: str, actor: str, now: datetime, seen: int | None = None) -> None:
    """Destroy a participant's key, and with it all that could reach them, the phones' subscriptions too.

    ``seen``: as for ``write``: what somebody wrote meanwhile is not erased unseen. Raises Refused(participant-unknown,
    reason-needed, contact-changed).
    """
    if not reason.strip():
        raise Refused(problems.REASON_NEEDED)
    _tell(study, number, Kind.CONTACT_ERASED, {}, actor, now, reason.strip(), seen=seen, then=lambda: study.contacts.erase(number))


def _tell(
    study: Study, number: str, kind: Kind, fact: Mapping[str, object], actor: str, now: datetime, reason: str | None = None,
    *, seen: int | None = None, then: Callable[[], object] = lambda: None,
) -> None:  # fmt: skip
    """Journal what is done with details, and do it (``then``) before anybody else may write: what was erased stays so."""

    def work(tx: Tx) -> None:
        the_participant(tx, number)
        if seen is not None and written_at(tx, number) != seen:
            raise Refused(problems.CONTACT_CHANGED)
        record(tx, study, kind, fact, actor=actor, now=now, participant=number, reason=reason, nth=study.head(tx).position)
        then()

    study.store.write(work)
