"""Months of a study in virtual time: staff act, participants answer, the clock ticks, day by day in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from qol_server import library
from qol_server.intake import adoption, conduct
from qol_server.intake.study import Study
from qol_server.simulation.clock import Tick
from qol_server.simulation.desk import Desk
from qol_server.simulation.fate import Fate, draw
from qol_server.simulation.phone import VirtualParticipant
from qol_server.trial.prescribing import Doubt
from qol_server.trial.protocol import Criterion, Protocol

STAFF = "staff:demo-nurse"
MEANT = tuple(Doubt)  # two changes may fall on one day
AT_WORK = time(7, 30)  # UTC, when the sites record what happened
SLOT = 3  # hours of which the phones that are looked at are looked at together, late in it
TICKS = (time(5), time(10), time(20))  # UTC, often enough for each rung's day


@dataclass(slots=True)
class Lived:
    """What a simulation did, as its participants know it."""

    participants: list[VirtualParticipant] = field(default_factory=list)
    ticks: int = 0

    @property
    def sealed(self) -> int:
        return sum(len(phone.outbox) for one in self.participants for phone in one.phones)

    @property
    def duplicates(self) -> int:
        return sum(one.duplicates for one in self.participants)


def set_up(study: Study, protocol: bytes, now: datetime) -> None:
    """Adopt a protocol in stand-in wording with the shipped instruments, and activate it."""
    shipped = library.shipped_instruments()
    instruments = {name: path.read_bytes() for name, path in shipped.items() if name.encode() in protocol}
    adoption.adopt(study, protocol, instruments, actor=STAFF, now=now)
    adoption.activate(study, actor=STAFF, now=now)


def eligible(protocol: Protocol) -> dict[str, str]:
    """Values that meet every criterion."""
    values = {}
    for criterion in protocol.eligibility:
        if criterion.ask == "yes_no":
            values[criterion.id] = "yes" if criterion.expect else "no"
        else:
            values[criterion.id] = str(_inside(criterion))
    return values


def _inside(criterion: Criterion) -> Decimal:
    """A number well within a criterion's limits."""
    least = criterion.at_least if criterion.at_least is not None else criterion.above
    most = criterion.at_most if criterion.at_most is not None else criterion.below
    if least is None:
        return Decimal(1) if most is None else most / 2
    return least * 2 if most is None else (least + most) / 2


class Life:
    """One simulation. ``tick`` is called with the virtual present, several times a day."""

    def __init__(self, study: Study, base: str, set_clock: Callable[[datetime], None], tick: Tick, seed: int) -> None:
        self._study, self._base, self._set_clock, self._tick, self._seed = study, base, set_clock, tick, seed
        self._protocol = study.protocol_in_force(study.store.read())
        self._desk = Desk(study, seed)
        self.lived = Lived()
        self._ticking: Future[None] | None = None

    def run(self, participants: int, first: date, until: datetime) -> Iterable[date]:
        """Live from the day ``first`` until an instant (UTC), giving each day once it has been lived."""
        last = until.date()
        sites = [(site.id, site.time_zone) for site in self._protocol.sites.values()]
        fates = [draw(nth, self._seed, first, last, sites, self._protocol.languages) for nth in range(participants)]
        people = {fate.nth: VirtualParticipant(fate, self._base, self._study.slug, self._seed) for fate in fates}
        with ThreadPoolExecutor(4) as phones, ThreadPoolExecutor(1) as clock:
            day = first
            while day <= last:
                self._live_a_day(day, until, fates, people, phones, clock)
                yield day
                day += timedelta(days=1)
            self._ticked()
        for one in self.lived.participants:
            one.hang_up()

    def _live_a_day(
        self, day: date, until: datetime, fates: list[Fate], people: dict[int, VirtualParticipant], phones: Executor, clock: Executor
    ) -> None:
        looks: dict[int, list[VirtualParticipant]] = {}
        for one in self.lived.participants:
            if one.fate.death is None or day < one.fate.death:
                looks.setdefault(one.wakes(day).astimezone(UTC).hour // SLOT, []).append(one)
        moments = [datetime.combine(day, at, UTC) for at in TICKS]
        worked = False
        for slot in range(24 // SLOT):
            now = datetime(day.year, day.month, day.day, slot * SLOT + SLOT - 1, 30, tzinfo=UTC)
            if now > until:
                return
            while moments and moments[0] <= now:
                self._ticked()
                # the clock is a process of its own in earnest: it ticks while phones send and the staff works
                self._ticking = clock.submit(self._tick, moments.pop(0))
                self.lived.ticks += 1
            self._set_clock(now)
            if not worked and now.time() >= AT_WORK:
                worked = True
                for fate in fates:
                    self._staff_work(fate, people[fate.nth], day, now)
            self._desk.work(now)
            awake = looks.get(slot, [])
            list(phones.map(VirtualParticipant.live, awake, [day] * len(awake), [now] * len(awake)))

    def _ticked(self) -> None:
        """Wait for the tick that is under way."""
        if self._ticking is not None:
            self._ticking.result()
            self._ticking = None

    def _staff_work(self, fate: Fate, one: VirtualParticipant, day: date, now: datetime) -> None:
        study = self._study
        if day == fate.enrolled:
            enrolment = conduct.Enrolment(
                fate.site, "1.0", day, eligible(self._protocol), language=fate.language, time_zone=fate.zone, reminder_hour=fate.hour + 2
            )
            one.number = conduct.enrol(study, enrolment, actor=STAFF, now=now)
            one.pair(conduct.offer_pairing(study, one.number, actor=STAFF, now=now)[0], day)
            self.lived.participants.append(one)
        if day < fate.enrolled:
            return
        self._record_facts(fate, one, day, now)
        if fate.new_phone is not None and day == fate.new_phone[0]:
            if fate.new_phone[1]:
                conduct.revoke(study, one.number, actor=STAFF, now=now, reason="lost")
            elif not any(spell.covers(day) for spell in fate.offline):
                one.sync(now)
            one.pair(conduct.offer_pairing(study, one.number, actor=STAFF, now=now, replaces=True)[0], day)

    def _record_facts(self, fate: Fate, one: VirtualParticipant, day: date, now: datetime) -> None:
        study, number = self._study, one.number
        if day == fate.starts:
            conduct.start_treatment(study, number, day, actor=STAFF, now=now)
        if day <= fate.starts:
            return
        on_treatment = (fate.treatment_end is None or day < fate.treatment_end) and (fate.death is None or day < fate.death)
        for spell, reason in fate.holds:
            if on_treatment and day == spell.first:
                conduct.prescribe(study, number, None, day, actor=STAFF, now=now, reason=reason, confirmed=MEANT)
            elif on_treatment and day == spell.last + timedelta(days=1):
                regimen = "800" if fate.progression is not None and fate.progression < day else "400"
                conduct.prescribe(study, number, regimen, day, actor=STAFF, now=now, reason="recovery", confirmed=MEANT)
        if day == fate.progression and on_treatment:
            conduct.set_anchor(study, number, "progression", day, actor=STAFF, now=now)
            conduct.prescribe(study, number, "800", day, actor=STAFF, now=now, reason="progression", confirmed=MEANT)
        for anchor, when in (("treatment_end", fate.treatment_end), ("death", fate.death)):
            if day == when:
                conduct.set_anchor(study, number, anchor, day, actor=STAFF, now=now)
        if fate.withdrawal is not None and day == fate.withdrawal[1]:
            conduct.withdraw(study, number, fate.withdrawal[0], day, actor=STAFF, now=now)
