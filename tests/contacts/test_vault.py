"""The vault of names and telephones: kept and shown to whoever says what for, and found nowhere else, ever."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import orjson
import pytest

from qol_server import journal
from qol_server.exports import tidy
from qol_server.intake import looking, reach, vault
from qol_server.trial.contacting import FIELDS, Purpose, fits
from qol_server.trial.problems import Refused
from tests import people
from tests.people import NURSE, Trial

DETAILS = {
    "name": "Zsazsa Quillfeather", "telephone": "+33 6 12 34 56 78", "email": "zsazsa@quillfeather.example", "channel": "telephone",
    "hour": "18:30", "contact_person": "Barnaby Quillfeather", "contact_telephone": "0612345679",
}  # fmt: skip
SECRETS = [b"Quillfeather", b"quillfeather", b"12 34 56 78", b"0612345679"]


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return people.trial(tmp_path)


@pytest.fixture
def ada(trial: Trial) -> str:
    number = trial.enrol(people.ADA)
    vault.write(trial.study, number, DETAILS, actor=NURSE, now=trial.now)
    return number


def told(trial: Trial) -> list[tuple[str, str, object]]:
    """What the journal says of contact details: kind, who, and the line."""
    entries = [entry for entry in journal.every(trial.study.store.read()) if entry.kind.startswith("contact.")]
    return [(str(entry.kind), entry.actor, orjson.loads(entry.line)) for entry in entries]


def test_a_look_says_who_and_what_for_and_the_journal_never_what_was_seen(trial: Trial, ada: str) -> None:
    assert vault.is_kept(trial.study, ada)
    assert vault.look(trial.study, ada, Purpose.CALL, actor="staff:nora", now=trial.now) == DETAILS
    assert told(trial) == [
        ("contact.written", NURSE, {"fields": [name for name in FIELDS if name in DETAILS]}),
        ("contact.seen", "staff:nora", {"why": "call"}),
    ]
    assert [(look.who, look.why) for look in trial.study.contacts.looks(ada)] == [("staff:nora", "call")]


def test_also_a_look_at_nothing_is_told(trial: Trial) -> None:
    ben = trial.enrol(people.BEN)
    assert vault.look(trial.study, ben, Purpose.VISIT, actor=NURSE, now=trial.now) == {}
    assert [kind for kind, _, _ in told(trial)] == ["contact.seen"]


def test_what_is_written_replaces_what_was_there(trial: Trial, ada: str) -> None:
    vault.write(trial.study, ada, {"telephone": "+33 6 00 00 00 00", "email": ""}, actor=NURSE, now=trial.now)
    assert vault.look(trial.study, ada, Purpose.CALL, actor=NURSE, now=trial.now) == {"telephone": "+33 6 00 00 00 00"}


def test_erased_details_are_gone_with_their_key_and_with_the_phones_subscriptions(trial: Trial, ada: str) -> None:
    phone = trial.phone(ada)
    [device] = [row["device"] for row in trial.study.store.read().all("SELECT device FROM devices")]
    reach.subscribe(trial.study, ada, device, {"endpoint": "https://push.example.org/x", "p256dh": "x", "auth": "y"}, trial.now)
    with pytest.raises(Refused, match="A reason is needed"):
        vault.erase(trial.study, ada, reason=" ", actor=NURSE, now=trial.now)
    vault.erase(trial.study, ada, reason="she asked for it", actor=NURSE, now=trial.now)
    assert not vault.is_kept(trial.study, ada)
    assert vault.look(trial.study, ada, Purpose.CALL, actor=NURSE, now=trial.now) == {}
    assert reach.subscriptions(trial.study, ada, trial.now, "a test") == {}
    erased = [entry for entry in journal.every(trial.study.store.read()) if entry.kind == "contact.erased"]
    assert [entry.reason for entry in erased] == ["she asked for it"]
    assert phone.number == ada


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("telephone", "+33 6 12 34 56 78", "call me"),
        ("second_telephone", "(06) 12.34-56", "12"),
        ("email", "a@b.fr", "a@b"),
        ("channel", "sms", "pigeon"),
        ("hour", "08:05", "8 o'clock"),
        ("name", "Ada O’Neill-Lövelace", "Ada\nLovelace"),
        ("contact_person", "her sister", "x" * 201),
    ],
)
def test_what_cannot_be_true_is_not_kept(trial: Trial, ada: str, field: str, good: str, bad: str) -> None:
    assert fits(field, good)
    with pytest.raises(Refused, match=f"as {field} cannot be one") as refused:
        vault.write(trial.study, ada, {field: bad}, actor=NURSE, now=trial.now)
    assert bad not in str(refused.value), "an error is logged and shown; it repeats nobody's details"


def test_details_stand_in_no_export_no_log_no_journal_and_no_file_in_the_open(
    trial: Trial, ada: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    trial.start_treatment(ada, date(2026, 3, 1))
    phone = trial.phone(ada)
    phone.something_happened()
    phone.sync()
    vault.look(trial.study, ada, Purpose.OTHER, actor=NURSE, now=trial.now)
    views = looking.live(trial.study, trial.settings)
    looking.score(trial.study, views, trial.now)
    views.catch_up()
    views.draw(trial.now)
    tidy.export(trial.study, tmp_path / "export", actor=NURSE, now=trial.now)
    views.store.close()
    files = [path for path in trial.settings.data.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} >= {"export", "studies", "contacts"}
    for path in files:
        content = path.read_bytes()
        assert not any(secret in content for secret in SECRETS), path
    assert not any(secret.decode() in caplog.text for secret in SECRETS)
