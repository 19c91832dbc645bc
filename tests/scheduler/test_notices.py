"""Staff are told by e-mail of what is urgent now, of each step that nobody heeded, of the week's digest; once, and nothing of health."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from qol_server.intake import calls, casework
from qol_server.intake import staff as accounts
from qol_server.intake.adverse_events import Origin, prepare, report
from qol_server.intake.reporting import Made
from qol_server.intake.study import open_study
from qol_server.messaging.sending import Sender
from qol_server.settings import Settings
from qol_server.state import calls as state
from qol_server.state import cases, notices
from qol_server.trial.adverse_events import Serious
from qol_server.trial.roles import Grant, Role
from scheduler import ticks
from scheduler.notices import notify
from tests import people
from tests.messaging.receivers import MailServer, mail_server
from tests.people import Trial
from tests.staff.clinic import EVENT

STAFF = (  # login, role, site, e-mail, language
    ("nora@01.example", Role.NURSE, "01", "nora@mail.example", "fr"), ("nina@01.example", Role.NURSE, "01", "nina@mail.example", "en"),
    ("ivan@01.example", Role.INVESTIGATOR, "01", "ivan@mail.example", "en"),
    ("noel@02.example", Role.NURSE, "02", "noel@mail.example", "en"),
    ("dana@all.example", Role.DATA_MANAGER, None, "dana@mail.example", "en"),
)  # fmt: skip
URL = "https://qol.example.org"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return staffed(tmp_path)


def staffed(tmp_path: Path) -> Trial:
    """A study with alerts, whose staff have accounts."""
    made = people.trial(tmp_path, alerts=True)
    staff = accounts.open_staff(made.settings, made.now)
    for login, role, site, email, language in STAFF:
        accounts.add(staff, login, login, language, actor=people.NURSE, now=made.now, email=email)
        accounts.give_role(staff, login, Grant(role, people.SLUG, site), actor=people.NURSE, now=made.now)
    staff.store.close()
    return made


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server() as there:
        yield there


class Office:
    """The clock's part in telling staff, and what arrived."""

    def __init__(self, trial: Trial, mails: MailServer) -> None:
        self.trial, self.mails = trial, mails
        self.settings: Settings = replace(trial.settings, smtp=mails.settings, public_url=URL)
        self.sender = Sender(trial.study, self.settings)

    def tick(self, minutes: float = 0) -> dict[str, int]:
        self.trial.now += timedelta(minutes=minutes)
        ticks.escalate(self.trial.study, self.trial.now, self.trial.settings)
        return dict(notify(self.trial.study, self.trial.now, self.settings, self.sender))

    @property
    def told(self) -> list[str]:
        """Who got the mails, since it was asked last."""
        found = [to.partition("@")[0] for to, _ in self.mails.taken]
        self.mails.taken.clear()
        return sorted(found)


@pytest.fixture
def office(trial: Trial, mails: MailServer) -> Office:
    return Office(trial, mails)


def something_bleeds(trial: Trial) -> str:
    """A case of urgency ``now``, on a Monday evening when nobody watches; returns its id."""
    ada = trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    trial.start_treatment(ada, date(2026, 3, 2))
    phone = trial.phone(ada)
    phone.answer("symptoms@W0", {"bleeding": "yes"})
    phone.sync()
    [case] = cases.still_open(trial.study.store.read())
    return str(case["case"])


def test_what_is_urgent_now_is_told_to_the_nurses_of_that_site_at_once_and_once(office: Office, trial: Trial) -> None:
    case = something_bleeds(trial)
    assert office.tick(1) == {"sent": 2}
    by_login = dict(office.mails.taken)
    french, english = by_login["nora@mail.example"], by_login["nina@mail.example"]
    link = f"{URL}/{people.SLUG}/staff/cases/{case}"
    assert french.get_content().strip().split("\n\n") == ["Un cas vous attend au centre 01.", link]
    assert (english["Subject"], french["Subject"]) == ("A case waits at site 01", "Un cas attend au centre 01")
    assert english["Message-ID"] != french["Message-ID"]
    said = " ".join(str(mail) for _, mail in office.mails.taken).replace(link, "")
    assert not any(word in said for word in ("bleeding", "symptom", "red-flag", "01-0001"))
    assert office.told == ["nina", "nora"]
    for _ in range(5):
        assert office.tick(1) == {}
    told = notices.of_case(trial.study.store.read(), case)
    assert sorted((row["login"], row["outcome"]) for row in told) == [("nina@01.example", "sent"), ("nora@01.example", "sent")]


