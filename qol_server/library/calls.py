"""Calls: the keys of a study's file that say when the site is asked to telephone."""

from __future__ import annotations

from qol_server.library.fields import Distance, Part, Shape, Told, Whole
from qol_server.trial.protocol import CallLimits

DEFAULT = CallLimits()


class SilentPhoneShape(Shape):
    daily = Distance(default=DEFAULT.silent_daily, note="where something opens every day or every other day; default `P5D`")
    weekly = Distance(default=DEFAULT.silent_weekly, note="where something opens every ten days or more often; default `P14D`")
    seldom = Distance(note="where something opens less often; default: never, because such a phone is normally silent")


class ContactRefreshShape(Shape):
    ahead = Distance(default=DEFAULT.refresh_ahead, note="so long before the window opens; default `P14D`")
    after = Distance(default=DEFAULT.refresh_after, note="where nothing was asked for so long before; default `P3M`")


class CallsShape(Shape):
    unknown_days = Whole(
        1, 28, default=DEFAULT.unknown_days, note="days in a row of which the dose diary says nothing; held days do not count; default 3"
    )
    silent_phone = Part(SilentPhoneShape, note="so long after something opened on it a phone was not heard of")
    clock_skew = Distance(clock=True, default=DEFAULT.clock_skew, note="a phone's clock is wrong by this or more; default `PT1H`")
    sequence_gap = Distance(clock=True, default=DEFAULT.sequence_gap, note="entries of a phone are missing for so long; default `P1D`")
    contact_refresh = Part(ContactRefreshShape, note="contact details are checked before a window that comes after a long time")


def call_limits(said: Told | None) -> CallLimits:
    """The limits that a study's file states, with the defaults for the others."""
    if said is None:
        return DEFAULT
    silent, refresh = said["silent_phone"] or {}, said["contact_refresh"] or {}

    return CallLimits(
        unknown_days=said["unknown_days"],
        silent_daily=silent.get("daily", DEFAULT.silent_daily),
        silent_weekly=silent.get("weekly", DEFAULT.silent_weekly),
        silent_seldom=silent.get("seldom", DEFAULT.silent_seldom),
        clock_skew=said["clock_skew"],
        sequence_gap=said["sequence_gap"],
        refresh_ahead=refresh.get("ahead", DEFAULT.refresh_ahead),
        refresh_after=refresh.get("after", DEFAULT.refresh_after),
    )
