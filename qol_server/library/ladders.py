"""Reminders in a study's file: the ladders of messages and tasks, and the hours in which no message is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qol_server.library.documents import Report, listed, place
from qol_server.library.fields import Clock, Distance, Field, Many, OneOf, Shape, Told, whole
from qol_server.trial.protocol import Quiet, Rung


class Channels(Field):
    """One channel, or several."""

    words = ("push", "email", "sms")
    says = f"one of {listed(words)}, or a list of them"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        if isinstance(value, list):
            return tuple(Many(OneOf(self.words), least=1).deserialize(value))
        return (OneOf(self.words).deserialize(value),)


class RungShape(Shape):
    at = OneOf(
        ("open", "target", "preferred_hour"), note="when the window opens; on the target day; on the diary day at the participant's hour"
    )
    after = Distance(clock=True, note="so long after the target day's hour")
    by = Channels(note="a message by this channel (push, email, sms), or of a list by the first that takes it")
    task = OneOf(("call",), note="a task for the site instead of a message")

    def one_of(self) -> Iterable[tuple[str, ...]]:
        return [("at", "after"), ("by", "task")]


class QuietShape(Shape):
    start = Clock(required=True, key="from", note="from this hour, where the participant is")
    end = Clock(required=True, key="to", note="until this hour; of the next day where it is the earlier one")


def ladders(data: Told, ids: Iterable[str], report: Report) -> Iterator[tuple[str, tuple[Rung, ...]]]:
    """The ladder of each assessment; what names no assessment of these ``ids``, or contradicts itself, is reported."""
    stated: Mapping[str, Any] = data.get("reminders") or {}
    for name, rungs in stated.items():
        if name not in ids:
            report.unknown(place(data.raw, "reminders", name), "assessment", name, list(ids))
        for rung in whole(rungs):
            for index, channel in enumerate(rung["by"] or ()):
                if channel in rung["by"][:index]:
                    report.wrong(place(rung.raw, "by", index), f'"{channel}" stands twice in by', "each once")
        yield name, tuple(Rung(rung["at"], rung["after"], rung["by"] or (), rung["task"]) for rung in whole(rungs))
    ad_hoc = {part["id"] for part in whole(data.get("diaries")) if part["ad_hoc"]}
    for name in ad_hoc & set(stated):
        message = f'"{name}" is asked when something happens and has no day to remind of'
        report.wrong(place(data.raw, "reminders", name), message, "assessments and daily diaries")


def quiet_hours(data: Told, report: Report) -> Quiet | None:
    """The hours in which no message is sent, where the file names any."""
    part = data.get("quiet_hours")
    if not isinstance(part, Told):
        return None
    if part["start"] == part["end"]:
        report.wrong(place(part.raw, "to"), "The quiet hours end when they begin", "another hour than from")
    return Quiet(part["start"], part["end"])
