"""The phone raises what the server raises: random rules over random answers, doses and days through both engines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from qol_server.trial.alerting import Earlier, Seen, judge
from qol_server.trial.instrument import Instrument, ItemType
from qol_server.trial.participant import Participant
from tests.browser.pages import Blank
from tests.browser.test_rules import DAY, INSTRUMENTS, SEED, Dice, document, participation
from tests.trial.trials import REGIMENS, participant, prescription
from tests.trial.worked import rule

SYMPTOMS, EVENT, DOSES = (INSTRUMENTS[name] for name in ("symptom-diary", "adverse-event-diary", "dose-diary"))
Answers = dict[str, Any]
KINDS = {"all", "any", "any_item", "item", "rise", "attribute", "day_dose_above", "stated_not_taken_in_a_row"}
RAISED = """
    return cases.map(([rules, instrument, answers, { doses, ...context }]) => (
        alerts.raised({ rules, advice: {} }, instrument, answers, { ...context, doses: new Map(Object.entries(doses)) })
            .map((one) => one.rule).sort()
    ));"""


def compared(dice: Dice, instrument: Instrument) -> dict[str, Any]:
    """A comparison of one item, in a rule's words."""
    item = dice.choice([one for one in instrument.items if one.type in (ItemType.CHOICE, ItemType.INTEGER, ItemType.DECIMAL)])
    if item.type is ItemType.CHOICE and dice.random() < 0.5:
        return {"item": item.id, "is": dice.choice(item.codes)}
    limit = dice.choice(["38.3", "39", "40.05"]) if item.type is ItemType.DECIMAL else dice.randint(0, 4)
    return {"item": item.id, dice.choice(["at_least", "at_most", "above", "below"]): limit}


def raw_rule(dice: Dice, instrument: Instrument, n: int) -> dict[str, Any]:
    """A rule of any kind that a phone can decide, as the study's file has it."""
    if instrument is DOSES:
        when: dict[str, Any] = dice.choice([{"day_dose_above": "prescribed"}, {"stated_not_taken_in_a_row": dice.randint(1, 4)}])
    else:
        codes = [item.id for item in instrument.items if item.type is ItemType.CHOICE]
        kinds = [
            lambda: compared(dice, instrument),
            lambda: {dice.choice(["all", "any"]): [compared(dice, instrument) for _ in range(dice.randint(1, 3))]},
            lambda: {"any_item": dice.sample(codes, 3), "is": dice.choice(["yes", "no", 1])},
        ]
        if instrument is SYMPTOMS:
            level = {"instrument": instrument.id, "attribute": dice.choice(["severity", "frequency", "interference"])}
            over = dice.choice([["previous"], ["baseline"], ["previous", "baseline"]])
            kinds += [
                lambda: level | {"at_least": dice.randint(1, 4)},
                lambda: (level if dice.random() < 0.5 else {"instrument": instrument.id}) | {"rise": dice.randint(1, 3), "over": over},
            ]
        when = dice.choice(kinds)()
    return {"id": f"rule-{n}", "urgency": dice.choice(["now", "same-day", "this-week"]), "when": when}


def answered(dice: Dice, instrument: Instrument) -> Answers:
    """Answers that are mostly usable, some of them on a branch that was not asked."""
    return {
        item.id: dice.choice([*item.codes, None]) if item.codes and dice.random() < 0.9 else dice.answer_to(item)
        for item in instrument.items
        if dice.random() < 0.6
    }


def intakes(dice: Dice) -> Answers:
    """One day's dose diary, of which nothing is left open: an amount is asked for and may have been left out."""
    said: Answers = {}
    for n in range(1, dice.randint(2, 4)):
        said[f"intake.{n}.status"] = status = dice.choice(["taken", "not_taken", "not_taken", "different", "vomited", None])
        if status == "different":
            said[f"intake.{n}.mg"] = dice.choice(["0", "100", "600", "1200", None])
    return said


def treated(dice: Dice) -> Participant:
    days = sorted(dice.sample(range(-3, 12), dice.randint(1, 4)))
    anchors = {"treatment_start": str(DAY + timedelta(days=dice.randint(-3, 1)))}
    return participant(anchors, tuple(prescription(DAY + timedelta(days=n), dice.choice([*REGIMENS, None, None])) for n in days))


def one_case(dice: Dice, instrument: Instrument) -> tuple[list[Any], Seen, list[dict[str, Any]]]:
    """The same case as the phone and as the server are given it."""
    rules = [raw_rule(dice, instrument, n) for n in range(4)]
    who = treated(dice)
    if instrument is DOSES:
        day = DAY + timedelta(days=dice.randint(3, 14))
        doses: Mapping[date, Answers] = {day - timedelta(days=n): intakes(dice) for n in range(1, 10) if dice.random() < 0.9}
        answers, earlier = intakes(dice), {}
        seen = Seen(instrument, answers, who, {}, day, lambda of: doses.get(of, {}))
        context: dict[str, Any] = {"day": str(day), "doses": {str(each): said for each, said in doses.items()}}
    else:
        answers = answered(dice, instrument)
        earlier = {which: answered(dice, instrument) for which in ("previous", "baseline") if dice.random() < 0.8}
        seen = Seen(instrument, answers, who, {which: Earlier(instrument, said) for which, said in earlier.items()})
        context = {"day": None, "doses": {}}
    context |= {"previous": earlier.get("previous"), "baseline": earlier.get("baseline"), "participation": participation(who)}
    return [rules, instrument.id, answers, context | {"items": document(instrument)["items"]}], seen, rules


def test_random_rules_are_raised_as_on_the_server(modules: Blank) -> None:
    dice = Dice(SEED + 6)
    made = [one_case(dice, instrument) for instrument in (SYMPTOMS, EVENT, DOSES) for _ in range(250)]
    on_phone = modules.run(f"const cases = {json.dumps([given for given, _, _ in made])};{RAISED}", alerts="rules/alerts.js")
    at_server = [sorted(alert.rule.id for alert in judge([rule(each) for each in rules], seen)) for _, seen, rules in made]
    pairs = enumerate(zip(on_phone, at_server, strict=True))
    assert [(made[n][2], made[n][0][2], told, known) for n, (told, known) in pairs if told != known] == []
    raised = [each["when"] for (_, _, rules), known in zip(made, at_server, strict=True) for each in rules if each["id"] in known]
    assert {kind for when in raised for kind in when} >= KINDS, "each kind of rule was raised at least once"