def test_nobody_heeds_it_a_second_person_and_then_the_investigator_are_told(office: Office, trial: Trial) -> None:
    something_bleeds(trial)
    office.tick(1)
    assert office.told == ["nina", "nora"]
    office.tick(30)
    subjects = {mail["Subject"] for _, mail in office.mails.taken}
    assert subjects == {"Personne n’a pris un cas au centre 01", "Nobody has taken a case at site 01"}
    assert office.told == ["nina", "nora"]
    office.tick(30)
    assert office.told == ["ivan"]
    assert office.tick(60) == {}


def test_who_looked_after_it_is_told_first_when_it_gets_worse_and_then_somebody_else(office: Office, trial: Trial) -> None:
    case = something_bleeds(trial)
    office.tick(1)
    [row] = cases.still_open(trial.study.store.read())
    casework.acknowledge(trial.study, case, seen=row["version"], actor="staff:nora@01.example", now=trial.now)
    assert office.told == ["nina", "nora"]
    assert office.tick(90) == {}, "somebody looks after it"
    trial.at("2026-03-09 20:00", "Europe/Paris")
    phone = trial.phone(row["participant"])
    phone.answer("symptoms@W1", {"black_stool": "yes"})
    phone.sync()
    office.tick(1)
    assert office.told == ["nora"]
    office.tick(30)
    assert office.told == ["nina"]


def test_news_of_a_case_that_still_waits_is_told_to_all_whom_it_reached_once(office: Office, trial: Trial) -> None:
    case = something_bleeds(trial)
    [row] = cases.still_open(trial.study.store.read())
    phone = trial.phone(row["participant"])
    for minutes in (1, 30, 30):
        office.tick(minutes)
    assert office.told == ["ivan", "nina", "nina", "nora", "nora"]
    trial.at("2026-03-09 20:00", "Europe/Paris")
    phone.answer("symptoms@W1", {"black_stool": "yes"})
    phone.sync()
    assert cases.of_row(cases.still_open(trial.study.store.read())[0]).steps == 2, "its escalation is not put off"
    assert office.tick(1) == {"sent": 3}
    assert {mail["Subject"] for _, mail in office.mails.taken} == {
        "There is news about a case at site 01",
        "Du nouveau pour un cas au centre 01",
    }
    assert office.told == ["ivan", "nina", "nora"]
    for _ in range(3):
        assert office.tick(1) == {}
    phone.answer("symptoms@W1", {"black_stool": "yes", "bleeding": "yes"})
    phone.sync()
    assert office.tick(1) == {}, "they were told a few minutes ago, and nobody has looked yet"
    trial.at("2026-03-16 20:00", "Europe/Paris")
    phone.answer("symptoms@W2", {"black_stool": "yes"})
    phone.sync()
    assert office.tick(1) == {"sent": 3}, "what is urgent now is never a mere repetition"
    assert len({row["about"] for row in notices.of_case(trial.study.store.read(), case)}) == 5


def test_news_that_came_before_anybody_was_told_are_told_with_the_case(office: Office, trial: Trial) -> None:
    something_bleeds(trial)
    [row] = cases.still_open(trial.study.store.read())
    phone = trial.phone(row["participant"])
    trial.at("2026-03-09 20:00", "Europe/Paris")
    phone.answer("symptoms@W1", {"black_stool": "yes"})
    phone.sync()
    office.tick(1)
    assert office.told == ["ivan"]
    assert office.tick(1) == {}


def test_the_same_again_is_no_news(office: Office, trial: Trial) -> None:
    ada = trial.enrol(people.ADA)
    trial.at("2026-03-02 09:00", "Europe/Paris")
    trial.start_treatment(ada, date(2026, 3, 2))
    phone = trial.phone(ada)
    phone.answer("symptoms@W0", {"nausea.frequency": 2, "nausea.severity": 3})
    phone.sync()
    assert office.tick(241) == {"sent": 2}
    for week, severity, told in ((1, 3, {}), (2, 4, {"sent": 3}), (3, 4, {})):
        trial.at(f"2026-03-{2 + 7 * week:02} 09:00", "Europe/Paris")
        office.tick()
        phone.answer(f"symptoms@W{week}", {"nausea.frequency": 2, "nausea.severity": severity})
        phone.sync()
        assert office.tick(1) == told


