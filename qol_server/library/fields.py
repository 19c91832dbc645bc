"""The kinds of value that a study file may hold, as marshmallow fields that say what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any, ClassVar, cast
from zoneinfo import available_timezones

from marshmallow import EXCLUDE, Schema, ValidationError, fields, missing, post_load, validates_schema

from qol_server.library.documents import Bare, Listed, Mapped, Report, did_you_mean, listed, place
from qol_server.trial.protocol import Period

_PERIOD = re.compile(
    r"(-)?P(?:(\d{1,4})W|(?=[\dT])(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,5})M)?)?)", re.ASCII
)
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,9})?", re.ASCII)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
ZONES = available_timezones()
DAYS_SAYS = "a duration such as P7D, P1W, P1M, P1Y"
PERIOD_SAYS = "an ISO 8601 duration such as P7D, P1W, P1M, P1Y or PT30M"


def told(message: str, allowed: str) -> ValidationError:
    """A mistake in the form in which ``Shape`` hands it on: what is wrong and what is allowed."""
    return ValidationError([(message, allowed)])


def period(text: str) -> Period:
    """The distance that an ISO 8601 duration names. Raises ValueError."""
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is not a duration. Allowed: {PERIOD_SAYS}.')
    weeks, years, months, days, hours, minutes = (int(part or 0) for part in match.groups()[1:])
    sign = -1 if match[1] else 1
    return Period(months=sign * (12 * years + months), days=sign * (7 * weeks + days), minutes=sign * (60 * hours + minutes))


def _shown(value: Any) -> str:
    if isinstance(value, Mapped):
        return "a mapping"
    if isinstance(value, Listed):
        return "a list"
    if value is None:
        return "nothing"
    return ("true" if value else "false") if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


class Field(fields.Field[Any]):
    """A value that can say what is allowed in its place."""

    says: ClassVar[str] = ""

    def __init__(self, *, required: bool = False, default: Any = None, note: str = "", key: str | None = None) -> None:
        """``key``: the key in the file where it is a reserved word of Python."""
        super().__init__(required=required, load_default=missing if required else default, metadata={"note": note}, data_key=key)
        self.error_messages["required"] = [('"{key}" is missing', self.allowed)]
        self.error_messages["null"] = [('"{key}" has no value', self.allowed)]
        self.error_messages["validator_failed"] = [('"{key}" is wrong', self.allowed)]
        self.allow_none = False

    @property
    def allowed(self) -> str:
        return self.says

    def refused(self, value: Any) -> ValidationError:
        if isinstance(value, Bare):
            return told(f'{value} is written as a number here; write it in quotes: "{value}"', self.allowed)
        return told(f'{_shown(value)} is not allowed for "{{key}}"', self.allowed)


class Text(Field):
    """Words for people."""

    says = "text"

    def __init__(self, *, most: int = 2000, **kwargs: Any) -> None:
        self.most = most
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or isinstance(value, Bare):
            if isinstance(value, int):
                raise told(f'{_shown(value)} is not text; write it in quotes: "{_shown(value)}"', self.allowed)
            raise self.refused(value)
        if not value.strip() or len(value) > self.most:
            raise told('"{key}" is empty or too long', f"1 to {self.most} characters")
        return value


class Name(Text):
    """An identifier."""

    def __init__(self, pattern: str, says: str, **kwargs: Any) -> None:
        self.pattern = re.compile(pattern, re.ASCII)
        self.form = says
        super().__init__(most=80, **kwargs)

    @property
    def allowed(self) -> str:
        return self.form

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self.pattern.fullmatch(text):
            raise self.refused(value)
        return text


class OneOf(Field):
    """One of a few words."""

    def __init__(self, words: Iterable[str], **kwargs: Any) -> None:
        self.words = tuple(words)
        super().__init__(**kwargs)

    @property
    def allowed(self) -> str:
        return listed(self.words)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise told(f'{_shown(value)} is not allowed for "{{key}}"{did_you_mean(value, self.words)}', self.allowed)
        return value


class Whole(Field):
    """A whole number."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(**kwargs)

    @property
    def allowed(self) -> str:
        return f"a whole number from {self.least} to {self.most}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            raise told(f'{_shown(value)} is not allowed for "{{key}}"', self.allowed)
        return value


