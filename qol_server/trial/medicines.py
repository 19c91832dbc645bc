"""Whether a concomitant medicine touches a rule of the protocol; a finding is shown and recorded, it forbids nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from qol_server.trial.participant import Participant
from qol_server.trial.protocol import ConcomitantRule, Period
from qol_server.trial.schedule import add


class Purpose(StrEnum):
    """What a medicine is taken for, as far as the rules ask."""

    DISEASE = "disease"  # the disease that the study treats
    OTHER = "other"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """What a rule has against a medicine."""

    FORBIDDEN = "forbidden"  # never during the study
    FOR_DISEASE = "for-disease"  # allowed, but not against the disease
    PURPOSE_UNKNOWN = "purpose-unknown"  # whether it is against the disease is not known
    STOPPED_LATE = "stopped-late"  # taken against the disease, and not stopped long enough before entry


@dataclass(frozen=True, slots=True)
class Medicine:
    """What somebody takes besides the study's drug. ``start`` None: not known; ``end`` None: still taken, or not known."""

    name: str
    code: str | None = None  # ATC, of any level
    purpose: Purpose = Purpose.OTHER
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a medicine touches."""

    rule: ConcomitantRule
    why: Why


def findings(rules: Iterable[ConcomitantRule], medicine: Medicine, participant: Participant) -> tuple[Finding, ...]:
    """What the rules have against a medicine, in their order. What is not known of its dates counts against it.

    The study lasts from inclusion (else consent) to the end of the treatment, the days included. A medicine belongs to a rule
    by its ATC code, or by the name of one of the rule's substances as a whole word of its name, accents aside.
    """
    entry = _first(participant, "inclusion") or _first(participant, "consent")
    end = _first(participant, "treatment_end")
    during = not (entry and medicine.end and medicine.end < entry) and not (end and medicine.start and medicine.start > end)
    found = ((rule, _why(rule, medicine, during, entry)) for rule in rules if belongs(rule, medicine))
    return tuple(Finding(rule, why) for rule, why in found if why is not None)


def _why(rule: ConcomitantRule, medicine: Medicine, during: bool, entry: date | None) -> Why | None:
    match rule.rule:
        case "never":
            return Why.FORBIDDEN if during else None
        case "not_for_disease":
            if not during or medicine.purpose is Purpose.OTHER:
                return None
            return Why.FOR_DISEASE if medicine.purpose is Purpose.DISEASE else Why.PURPOSE_UNKNOWN
        case "stopped_before":
            if medicine.purpose is not Purpose.DISEASE or entry is None or (medicine.start and medicine.start > entry):
                return None  # begun during the study: another rule's affair
            return None if medicine.end and medicine.end <= add(entry, _back(rule.before)) else Why.STOPPED_LATE
    return None


def _back(period: Period | None) -> Period:
    return Period() if period is None else Period(-period.months, -period.days)


def _first(participant: Participant, anchor: str) -> date | None:
    days = participant.anchors.get(anchor, ())
    return days[0] if days else None


def belongs(rule: ConcomitantRule, medicine: Medicine) -> bool:
    """Whether a medicine is one of those that a rule is about."""
    if medicine.code and any(medicine.code.startswith(code) for code in rule.atc):
        return True
    name = f" {plain(medicine.name)} "
    return any(f" {plain(substance)} " in name for substance in rule.substances)


def plain(name: str) -> str:
    """A name as it is compared: small letters without accents, words with one space between."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[a-z0-9]+", bare))