def test_a_case_of_the_day_waits_on_the_worklist_until_its_first_step(office: Office, trial: Trial) -> None:
    ada = trial.enrol(people.ADA)
    trial.at("2026-03-02 09:00", "Europe/Paris")
    trial.start_treatment(ada, date(2026, 3, 2))
    phone = trial.phone(ada)
    phone.answer("symptoms@W0", {"nausea.frequency": 2, "nausea.severity": 3})
    phone.sync()
    assert office.tick(60) == {}
    assert office.tick(181) == {"sent": 2}


def test_a_mail_server_that_is_away_is_asked_again_as_long_as_the_case_waits(office: Office, trial: Trial) -> None:
    case = something_bleeds(trial)
    office.mails.answers["RCPT"] = "450 come back"
    assert office.tick(1) == {"deferred": 2}
    office.mails.answers.clear()
    assert office.tick(1.1) == {"sent": 2}
    keys = [mail["Message-ID"] for _, mail in office.mails.taken]
    assert len(keys) == len(set(keys))
    assert {row["tries"] for row in notices.of_case(trial.study.store.read(), case)} == {2}


def test_what_nobody_knows_of_is_told_again_under_the_same_key_to_staff(office: Office, trial: Trial) -> None:
    something_bleeds(trial)
    office.mails.answers["DATA"] = "hang up"
    assert office.tick(1) == {"unknown": 1, "deferred": 1}, "it is left alone for a minute"
    office.mails.answers.clear()
    office.tick(2)
    office.tick(9)
    keys = [(to, mail["Message-ID"]) for to, mail in office.mails.taken]
    assert len(keys) == 3
    assert len(set(keys)) == 2


def test_without_an_address_that_stands_in_the_journal(office: Office, trial: Trial) -> None:
    trial.now += MINUTE
    staff = accounts.open_staff(trial.settings, trial.now)
    accounts.add(staff, "nick@01.example", "Nick", "en", actor=people.NURSE, now=trial.now)
    accounts.give_role(staff, "nick@01.example", Grant(Role.NURSE, people.SLUG, "01"), actor=people.NURSE, now=trial.now)
    case = something_bleeds(trial)
    assert office.tick(1) == {"sent": 2, "failed": 1}
    told = {row["login"]: row["why"] for row in notices.of_case(trial.study.store.read(), case)}
    assert told["nick@01.example"] == "no e-mail address is known"
    assert office.tick(1) == {}


def test_two_clocks_tell_everybody_once(office: Office, trial: Trial) -> None:
    something_bleeds(trial)
    other = open_study(trial.settings, people.SLUG)
    trial.now += MINUTE
    done = [dict(notify(study, trial.now, office.settings, Sender(study, office.settings))) for study in (trial.study, other)]
    assert done == [{"sent": 2}, {}]
    other.store.close()


def test_the_weeks_digest_is_told_on_its_monday_to_the_nurses_of_the_site_that_has_something_on_it(office: Office, trial: Trial) -> None:
    ada = trial.enrol(people.ADA)
    trial.at("2026-03-02 08:00", "Europe/Paris")
    trial.start_treatment(ada, date(2026, 3, 2))
    trial.at("2026-03-30 07:00", "Europe/Paris")
    assert len(calls.digest(trial.study, "01", trial.now)) > 0
    calls.make_digests(trial.study, trial.now)
    count = len(calls.digest(trial.study, "01", trial.now))
    office.tick()
    english = next(mail for to, mail in office.mails.taken if to == "nina@mail.example")
    assert english.get_content().strip().split("\n\n") == [
        f"At site 01 questionnaires are overdue; how many: {count}.", f"{URL}/{people.SLUG}/staff/calls/digest",
    ]  # fmt: skip
    assert office.told == ["nina", "nora"]
    assert office.tick(60) == {}


@pytest.mark.parametrize("what", ["call-me", "unreadable"])
def test_who_asks_to_be_called_is_told_of_at_the_next_opening_and_once_more_to_the_investigators(
    office: Office, trial: Trial, what: str
) -> None:
    ada = trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    phone = trial.phone(ada)
    if what == "unreadable":
        phone.client.seal("response.given", captured_at=trial.now, time_zone=phone.time_zone, occurrence="symptoms@W0", answers="all")
    else:
        phone.client.seal("help.asked", captured_at=trial.now, time_zone=phone.time_zone, what=what)
    phone.sync()
    assert office.tick(60) == {}
    trial.at("2026-03-03 08:00", "Europe/Paris")
    assert office.tick() == {"sent": 2}
    [call] = state.open_of(trial.study.store.read(), ada)
    english = next(mail for to, mail in office.mails.taken if to == "nina@mail.example")
    link = f"{URL}/{people.SLUG}/staff/calls/{call['position']}"
    assert english.get_content().strip().split("\n\n") == ["A call at site 01 waits for you.", link]
    assert office.told == ["nina", "nora"]
    assert office.tick(479) == {}
    assert office.tick(1) == {"sent": 1}
    assert office.told == ["ivan"]
    assert office.tick(600) == {}


