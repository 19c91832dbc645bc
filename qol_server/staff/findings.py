"""What alerts found, in the words in which the participant was asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from qol_server import library
from qol_server.staff.desk import Desk
from qol_server.staff.words import WORDS
from qol_server.trial.alerting import UNKNOWN, URGENCIES
from qol_server.trial.cases import falls
from qol_server.trial.instrument import Instrument, Item
from qol_server.trial.response import number_of

OWN = ("dose", "days")
"""Subjects of findings that are no item or scale."""


@dataclass(frozen=True, slots=True)
class Said:
    """One finding: what was asked, what was answered, and what it is compared with, in words."""

    what: str
    value: str
    compared: str = ""


@dataclass(slots=True)
class Speaker:
    """Puts findings into the words of a desk's language; one for a request."""

    desk: Desk
    _known: dict[str, tuple[Instrument | None, library.Wording | None]] = field(default_factory=dict)

    def title(self, assessment: str) -> str:
        """What an assessment is called."""
        wording = self._of(assessment)[1]
        return assessment if wording is None else wording.title

    def say(self, assessment: str, subject: str, value: str | None, before: str | None = None, over: str | None = None) -> Said:
        """One finding of an assessment's response."""
        compared = "" if before is None else self.desk.t(f"finding.over.{over}", value=self._value(assessment, subject, before))
        return Said(self.question(assessment, subject), "" if value is None else self._value(assessment, subject, value), compared)

    def question(self, assessment: str, subject: str) -> str:
        """What an item asks; a scale by its name."""
        wording = self._of(assessment)[1]
        if subject in OWN:
            return self.desk.t(f"finding.{subject}")
        return subject if wording is None else wording.items.get(subject, subject)

    def items(self, assessment: str) -> Sequence[Item]:
        """The items of an assessment's instrument."""
        instrument = self._of(assessment)[0]
        return () if instrument is None else instrument.items

    def answers(self, assessment: str, item: str) -> Sequence[tuple[int | str, str]]:
        """The answers that an item offers, with their words."""
        instrument, wording = self._of(assessment)
        asked = None if instrument is None else instrument.by_id.get(item)
        if asked is None:
            return []
        labels = {} if wording is None or asked.choices is None else wording.choices.get(asked.choices, {})
        return [(code, labels.get(code, str(code))) for code in asked.codes]

    def known(self, assessment: str, known: Iterable[Sequence[str | None]]) -> list[Said]:
        """What a case knows ([rule, item or scale, worst level]): what an urgent rule found first, then the worst."""
        rules = {rule.id: rule for rule in self.desk.protocol.rules}
        worst: dict[str, Decimal | None] = {}
        place: dict[str, int] = {}
        for rule, subject, level in known:
            if subject:
                so_far, found = worst.get(subject), rules.get(rule or "")
                worse = min if found is not None and falls(found, subject) else max
                worst[subject] = so_far if level is None else worse(so_far if so_far is not None else Decimal(level), Decimal(level))
                urgency = len(URGENCIES) if found is None else URGENCIES.index(found.urgency)
                place[subject] = min(place.get(subject, len(URGENCIES)), urgency)
        ordered = sorted(worst.items(), key=lambda pair: (place[pair[0]], -(pair[1] or 0)))
        return [self.say(assessment, subject, None if level is None else f"{level.normalize():f}") for subject, level in ordered]

    def _value(self, assessment: str, subject: str, value: str) -> str:
        if subject in OWN and value == UNKNOWN:
            return self.desk.t("finding.unknown")
        return self.answer(assessment, subject, value)

    def answer(self, assessment: str, item: str, value: str) -> str:
        """An answer in words: the label of a choice, a number with its unit, anything else as it was given."""
        labels = {str(code): label for code, label in self.answers(assessment, item)}
        instrument = self._of(assessment)[0]
        asked = None if instrument is None else instrument.by_id.get(item)
        unit = asked.unit if asked is not None and number_of(value) is not None else None
        return labels.get(value, value if unit is None else f"{value} {unit}")

    def _of(self, assessment: str) -> tuple[Instrument | None, library.Wording | None]:
        if assessment not in self._known:
            self._known[assessment] = self._look_up(assessment)
        return self._known[assessment]

    def _look_up(self, assessment: str) -> tuple[Instrument | None, library.Wording | None]:
        desk, asked = self.desk, self.desk.protocol.assessments.get(assessment)
        version = None if asked is None else desk.study.current(desk.tx, "instrument", asked.instrument)
        if asked is None or version is None:
            return None, None
        languages = (desk.language, *desk.protocol.languages)
        packs = (desk.study.current(desk.tx, "wording", asked.instrument, language) for language in languages)
        pack = next((one for one in packs if one is not None), None)
        return desk.study.instrument(desk.tx, version), None if pack is None else desk.study.wording(desk.tx, pack)


def code(desk: Desk, name: str) -> str:
    """A code of the study's file in words, where the desk has them."""
    return desk.t(f"code.{name}") if f"code.{name}" in WORDS else name.replace("_", " ")
