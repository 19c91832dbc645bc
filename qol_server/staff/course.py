"""What the pages about a participant's course share: codes of the study's file in words."""

from __future__ import annotations

from qol_server.staff.desk import Desk
from qol_server.staff.words import WORDS


def reason_of(desk: Desk, code: str) -> str:
    """A reason's code in the person's language; one that a study has made up, as it is written there."""
    return said(desk, f"reason.{code}", code)


def anchor_of(desk: Desk, anchor: str) -> str:
    """An anchor's name in the person's language."""
    return said(desk, f"anchor.{anchor}", anchor)


def withdrawal_of(desk: Desk, kind: str) -> str:
    """A kind of withdrawal in the person's language."""
    return said(desk, f"withdrawal.{kind}", kind)


def said(desk: Desk, key: str, code: str) -> str:
    """The words of a key, else the code with spaces."""
    return desk.t(key) if key in WORDS else code.replace("_", " ")


def title_of(desk: Desk, assessment: str) -> str:
    """What an assessment is called in the person's language; its id where there are no words for it."""
    asked = desk.protocol.assessments.get(assessment)
    version = None if asked is None else desk.study.current(desk.tx, "wording", asked.instrument, desk.language)
    return assessment if version is None else desk.study.wording(desk.tx, version).title
