"""Whom of a site's staff a waiting case or call is told to, and when: who looked after it, a second person, the investigator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum

from qol_server.trial.alerting import Urgency
from qol_server.trial.cases import Case, State
from qol_server.trial.covering import elapsed, next_cover
from qol_server.trial.protocol import Period, Site

ASK_AGAIN = timedelta(minutes=10)
"""A notice of which nothing is known for so long is sent again, under the same key: to staff twice is better than not at all."""

NURSES, INVESTIGATORS = 0, 2
"""The steps of a call, of which no second person is told apart: its nurses are told together."""
CALL_TAKEN_WITHIN = Period(minutes=8 * 60)
"""Of the site's hours: when nobody took a participant's call for help by then, the investigators are told."""


def call_step_to_tell(site: Site, raised_at: datetime, now: datetime) -> int | None:
    """The step of which staff are told now of a participant's call that nobody took; None before the site's hours begin.

    Where the site says no hours, nurses are told at once and the clock on the wall counts.
    """
    if elapsed(site, raised_at, CALL_TAKEN_WITHIN, always=False) <= now:
        return INVESTIGATORS
    opening = next_cover(site, raised_at)
    return NURSES if opening is None or opening <= now else None


WARNED_BEFORE = timedelta(hours=4)
"""So long before a serious report is due the site is told."""


class Report(IntEnum):
    """What is told of the report of something serious; the number is the notice's step."""

    DUE_SOON = 1
    OVER = 2


def report_to_tell(due: datetime, now: datetime) -> Report | None:
    """What is told now of a report that was not made; None while there is time."""
    if now > due:
        return Report.OVER
    return Report.DUE_SOON if now >= due - WARNED_BEFORE else None


def step_to_tell(case: Case) -> int | None:
    """The step of which staff are told now: 0 when a case of urgency ``now`` waits, else the last one of its escalation.

    Of a case that somebody looks after, but with which nothing was done for a time: 0 for its owner, then as of the escalation.
    None for a case that is looked after, and for one that waits on the worklist until its first step.
    """
    if case.state is State.ACKNOWLEDGED:
        return case.stalled - 1 if case.stalled else None
    if case.state is not State.RAISED:
        return None
    return case.steps if case.steps or case.urgency is Urgency.NOW else None


NEWS_AT_MOST = timedelta(hours=1)
"""What makes a waiting case worse within one such stretch of its clock is told once: a mail says no more than that one should look."""


def news_to_tell(case: Case, told_at: datetime | None) -> int | None:
    """Which stretch of the case's clock, from 1, brought news that those who were told of it are told again; None where there is none.

    ``told_at``: when the step that it has reached was told first; None: nobody was told of it, and then that mail tells the news too.
    """
    if step_to_tell(case) is None or case.news_at is None or told_at is None or case.news_at <= told_at:
        return None
    return (case.news_at - case.since) // NEWS_AT_MOST or None


def told_of_news(step: int, owner: str | None, nurses: Sequence[str], investigators: Sequence[str]) -> tuple[str, ...]:
    """The logins that news of a case are told to: everybody whom its escalation has reached."""
    reached = (login for each in range(step + 1) for login in recipients(each, owner, nurses, investigators))
    return tuple(dict.fromkeys(reached))


def recipients(step: int, owner: str | None, nurses: Sequence[str], investigators: Sequence[str]) -> tuple[str, ...]:
    """The logins that a step is told to. ``owner``: who looks after the case, or did before it was raised anew.

    Step 0: its owner, or all nurses. Step 1: a second person, which is every nurse but the owner. From step 2 on: the
    investigators. Where a site has nobody of a kind the other kind stands in.
    """
    if step == 0 and owner in (*nurses, *investigators):
        return (str(owner),)
    others = tuple(login for login in nurses if step == 0 or login != owner)
    chosen = (others or tuple(investigators)) if step < 2 else (tuple(investigators) or tuple(nurses))
    return chosen or tuple(nurses)