class Amount(Field):
    """A number that may have decimals; a whole number stands as it is, a decimal in quotes."""

    says = 'a whole number, or a decimal in quotes such as "1.5"'

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool | Bare):
            raise self.refused(value)
        if isinstance(value, int) or (isinstance(value, str) and _DECIMAL.fullmatch(value)):
            return Decimal(value)
        raise self.refused(value)


class Distance(Field):
    """A calendar distance: years, months, weeks, days, hours, minutes."""

    def __init__(self, *, negative: bool = False, clock: bool = False, **kwargs: Any) -> None:
        """``clock``: hours and minutes make sense here."""
        self.negative, self.clock = negative, clock
        super().__init__(**kwargs)

    @property
    def allowed(self) -> str:
        kind = "a duration such as PT30M, PT4H, P1D" if self.clock else DAYS_SAYS
        return kind + (", with a minus sign for before" if self.negative else ", not negative")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Period:
        if not isinstance(value, str):
            raise self.refused(value)
        try:
            found = period(value)
        except ValueError:
            raise told(f'"{value}" is not a duration', self.allowed) from None
        if found.minutes and not self.clock:
            raise told(f'"{value}" has hours or minutes, but "{{key}}" is counted in days', self.allowed)
        if not self.negative and min(found.months, found.days, found.minutes) < 0:
            raise told(f'"{value}" is negative', self.allowed)
        return found


class Flag(Field):
    """Yes or no."""

    says = "yes, no"
    _words: ClassVar[Mapping[Any, bool]] = {"yes": True, "no": False, True: True, False: False}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, str | bool) or value not in self._words:
            raise self.refused(value)
        return self._words[value]


class Clock(Field):
    """A time of day."""

    says = 'a time of day in quotes such as "06:00"'

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> time:
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.refused(value)
        return time(int(match[1]), int(match[2]))


class DayField(Field):
    """A calendar day."""

    says = "a day such as 2026-12-25"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise self.refused(value)
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise told(f'"{value}" is not a day of the calendar', self.says) from None


class Zone(Field):
    """An IANA time zone."""

    says = "an IANA time zone such as Europe/Paris"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in ZONES:
            raise told(f"{_shown(value)} is not a time zone{did_you_mean(value, ZONES)}", self.says)
        return str(value)


class Code(Field):
    """The code of a choice: a whole number or a word."""

    says = "a whole number, or a word of letters, digits and _"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | str:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and not isinstance(value, Bare) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,39}", value):
            return str(value)
        raise self.refused(value)


class Many(Field):
    """A list; what is whole in it survives the mistakes of its neighbours."""

    def __init__(self, inner: Field | Part, *, least: int = 0, most: int = 1000, **kwargs: Any) -> None:
        self.inner, self.least, self.most = inner, least, most
        super().__init__(**kwargs)

    @property
    def allowed(self) -> str:
        return f"a list; each: {self.inner.allowed}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise told(f'{_shown(value)} is not a list, which "{{key}}" must be', self.allowed)
        if not self.least <= len(value) <= self.most:
            raise told(f'"{{key}}" has {len(value)} elements', f"{self.least} to {self.most} elements")
        whole: list[Any] = []
        errors: dict[int, Any] = {}
        for index, part in enumerate(value):
            try:
                whole.append(self.inner.deserialize(part))
            except ValidationError as error:
                errors[index] = error.messages
        if errors:
            raise ValidationError(errors, valid_data=whole)
        return whole


