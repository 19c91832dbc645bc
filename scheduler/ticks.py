"""What happens at a tick: each reads the state, asks the rules what is due at ``now``, and records what it did, once.

Every entry's id follows from what it says, so any number of clocks may tick at once, at any times, and be killed anywhere.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from qol_server import messaging
from qol_server.access import accounts
from qol_server.intake import calls, casework, logins, looking
from qol_server.intake.record import record
from qol_server.intake.staff import open_staff
from qol_server.intake.study import Study
from qol_server.settings import Settings
from qol_server.store import Store, Tx
from qol_server.trial.facts import Kind
from qol_server.trial.roles import Permission, may
from scheduler import seals
from scheduler.reminders import CLOCK
from scheduler.reminders import remind as remind


def score(study: Study, now: datetime, settings: Settings) -> bool:
    """Score the responses that came since the last run, and journal the run; whether there were any."""
    views = looking.live(study, settings)
    try:
        return looking.score(study, views, now) is not None
    finally:
        views.store.close()


def seal(study: Study, now: datetime, settings: Settings) -> bool:
    """Sign the journal's head once a UTC day when it moved, and write it where it can be copied from; whether it did.

    Appends one line to ``seals/<study>.jsonl`` in the data folder, durably; a line that a crash kept from being written
    follows at the next tick.
    """

    def work(tx: Tx) -> bool:
        if not seals.has_moved(tx):
            return False
        head = study.signed_head(study.head(tx))
        return record(tx, study, Kind.JOURNAL_SEALED, head, actor=CLOCK, now=now, nth=now.date().isoformat()) is not None

    sealed = seals.has_moved(study.store.read()) and study.store.write(work)
    seals.copy_out(study, settings)
    return sealed


def seal_accounts(settings: Settings, now: datetime) -> None:
    """The same for the server's own journal, where there is one, after telling it the wrong tries that nobody's log-in told."""
    if not settings.server.exists():
        return
    staff = open_staff(settings, now)

    def work(tx: Tx) -> None:
        logins.tell_failures(staff, tx, now)
        if seals.has_moved(tx):
            staff.seal(tx, actor=CLOCK, now=now)

    staff.store.write(work)
    seals.copy_out(staff, settings)
    staff.store.close()


def escalate(study: Study, now: datetime, settings: Settings) -> Counter[str]:
    """Make cases nobody's again whose owner cannot work on them any more, and take the steps that are due; how many of each."""
    done = Counter[str]()
    if settings.server.exists():
        store = Store(settings.server, read_only=True)
        try:
            there = {f"staff:{one.login}": one for one in accounts.every(store.read())}
        finally:
            store.close()

        def may_work(owner: str, site: str) -> bool:
            account = there.get(owner)  # whoever works by the command line alone has none
            return account is None or (account.closed_at is None and may(account.grants, Permission.CASE_WORK, study.slug, site))

        done["released"] += casework.release(study, may_work, now)
    done["escalated"] += casework.escalate(study, now)
    return done


def tick_all(study: Study, now: datetime, settings: Settings, send: messaging.Send = messaging.send) -> Counter[str]:
    """All ticks of one study at once; returns what was done how often, by the words of each tick."""
    done = remind(study, now, send) + calls.watch(study, now) + escalate(study, now, settings)
    done["digests"] += calls.make_digests(study, now)
    done["scored"] += score(study, now, settings)
    done["sealed"] += seal(study, now, settings)
    return done
