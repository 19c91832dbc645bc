"""The door for staff, the clock and the server itself: one fact, checked, appended and folded in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qol_server import journal
from qol_server.clock import stamp
from qol_server.intake.catalogue import SHAPES
from qol_server.intake.shapes import faults
from qol_server.journal import Head
from qol_server.state import ledger, participants
from qol_server.store import Tx
from qol_server.trial import facts, problems, reminding
from qol_server.trial.facts import Entry, Kind
from qol_server.trial.problems import Refused

if TYPE_CHECKING:
    from qol_server.intake.study import Study


def record(
    tx: Tx,
    study: Study,
    kind: Kind,
    fact: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
    participant: str | None = None,
    device: str | None = None,
    occurrence: str | None = None,
    reason: str | None = None,
    nth: int | str = 1,
) -> Head | None:
    """Append one entry that the server makes; returns its receipt, or None when the same fact was recorded before.

    A fact is the same when study, kind, participant, occurrence and ``nth`` are. Must run inside ``Store.write``. Raises
    Refused(bad-request) when the fact does not have its kind's shape.
    """
    identity = facts.server_id(study.slug, kind, participant, occurrence, nth)
    if journal.has(tx, kind, participant, identity):
        return None
    entry, body = sealed(
        kind, identity, fact, actor=actor, received_at=stamp(now), participant=participant, device=device, occurrence=occurrence,
        reason=reason,
    )  # fmt: skip
    receipt = journal.append(tx, study.slug, [(entry, body)])[0]
    study.folder.fold(tx, entry.at(receipt.position), fact)
    if participant is not None and kind in _MAY_END_CONTACT:
        _cancel(tx, study, participant, now, why=str(kind))
    return receipt


def is_done(tx: Tx, study: Study, kinds: Iterable[Kind], participant: str, form: str | None, occurrence: str | None = None) -> bool:
    """Whether what was typed into a form is recorded: an entry of one of these kinds that was recorded with the form's id as ``nth``.

    A form has an id of its own from when it was shown: sent twice it is done once, and two that say the same are two.
    """
    if form is None:
        return False
    ids = [facts.server_id(study.slug, kind, participant, occurrence, form) for kind in kinds]
    return bool(journal.stored(tx, participant, ids))


_MAY_END_CONTACT = {Kind.ANCHOR_SET, Kind.WITHDRAWAL_RECORDED, Kind.CONTACT_PAUSED}


def _cancel(tx: Tx, study: Study, number: str, now: datetime, *, why: str) -> None:
    """Cancel, in the transaction that ends or pauses contact, the messages that wait to be tried again."""
    participant = participants.load(tx, number)
    if participant is not None and reminding.is_to_be_left_alone(participant, now):
        for row in ledger.deferred(tx, participant=number):
            fact = {"rung": row["rung"], "channel": row["channel"], "at": row["at"]}
            nth = f"{row['rung']}/{row['channel']}"
            record(
                tx, study, Kind.REMINDER_CANCELLED, fact, actor="server", now=now, participant=number, occurrence=row["occurrence"],
                reason=why, nth=nth,
            )  # fmt: skip


def sealed(kind: Kind, identity: str, fact: Mapping[str, Any], **header: Any) -> tuple[Entry, bytes]:
    """An entry of this fact and the SHA-256 of its line; ``header``: the entry's other fields. Raises Refused(bad-request)."""
    wrong = SHAPES[kind].validate(fact)
    if wrong:
        raise Refused(problems.BAD_REQUEST, f"This {kind} has wrong or missing fields.", errors=faults(wrong))
    line = facts.canonical(fact)
    return Entry(kind=kind, id=identity, line=line, **header), hashlib.sha256(line).digest()
