"""Who may do what: the permissions, the roles that have them, and where a person was given a role."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is in a study, or at one of its sites."""

    NURSE = "nurse"
    INVESTIGATOR = "investigator"
    DATA_MANAGER = "data-manager"
    STUDY_MANAGER = "study-manager"
    ADMINISTRATOR = "administrator"
    INSPECTOR = "inspector"


class Permission(StrEnum):
    """What may be done: ``noun.verb``; every page and every act of staff names one."""

    STUDY_ENTER = "study.enter"
    # people at their site
    WORKLIST_SEE = "worklist.see"
    CASE_WORK = "case.work"
    CASE_RESOLVE = "case.resolve"
    CALL_CLOSE = "call.close"
    EXPECTED_LEVEL_SET = "expected_level.set"
    PARTICIPANT_SEE = "participant.see"
    PARTICIPANT_ENROL = "participant.enrol"
    DEVIATION_SIGN = "deviation.sign"
    ANCHOR_WRITE = "anchor.write"
    PRESCRIPTION_WRITE = "prescription.write"
    MEDICINE_WRITE = "medicine.write"
    ANSWER_ENTER = "answer.enter"
    PHONE_PAIR = "phone.pair"
    MESSAGE_SEND = "message.send"
    CONTACT_SEE = "contact.see"
    CONTACT_WRITE = "contact.write"
    ADVERSE_EVENT_WRITE = "adverse_event.write"
    ADVERSE_EVENT_SIGN = "adverse_event.sign"
    CORRECTION_PROPOSE = "correction.propose"
    CORRECTION_DECIDE = "correction.decide"
    # data
    SCORES_SEE = "scores.see"
    QUARANTINE_DECIDE = "quarantine.decide"
    EXPORT_MAKE = "export.make"
    JOURNAL_INSPECT = "journal.inspect"
    # the study
    COUNTS_SEE = "counts.see"
    RULES_REHEARSE = "rules.rehearse"
    RULES_ACTIVATE = "rules.activate"
    STAFF_SEE = "staff.see"
    STAFF_MANAGE = "staff.manage"


@dataclass(frozen=True, slots=True)
class Right:
    """What a permission allows, in words, and the roles that have it."""

    meaning: str
    roles: frozenset[Role]


def _for(meaning: str, *roles: Role) -> Right:
    return Right(meaning, frozenset(roles))


_NURSE, _INVESTIGATOR, _DATA, _STUDY, _ADMIN, _INSPECTOR = Role