class Table(Field):
    """A mapping whose keys are names that the author chooses."""

    def __init__(self, key: Field, inner: Field | Part, *, least: int = 0, **kwargs: Any) -> None:
        self.key, self.inner, self.least = key, inner, least
        super().__init__(**kwargs)

    @property
    def allowed(self) -> str:
        return f"a mapping from {self.key.allowed} to {self.inner.allowed}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, Mapped):
            raise told(f'{_shown(value)} is not a mapping, which "{{key}}" must be', self.allowed)
        if len(value) < self.least:
            raise told('"{key}" is empty', f"at least {self.least} of: {self.allowed}")
        whole: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, part in value.items():
            try:
                whole[self.key.deserialize(name)] = self.inner.deserialize(part)
            except ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise ValidationError(errors, valid_data=whole)
        return whole


class Told(dict[str, Any]):
    """What a shape loaded without a mistake, with the mapping of the file that it came from."""

    raw: Mapped


class Shape(Schema):
    """A mapping with fixed keys. An unknown key is a mistake that suggests the nearest known one."""

    error_messages = {"type": [('"{key}" must hold keys and values', "a mapping")]}  # type: ignore[dict-item]  # noqa: RUF012

    class Meta:
        unknown = EXCLUDE

    @property
    def keys(self) -> list[str]:
        return [field.data_key or name for name, field in self.fields.items()]

    def one_of(self) -> Iterable[tuple[str, ...]]:
        """Groups of keys of which exactly one must stand."""
        return ()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _keys(self, data: Any, original: Any, **kwargs: Any) -> None:
        if not isinstance(original, Mapped):
            return
        errors: dict[str, Any] = {}
        for key in original:
            if key not in self.keys:
                errors[key] = [(f'The key "{key}" is not known here{did_you_mean(key, self.keys)}', listed(self.keys))]
        for group in self.one_of():
            standing = [key for key in group if key in original]
            if len(standing) != 1:
                found = f"there are {listed(standing)}" if standing else "there is none"
                message = f"Exactly one of {listed(group)} must stand here; {found}"
                errors.setdefault(standing[1] if standing else "_schema", []).append((message, listed(group)))
        if errors:
            raise ValidationError(errors)

    @post_load(pass_original=True)
    def _told(self, data: Any, original: Any, **kwargs: Any) -> Told:
        loaded = Told(data)
        loaded.raw = original
        return loaded


class Part(fields.Nested):
    """A mapping with fixed keys inside another."""

    def __init__(self, shape: type[Shape], *, required: bool = False, default: Any = None, note: str = "") -> None:
        super().__init__(shape, required=required, load_default=missing if required else default, metadata={"note": note})
        self.shape = shape
        self.error_messages["required"] = [('"{key}" is missing', self.allowed)]
        self.error_messages["null"] = [('"{key}" has no value', self.allowed)]
        self.error_messages["type"] = [('"{key}" must hold keys and values', self.allowed)]
        self.allow_none = False

    @property
    def allowed(self) -> str:
        return f"keys {listed(self.shape().keys)}"


def load(shape: Shape, raw: Mapped, report: Report) -> Told:
    """What ``raw`` holds; mistakes of shape go to the report, and what is whole is still returned for the next checks."""
    try:
        return cast(Told, shape.load(raw))
    except ValidationError as error:
        for path, message, allowed in _flat(error.messages):
            steps = [step for step in path if step != "_schema"]
            key = str(steps[-1]) if steps else shape.__class__.__name__
            report.wrong(place(raw, *steps), message.replace("{key}", key), allowed)
        loaded = Told(error.valid_data if isinstance(error.valid_data, dict) else {})
        loaded.raw = raw
        return loaded


def _flat(errors: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str, str]]:
    if isinstance(errors, dict):
        for key, inner in errors.items():
            yield from _flat(inner, (*path, key))
    else:
        for error in errors:
            message, allowed = error if isinstance(error, tuple) else (str(error).rstrip("."), "")
            yield path, message, allowed


def whole(parts: Any) -> list[Told]:
    """Those of a list's (or mapping's) parts that have no mistake of shape."""
    values = parts.values() if isinstance(parts, dict) else parts or ()
    return [part for part in values if isinstance(part, Told)]
