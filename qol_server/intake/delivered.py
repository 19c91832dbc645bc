"""What a gateway reports of a text message after it took it."""

from __future__ import annotations

from datetime import datetime

from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.state import ledger
from qol_server.store import Tx
from qol_server.trial import problems
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from qol_server.trial.reminding import Outcome

SMS = "sms"
UNDELIVERED = "the gateway could not deliver it"


def report(study: Study, key: str, *, arrived: bool, now: datetime) -> None:
    """Record that the message of a key has arrived, or that it will not; the next channel follows then. The same report changes nothing.

    Raises Refused(message-unknown).
    """

    def work(tx: Tx) -> None:
        row = ledger.of_id(tx, key)
        if row is None or row["channel"] != SMS:
            raise Refused(problems.MESSAGE_UNKNOWN)
        kind = Kind.REMINDER_DELIVERED if arrived else Kind.REMINDER_FAILED
        if arrived or row["outcome"] in (Outcome.INTENDED, Outcome.SENT):
            fact = {"rung": row["rung"], "channel": SMS, "at": row["at"]}
            record(
                tx, study, kind, fact, actor="gateway", now=now, participant=row["participant"], occurrence=row["occurrence"],
                reason=None if arrived else UNDELIVERED, nth=f"{row['rung']}/{SMS}/reported",
            )  # fmt: skip

    study.store.write(work)
