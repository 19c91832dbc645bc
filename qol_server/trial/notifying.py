"""Whom of a site's staff a waiting case is told to, and when: its owner, then a second person, then the investigator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from qol_server.trial.alerting import Urgency
from qol_server.trial.cases import Case, State

ASK_AGAIN = timedelta(minutes=10)
"""A notice of which nothing is known for so long is sent again, under the same key: to staff twice is better than not at all."""


def step_to_tell(case: Case) -> int | None:
    """The step of which staff are told now: 0 when a case of urgency ``now`` waits, else the last one of its escalation.

    None for a case that somebody looks after, and for one that waits on the worklist until its first step.
    """
    if case.state is not State.RAISED:
        return None
    return case.steps if case.steps or case.urgency is Urgency.NOW else None


def recipients(step: int, owner: str | None, nurses: Sequence[str], investigators: Sequence[str]) -> tuple[str, ...]:
    """The logins that a step is told to. ``owner``: who looked after the case before it was raised anew.

    Step 0: its owner, or all nurses. Step 1: a second person, which is every nurse but the owner. From step 2 on: the
    investigators. Where a site has nobody of a kind the other kind stands in.
    """
    if step == 0 and owner in (*nurses, *investigators):
        return (str(owner),)
    others = tuple(login for login in nurses if step == 0 or login != owner)
    chosen = (others or tuple(investigators)) if step < 2 else (tuple(investigators) or tuple(nurses))
    return chosen or tuple(nurses)
