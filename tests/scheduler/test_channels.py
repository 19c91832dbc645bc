"""Weather on the way: channels that refuse, that are busy, that say nothing; and what ends a message that waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest

from qol_server.intake import adoption, looking, pausing
from qol_server.messaging import Message, NotTaken, Undeliverable
from qol_server.trial.problems import Refused
from scheduler import ticks
from tests import people
from tests.people import Trial
from tests.scheduler.post import calls, steps, wall

TARGET = "qol@M1"  # on the third of April it is a day late: by e-mail, or else by SMS
LATE = wall("2026-04-03 09:00")
MINUTE = timedelta(minutes=1)


def busy(minutes: int) -> Exception:
    return NotTaken("it is busy", timedelta(minutes=minutes))


@dataclass(slots=True)
class Weather:
    """Channels of which some raise something; what arrived is kept."""

    raises: dict[str, Exception] = field(default_factory=dict)
    arrived: list[Message] = field(default_factory=list)
    asked: list[Message] = field(default_factory=list)

    def __call__(self, message: Message) -> None:
        self.asked.append(message)
        if message.channel in self.raises and message.occurrence == TARGET:
            raise self.raises[message.channel]
        self.arrived.append(message)

    @property
    def told(self) -> list[str]:
        """The channels by which the late questionnaire was reminded of."""
        return [message.channel for message in self.arrived if message.occurrence == TARGET]

    @property
    def tries(self) -> list[str]:
        return [message.channel for message in self.asked if message.occurrence == TARGET]


def go(trial: Trial, weather: Weather, moment: datetime) -> list[tuple[str, str]]:
    """Tick, and tell what became of the late questionnaire's messages of that rung so far: (kind, reason)."""
    trial.now = moment
    ticks.remind(trial.study, moment, weather)
    tx = trial.study.store.read()
    sql = "SELECT kind, reason FROM entries WHERE kind LIKE 'reminder.%' AND occurrence = ? ORDER BY position"
    return [(row["kind"].removeprefix("reminder."), row["reason"]) for row in tx.all(sql, (TARGET,))]


@pytest.mark.parametrize(
    ("failure", "why"),
    [(Undeliverable("no address"), "no address"), (TimeoutError("it says nothing"), "the outcome is unknown")],
)
def test_where_a_channel_fails_or_nobody_knows_the_next_one_follows_at_once(trial: Trial, ben: str, failure: Exception, why: str) -> None:
    weather = Weather({"email": failure})
    assert go(trial, weather, LATE) == [("intended", None), ("failed", why), ("intended", None), ("sent", None)]
    for minutes in range(1, 600, 20):
        go(trial, weather, LATE + minutes * MINUTE)
    assert (weather.tries, weather.told) == (["email", "sms"], ["sms"])


def test_where_none_takes_it_the_next_rung_comes_in_its_time(trial: Trial, ben: str) -> None:
    weather = Weather({name: Undeliverable("no address") for name in ("email", "sms")})
    go(trial, weather, LATE)
    go(trial, weather, wall("2026-04-05 09:00"))
    assert weather.tries == ["email", "sms"]
    assert TARGET in {occurrence for _, occurrence, _ in calls(trial, ben)}


def test_a_channel_that_is_busy_is_asked_again_when_it_wants_to_be_and_holds_up_nobody(trial: Trial, ben: str) -> None:
    weather = Weather({"email": busy(30)})
    assert go(trial, weather, LATE) == [("intended", None), ("deferred", "it is busy")]
    assert len(weather.arrived) > 0, "the others went out"
    weather.raises.clear()
    for minutes in (1, 15, 29):
        go(trial, weather, LATE + minutes * MINUTE)
    assert weather.told == []
    assert go(trial, weather, LATE + 30 * MINUTE)[2:] == [("intended", None), ("sent", None)]
    assert weather.told == ["email"]
    assert len({message.key for message in weather.asked if message.occurrence == TARGET}) == 1, "to its receiver it is one message"


def test_a_channel_that_stays_busy_gives_way_to_the_next(trial: Trial, ben: str) -> None:
    weather = Weather({"email": busy(0)})
    for minutes in range(40):
        go(trial, weather, LATE + minutes * MINUTE)
    assert (weather.tries, weather.told) == (["email"] * 6 + ["sms"], ["sms"])


def waiting(trial: Trial, minutes: int = 30) -> Weather:
    """A message that waits for its e-mail server."""
    weather = Weather({"email": busy(minutes)})
    assert go(trial, weather, LATE)[-1] == ("deferred", "it is busy")
    weather.raises.clear()
    trial.now = LATE + 5 * MINUTE
    return weather


