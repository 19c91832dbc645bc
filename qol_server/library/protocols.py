"""Protocols: what must hold between the parts of a study's file, the defaults, and the frozen result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from qol_server.library.alerts import check_alerts, rule_of
from qol_server.library.calls import call_limits
from qol_server.library.consents import consents
from qol_server.library.criteria import criteria
from qol_server.library.documents import Mapped, Mark, Report, listed, parse, place, version
from qol_server.library.fields import Told, load, whole
from qol_server.library.ladders import ladders, quiet_hours
from qol_server.library.medicines import concomitant_rules
from qol_server.library.sites import sites
from qol_server.library.study_shape import MOST_VISITS, RESERVED, StudyShape
from qol_server.trial.instrument import Instrument
from qol_server.trial.protocol import FOLLOW_UP, ZERO, Assessment, Daily, Period, Protocol, Regimen, Treatment, Until, Visit
from qol_server.trial.schedule import visit_name

PLACEHOLDERS = ("{n}", "{y}", "{h}")
LAST_DOSE = "last_dose"


def protocol_from(text: bytes, name: str, instruments: Mapping[str, Instrument]) -> Protocol:
    """The protocol that ``text`` describes, with every default filled in; its version is the SHA-256 of ``text``.

    ``instruments``: id -> instrument, those that the assessments may ask. Raises StudyFileError with all mistakes.
    """
    return _protocol_from(text, name, tuple(sorted(instruments.items(), key=itemgetter(0))))


@lru_cache(maxsize=32)
def _protocol_from(text: bytes, name: str, instruments: tuple[tuple[str, Instrument], ...]) -> Protocol:
    report = Report(name)
    data = load(StudyShape(), parse(text, report), report)
    reader = _Reader(data, dict(instruments), report)
    assessments = {one.id: one for one in (*reader.assessments(), *reader.diaries())}
    treatment = reader.treatment()
    judged = tuple(criteria(data.get("eligibility"), report))
    reminders = dict(ladders(data, reader.ids, report))
    quiet = quiet_hours(data, report)
    places = sites(data.get("sites"), data.get("time_zone"), report)
    medicines = concomitant_rules(whole(data.get("concomitant_rules")), report)
    signed = consents(data.get("consents"), report)
    reader.check_the_rest()
    report.stop_if_wrong()
    return Protocol(
        study=data["study"],
        version=version(text),
        title=data["title"],
        registry=data["registry"],
        time_zone=data["time_zone"],
        languages=tuple(data["languages"]),
        anchors=tuple(data["anchors"]),
        withdrawals=tuple(data["withdrawals"]),
        sites=places,
        assessments=assessments,
        treatment=treatment,
        consents=signed,
        eligibility=judged,
        reminders=reminders,
        quiet_hours=quiet,
        reasons={key: tuple(codes) for key, codes in data["reasons"].items()},
        alerts=tuple(_plain(rule) for rule in data.raw.get("alerts", ())),
        rules=tuple(rule_of(rule) for rule in whole(data.get("alerts"))),
        intended_use=_plain(data.raw["intended_use"]),
        minimum_app=data["minimum_app"],
        wording=data["wording"],
        ids=tuple(data["ids"]),
        planned=data["planned"],
        advice=data["advice"],
        withdrawal_effects=data["withdrawals"],
        concomitant_rules=medicines,
        escalation={key: tuple(steps) for key, steps in data["escalation"].items()},
        follow_up={**FOLLOW_UP, **{key: tuple(steps) for key, steps in data["follow_up"].items()}},
        calls=call_limits(data["calls"]),
        endpoints=_plain(data.raw.get("endpoints", {})),
        assumptions=tuple(data["assumptions"]),
        emergency_number=data["emergency_number"],
    )


def _plain(value: Any) -> Any:
    """A part of the file as plain dictionaries, lists, text and whole numbers: what the canonical JSON can hold."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


