"""The shape of a study's file: every key, its kind of value and what it means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qol_server.library.alerts import RULE_ID, AlertShape
from qol_server.library.calls import CallsShape
from qol_server.library.consents import ConsentShape
from qol_server.library.criteria import CriterionShape
from qol_server.library.documents import Mapped, listed
from qol_server.library.fields import Amount, Clock, Distance, Field, Flag, Many, Name, OneOf, Part, Shape, Table, Text, Whole, Zone
from qol_server.library.instrument_shape import DOCUMENT_ID
from qol_server.library.ladders import QuietShape, RungShape
from qol_server.library.medicines import ConcomitantShape
from qol_server.library.sites import SiteShape
from qol_server.library.wordings import LANGUAGE
from qol_server.trial.alerting import URGENCIES
from qol_server.trial.protocol import ZERO, Period

RESERVED = ("health", "ready", "metrics", "static", "docs", "staff", "server")  # addresses and files of the server itself
MOST_VISITS = 1100  # 20 years of weeks
ANCHOR = ("[a-z][a-z0-9_]{0,39}", "a word of lower-case letters, digits and _")
END = ("[a-z][a-z0-9_]{0,39}(\\.[a-z][a-z0-9_]{0,39})?", "an anchor, or withdrawal.KIND")
VISIT_ID = ("(?:[A-Za-z0-9_.-]|\\{[a-z]+\\})+", "a name of letters, digits, _ . -, in a series with {n}, or {y} and {h}")


class UntilField(Field):
    """Where something ends."""

    says = "a duration from the same anchor, an anchor, {ANCHOR: DURATION}, or {first_of: [...]} of these"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[tuple[str | None, Period], ...]:
        """Each end as (anchor, distance); the anchor None is the one that the visit counts from."""
        if isinstance(value, Mapped) and list(value) == ["first_of"]:
            parts = value["first_of"]
            if not isinstance(parts, list) or not parts:
                raise self.refused(parts)
            return tuple(self._one(part) for part in parts)
        return (self._one(value),)

    def _one(self, value: Any) -> tuple[str | None, Period]:
        if isinstance(value, Mapped) and len(value) == 1:
            anchor, distance = next(iter(value.items()))
            return anchor, Distance(negative=True).deserialize(distance)
        if not isinstance(value, str):
            raise self.refused(value)
        if value.startswith(("P", "-P")):
            return None, Distance().deserialize(value)
        return str(value), ZERO


class IntendedUseShape(Shape):
    alerts = OneOf(("on", "record-only"), required=True, note="`record-only`: no alert is raised, and participants are told so")
    statement = Text(required=True, note="what the participants and the staff are told about it")


class RegimenShape(Shape):
    mg = Amount(required=True, note="dose of one intake, mg")
    intakes_per_day = Whole(1, 6, required=True, note="intakes a day")


class TreatmentShape(Shape):
    name = Text(required=True, note="name of the drug")
    route = Text(required=True, note="oral …")
    regimens = Table(
        Name("[A-Za-z0-9_-]{1,20}", 'a name in quotes, such as "400"'),
        Part(RegimenShape),
        required=True,
        least=1,
        note="doses that can be prescribed",
    )
    start = Name("[A-Za-z0-9_-]{1,20}", "one of the regimens, in quotes", required=True, note="the regimen at the start")
    max_mg_per_day = Amount(note="no regimen may be above it")
    duration = Distance(key="for", note="planned length, from `treatment_start`")


class VisitShape(Shape):
    id = Name(*VISIT_ID, required=True, note="name of the visit; of a series with `{n}`, or `{y}` and `{h}`")
    start = Name(*ANCHOR, required=True, key="from", note="the anchor it counts from")
    every = Distance(note="makes it a series: one visit at each multiple of this distance")
    count = Whole(1, MOST_VISITS, note="a series' last repetition, counted from the anchor")
    after = Distance(note="a series begins later than this distance from the anchor (exclusive)")
    until = UntilField(default=(), note="a series has no target day later than this (inclusive)")
    window = Many(Distance(negative=True), least=2, most=2, note="first and last day on time, from the target day; default `[P0D, P0D]`")
    grace = Distance(default=ZERO, note="accepted as late for so long after the window; default `P0D`")
    until_before = Name(*ANCHOR, note="the window runs from the target day to the day before this anchor; replaces `window`")
    on_site = Flag(default=False, note="`yes`: the participant comes to the site; listed for staff on the target day")
    served_by = Name(*RULE_ID, note="a response to this assessment given in the window serves this visit too")


class AssessmentShape(Shape):
    id = Name(*RULE_ID, required=True, note="name, first part of the occurrences")
    instrument = Name(*DOCUMENT_ID, required=True, note="what is asked")
    visits = Many(Part(VisitShape), required=True, least=1, note="when")
    ends = Many(Name(*END), default=(), note="anchors and `withdrawal.KIND` that end it")
    own_trend = Flag(
        default=False, note="`yes`: after answering, participants may see their own earlier answers as a curve, which may change the next"
    )


class DailyShape(Shape):
    start = Name(*ANCHOR, required=True, key="from", note="anchor; the first day")
    until = UntilField(
        required=True,
        note="the last day (inclusive); a distance from the diary's own start is a length: `P12M` ends the day before the anniversary",
    )


class DiaryShape(Shape):
    id = Name(*RULE_ID, required=True, note="name, first part of the occurrences")
    instrument = Name(*DOCUMENT_ID, required=True, note="what is asked")
    daily = Part(DailyShape, note="asked for each local day")
    ad_hoc = Flag(note="`yes`: whenever something happens")
    opens = Clock(note='for `daily`: hour from which the day can be filled in; default "00:00"')
    closes = Distance(note="for `daily`: accepted for so many days after the day; default `P1D`")
    late_reason_after = Distance(note="for `daily`: later than this after the day a reason is asked for")
    ends = Many(Name(*END), default=(), note="anchors and `withdrawal.KIND` that end it")
    own_trend = Flag(
        default=False, note="`yes`: after answering, participants may see their own earlier answers as a curve, which may change the next"
    )

    def one_of(self) -> Iterable[tuple[str, ...]]:
        return [("daily", "ad_hoc")]


class PrimaryShape(Shape):
    measure = OneOf(("non_progression",), required=True, note="what is measured")
    at = Distance(required=True, note="when")


class EndpointsShape(Shape):
    origin = Name(*ANCHOR, required=True, note="the anchor from which time to an event counts")
    recist = OneOf(("1.0", "1.1"), required=True, note="version of RECIST, in quotes")
    denominators = Many(
        OneOf(("enrolled", "evaluable", "kaplan-meier")), required=True, least=1, note="which denominators are shown, the protocol's first"
    )
    primary = Part(PrimaryShape, note="primary endpoint")
    pfs = Table(Name(*ANCHOR), OneOf(("event", "censor")), default={}, note="what counts as an event of progression-free survival")
    note = Text(note="what else to know")


class StudyShape(Shape):
    study = Name(*DOCUMENT_ID, required=True, note="short name, first part of every address; not " + listed(RESERVED))
    title = Text(required=True, note="title of the trial")
    registry = Name("[A-Za-z0-9/.-]{1,40}", "a registry number such as NCT00287846", required=True, note="number in the registry")
    ids = Many(Text(most=80), default=(), note="other numbers of the trial")
    planned = Whole(1, 1_000_000, note="participants planned")
    assumptions = Many(Text(), default=(), note="what the file takes for granted without a source")
    intended_use = Part(IntendedUseShape, required=True, note="what alerts are for")
    time_zone = Zone(required=True, note="the study's own, for staff and for sites without one")
    languages = Many(Name(*LANGUAGE), required=True, least=1, note="languages of the participants, the default first")
    wording = OneOf(
        ("live", "stand-in"), default="live", note="`stand-in`: labels without licensed wording, only for demonstrations; default live"
    )
    minimum_app = Name(
        "[0-9]+(\\.[0-9]+){0,2}",
        'a version in quotes such as "1.2.0"',
        note="older apps are given nothing new; what they hold is still taken",
    )
    sites = Table(
        Name("[0-9]{2}", 'two digits in quotes, such as "01"'),
        Part(SiteShape),
        required=True,
        least=1,
        note="sites; the id is the first part of the participants' numbers",
    )
    emergency_number = Name(
        "\\+?[0-9](?: ?[0-9]){1,19}",
        'a telephone number in quotes, such as "112"',
        default="112",
        note='number that the participants call in an emergency; default "112"',
    )
    treatment = Part(TreatmentShape, note="the drug")
    anchors = Many(Name(*ANCHOR), required=True, least=1, note="dates that visits count from")
    withdrawals = Table(
        Name(*ANCHOR), Table(Name(*LANGUAGE), Text()), default={}, note="kind of withdrawal -> language -> what stops with it"
    )
    consents = Many(Part(ConsentShape), default=(), note="versions of the consent in order of time; none: any may be recorded")
    eligibility = Many(Part(CriterionShape), default=(), note="criteria; all must be met")
    concomitant_rules = Many(Part(ConcomitantShape), default=(), note="rules on other medicines")
    reasons = Table(
        Name(*ANCHOR),
        Many(Name(*ANCHOR), least=1),
        default={},
        note="code lists of reasons: hold, dose_change, late, missed (why data are missing), call (what came of another call) …",
    )
    assessments = Many(Part(AssessmentShape), default=(), note="questionnaires at visits")
    diaries = Many(Part(DiaryShape), default=(), note="questionnaires for each day or whenever something happens")
    reminders = Table(Name(*RULE_ID), Many(Part(RungShape), least=1), default={}, note="assessment -> reminders in their order")
    quiet_hours = Part(
        QuietShape,
        note="hours in which no message is sent, but at the hour that the participant chose; one that falls in them waits for their end",
    )
    advice = Table(Name(*RULE_ID), Table(Name(*LANGUAGE), Text()), default={}, note="name -> language -> what the participant is told")
    alerts = Many(Part(AlertShape), default=(), note="alert rules")
    escalation = Table(
        OneOf(URGENCIES),
        Many(Distance(clock=True), least=1),
        default={},
        note="urgency -> when the next person is told, counted from receipt",
    )
    follow_up = Table(
        OneOf(URGENCIES),
        Many(Distance(clock=True), least=1),
        default={},
        note="urgency -> when its owner, then a second person, then the investigators are told that nothing was done with a case that"
        " somebody took, counted from what was done last; default `now: [PT2H, PT4H, PT8H]`, `same-day: [P1D, P2D, P3D]`,"
        " `this-week: [P3D, P4D, P5D]`",
    )
    calls = Part(CallsShape, note="when the site is asked to telephone, besides `task: call` of the reminders")
    endpoints = Part(EndpointsShape, note="conventions of the analysis")
