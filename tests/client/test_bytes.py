"""Bytes stored are bytes sealed, whatever people write."""

from __future__ import annotations

import hashlib
import random
from datetime import timedelta

from qol_server import journal
from tests import people
from tests.api import rig
from tests.client.network import Pocket

MANY = 10_000
SCRIPTS = (
    (0x20, 0x7E), (0x80, 0x17F), (0x300, 0x36F), (0x370, 0x3FF), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F),
    (0x1100, 0x11FF), (0x2000, 0x206F), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xE000, 0xF8FF), (0xFE00, 0xFFFD), (0x10000, 0x10FFFF),
    (0x1F300, 0x1FAFF), (0x01, 0x1F),
)  # fmt: skip
"""Ranges of code points: letters of many scripts, marks, directions, private use, beyond the 16 bits, and control characters."""
AWKWARD = (
    '"', "\\", "\\u0041", "\u2028", "\u2029", "\ufeff", "e\u0301", "é", "\r\n", "\t",
    "👩\u200d👧", "İ", "ﬁ", "\x7f", "</script>", "null",
)  # fmt: skip


def day(n: int) -> str:
    """The dose of one of the days on which the treatment may be asked about."""
    return f"dose@{rig.DAY + timedelta(days=n % 1000)}"


def text(chance: random.Random) -> str:
    parts = []
    for _ in range(chance.randrange(0, 12)):
        if chance.random() < 0.3:
            parts.append(chance.choice(AWKWARD))
        else:
            low, high = chance.choice(SCRIPTS)
            parts.append("".join(chr(chance.randint(low, high)) for _ in range(chance.randrange(1, 12))))
    return "".join(parts)[:400]


def test_ten_thousand_entries_are_stored_byte_for_byte(trial: people.Trial, phone: Pocket) -> None:
    chance = random.Random(20_261_122)
    for n in range(MANY):
        if n % 5 == 4:
            phone.dose(day(n), people.TAKEN, note=text(chance))  # a field that the server does not know
        elif n % 5 == 3:
            phone.dose(day(n), {"no.such.item": text(chance)})  # an item that the diary does not have: kept for review
        else:
            phone.note(text(chance))
    statuses: list[str] = []
    while phone.client.waiting():
        if phone.client.waiting()[0].seq % 2:
            phone.note(text(chance))  # written while the queue is being sent
        statuses += [result["status"] for result in phone.sync(compress=chance.random() < 0.5)["results"]]
    assert len(statuses) == len(phone.client.outbox) >= MANY
    assert statuses.count("quarantined") == MANY // 5
    assert statuses.count("stored") > MANY // 2
    assert rig.lines(trial) == phone.lines
    found = {entry.position: hashlib.sha256(entry.line).hexdigest() for entry in rig.from_phones(trial)}
    assert found == {entry.receipt["position"]: entry.sha256 for entry in phone.client.outbox}
    assert journal.verify(trial.study.store)[1] is None