class _Reader:
    """Makes the parts of a protocol from what the shape loaded; a part with mistakes is reported and left out."""

    def __init__(self, data: Told, instruments: Mapping[str, Instrument], report: Report) -> None:
        self.data, self.raw, self.report = data, data.raw, report
        self.instruments = instruments
        self.anchors = _stated_names(self.raw.get("anchors"))
        withdrawals = self.raw.get("withdrawals")
        self.withdrawals = list(withdrawals) if isinstance(withdrawals, Mapped) else []
        self.seen: set[str] = set()
        self.ids = [*_stated_ids(self.raw.get("assessments")), *_stated_ids(self.raw.get("diaries"))]

    def _anchor(self, mark: Mark, name: str, extra: Iterable[str] = ()) -> None:
        known = [*self.anchors, *extra]
        if self.anchors and name not in known:  # a list that is missing is a mistake of its own
            self.report.unknown(mark, "anchor", name, known)

    def assessments(self) -> Iterator[Assessment]:
        for part in whole(self.data.get("assessments")):
            self._asked(part)
            visits = tuple(self._visit(visit) for visit in whole(part["visits"]))
            self._check_names(part, visits)
            yield Assessment(part["id"], part["instrument"], visits, ends=tuple(part["ends"]), own_trend=part["own_trend"])

    def diaries(self) -> Iterator[Assessment]:
        for part in whole(self.data.get("diaries")):
            self._asked(part)
            daily = part["daily"]
            if daily is None:
                for key in ("opens", "closes", "late_reason_after"):
                    if part[key] is not None:
                        self.report.wrong(place(part.raw, key), f'"{key}" goes with "daily" only', "no such key")
                if part["ad_hoc"] is False:
                    self.report.wrong(
                        place(part.raw, "ad_hoc"), "A diary that is neither daily nor ad hoc is never asked", "ad_hoc: yes, or daily"
                    )
                yield Assessment(part["id"], part["instrument"], ad_hoc=True, ends=tuple(part["ends"]), own_trend=part["own_trend"])
                continue
            self._anchor(place(daily.raw, "from"), daily["start"])
            made = Daily(daily["start"], self._until(daily))
            late = part["late_reason_after"]
            made = Daily(made.start, made.until, part["opens"] or made.opens, part["closes"] or made.closes, late)
            if late is not None and _days(late) > _days(made.closes):
                self.report.wrong(
                    place(part.raw, "late_reason_after"), "The reason would be asked for after the day is closed", "not later than closes"
                )
            yield Assessment(part["id"], part["instrument"], daily=made, ends=tuple(part["ends"]), own_trend=part["own_trend"])

    def _asked(self, part: Told) -> None:
        """What holds for an assessment and a diary alike: its id, its instrument and its ends."""
        if part["id"] in self.seen:
            self.report.wrong(place(part.raw, "id"), f'"{part["id"]}" names more than one assessment or diary', "each id once")
        self.seen.add(part["id"])
        if part["instrument"] not in self.instruments:
            self.report.unknown(place(part.raw, "instrument"), "instrument", part["instrument"], sorted(self.instruments))
        for index, end in enumerate(part["ends"]):
            word, dot, kind = end.partition(".")
            if not dot:
                self._anchor(place(part.raw, "ends", index), end)
            elif word != "withdrawal" or kind not in self.withdrawals:
                self.report.unknown(place(part.raw, "ends", index), "end", end, [f"withdrawal.{kind}" for kind in self.withdrawals])

    def _until(self, part: Told) -> Until:
        raw = part.raw.get("until")
        first_of: list[tuple[str, Period]] = []
        for index, (stated, distance) in enumerate(part["until"]):
            anchor = part["start"] if stated is None else stated
            mark = place(part.raw, "until", "first_of", index) if isinstance(raw, Mapped) else place(part.raw, "until")
            extra = (LAST_DOSE,) if self.raw.get("treatment") and {"treatment_start", "treatment_end"} <= set(self.anchors) else ()
            self._anchor(mark, anchor, extra)
            first_of.append((anchor, distance))
        return Until(tuple(first_of))

    def _visit(self, part: Told) -> Visit:
        wrong, raw = self.report.wrong, part.raw
        self._anchor(place(raw, "from"), part["start"])
        if part["until_before"] is not None:
            self._anchor(place(raw, "until_before"), part["until_before"])
            for key in ("window", "every"):
                if part[key] is not None:
                    wrong(place(raw, key), f'"{key}" does not go with "until_before", which sets the window', f"one of {key}, until_before")
        if part["served_by"] is not None and part["served_by"] not in self.ids:
            self.report.unknown(place(raw, "served_by"), "assessment", part["served_by"], self.ids)
        opens, due = part["window"] or (ZERO, ZERO)
        if _days(opens) > _days(due):
            wrong(
                place(raw, "window"),
                "The window is upside down: its first day is after its last",
                "[first day, last day], such as [-P7D, P7D]",
            )
        until = self._until(part)
        visit = Visit(
            id=part["id"],
            start=part["start"],
            every=part["every"],
            count=part["count"],
            after=part["after"],
            until=until,
            opens=opens,
            due=due,
            grace=part["grace"],
            until_before=part["until_before"],
            on_site=part["on_site"],
            served_by=part["served_by"],
        )
        self._check_series(part, visit)
        return visit

    def _check_series(self, part: Told, visit: Visit) -> None:
        wrong, raw = self.report.wrong, part.raw
        for word in _placeholders(visit.id):
            if word not in PLACEHOLDERS:
                wrong(place(raw, "id"), f'"{word}" is not known in the id of a visit', listed(PLACEHOLDERS))
        if visit.every is None:
            for key in ("count", "after", "until"):
                if part.raw.get(key) is not None:
                    wrong(place(raw, key), f'"{key}" needs a series, which "every" makes', "add every, or take it away")
            if _placeholders(visit.id):
                wrong(place(raw, "id"), f'The visit "{visit.id}" has a placeholder but is no series', "add every, or an id without { }")
            return
        if visit.every.months + visit.every.days <= 0:
            wrong(place(raw, "every"), "A series needs a distance above zero", "P1D or more")
        if visit.count is None and not visit.until.first_of:
            wrong(place(raw, "every"), f'The series "{visit.id}" has no end', "add count or until")
        if not _placeholders(visit.id):
            wrong(place(raw, "id"), f'The series "{visit.id}" gives all its visits one name', "an id with {n}, or {y} and {h}")
        if _days(visit.due) + _days(visit.grace) >= _days(visit.every) + _days(visit.opens) and visit.every != ZERO:
            key = "grace" if _days(visit.grace) else "window"
            wrong(
                place(raw, key),
                f'Windows of the series "{visit.id}" overlap: one is still open when the next one opens',
                "a window and grace shorter than every",
            )

    def _check_names(self, part: Told, visits: tuple[Visit, ...]) -> None:
        """No two visits of an assessment may have one name."""
        names: dict[str, str] = {}
        for visit, stated in zip(visits, whole(part["visits"]), strict=True):
            for name in _names(visit):
                if name in names:
                    message = f'The visit "{visit.id}" makes the name "{name}", which "{names[name]}" makes too'
                    self.report.wrong(place(stated.raw, "id"), message, "names that differ within an assessment")
                    break
                names[name] = visit.id

    def treatment(self) -> Treatment | None:
        part = self.data.get("treatment")
        if not isinstance(part, Told):
            return None
        wrong, raw = self.report.wrong, part.raw
        regimens = {name: Regimen(name, regimen["mg"], regimen["intakes_per_day"]) for name, regimen in part["regimens"].items()}
        most = part["max_mg_per_day"]
        for name, regimen in regimens.items():
            if regimen.mg <= 0:
                wrong(
                    place(raw, "regimens", name, "mg"),
                    f'The regimen "{name}" gives nothing; a hold is prescribed without a regimen',
                    "above 0",
                )
            if most is not None and regimen.mg_per_day > most:
                wrong(
                    place(raw, "regimens", name),
                    f'The regimen "{name}" gives {regimen.mg_per_day} mg a day, above max_mg_per_day',
                    f"at most {most}",
                )
        if part["start"] not in regimens:
            self.report.unknown(place(raw, "start"), "regimen", part["start"], regimens)
        for anchor in ("treatment_start", "treatment_end"):
            if self.anchors and anchor not in self.anchors:
                wrong(place(self.raw, "anchors"), f'A study with a treatment needs the anchor "{anchor}"', "add it to anchors")
        return Treatment(part["name"], part["route"], regimens, part["start"], most, part["duration"])

    def check_the_rest(self) -> None:
        """What stands outside of assessments, treatment, eligibility and reminders."""
        wrong = self.report.wrong
        if self.data.get("study") in RESERVED:
            wrong(place(self.raw, "study"), f'"{self.data["study"]}" is an address of the server itself', "another name")
        for key in ("anchors", "languages", "ids"):
            self._each_once(self.data.get(key) or (), self.raw.get(key), key)
        for name, codes in (self.data.get("reasons") or {}).items():
            self._each_once(codes, self.raw["reasons"][name], f"reasons of {name}")
        if LAST_DOSE in self.anchors:
            wrong(
                place(self.raw, "anchors", self.anchors.index(LAST_DOSE)),
                f'"{LAST_DOSE}" follows from the treatment and is not recorded',
                "another name",
            )
        languages = _stated_names(self.raw.get("languages"))
        for key, what in (("advice", "advice"), ("withdrawals", "withdrawal")):
            for name, texts in (self.data.get(key) or {}).items():
                for language in languages:
                    if language not in texts:
                        wrong(place(self.raw, key, name), f'The {what} "{name}" has no text in "{language}"', listed(languages))
        for key in ("escalation", "follow_up"):
            for urgency, steps in (self.data.get(key) or {}).items():
                lengths = [(_days(step), step.minutes) for step in steps]
                if lengths != sorted(lengths):
                    wrong(place(self.raw, key, urgency), f'The steps of "{urgency}" do not follow each other in time', "the shortest first")
        endpoints = self.data.get("endpoints")
        if isinstance(endpoints, Told):
            self._anchor(place(endpoints.raw, "origin"), endpoints["origin"])
            for anchor in endpoints["pfs"]:
                self._anchor(place(endpoints.raw, "pfs", anchor), anchor)
        asked = _stated_values((*_parts(self.raw.get("assessments")), *_parts(self.raw.get("diaries"))), "instrument")
        complete = all(name in self.instruments for name in asked)
        check_alerts(self.data, self.instruments, asked, complete, self.report)

    def _each_once(self, values: Iterable[str], raw: Any, what: str) -> None:
        values = list(values)
        for index, value in enumerate(values):
            if value in values[:index]:
                self.report.wrong(place(raw, index), f'"{value}" stands twice in {what}', "each once")


