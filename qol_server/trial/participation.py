"""How far a participant has come: one word for where somebody stands on a day, from the dated facts alone."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from qol_server.trial.participant import WITHOUT_END, Participant


class Standing(StrEnum):
    """Where a participant stands."""

    SCREENING = "screening"
    NOT_ELIGIBLE = "not-eligible"
    INCLUDED = "included"  # and the treatment has not begun
    ON_TREATMENT = "on-treatment"
    FOLLOW_UP = "follow-up"
    LOST = "lost"
    ENDED = "ended"  # as the study planned it
    WITHDRAWN = "withdrawn"  # the consent
    DIED = "died"


DONE = frozenset({Standing.NOT_ELIGIBLE, Standing.ENDED, Standing.WITHDRAWN, Standing.DIED})
"""Of whom nothing more is asked: no consent is needed again."""


def standing(participant: Participant, day: date) -> Standing:
    """Where the participant stands on a local day. What ends the participation comes first, whatever it ends."""
    has = {name for name, days in participant.anchors.items() if any(each <= day for each in days)}
    has |= {f"withdrawal.{kind}" for kind, when in participant.withdrawals.items() if when <= day}
    for fact, means in _ENDS:
        if fact in has:
            return means
    if not participant.included:
        return Standing.NOT_ELIGIBLE if participant.unmet else Standing.SCREENING
    if has & {"treatment_end", "withdrawal.treatment"}:
        return Standing.FOLLOW_UP
    return Standing.ON_TREATMENT if "treatment_start" in has else Standing.INCLUDED


_ENDS = (
    ("death", Standing.DIED),
    ("withdrawal.consent", Standing.WITHDRAWN),
    ("study_end", Standing.ENDED),
    ("lost_to_follow_up", Standing.LOST),
)


PAUSED = "paused"
SAID_DEAD = "said-dead"  # somebody said so on the telephone, and no day of death is recorded


def set_apart(participant: Participant, day: date) -> tuple[str, date] | None:
    """What whoever is about to call has to know first of somebody, on a local day: an anchor's name or "withdrawal.<kind>" with its day,
    or "paused" with the last day of the pause, or "said-dead"; the gravest of them, None where there is none."""
    when = {name: max(found) for name, days in participant.anchors.items() if (found := [each for each in days if each <= day])}
    when |= {f"withdrawal.{kind}": since for kind, since in participant.withdrawals.items() if since <= day}
    if participant.paused_until is not None and participant.is_paused(day):
        when[SAID_DEAD if participant.paused_until == WITHOUT_END else PAUSED] = participant.paused_until
    others = sorted(name for name in when if name.startswith("withdrawal."))
    return next(((name, when[name]) for name in (*_GRAVEST, *others) if name in when), None)


_GRAVEST = ("death", SAID_DEAD, "withdrawal.consent", "withdrawal.contact", "lost_to_follow_up", PAUSED, "withdrawal.questionnaires")
