"""What a trial's protocol says: anchors, assessments and their visits, treatment, reminders, alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any

from qol_server.trial.alerting import Rule


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar distance (ISO 8601 duration): months first (clamped to the month's last day), then days, then minutes."""

    months: int = 0
    days: int = 0
    minutes: int = 0


ZERO = Period()


@dataclass(frozen=True, slots=True)
class Until:
    """Where a series ends: the first of these (anchor name, distance) dates that is known. Empty: no end.

    The anchor ``last_dose`` means treatment_end where it is known, else the planned end of treatment.
    """

    first_of: tuple[tuple[str, Period], ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit, or a series of them when ``every`` is set; ``id`` may hold ``{n}``, ``{y}`` and ``{h}``."""

    id: str
    start: str  # the anchor it counts from
    every: Period | None = None
    count: int | None = None
    after: Period | None = None  # a series keeps only the targets later than start + after
    until: Until = Until()  # … and not later than this (inclusive)
    opens: Period = ZERO  # distance from the target day, usually negative
    due: Period = ZERO  # last day on time, counted from the target day
    grace: Period = ZERO  # accepted as late until due + grace
    until_before: str | None = None  # the window runs from the target to the day before this anchor (open-ended while unknown)
    on_site: bool = False  # the participant comes to the site for it
    served_by: str | None = None  # assessment of which a response given in this window serves this visit too


@dataclass(frozen=True, slots=True)
class Daily:
    """A diary day for each local day from an anchor until an end (the first of; inclusive day)."""

    start: str
    until: Until
    opens: time = time(0, 0)
    closes: Period = Period(days=1)  # a day stays on time until that long after the day's end
    late_reason_after: Period | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One instrument asked at certain visits, on each day, or whenever something happens."""

    id: str
    instrument: str
    visits: tuple[Visit, ...] = ()
    daily: Daily | None = None
    ad_hoc: bool = False
    ends: tuple[str, ...] = ()  # anchors and "withdrawal.<kind>" that end it
    own_trend: bool = False  # the participant may see the curve of their own earlier answers, after answering


@dataclass(frozen=True, slots=True)
class Regimen:
    """A dose that can be prescribed: ``mg`` per intake, ``intakes_per_day`` of them."""

    id: str
    mg: Decimal
    intakes_per_day: int

    @property
    def mg_per_day(self) -> Decimal:
        return self.mg * self.intakes_per_day


@dataclass(frozen=True, slots=True)
class Treatment:
    name: str
    route: str
    regimens: Mapping[str, Regimen]
    start: str
    max_mg_per_day: Decimal | None = None
    duration: Period | None = None  # planned length, from treatment_start


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of an assessment's reminders.

    ``at`` is "open", "target" or "preferred_hour" (the target day at the participant's hour) and ``after`` a distance from
    the target day at the participant's hour; exactly one is set. ``by`` names channels, each for when those before it failed;
    ``task`` a staff task instead.
    """

    at: str | None = None
    after: Period | None = None
    by: tuple[str, ...] = ()
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the participants' days in which no message is sent, from ``start`` up to ``end``, over midnight where it is earlier."""

    start: time
    end: time

    def holds(self, hour: time) -> bool:
        """Whether a time of day is quiet."""
        if self.start < self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end


@dataclass(frozen=True, slots=True)
class CallLimits:
    """When somebody is asked to telephone; the defaults are ours, and stand where the study's file says nothing."""

    unknown_days: int = 3  # days in a row of which the dose diary says nothing: as the call of the ladders, which comes on day three
    # how long after something opened on it a phone may not be heard of, by how often things open; None: for ever
    silent_daily: Period | None = Period(days=5)
    silent_weekly: Period | None = Period(days=14)
    silent_seldom: Period | None = None
    clock_skew: Period = Period(minutes=60)  # what is entered around midnight belongs to the wrong day from there on
    sequence_gap: Period = Period(days=1)
    refresh_ahead: Period = Period(days=14)  # so long before a window opens …
    refresh_after: Period = Period(months=3)  # … after which so long nothing was asked


FOLLOW_UP: Mapping[str, tuple[Period, ...]] = {
    "now": (Period(minutes=2 * 60), Period(minutes=4 * 60), Period(minutes=8 * 60)),
    "same-day": (Period(days=1), Period(days=2), Period(days=3)),
    "this-week": (Period(days=3), Period(days=4), Period(days=5)),
}
"""When somebody is told that nothing was done with a case, by urgency, counted from what was done last; it stands where the study's
file says nothing. Ours: of published programmes only PRO-TECT names such a time, 72 hours until an alert's form is filled in."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One eligibility criterion: ``ask`` is "number", with strict (above, below) and inclusive limits, or "yes_no" with ``expect``."""

    id: str
    ask: str
    unit: Mapping[str, str] = field(default_factory=dict)  # language -> text
    above: Decimal | None = None
    below: Decimal | None = None
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    expect: bool | None = None
    note: Mapping[str, str] = field(default_factory=dict)  # language -> the criterion in words


@dataclass(frozen=True, slots=True)
class ConcomitantRule:
    """What holds for a group of other medicines: ``rule`` is never, not_for_disease, stopped_before or allowed."""

    id: str
    rule: str
    medicines: str  # in words
    before: Period | None = None  # stopped_before: so long before entry
    note: str = ""
    substances: tuple[str, ...] = ()  # names by which a medicine of the group is known
    atc: tuple[str, ...] = ()  # beginnings of their ATC codes
    source: str = ""  # where the two lists are from


@dataclass(frozen=True, slots=True)
class ConsentVersion:
    """A version of the consent, signed by whoever joins from ``since`` on.

    ``renew``: whoever signed an earlier one has to sign again; until then collecting goes on, or ``pauses``.
    """

    version: str
    since: date
    renew: bool = False
    pauses: bool = False


MIDNIGHT = time(0, 0)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Hours of the site's days in which somebody watches what participants enter; ``to`` at midnight is the end of the day."""

    days: tuple[str, ...]  # "mon" … "sun"
    start: time
    to: time


@dataclass(frozen=True, slots=True)
class Site:
    id: str  # two digits, first part of the participant numbers
    name: str
    time_zone: str
    phone: str = ""
    coverage: tuple[Coverage, ...] = ()  # none: the study's file does not say
    holidays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol in one version; ``version`` is the SHA-256 (hex) of its document's bytes."""

    study: str
    version: str
    title: str
    registry: str
    time_zone: str
    languages: tuple[str, ...]
    anchors: tuple[str, ...]
    withdrawals: tuple[str, ...]
    sites: Mapping[str, Site]
    assessments: Mapping[str, Assessment]
    treatment: Treatment | None = None
    consents: tuple[ConsentVersion, ...] = ()  # in order of time; none: the study's file does not list them
    eligibility: tuple[Criterion, ...] = ()
    reminders: Mapping[str, tuple[Rung, ...]] = field(default_factory=dict)
    quiet_hours: Quiet | None = None
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # code lists: hold, dose_change, late, missed, …
    alerts: tuple[Mapping[str, Any], ...] = ()  # as in the document: so they travel to the phone
    rules: tuple[Rule, ...] = ()  # the same, ready to be judged
    intended_use: Mapping[str, str] = field(default_factory=dict)
    minimum_app: str | None = None
    wording: str = "live"  # "stand-in": labels without licensed wording; only for demonstrations
    ids: tuple[str, ...] = ()  # other numbers that the trial is known by
    planned: int | None = None  # participants
    advice: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # name -> language -> what the participant is told
    withdrawal_effects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # kind -> language -> what stops
    concomitant_rules: tuple[ConcomitantRule, ...] = ()
    escalation: Mapping[str, tuple[Period, ...]] = field(default_factory=dict)  # urgency -> distances from receipt
    follow_up: Mapping[str, tuple[Period, ...]] = field(default_factory=lambda: FOLLOW_UP)  # … from what was done with a case last
    calls: CallLimits = CallLimits()
    endpoints: Mapping[str, Any] = field(default_factory=dict)  # as in the document: conventions by name
    emergency_number: str = "112"
    assumptions: tuple[str, ...] = ()  # what the study's file takes for granted without a source

    def site(self, site: str) -> Site:
        """The site of an id. One that an amendment dropped, whose participants stay, has no hours, no telephone and no name any more."""
        return self.sites.get(site) or Site(site, site, self.time_zone)
