"""What a virtual participant answers: any instrument's items, in order, given how ill they feel today."""

from __future__ import annotations

import operator
import random
from collections.abc import Mapping
from typing import Any

BETTER_WHEN_HIGH = frozenset({"q29", "q30"})  # the two items of the QLQ-C30 on which a high answer is a good one


def answers_to(instrument: Mapping[str, Any], burden: float, chance: random.Random) -> dict[str, Any]:
    """Answers to an instrument as the feed describes it; ``burden`` from 0 (well) to 1 (very ill)."""
    given: dict[str, Any] = {}
    for item in instrument["items"]:
        if asked(item, given):
            given[item["id"]] = _answer(item, burden, chance)
    return given


def asked(item: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether an item is asked, given the answers before it."""
    return "ask_when" not in item or _holds(item["ask_when"], given)


def _holds(rule: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    if "all" in rule:
        return all(_holds(part, given) for part in rule["all"])
    if "any" in rule:
        return any(_holds(part, given) for part in rule["any"])
    answer, value = given.get(rule["item"]), rule["value"]
    if answer is None or (isinstance(answer, str) and isinstance(value, int)):
        return False
    if rule["op"] == "in":
        return answer in value
    compare = {"is": operator.eq, "at_least": operator.ge, "at_most": operator.le, "above": operator.gt, "below": operator.lt}
    return bool(compare[rule["op"]](answer, value))


def _answer(item: Mapping[str, Any], burden: float, chance: random.Random) -> Any:
    luck = chance.random()
    if luck < 0.01:
        return None
    if luck < 0.015 and item["non_answers"]:
        return chance.choice(item["non_answers"])
    if item["type"] == "decimal":
        return f"{chance.gauss(37.4, 0.6):.1f}" if item["id"] == "temperature" else None
    if item["type"] != "choice":
        return None
    codes = item["codes"]
    if codes == ["no", "yes"]:
        return "yes" if chance.random() < 0.01 else "no"
    level = min(1.0, max(0.0, chance.gauss(burden, 0.18)))
    if item["id"] in BETTER_WHEN_HIGH:
        level = 1.0 - level
    return codes[min(len(codes) - 1, int(level * len(codes)))]
