"""A participant's way at the site: enrolled, paired, started, held, changed, withdrawn; each wrong word is explained."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from qol_server.intake.study import open_study
from qol_server.settings import Settings
from qol_server.trial import eligibility
from qol_server.trial.protocol import Criterion
from tests import people
from tests.cli.desk import ELIGIBLE, Desk


@pytest.fixture
def ada(desk: Desk) -> str:
    desk.demonstration()
    return desk.enrol()


def test_a_participant_is_enrolled_by_name_of_who_did_it(desk: Desk, ada: str) -> None:
    assert ada == "01-0001-4"
    study = open_study(Settings(desk.data), "desminib")
    row = study.store.read().one("SELECT actor FROM entries WHERE kind = 'participant.enrolled'")
    study.store.close()
    assert row is not None
    assert row["actor"] == "staff:nora"
    listed = desk.read("participant", "list", "desminib")["participants"]
    assert [(one["participant"], one["site"]) for one in listed] == [(ada, "01")]


def test_eligibility_may_come_in_a_file(desk: Desk, tmp_path: Path) -> None:
    desk.demonstration()
    file = tmp_path / "ada.json"
    values = {name: value == "yes" if value in ("yes", "no") else value for name, value in people.ELIGIBLE.items()}
    file.write_text(json.dumps(values | {"anc": 3000, "bilirubin": 1.25}), encoding="utf-8")
    consent = ["--consent-version", "1.0", "--consent-date", "2026-01-05"]
    said = desk.read("participant", "enrol", "desminib", "--site", "02", *consent, "--eligibility", file)
    assert said["participant"].startswith("02-0001-")


def test_whoever_is_not_eligible_is_not_enrolled_and_each_reason_is_named(desk: Desk, ada: str) -> None:
    wanted = ["--site", "01", "--consent-version", "1.0", "--consent-date", "2026-01-05", *ELIGIBLE]
    assert desk.run("participant", "enrol", "desminib", *wanted, "--eligibility", "anc=1000", "--eligibility", "age=17") == 1
    assert "anc is 1000; it must be above 1000 /mm3" in desk.err
    assert "age is 17; it must be at least 18 years" in desk.err
    assert len(desk.read("participant", "list", "desminib")["participants"]) == 1


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--site", "09", "Allowed: 01, 02, 03"),
        ("--consent-date", "5.1.2026", "write it like 2026-11-22"),
        ("--consent-date", "2026-W01-1", "write it like 2026-11-22"),
        ("--consent-version", " ", "it is blank"),
        ("--consent-date", "2999-01-01", "lies in the future"),
        ("--language", "de", "Allowed: fr, en"),
        ("--time-zone", "Europe/Lyon", "not the name of a time zone"),
        ("--reminder-hour", "24", "0<=x<=23"),
        ("--eligibility", "anc=many", "'many' is not a number"),
        ("--eligibility", "hair=long", "There is no criterion 'hair'"),
        ("--as", " ", "is no name"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(desk: Desk, ada: str, flag: str, value: str, words: str) -> None:
    wanted = ["--site", "01", "--consent-version", "1.0", "--consent-date", "2026-01-05", *ELIGIBLE]
    assert desk.run("participant", "enrol", "desminib", *wanted, flag, value) == 2
    assert words in desk.err


def test_the_first_dose_prescribes_the_starting_regimen_once(desk: Desk, ada: str) -> None:
    desk.run("participant", "anchor", "desminib", ada, "treatment_start", "2026-02-03")
    assert desk.run("participant", "anchor", "desminib", ada, "treatment_start", "2026-02-04") == 2
    assert "Give a reason to correct it" in desk.err
    assert desk.run("participant", "anchor", "desminib", ada, "treatment_start", "2026-02-04", "--reason", "typing_mistake") == 0
    about = desk.read("participant", "show", "desminib", ada)
    assert about["anchors"]["treatment_start"] == ["2026-02-04"]
    assert [(p["from"], p["regimen"], p["reason"]) for p in about["prescriptions"]] == [("2026-02-03", "400", "start")]


def test_holds_and_changes_of_dose_are_dated_facts_with_the_protocols_reasons(desk: Desk, ada: str) -> None:
    desk.run("participant", "anchor", "desminib", ada, "treatment_start", "2026-02-03")
    assert desk.run("participant", "hold", "desminib", ada, "--from", "2026-03-01", "--reason", "tired") == 2
    assert "Allowed: toxicity, surgery" in desk.err
    desk.run("participant", "hold", "desminib", ada, "--from", "2026-03-01", "--reason", "toxicity")
    assert desk.run("participant", "prescribe", "desminib", ada, "500", "--from", "2026-03-08", "--reason", "recovery") == 2
    assert "Allowed: 400, 600, 800" in desk.err
    desk.run("participant", "prescribe", "desminib", ada, "600", "--from", "2026-03-08", "--reason", "recovery")
    prescribed = desk.read("participant", "show", "desminib", ada)["prescriptions"]
    assert [(p["from"], p["regimen"], p["mg_per_day"]) for p in prescribed] == [
        ("2026-02-03", "400", "400"),
        ("2026-03-01", None, "0"),
        ("2026-03-08", "600", "600"),
    ]
    assert desk.run("participant", "show", "desminib", ada) == 0
    assert "hold" in desk.out


def test_what_happened_again_is_counted(desk: Desk, ada: str) -> None:
    desk.run("participant", "anchor", "desminib", ada, "progression", "2026-03-01")
    assert desk.read("participant", "anchor", "desminib", ada, "progression", "2026-05-01", "--again")["nth"] == 2
    assert desk.read("participant", "show", "desminib", ada)["anchors"]["progression"] == ["2026-03-01", "2026-05-01"]


def test_a_withdrawal_says_what_it_stops(desk: Desk, ada: str) -> None:
    assert desk.run("participant", "withdraw", "desminib", ada, "contact", "--date", "2026-03-01") == 0
    assert "is not contacted any more" in desk.out
    assert desk.run("participant", "withdraw", "desminib", ada, "everything", "--date", "2026-03-01") == 2
    assert "Allowed: treatment, questionnaires, contact, consent" in desk.err


def test_the_day_of_a_withdrawal_may_be_corrected_there_and_back(desk: Desk, ada: str) -> None:
    for day in ("2026-03-01", "2026-03-04", "2026-03-01", "2026-03-01"):
        assert desk.run("participant", "withdraw", "desminib", ada, "questionnaires", "--date", day, "--reason", "wrong day") == 0
    assert desk.read("participant", "show", "desminib", ada)["withdrawals"] == {"questionnaires": "2026-03-01"}
    study = open_study(Settings(desk.data), "desminib")
    recorded = study.store.read().all("SELECT 1 FROM entries WHERE kind = 'withdrawal.recorded'")
    study.store.close()
    assert len(recorded) == 3


def test_before_the_first_dose_the_baseline_is_open(desk: Desk, ada: str) -> None:
    about = desk.read("participant", "show", "desminib", ada)
    assert {one["occurrence"]: one["state"] for one in about["open_today"]} == {"qol@BASELINE": "open", "symptoms@W0": "open"}
    assert about["phones"] == []


def test_a_code_comes_with_its_address_and_a_drawing(desk: Desk, ada: str) -> None:
    said = desk.read("participant", "pair", "desminib", ada, "--url", "https://qol.example.org/")
    assert said["url"] == f"https://qol.example.org/desminib/app/#{said['code']}"
    assert desk.run("participant", "pair", "desminib", ada) == 0
    assert "needs an https address" in desk.out
    assert "█" in desk.out


def test_a_phone_is_replaced_or_locked_out_but_never_doubled_by_accident(tmp_path: Path, desk: Desk) -> None:
    trial = people.trial(desk.data)
    number = trial.enrol(people.ADA)
    phone = trial.phone(number)
    trial.study.store.close()
    about = desk.read("participant", "show", "desminib", number)
    assert [(one["status"], one["unsent"]) for one in about["phones"]] == [("active", 0)]
    assert about["phones"][0]["last_seen"] is not None

    assert desk.run("participant", "pair", "desminib", number) == 1
    assert "--new-phone" in desk.err
    assert desk.run("participant", "pair", "desminib", number, "--new-phone", "--lost") == 2
    assert desk.read("participant", "pair", "desminib", number, "--new-phone")["locked_out"] == []
    lost = desk.read("participant", "pair", "desminib", number, "--lost")
    assert lost["locked_out"] == [about["phones"][0]["device"]]
    assert desk.read("participant", "show", "desminib", number)["phones"][0]["status"] == "revoked"
    assert phone.number == number


def test_a_mistyped_number_is_told_from_an_unknown_one(desk: Desk, ada: str) -> None:
    assert desk.run("participant", "show", "desminib", "01-0001-5") == 2
    assert "mistyped" in desk.err
    assert desk.problem("participant", "pair", "desminib", "nobody") == ("participant-unknown", 2)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-5", "many"])
def test_a_measurement_that_cannot_be_one_is_refused(value: str) -> None:
    criterion = Criterion("anc", "number", {"en": "/mm3"}, above=Decimal(1000))
    with pytest.raises(ValueError, match="is not a number"):
        eligibility.read(criterion, value)


def test_a_message_is_sent_and_shown_until_it_is_read(desk: Desk, ada: str) -> None:
    sent = desk.read("participant", "message", "desminib", ada, "--text", "See you\non Thursday", "--as", "nora")["message"]
    [shown] = desk.read("participant", "show", "desminib", ada)["messages"]
    assert (shown["id"], shown["text"], shown["read_at"]) == (sent, "See you\non Thursday", None)
    desk.run("participant", "show", "desminib", ada)
    assert "not yet" in desk.out
    assert "See you on Thursday" in desk.out
    assert desk.run("participant", "message", "desminib", ada, "--text", " ") == 2
    assert desk.problem("participant", "message", "desminib", ada, "--text", "Yes", "--about", "it") == ("bad-value", 2)
