"""What an instrument is: its items, what may be answered to each, and the scales made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

Answer = int | str | list[int | str] | None
Answers = Mapping[str, Answer]
"""Item id -> answer. Absent: not asked. ``None``: shown and not answered. A listed string: a coded non-answer."""


class ItemType(StrEnum):
    """The forms that an answer can take."""

    CHOICE = "choice"  # one code of the item's list
    MULTIPLE = "multiple"  # a list of distinct codes of the item's list
    INTEGER = "integer"
    DECIMAL = "decimal"  # travels as a string: "36.6"
    TEXT = "text"
    DATE = "date"  # YYYY-MM-DD
    TIME = "time"  # HH:MM


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison with the answer to one item; an item without a usable answer never satisfies it."""

    item: str
    op: str  # "is" | "in" | "at_least" | "at_most" | "above" | "below"
    value: int | str | Decimal | tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    parts: tuple[Condition, ...]


Condition = Compare | All | Any


def as_data(condition: Condition) -> dict[str, object]:
    """A condition as JSON: {"item", "op", "value"}, {"all": […]} or {"any": […]}."""
    if isinstance(condition, Compare):
        value = condition.value
        told = list(value) if isinstance(value, tuple) else value if isinstance(value, int) else str(value)
        return {"item": condition.item, "op": condition.op, "value": told}
    return {"all" if isinstance(condition, All) else "any": [as_data(part) for part in condition.parts]}


@dataclass(frozen=True, slots=True)
class Item:
    """One question. ``codes`` keeps the order in which the choices are shown."""

    id: str
    type: ItemType
    codes: tuple[int | str, ...] = ()
    choices: str | None = None  # name of the choice list, under which a wording pack gives the labels
    non_answers: tuple[str, ...] = ()  # coded non-answers that may be given instead ("declined", "na", …)
    required: bool = False
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    max_length: int | None = None  # text: characters
    unit: str | None = None  # integer, decimal: in which the number is asked for, such as °C
    ask_when: Condition | None = None  # asked only when this holds; otherwise absent from the answers
    symptom: str | None = None
    attribute: str | None = None  # frequency, severity, interference, amount, presence
    code: str | None = None  # CDISC test code
    recall: str | None = None  # ISO 8601 duration, None: no recall period


@dataclass(frozen=True, slots=True)
class Scale:
    """A score made of items. What ``kind`` and ``minimum_answered`` mean is the scoring method's affair."""

    id: str
    kind: str
    items: tuple[str, ...]
    reversed: tuple[str, ...] = ()
    code: str | None = None
    minimum_answered: int | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One scale's part in a summary: itself, or 100 minus itself."""

    scale: str
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """A score made of scales: ``mean`` or ``sum`` of its terms."""

    id: str
    method: str
    terms: tuple[Term, ...]
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Licence:
    """Who owns the wording and whether its use needs a recorded licence."""

    status: str  # "ours" | "public_domain" | "free_with_attribution" | "license_required" | "unknown"
    holder: str = ""
    note: str = ""

    @property
    def must_be_recorded(self) -> bool:
        """A live study must hold a licence reference and an imported wording pack for it."""
        return self.status in ("license_required", "unknown")


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire or diary in one version; ``version`` is the SHA-256 (hex) of its document's bytes."""

    id: str
    version: str
    title: str
    licence: Licence
    items: tuple[Item, ...]
    scales: tuple[Scale, ...] = ()
    summaries: tuple[Summary, ...] = ()
    scoring: str | None = None  # name of a method in trial.scoring
    source: str = ""
    by_id: Mapping[str, Item] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {item.id: item for item in self.items})
