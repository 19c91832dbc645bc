"""The way into a study from the command line: a number after the consent, criteria as they become known, contact details."""

from __future__ import annotations

from tests import people
from tests.cli.desk import Desk


def screened(desk: Desk, **values: str) -> str:
    known = {**people.ELIGIBLE, **values}
    given = [part for name, value in known.items() if value for part in ("--eligibility", f"{name}={value}")]
    consent = ["--consent-version", "1.0", "--consent-date", "2026-01-05"]
    said = desk.read("participant", "enrol", "desminib", "--site", "01", *consent, *given, "--screening", "--as", "nora")
    assert said["included"] is (known == people.ELIGIBLE)
    return str(said["participant"])


def test_criteria_are_recorded_as_they_become_known(desk: Desk) -> None:
    desk.demonstration()
    number = screened(desk, anc="")
    assert desk.run("participant", "eligibility", "desminib", number) == 1
    assert "anc was not given" in desk.out
    assert "is not included" in desk.out
    assert desk.problem("participant", "pair", "desminib", number) == ("not-eligible", 1)
    assert desk.run("participant", "eligibility", "desminib", number, "--set", "anc=1000") == 1
    assert "anc is 1000; it must be above 1000 /mm3" in desk.out
    assert desk.problem("participant", "eligibility", "desminib", number, "--set", "anc=1001") == ("reason-needed", 2)
    assert desk.run("participant", "eligibility", "desminib", number, "--set", "anc=1001", "--reason", "measured again") == 0
    assert f"{number} is included." in desk.out
    assert desk.run("participant", "pair", "desminib", number) == 0


def test_a_consent_is_recorded_with_who_took_it(desk: Desk) -> None:
    desk.demonstration()
    number = desk.enrol()
    said = desk.read("participant", "consent", "desminib", number, "--version", "1.0", "--date", "2026-02-01", "--taken-by", "Ivan")
    assert (said["version"], said["taken_by"]) == ("1.0", "staff:ivan")
    assert desk.run("participant", "consent", "desminib", number, "--version", "1.0", "--date", "2026-02-01", "--taken-by", "Dr Ivan") == 2
    assert "stands on the signed form" in desk.err
    assert desk.run("participant", "consent", "desminib", number, "--version", "9", "--date", "2026-02-01") == 2
    assert "is version 1.0, not 9" in desk.err


def test_contact_details_are_kept_shown_with_a_purpose_and_erased_with_a_reason(desk: Desk) -> None:
    desk.demonstration()
    number = desk.enrol()
    where = ("participant", "contact", "desminib", number)
    assert desk.run(*where) == 0
    assert "not kept" in desk.out
    assert desk.run(*where, "--set", "telephone=+33 6 12 34 56 78", "--set", "name=Ada") == 0
    assert "Ada" not in desk.out
    assert desk.read(*where, "--why", "call")["details"] == {"name": "Ada", "telephone": "+33 6 12 34 56 78"}
    assert desk.read(*where, "--set", "name=", "--why", "update")["details"] == {"telephone": "+33 6 12 34 56 78"}
    assert desk.problem(*where, "--set", "shoe=44") == ("bad-value", 2)
    assert desk.problem(*where, "--erase") == ("reason-needed", 2)
    assert desk.run(*where, "--erase", "--reason", "withdrawn") == 0
    assert desk.run(*where, "--why", "call") == 0
    assert "has no contact details" in desk.out