def test_a_call_that_somebody_took_is_told_to_nobody_else(office: Office, trial: Trial) -> None:
    ada = trial.enrol(people.ADA)
    trial.at("2026-03-02 10:00", "Europe/Paris")
    phone = trial.phone(ada)
    phone.client.seal("help.asked", captured_at=trial.now, time_zone=phone.time_zone, what="stop")
    phone.sync()
    assert office.tick() == {"sent": 2}
    [call] = state.open_of(trial.study.store.read(), ada)
    calls.take(trial.study, call["position"], seen=call["version"], actor="staff:nora@01.example", now=trial.now)
    assert office.tick(600) == {}


def worked_on(trial: Trial) -> None:
    """Nora writes a note on the open case."""
    [row] = cases.still_open(trial.study.store.read())
    casework.note(trial.study, row["case"], seen=row["version"], note="x", actor="staff:nora@01.example", now=trial.now)


def test_the_clock_of_a_serious_case_is_told_before_its_end_and_after(office: Office, trial: Trial) -> None:
    case = something_bleeds(trial)
    [row] = cases.still_open(trial.study.store.read())
    casework.acknowledge(trial.study, case, seen=row["version"], actor="staff:nora@01.example", now=trial.now)
    [row] = cases.still_open(trial.study.store.read())
    casework.state_serious(
        trial.study,
        case,
        seen=row["version"],
        criterion=Serious.HOSPITALISATION,
        aware_at=trial.now,
        actor="staff:nora@01.example",
        now=trial.now,
    )
    trial.now += timedelta(hours=20) - MINUTE
    worked_on(trial)
    assert office.tick() == {}
    for minutes, subject in ((1, "A report is due at site 01"), (241, "The time for a report at site 01 is over")):
        trial.now += timedelta(minutes=minutes)
        worked_on(trial)
        assert office.tick() == {"sent": 3}
        assert subject in {mail["Subject"] for _, mail in office.mails.taken}
        assert office.told == ["ivan", "nina", "nora"]
        assert office.tick() == {}


def test_the_clock_of_a_serious_adverse_event_by_itself_is_told_too(office: Office, trial: Trial) -> None:
    ada = trial.enrol(people.ADA)
    trial.at("2026-03-03 10:00", "Europe/Paris")
    event = replace(EVENT, serious=frozenset({Serious.HOSPITALISATION}), aware_at=trial.now)
    prepare(trial.study, ada, event, Origin(), form="a form", actor="staff:nora@01.example", now=trial.now)
    assert office.tick(20 * 60) == {"sent": 3}
    assert f"{URL}/{people.SLUG}/staff/worklist" in office.mails.taken[0][1].get_content()
    assert office.tick(241) == {"sent": 3}
    assert office.tick(600) == {}


def test_what_was_reported_in_time_is_told_to_nobody(office: Office, trial: Trial) -> None:
    ada = trial.enrol(people.ADA)
    trial.at("2026-03-03 10:00", "Europe/Paris")
    event = replace(EVENT, serious=frozenset({Serious.HOSPITALISATION}), aware_at=trial.now)
    ae = prepare(trial.study, ada, event, Origin(), form="a form", actor="staff:nora@01.example", now=trial.now)
    made = Made(trial.now, "staff:nora", "Sponsor")
    report(trial.study, ae, made, seen=trial.position, actor="staff:nora@01.example", now=trial.now)
    assert office.tick(20 * 60) == {}
    assert office.tick(20 * 60) == {}


def test_without_a_public_address_there_is_no_link_and_without_accounts_no_mail(office: Office, trial: Trial, tmp_path: Path) -> None:
    something_bleeds(trial)
    office.settings = replace(office.settings, public_url="")
    office.tick(1)
    assert all("http" not in mail.get_content() for _, mail in office.mails.taken)
    office.settings = replace(office.settings, data=tmp_path / "elsewhere")
    assert office.tick(30) == {}
