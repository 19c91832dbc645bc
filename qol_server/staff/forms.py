"""What was typed into a form: read field by field, each mistake kept beside its field, nothing that was typed is lost."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from werkzeug.datastructures import MultiDict

from qol_server.trial import problems
from qol_server.trial.problems import Refused

FORM_ID = "_form"
"""The hidden field in which every form has an id of its own from when its page is made."""
LONGEST = 2000  # characters of a text
LONGEST_TYPED = 4  # as many times as many signs may make one character: letters with marks
EARLIEST = 1900
LATEST = 9000
"""The first year that a date at the desk can lie in, and the first that it cannot: further off there are no time zones."""


class Form:
    """A posted form, or an empty one before it is posted.

    Each reader returns what stands in the field, or a value that means nothing (``""``, 0, the first day …) after a mistake: call
    ``check`` before anything is done with what was read.
    """

    def __init__(self, name: str, posted: MultiDict[str, str] | None, t: Callable[..., str]) -> None:
        self.name = name
        self.errors: dict[str, str] = {}
        self._posted = posted
        self._t = t

    @property
    def is_posted(self) -> bool:
        return self._posted is not None

    def typed(self, name: str, default: object = "") -> str:
        """What stands in a field, as it was typed; before the form is posted what the page proposes."""
        if self._posted is None:
            return "" if default is None else str(default)
        return self._posted.get(name, "")

    def is_chosen(self, name: str, value: object, default: object = None) -> bool:
        """Whether a choice is among those that were made (or proposed)."""
        if self._posted is None:
            return str(value) in ([str(each) for each in default] if isinstance(default, list | tuple | set) else [str(default)])
        return str(value) in self._posted.getlist(name)

    def error(self, name: str) -> str:
        return self.errors.get(name, "")

    def wrong(self, name: str, key: str, **values: object) -> None:
        """Note what is wrong with a field; the first thing that is said about it stays."""
        self.errors.setdefault(name, self._t(key, **values))

    def check(self) -> None:
        """Raises Refused(form-wrong) where a field is wrong."""
        if self.errors:
            raise Refused(problems.FORM_WRONG)

    # readers

    def text(self, name: str, *, required: bool = True, most: int = LONGEST) -> str:
        """A text without spaces around it. Line feeds are kept; other control characters are a mistake."""
        typed = self.typed(name)
        if len(typed) > LONGEST_TYPED * most:  # before it is brought into one form, which takes the square of its length
            self.wrong(name, "form.too_long", most=most)
            return ""
        found = unicodedata.normalize("NFC", typed.replace("\r\n", "\n")).strip()
        if required and not found:
            self.wrong(name, "form.required")
        if len(found) > most:
            self.wrong(name, "form.too_long", most=most)
        if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in found):
            self.wrong(name, "form.control")
        return found

    def one_of(self, name: str, codes: Collection[str], *, required: bool = True) -> str:
        """One of these codes; "" where none was chosen and none has to be."""
        found = self.typed(name)
        if found not in codes and (found or required):
            self.wrong(name, "form.choose")
        return found if found in codes else ""

    def many_of(self, name: str, codes: Collection[str], *, least: int = 0) -> list[str]:
        """The chosen ones of these codes, in their order."""
        given = [] if self._posted is None else self._posted.getlist(name)
        if not set(given) <= set(codes) or len(set(given)) < least:
            self.wrong(name, "form.choose")
        return [code for code in codes if code in given]

    def is_ticked(self, name: str) -> bool:
        return self.typed(name) == "yes"

    def whole(self, name: str, least: int = 0, most: int = 2**53 - 1) -> int:
        """A whole number within bounds, both allowed."""
        found = self.typed(name).strip()
        if not (found.isascii() and found.isdigit() and len(found) < 17 and least <= int(found) <= most):
            self.wrong(name, "form.whole", least=least, most=most)
            return least
        return int(found)

    def decimal(self, name: str, *, required: bool = True) -> Decimal | None:
        """A number with a point or a comma; None where nothing was typed and nothing has to be."""
        found = self.typed(name).strip().replace("\u202f", "").replace("\u00a0", "").replace(",", ".")
        if not found and not required:
            return None
        try:
            value = Decimal(found if len(found) <= 20 else "")
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self.wrong(name, "form.number")
            return None
        return value

    def day(self, name: str, *, required: bool = True) -> date | None:
        """A day, as a date field sends it (2026-03-31)."""
        found = self.typed(name).strip()
        try:
            when = date.fromisoformat(found)
        except ValueError:
            when = None
        if when is None or not EARLIEST <= when.year < LATEST:
            if found or required:
                self.wrong(name, "form.day")
            return None
        return when

    def days(self, name: str) -> list[date]:
        """The days that a page has put into a field, one after another; those that it cannot have put there are a mistake."""
        found: list[date] = []
        for typed in filter(None, self.typed(name).split(",")):
            try:
                found.append(date.fromisoformat(typed))
            except ValueError:
                self.wrong(name, "form.day")
                return []
        return found

    def moment(self, name: str, *, required: bool = True) -> datetime | None:
        """A day and an hour on the wall, without a zone (2026-03-31T20:15)."""
        found = self.typed(name).strip()
        try:
            when = datetime.fromisoformat(found)
        except ValueError:
            when = None
        if when is None or when.tzinfo is not None or len(found) < 16 or not EARLIEST <= when.year < LATEST:
            if found or required:
                self.wrong(name, "form.moment")
            return None
        return when