def _parts(raw: Any) -> list[Mapped]:
    return [part for part in raw if isinstance(part, Mapped)] if isinstance(raw, list) else []


def _stated_values(parts: Iterable[Mapped], key: str) -> list[str]:
    return [part[key] for part in parts if isinstance(part.get(key), str)]


def _stated_ids(raw: Any) -> list[str]:
    return _stated_values(_parts(raw), "id")


def _stated_names(raw: Any) -> list[str]:
    return [name for name in raw if isinstance(name, str)] if isinstance(raw, list) else []


def _days(distance: Period) -> int:
    """The length of a distance in days, a month at its longest: two windows that overlap by this measure always do."""
    return 31 * distance.months + distance.days


def _placeholders(name: str) -> list[str]:
    return [f"{{{part.partition('}')[0]}}}" for part in name.split("{")[1:]]


def _names(visit: Visit) -> Iterator[str]:
    """The names that a visit can make; of a series without a known length the first twenty years."""
    if visit.every is None:
        yield visit.id
        return
    length = max(1, _days(visit.every))
    ends = [_days(distance) for anchor, distance in visit.until.first_of if anchor == visit.start]
    last = min([visit.count or MOST_VISITS, MOST_VISITS, *(end // length for end in ends)])
    first = _days(visit.after) // length if visit.after else 0
    for n in range(first + 1, last + 1):
        yield visit_name(visit, n)
