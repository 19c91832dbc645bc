"""Whatever the weather, the crashes and the number of clocks: nothing is sent twice, and nothing after it was answered."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from qol_server.intake import pausing
from qol_server.intake.study import open_study
from qol_server.messaging import Message, NotTaken, Undeliverable
from qol_server.trial.reminding import Outcome
from qol_server.views.ledger import ledger, ledger_faults
from scheduler import ticks
from tests import people
from tests.people import Phone
from tests.scheduler.post import wall

WAYS = ("push", "email", "sms")


class Crash(BaseException):
    """The process ends here, before or after the message has left."""


class Channels:
    """A channel's receiver: it keeps every message that reached it, whatever its sender was told."""

    def __init__(self) -> None:
        self.weather: dict[str, str] = {}
        self.reached: list[tuple[str, str]] = []  # key, channel
        self.meanwhile = lambda: None

    def __call__(self, message: Message) -> None:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        weather = self.weather.get(message.channel, "fair")
        if weather == "refuses":
            raise Undeliverable("no address")
        if weather == "busy":
            raise NotTaken("it is busy", timedelta(minutes=10))
        if weather == "crash before":
            raise Crash
        self.reached.append((message.key, message.channel))
        if weather == "silent":
            raise TimeoutError
        if weather == "crash after":
            raise Crash


class Reminding(RuleBasedStateMachine):
    """Ben, under treatment, through the last days of his first month."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.trial = people.trial(self.folder)
        self.ben = self.trial.enrol(people.BEN)
        self.trial.at("2026-03-02 06:00")
        self.trial.start_treatment(self.ben, date(2026, 3, 2))
        self.phone: Phone = self.trial.phone(self.ben)
        self.trial.now = wall("2026-04-01 08:30")
        self.clocks = [self.trial.study, open_study(self.trial.settings, people.SLUG)]
        self.channels = Channels()
        self.answered: dict[str, int] = {}  # occurrence -> how many messages had reached a receiver by then

    @rule(channel=st.sampled_from(WAYS), weather=st.sampled_from(["fair", "refuses", "busy", "silent", "crash before", "crash after"]))
    def the_weather_changes(self, channel: str, weather: str) -> None:
        self.channels.weather[channel] = weather

    @rule(minutes=st.sampled_from([1, 10, 65, 200, 1441]), which=st.integers(0, 1), both=st.booleans(), answers=st.booleans())
    def a_clock_ticks(self, minutes: int, which: int, both: bool, answers: bool) -> None:
        """``both``: the other clock ticks while this one's first message is on its way; ``answers``: Ben answers then."""
        self.trial.now += timedelta(minutes=minutes)

        def meanwhile() -> None:
            if both:
                self.tick(1 - which)
            if answers:
                self.ben_answers_what_is_due()

        self.channels.meanwhile = meanwhile
        self.tick(which)
        self.channels.meanwhile = lambda: None

    def tick(self, which: int) -> None:
        try:
            ticks.remind(self.clocks[which], self.trial.now, self.channels)
        except Crash:
            self.clocks[which].store.close()
            self.clocks[which] = open_study(self.trial.settings, people.SLUG)

    @rule()
    def ben_answers_what_is_due(self) -> None:
        today = self.trial.now.astimezone(wall("2026-04-01 00:00").tzinfo).date()
        answers = {f"dose@{today}": people.TAKEN, "qol@M1": people.C30}
        for occurrence in answers.keys() - self.answered.keys():
            self.phone.answer(occurrence, answers[occurrence])
            self.answered[occurrence] = len(self.channels.reached)
        self.phone.sync()

    @precondition(lambda self: self.trial.now < wall("2026-04-20 00:00"))
    @rule(days=st.integers(0, 3))
    def contact_is_paused(self, days: int) -> None:
        today = self.trial.now.astimezone(wall("2026-04-01 00:00").tzinfo).date()
        pausing.pause(self.trial.study, self.ben, today + timedelta(days=days), reason="away", actor=people.NURSE, now=self.trial.now)

    @invariant()
    def nothing_reaches_a_receiver_twice(self) -> None:
        if hasattr(self, "channels"):
            assert len(self.channels.reached) == len(set(self.channels.reached))

    @invariant()
    def nothing_leaves_once_it_was_answered(self) -> None:
        if hasattr(self, "channels"):
            occurrence_of = {
                row["id"]: row["occurrence"] for row in self.trial.study.store.read().all("SELECT id, occurrence FROM reminders")
            }
            for nth, (key, _) in enumerate(self.channels.reached):
                # the one that was on its way when the answer came is the last of those that may have arrived
                assert nth <= self.answered.get(occurrence_of[key], nth)

    @invariant()
    def the_ledger_has_no_fault_and_says_what_happened(self) -> None:
        if hasattr(self, "channels"):
            tx = self.trial.study.store.read()
            assert ledger_faults(tx) == []
            reached = {key for key, _ in self.channels.reached}
            ids = {(row["occurrence"], row["rung"], row["channel"]): row["id"] for row in tx.all("SELECT * FROM reminders")}
            for line in ledger(tx, self.ben):
                is_there = ids[line.occurrence, line.rung, line.channel] in reached
                assert is_there or line.outcome is not Outcome.SENT
                assert not is_there or line.outcome in (Outcome.SENT, Outcome.INTENDED) or line.why == "the outcome is unknown"

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            for study in self.clocks:
                study.store.close()
            shutil.rmtree(self.folder)


Reminding.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TestReminding = Reminding.TestCase