ENDS: dict[str, Callable[[Trial, str], None]] = {
    "anchor.set": lambda trial, ben: trial.anchor(ben, "death", date(2026, 4, 3)),
    "withdrawal.recorded": lambda trial, ben: trial.withdraw(ben, "contact", date(2026, 4, 3)),
    "contact.paused": lambda trial, ben: pausing.pause(
        trial.study, ben, date(2026, 4, 10), reason="in hospital", actor=people.NURSE, now=trial.now
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_or_pauses_contact_cancels_what_waits_in_its_own_transaction(trial: Trial, ben: str, end: str) -> None:
    weather = waiting(trial)
    before = trial.position
    ENDS[end](trial, ben)
    entries = trial.study.store.read().all("SELECT kind, reason FROM entries WHERE position > ? ORDER BY position", (before,))
    assert [tuple(entry) for entry in entries if entry["kind"] == "reminder.cancelled"] == [("reminder.cancelled", end)]
    go(trial, weather, LATE + 30 * MINUTE)
    assert weather.told == []


@pytest.mark.parametrize("kind", ["treatment"])
def test_what_leaves_the_questionnaires_alone_cancels_none(trial: Trial, ben: str, kind: str) -> None:
    weather = waiting(trial)
    trial.withdraw(ben, kind, date(2026, 4, 3))
    go(trial, weather, LATE + 30 * MINUTE)
    assert weather.told == ["email"]


def test_an_answer_that_comes_while_a_message_waits_cancels_it(trial: Trial, ben: str) -> None:
    weather = waiting(trial)
    phone = trial.phone(ben)
    phone.answer(TARGET, people.C30)
    phone.sync()
    assert go(trial, weather, LATE + 30 * MINUTE)[-1] == ("cancelled", "it is not due any more")
    assert weather.told == []
    after = trial.position
    go(trial, weather, LATE + 40 * MINUTE)
    assert trial.position == after


def test_a_pause_ends_on_its_day_or_before_and_is_explained(trial: Trial, ben: str) -> None:
    trial.now = wall("2026-03-03 08:00")
    for until in (date(2026, 3, 2), date(2026, 7, 1)):
        with pytest.raises(Refused, match="last day of a pause"):
            pausing.pause(trial.study, ben, until, reason="holiday", actor=people.NURSE, now=trial.now)
    with pytest.raises(Refused, match="Say why"):
        pausing.pause(trial.study, ben, date(2026, 3, 9), reason=" ", actor=people.NURSE, now=trial.now)
    with pytest.raises(Refused, match="not paused"):
        pausing.resume(trial.study, ben, reason="", actor=people.NURSE, now=trial.now)
    pausing.pause(trial.study, ben, date(2026, 3, 9), reason="holiday", actor=people.NURSE, now=trial.now)
    for day in range(3, 10):
        go(trial, Weather(), wall(f"2026-03-0{day} 12:00"))
    assert steps(trial, ben) == []
    go(trial, Weather(), wall("2026-03-10 12:00"))
    assert ("sent", "dose@2026-03-10", 1, "03-10 12:00") in steps(trial, ben)
    pausing.pause(trial.study, ben, date(2026, 3, 20), reason="in hospital", actor=people.NURSE, now=trial.now)
    trial.now = wall("2026-03-12 08:00")
    pausing.resume(trial.study, ben, reason="home again", actor=people.NURSE, now=trial.now)
    go(trial, Weather(), wall("2026-03-12 09:00"))
    assert ("sent", "dose@2026-03-12", 0, "03-12 09:00") in steps(trial, ben)


def test_after_a_death_that_was_told_nothing_is_ever_sent_again_until_it_was_an_error(trial: Trial, ben: str) -> None:
    trial.now = wall("2026-03-03 08:00")
    trial.study.store.write(lambda tx: pausing.pause_after_death(tx, trial.study, ben, actor=people.NURSE, now=trial.now))
    for day in ("2026-03-03", "2026-06-03", "2026-06-04", "2027-01-04"):
        go(trial, Weather(), wall(f"{day} 12:00"))
    assert steps(trial, ben) == []
    with pytest.raises(Refused, match="resume contact first"):
        pausing.pause(trial.study, ben, trial.now.date(), reason="holiday", actor=people.NURSE, now=trial.now)
    with pytest.raises(Refused, match="why that was an error"):
        pausing.resume(trial.study, ben, reason=" ", actor=people.NURSE, now=trial.now)
    pausing.resume(trial.study, ben, reason="another patient", actor=people.NURSE, now=trial.now)
    trial.now = wall("2027-01-05 08:00")
    go(trial, Weather(), wall("2027-01-05 12:00"))
    assert steps(trial, ben)


def test_in_quiet_hours_a_message_that_waits_goes_on_waiting(trial: Trial, ben: str) -> None:
    document = people.protocol().replace(b'from: "22:00", to: "07:00"', b'from: "10:00", to: "11:00"')
    adoption.adopt(trial.study, document, people.instruments(), actor=people.DATA_MANAGER, now=trial.now)
    weather = waiting(trial, 70)
    go(trial, weather, LATE + 75 * MINUTE)
    assert weather.told == []
    go(trial, weather, LATE + 120 * MINUTE)
    assert weather.told == ["email"]


def test_the_ledger_is_found_again_from_the_journal(trial: Trial, ben: str) -> None:
    weather = waiting(trial)
    go(trial, weather, LATE + 30 * MINUTE)
    pausing.pause(trial.study, ben, date(2026, 4, 9), reason="holiday", actor=people.NURSE, now=trial.now)
    here, there = trial.study.store, looking.as_of(trial.study, trial.position).store
    for table in ("reminders", "pauses"):
        rows = [[tuple(row) for row in store.read().all(f"SELECT * FROM {table} ORDER BY position")] for store in (here, there)]
        assert rows[0] == rows[1] != []
