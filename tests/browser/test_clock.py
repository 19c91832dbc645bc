"""Local times of the phone are those of Python, in every zone, also in the nights when the clock changes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from tests.browser.pages import Blank

ODD = ("Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Marquesas", "America/Martinique")
NIGHTS = [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2028, 2, 29, 12, tzinfo=UTC)]


def test_a_moment_is_written_as_python_writes_it(modules: Blank) -> None:
    chance = random.Random(26)
    known = set(modules.page.evaluate("Intl.supportedValuesOf('timeZone')")) & available_timezones()
    zones = ["Europe/Paris", "UTC", *ODD, *chance.sample(sorted(known - {*ODD}), 60)]
    moments = [night + timedelta(seconds=chance.randrange(-93_600, 93_600)) for night in NIGHTS for _ in range(4)]
    cases = [(zone, moment + timedelta(milliseconds=chance.randrange(1000))) for zone in zones for moment in moments]
    said = modules.each("phone/clock.js", "localMoment", [[round(m.timestamp() * 1000), z] for z, m in cases])
    fine = modules.each("phone/clock.js", "localMoment", [[round(m.timestamp() * 1000), z, True] for z, m in cases])
    meant = [moment.astimezone(ZoneInfo(zone)) for zone, moment in cases]
    assert said == [local.isoformat(timespec="seconds") for local in meant]
    assert fine == [local.isoformat(timespec="milliseconds") for local in meant]


def test_the_local_day_and_time(modules: Blank) -> None:
    moment = round(datetime(2026, 3, 2, 23, 5, 59, tzinfo=UTC).timestamp() * 1000)
    said = modules.each("phone/clock.js", "localNow", [[moment, "Europe/Paris"], [moment, "America/Martinique"]])
    assert said == [{"day": "2026-03-03", "time": "00:05"}, {"day": "2026-03-02", "time": "19:05"}]


def test_the_zone_of_the_device_is_one_that_the_server_knows(modules: Blank) -> None:
    assert modules.each("phone/clock.js", "deviceZone", [[]]) == ["Europe/Paris"]
