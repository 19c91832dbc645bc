"""A virtual participant with a phone: fills in what is due when they feel like it, and sends it when there is a network."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from qol_server.client import Declined, HeldBack, HttpTransport, PhoneClient, Reply, Unreachable
from qol_server.simulation.answering import answers_to
from qol_server.simulation.fate import Fate

LOST = 0.01  # of requests, and as many of answers


class WeakNetwork:
    """A transport that now and then loses a request on its way, or the answer to one that arrived."""

    def __init__(self, base: str, chance: random.Random) -> None:
        self._real = HttpTransport(base)
        self._chance = chance
        self.lost_answers = 0

    def __call__(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        luck = self._chance.random()
        if luck < LOST:
            raise OSError("the request was lost")
        reply = self._real(path, body, headers)
        if luck > 1 - LOST:
            self.lost_answers += 1
            raise OSError("the answer was lost")
        return reply

    def close(self) -> None:
        self._real.close()


class VirtualParticipant:
    """Lives one fate with one phone after another."""

    def __init__(self, fate: Fate, base: str, study: str, seed: int) -> None:
        self.fate = fate
        self.chance = random.Random(f"{seed}/{fate.nth}/life")
        self._base, self._study = base, study
        self.number = ""
        self._network: WeakNetwork | None = None
        self.phones: list[PhoneClient] = []
        self.duplicates = 0
        self._answered: set[str] = set()
        self._skipped: set[str] = set()
        self._last_dose: tuple[Any, str] | None = None

    @property
    def phone(self) -> PhoneClient:
        return self.phones[-1]

    def zone(self, day: date) -> str:
        """Where the participant is on a day."""
        return self.fate.away_zone if self.fate.away is not None and self.fate.away.covers(day) else self.fate.zone

    def wakes(self, day: date) -> datetime:
        """The instant at which they look at the phone on a local day."""
        return datetime(day.year, day.month, day.day, self.fate.hour, self.chance.randrange(60), tzinfo=ZoneInfo(self.zone(day)))

    def pair(self, code: str, day: date) -> None:
        """Take a new phone into use; what the old one still held is sent by it as long as it is there."""
        self.hang_up()
        self._network = network = WeakNetwork(self._base, self.chance)
        fresh = PhoneClient(network, self._study, str(uuid.UUID(int=self.chance.getrandbits(128), version=4)), platform="simulation")
        for _ in range(5):
            try:
                fresh.pair(code, self.zone(day))
                break
            except Unreachable:
                continue  # the same code and installation may be tried again
        self.phones.append(fresh)

    def hang_up(self) -> None:
        """Close the connection to the server."""
        if self._network is not None:
            self._network.close()

    def live(self, day: date, now: datetime) -> None:
        """One look at the phone."""
        fate, local = self.fate, now.astimezone(ZoneInfo(self.zone(day)))
        burden = min(0.95, max(0.02, fate.burden + fate.drift * (day - fate.enrolled).days / 365))
        if self.chance.random() < fate.reports and not any(spell.covers(day) for spell in fate.silent):
            for assignment in self._due(day):
                self._fill_in(assignment, day, local, burden)
            if self.chance.random() < 0.004:
                self._report_adverse_event(day, local)
            if self._last_dose is not None and self.chance.random() < 0.004:
                self._correct_a_dose(local)
        has_reason = bool(self.phone.waiting()) or self.chance.random() < 0.3  # else the app is not opened on most days
        if has_reason and not any(spell.covers(day) for spell in fate.offline):
            self.sync(now)

    def sync(self, now: datetime) -> None:
        """Send and pull until nothing waits and nothing more comes, or the network gives up."""
        for _ in range(6):
            try:
                zone, much = self.zone(now.date()), len(self.phone.waiting()) > 1
                said = self.phone.sync(now=now.astimezone(ZoneInfo(zone)), time_zone=zone, compress=much)
            except Unreachable:
                continue
            except (HeldBack, Declined):
                return
            self.duplicates += sum(result["status"] == "duplicate" for result in said["results"])
            if not said["feed"]["more"] and not self.phone.waiting():
                return

    def _due(self, day: date) -> list[dict[str, Any]]:
        today = day.isoformat()
        return [
            a
            for a in self.phone.pulled("assignment")
            if a["opens"] <= today <= a["closes"] and a["expected"] and a["occurrence"] not in self._answered
        ]

    def _fill_in(self, assignment: Mapping[str, Any], day: date, local: datetime, burden: float) -> None:
        occurrence = assignment["occurrence"]
        if assignment["assessment"] == "dose":
            self._report_dose(assignment, day, local)
            return
        # most answer on or after the target day; some forms are never answered
        if occurrence in self._skipped or (day.isoformat() < assignment["target"] and self.chance.random() < 0.8):
            return
        if self.chance.random() < 0.03:
            self._skipped.add(occurrence)
            return
        if self.chance.random() < 0.35:
            return
        instrument = self.phone.feed[("instrument", assignment["instrument"])]
        answers = answers_to(instrument, burden, self.chance)
        if self.fate.faulty_app is not None and self.fate.faulty_app.covers(day):
            answers[next(iter(answers))] = 97  # a bad release of the app
        self._give(assignment["instrument"], occurrence, answers, local)
        self._answered.add(occurrence)

    def _planned(self, day: str) -> tuple[int, str]:
        """Intakes and mg of each that are prescribed on a day, as the phone knows it."""
        for part in self.phone.pulled("participation"):
            in_force = [p for p in part["prescriptions"] if p["from"] <= day]
            if in_force and in_force[-1]["intakes_per_day"]:
                per_day = in_force[-1]["intakes_per_day"]
                return per_day, str(int(float(in_force[-1]["mg_per_day"])) // per_day)
        return 0, "0"

    def _report_dose(self, assignment: Mapping[str, Any], day: date, local: datetime) -> None:
        diary_day = assignment["target"]
        intakes, mg = self._planned(diary_day)
        if not intakes:
            return
        answers: dict[str, Any] = {}
        for nth in range(1, intakes + 1):
            luck = self.chance.random()
            if luck < self.fate.takes:
                answers |= {
                    f"intake.{nth}.status": "taken",
                    f"intake.{nth}.time": f"{8 + 10 * (nth - 1):02d}:{self.chance.randrange(60):02d}",
                }
            elif luck < self.fate.takes + 0.01:
                answers |= {f"intake.{nth}.status": "vomited", f"intake.{nth}.mg": mg}
            elif luck < self.fate.takes + 0.015:
                answers |= {f"intake.{nth}.status": "different", f"intake.{nth}.mg": str(int(mg) // 2)}
            else:
                why = self.chance.choice(("forgot", "side_effects", "unwell"))
                answers |= {f"intake.{nth}.status": "not_taken", f"intake.{nth}.reason": why}
        if assignment["late_reason_after"] is not None and day.isoformat() > assignment["late_reason_after"]:
            answers["late_reason"] = "forgot"
        sealed = self._give("dose-diary", assignment["occurrence"], answers, local)
        self._answered.add(assignment["occurrence"])
        self._last_dose = (sealed, assignment["occurrence"])

    def _correct_a_dose(self, local: datetime) -> None:
        assert self._last_dose is not None  # noqa: S101
        sealed, occurrence = self._last_dose
        answers = {"intake.1.status": "not_taken", "intake.1.reason": "forgot"}
        self._give("dose-diary", occurrence, answers, local, supersedes=sealed.id, reason="wrong_answer")
        self._last_dose = None

    def _report_adverse_event(self, day: date, local: datetime) -> None:
        if ("instrument", "adverse-event-diary") not in self.phone.feed:
            return
        ongoing = self.chance.choice(("yes", "no"))
        answers: dict[str, Any] = {
            "what": self.chance.choice(("swollen eyelids", "cramps at night", "feeling sick after the dose", "a rash on the arms")),
            "started": (day - timedelta(days=self.chance.randint(0, 3))).isoformat(), "severity": self.chance.choice((1, 1, 2, 2, 3)),
            "ongoing": ongoing, "hospital": "no", "emergency": "no", "medicine": "no", "dose_changed": "no",
        }  # fmt: skip
        if ongoing == "no":
            answers["ended"] = day.isoformat()
        self._give("adverse-event-diary", None, answers, local)

    def _give(self, instrument: str, occurrence: str | None, answers: dict[str, Any], local: datetime, **more: Any) -> Any:
        told = self.phone.feed[("instrument", instrument)]
        words = told["wording"] or {}
        return self.phone.seal(
            "response.given", captured_at=local, time_zone=str(local.tzinfo), occurrence=occurrence or "adverse-event@{id}",
            instrument=instrument, version=told["version"], wording=words.get("version"), language=self.fate.language, mode="app",
            by="participant", answers=answers, **more,
        )  # fmt: skip