# A nurse does the daily work; what a physician answers for (signatures, deviations, corrections) is the investigator's.
# Whoever handles data never meets names; whoever reads for an inspection changes nothing.
RIGHTS: dict[Permission, Right] = {
    Permission.STUDY_ENTER: _for("Come to the study's desk and see its title.", *Role),
    Permission.WORKLIST_SEE: _for("See cases and call tasks.", _NURSE, _INVESTIGATOR, _INSPECTOR),
    Permission.CASE_WORK: _for("Take and acknowledge cases, log contacts, code what was done.", _NURSE, _INVESTIGATOR),
    Permission.CASE_RESOLVE: _for("Resolve and reopen cases, with the reason.", _NURSE, _INVESTIGATOR),
    Permission.CALL_CLOSE: _for("Close call tasks, with the reason for what is missing.", _NURSE, _INVESTIGATOR),
    Permission.EXPECTED_LEVEL_SET: _for("Set the expected level of a symptom.", _NURSE, _INVESTIGATOR),
    Permission.PARTICIPANT_SEE: _for(
        "See participants by number: dates, doses, answers, alerts, adverse events.", _NURSE, _INVESTIGATOR, _DATA, _INSPECTOR
    ),
    Permission.PARTICIPANT_ENROL: _for("Record consent and eligibility, and enrol.", _NURSE, _INVESTIGATOR),
    Permission.DEVIATION_SIGN: _for("Enrol in spite of a criterion, as a signed deviation.", _INVESTIGATOR),
    Permission.ANCHOR_WRITE: _for("Record dates that the calendar counts from, withdrawals, loss and death.", _NURSE, _INVESTIGATOR),
    Permission.PRESCRIPTION_WRITE: _for("Record prescriptions, changes of dose and holds.", _NURSE, _INVESTIGATOR),
    Permission.MEDICINE_WRITE: _for("Record concomitant medicines.", _NURSE, _INVESTIGATOR),
    Permission.ANSWER_ENTER: _for("Enter answers given by telephone or on paper.", _NURSE, _INVESTIGATOR),
    Permission.PHONE_PAIR: _for("Make pairing codes, replace and lock out phones.", _NURSE, _INVESTIGATOR),
    Permission.MESSAGE_SEND: _for("Send a text to a participant's phones.", _NURSE, _INVESTIGATOR),
    Permission.CONTACT_SEE: _for("See names, telephones and addresses; each look is written down.", _NURSE, _INVESTIGATOR),
    Permission.CONTACT_WRITE: _for("Write and erase names, telephones and addresses.", _NURSE, _INVESTIGATOR),
    Permission.ADVERSE_EVENT_WRITE: _for("Prepare an adverse event's form.", _NURSE, _INVESTIGATOR),
    Permission.ADVERSE_EVENT_SIGN: _for("Make an adverse event final by signature.", _INVESTIGATOR),
    Permission.CORRECTION_PROPOSE: _for("Propose a correction, with the reason.", _NURSE, _INVESTIGATOR, _DATA),
    Permission.CORRECTION_DECIDE: _for("Decide a proposed correction.", _INVESTIGATOR),
    Permission.SCORES_SEE: _for("See scores with where they come from.", _NURSE, _INVESTIGATOR, _DATA, _INSPECTOR),
    Permission.QUARANTINE_DECIDE: _for("Decide what becomes of quarantined entries.", _DATA),
    Permission.EXPORT_MAKE: _for("Make exports.", _DATA),
    Permission.JOURNAL_INSPECT: _for("Read the journal, entry by entry.", _DATA, _INSPECTOR),
    Permission.COUNTS_SEE: _for("See completeness and alert load as counts.", _NURSE, _INVESTIGATOR, _DATA, _STUDY, _INSPECTOR),
    Permission.RULES_REHEARSE: _for("Rehearse alert rules on stored answers.", _DATA, _STUDY),
    Permission.RULES_ACTIVATE: _for("Activate alert rules as a new version of the protocol.", _STUDY),
    Permission.STAFF_SEE: _for("See accounts, their roles and their history.", _STUDY, _ADMIN, _INSPECTOR),
    Permission.STAFF_MANAGE: _for("Add and reset accounts, give and take roles.", _ADMIN),
}


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role that a person has in a study; ``site`` None: at all of its sites, and for the study as a whole."""

    role: Role
    study: str
    site: str | None = None


def may(grants: Iterable[Grant], permission: Permission, study: str, site: str | None) -> bool:
    """Whether somebody with these grants may do something at a site of a study.

    ``site`` None asks for the study as a whole, which only a grant for all sites gives. Where the answer is no about a
    participant of whom the person may see nothing, say that there is no such participant.
    """
    roles = RIGHTS[permission].roles
    return any(each.role in roles and each.study == study and each.site in (None, site) for each in grants)


def sites(grants: Collection[Grant], permission: Permission, study: str, all_sites: Iterable[str]) -> tuple[str, ...]:
    """Those of the study's sites at which somebody with these grants may do something, in the order given."""
    return tuple(site for site in all_sites if may(grants, permission, study, site))


def beyond(grants: Collection[Grant], studies: Iterable[str | None]) -> tuple[str, ...]:
    """Those of the studies in which somebody with these grants may not manage accounts, in order."""
    return tuple(study for study in sorted(filter(None, studies)) if not may(grants, Permission.STAFF_MANAGE, study, None))
