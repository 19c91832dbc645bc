"""What happens to a virtual participant: drawn once from a seed, before anything is lived."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Spell:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(slots=True)
class Fate:
    """One participant's story. Probabilities are per day or per form; days are local."""

    nth: int
    site: str
    language: str
    zone: str
    enrolled: date
    starts: date
    hour: int
    takes: float  # probability that an intake is taken
    reports: float  # probability that a day is reported at all
    burden: float  # 0 well … 1 very ill, at enrolment
    drift: float  # change of the burden over a year
    away: Spell | None = None  # in another time zone
    away_zone: str = ""
    offline: list[Spell] = field(default_factory=list)
    silent: list[Spell] = field(default_factory=list)  # days on which nothing is filled in
    holds: list[tuple[Spell, str]] = field(default_factory=list)
    progression: date | None = None
    death: date | None = None
    withdrawal: tuple[str, date] | None = None
    treatment_end: date | None = None
    new_phone: tuple[date, bool] | None = None  # (day, the old one is lost)
    faulty_app: Spell | None = None  # a bad release sends impossible answers


def draw(nth: int, seed: int, first: date, last: date, sites: list[tuple[str, str]], languages: tuple[str, ...]) -> Fate:
    """The fate of the ``nth`` participant (from 0) of a study lived from ``first`` to ``last``."""
    chance = random.Random(f"{seed}/{nth}")
    span = (last - first).days
    site, zone = sites[nth % len(sites)]
    enrolled = first + timedelta(days=int(chance.triangular(0, max(1, span * 0.5), 0)))
    starts = min(last, enrolled + timedelta(days=chance.randint(3, 10)))
    fate = Fate(
        nth, site, chance.choice(languages), zone, enrolled, starts, chance.choice((7, 8, 9, 18, 19, 20)),
        takes=chance.uniform(0.88, 0.99), reports=chance.uniform(0.7, 0.98), burden=chance.uniform(0.05, 0.5),
        drift=chance.uniform(-0.25, 0.25),
    )  # fmt: skip

    def day(low: float, high: float) -> date:
        return starts + timedelta(days=int(chance.uniform(low, high)))

    if chance.random() < 0.2:
        begin = day(20, 200)
        fate.away = Spell(begin, begin + timedelta(days=chance.randint(5, 21)))
        fate.away_zone = chance.choice(("America/Martinique", "Indian/Reunion", "Europe/Paris", "Asia/Tokyo"))
    for _ in range(chance.randint(0, 4)):
        begin = day(0, 330)
        fate.offline.append(Spell(begin, begin + timedelta(days=chance.randint(1, 9))))
    for _ in range(chance.randint(0, 3)):
        begin = day(5, 330)
        fate.silent.append(Spell(begin, begin + timedelta(days=chance.randint(3, 9))))
    if chance.random() < 0.45:
        begin = day(14, 120)
        fate.holds.append((Spell(begin, begin + timedelta(days=chance.randint(4, 20))), "toxicity"))
    if chance.random() < 0.12:
        begin = day(150, 260)
        fate.holds.append((Spell(begin, begin + timedelta(days=chance.randint(3, 10))), "surgery"))
    if chance.random() < 0.25:
        fate.progression = day(60, 330)
    if chance.random() < 0.04:
        fate.death = day(150, 350)
    elif chance.random() < 0.08:
        fate.withdrawal = (chance.choice(("questionnaires", "contact")), day(60, 300))
    if chance.random() < 0.15:
        fate.treatment_end = day(90, 300)
    if chance.random() < 0.15:
        fate.new_phone = (day(30, 250), chance.random() < 0.5)
    if chance.random() < 0.15:
        begin = day(10, 250)
        fate.faulty_app = Spell(begin, begin + timedelta(days=3))
    return fate
