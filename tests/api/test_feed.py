"""The feed: a snapshot, then changes; nothing is missed while paging, after amendments, or with a cursor of somebody else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from qol_server import library
from qol_server.api import feed
from qol_server.intake import conduct
from tests import people
from tests.api import rig


def read(trial: people.Trial, phone: people.Phone, cursor: str | None, **fields: Any) -> dict[str, Any]:
    answer = rig.send(trial, phone, [], cursor=cursor, **fields)
    assert answer.status == 200
    return dict(answer.said["feed"])


def test_the_first_sync_brings_a_snapshot(trial: people.Trial, phone: people.Phone) -> None:
    snapshot = read(trial, phone, None)
    assert snapshot["reset"] is True
    assert snapshot["more"] is False
    assert {change["op"] for change in snapshot["changes"]} == {"put"}
    types = [change["type"] for change in snapshot["changes"]]
    assert types == sorted(types, key=feed.TYPES.index)
    assert set(types) == {"study", "participation", "instrument", "assignment"}


def test_when_nothing_changed_nothing_is_sent_and_the_cursor_stays(trial: people.Trial, phone: people.Phone) -> None:
    cursor = read(trial, phone, None)["cursor"]
    assert read(trial, phone, cursor) == {"reset": False, "changes": [], "cursor": cursor, "more": False}


def test_the_schedule_is_told_35_days_ahead(trial: people.Trial, phone: people.Phone) -> None:
    snapshot = read(trial, phone, None)
    days = [c["data"]["opens"] for c in snapshot["changes"] if c["type"] == "assignment" and c["data"]["assessment"] == "dose"]
    assert days == [(rig.DAY + timedelta(days=n)).isoformat() for n in range(36)]
    trial.now += timedelta(days=2)
    more = read(trial, phone, snapshot["cursor"])
    assert not more["reset"]
    doses = [change["id"] for change in more["changes"] if change["id"].startswith("dose@")]
    assert doses == ["dose@2026-04-07", "dose@2026-04-08"]


def test_a_phone_that_knew_everything_is_told_nothing_of_its_own_entries(trial: people.Trial, phone: people.Phone) -> None:
    cursor = read(trial, phone, None)["cursor"]
    answer = rig.send(trial, phone, [rig.entry(trial, 1), b"rubbish"], cursor=cursor)
    told = answer.said["feed"]
    assert (told["changes"], told["reset"]) == ([], False)
    assert told["cursor"] != cursor
    assert read(trial, phone, told["cursor"])["changes"] == []


def test_what_was_answered_stands_in_a_snapshot_with_its_status(trial: people.Trial, phone: people.Phone) -> None:
    sent = rig.entry(trial, 1)
    answer = rig.send(trial, phone, [sent, b"rubbish"])
    told = {c["id"]: c["data"] for c in answer.said["feed"]["changes"] if c["type"] == "entry_status"}
    assert told[sent["id"]]["status"] == "current"
    assert told[answer.results[1]["ticket"]]["status"] == "under-review"


def test_a_correction_tells_its_phone_what_became_of_the_others(trial: people.Trial, phone: people.Phone) -> None:
    other = trial.phone(rig.ada(trial))
    first = rig.entry(trial, 1)
    rig.send(trial, other, [first])
    phone.sync()
    correction = rig.entry(trial, 1, supersedes=first["id"], reason="wrong_answer", answers=people.FORGOTTEN)
    answer = rig.send(trial, phone, [correction], cursor=phone.client.cursor)
    told = {c["id"]: c["data"]["status"] for c in answer.said["feed"]["changes"] if c["type"] == "entry_status"}
    assert told == {first["id"]: "superseded", correction["id"]: "current"}


def told(changes: Iterable[dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    return [change["data"] for change in changes if change["type"] == type_]


def test_a_phone_learns_when_its_site_watches_and_whom_to_call(trial: people.Trial, phone: people.Phone) -> None:
    changes = read(trial, phone, None)["changes"]
    [participation], [study] = told(changes, "participation"), told(changes, "study")
    hours = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"}
    assert (participation["coverage"], participation["holidays"]) == ([hours], [])
    assert (participation["site_time_zone"], participation["site_phone"]) == ("Europe/Paris", "+33 4 65 71 00 01")
    assert study["emergency_number"] == "112"
    assert [one["id"] for one in study["assessments"] if one["own_trend"]] == ["symptoms"]


def test_a_phone_learns_the_holidays_of_its_site(trial: people.Trial, phone: people.Phone) -> None:
    holidays = people.protocol().replace(b"phone: +33 4 65 71 00 01", b"holidays: [2026-12-25]")
    conduct.adopt(trial.study, holidays, people.instruments(), actor=people.DATA_MANAGER, now=trial.now)
    assert told(read(trial, phone, phone.client.cursor)["changes"], "participation")[0]["holidays"] == ["2026-12-25"]


def test_a_wording_brings_its_introduction_and_who_may_have_answered(trial: people.Trial, phone: people.Phone) -> None:
    for path in library.shipped_wordings("symptom-diary").values():
        conduct.import_wording(trial.study, "symptom-diary", path.read_bytes(), None, actor=people.DATA_MANAGER, now=trial.now)
    worded = {one["id"]: one for one in told(read(trial, phone, None)["changes"], "instrument")}
    words = worded["symptom-diary"]["wording"]
    assert words["ours"]
    assert not worded["eortc-qlq-c30"]["wording"]["ours"]
    assert words["introduction"].startswith("Ces questions portent sur les 7 derniers jours")
    assert words["by"].keys() == {"participant", "typed-for", "proxy"}
    assert words["non_answers"].keys() == {"declined"}
    assert worded["eortc-qlq-c30"]["wording"]["introduction"] is None  # a stand-in has none
    assert [item["recall"] for item in worded["eortc-qlq-c30"]["items"][4:6]] == [None, "P1W"]


def test_a_phone_learns_what_ended_the_participation(trial: people.Trial, phone: people.Phone) -> None:
    assert told(read(trial, phone, None)["changes"], "participation")[0]["ended_by"] is None
    trial.at("2026-03-05 09:00", "Europe/Paris")
    trial.anchor(rig.ada(trial), "study_end", date(2026, 3, 4))
    trial.withdraw(rig.ada(trial), "consent", date(2026, 3, 3))
    [participation] = told(read(trial, phone, phone.client.cursor)["changes"], "participation")
    assert (participation["ended_on"], participation["ended_by"]) == ("2026-03-03", "consent")


def test_a_preference_comes_back_as_the_participation(trial: people.Trial, phone: people.Phone) -> None:
    answer = rig.send(trial, phone, [rig.entry(trial, 1, kind="preference.set", reminder_hour=21)], cursor=phone.client.cursor)
    assert [(c["type"], c["data"]["reminder_hour"]) for c in answer.said["feed"]["changes"]] == [("participation", 21)]


def test_an_entry_of_one_phone_is_told_to_the_other(trial: people.Trial, phone: people.Phone) -> None:
    other = trial.phone(rig.ada(trial))
    sent = rig.entry(trial, 1)
    rig.send(trial, phone, [sent])
    assert [c["id"] for c in read(trial, other, other.client.cursor)["changes"] if c["type"] == "entry_status"] == [sent["id"]]


def test_a_corrected_anchor_moves_and_retires(trial: people.Trial, phone: people.Phone) -> None:
    trial.at("2026-03-06 09:00", "Europe/Paris")
    phone.sync()
    trial.anchor(rig.ada(trial), "treatment_start", date(2026, 3, 4), reason="typing mistake")
    changes = read(trial, phone, phone.client.cursor)["changes"]
    assert {c["id"] for c in changes if c["op"] == "retire"} == {"dose@2026-03-02", "dose@2026-03-03"}
    assert "participation" in {c["type"] for c in changes}
    phone.sync()
    assert {a["occurrence"] for a in phone.client.pulled("assignment")} == snapshot_of(trial, phone)


def dates(changes: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {data["occurrence"]: data["opens"] for data in changes}


def test_a_visit_that_was_moved_beyond_the_horizon_does_not_stay_where_it_was(trial: people.Trial, phone: people.Phone) -> None:
    trial.at("2026-05-20 20:00", "Europe/Paris")
    phone.sync()
    assert dates(phone.client.pulled("assignment"))["qol@M3"] == "2026-05-26"
    trial.anchor(rig.ada(trial), "treatment_start", date(2026, 5, 18), reason="typing mistake")
    phone.sync()
    told = dates(phone.client.pulled("assignment"))
    assert told["qol@M3"] == "2026-08-11"
    rows = trial.study.store.read().all("SELECT occurrence, opens FROM assignments WHERE retired = 0")
    assert told.items() <= {row["occurrence"]: row["opens"] for row in rows}.items()


def test_an_amendment_takes_back_what_it_retires(trial: people.Trial, phone: people.Phone) -> None:
    assert "symptoms@W1" in dates(phone.client.pulled("assignment"))
    weekly, less_often = b"every: P1W, window: [P0D, P3D], grace: P3D", b"every: P5W, window: [P0D, P3D], grace: P3D"
    assert weekly in people.protocol()
    conduct.adopt(
        trial.study, people.protocol().replace(weekly, less_often).replace(b"until: {last_dose: P30D}", b"count: 1"),
        people.instruments(), actor=people.DATA_MANAGER, now=trial.now,
    )  # fmt: skip
    phone.sync()
    told = set(dates(phone.client.pulled("assignment")))
    assert told == snapshot_of(trial, phone)
    assert "symptoms@W2" not in told


def test_a_flight_to_the_west_hides_nothing(trial: people.Trial, phone: people.Phone) -> None:
    trial.at("2026-03-10 08:00", "Europe/Paris")  # in Honolulu it is still the 9th
    phone.sync()
    last = max(dates(phone.client.pulled("assignment")).values())
    phone.client.pair(rig.code(trial, rig.ada(trial)), "Pacific/Honolulu")
    phone.sync()
    trial.anchor(rig.ada(trial), "treatment_end", date(2026, 3, 9))
    phone.sync()
    rows = trial.study.store.read().all("SELECT occurrence FROM assignments WHERE retired = 0 AND opens <= ?", (last,))
    assert set(dates(phone.client.pulled("assignment"))) == {row["occurrence"] for row in rows}


def snapshot_of(trial: people.Trial, phone: people.Phone) -> set[str]:
    return {change["id"] for change in read(trial, phone, None)["changes"] if change["type"] == "assignment"}


def test_an_amendment_reaches_the_phone(trial: people.Trial, phone: people.Phone) -> None:
    amended = people.protocol().replace(b"title: Imatinib", b"title: Low-dose imatinib")
    conduct.adopt(trial.study, amended, people.instruments(), actor=people.DATA_MANAGER, now=trial.now)
    changes = read(trial, phone, phone.client.cursor)["changes"]
    (study,) = [change["data"] for change in changes if change["type"] == "study"]
    assert study["title"].startswith("Low-dose imatinib")
    assert "instrument" in {change["type"] for change in changes}


def test_a_hold_reaches_the_phone_with_the_participation(trial: people.Trial, phone: people.Phone) -> None:
    trial.hold(rig.ada(trial), date(2026, 3, 3))
    (data,) = [c["data"] for c in read(trial, phone, phone.client.cursor)["changes"] if c["type"] == "participation"]
    assert data["prescriptions"][-1] == {"from": "2026-03-03", "regimen": None, "mg_per_day": "0", "intakes_per_day": 0}


def test_another_language_brings_the_words_in_that_language(trial: people.Trial, phone: people.Phone) -> None:
    french = read(trial, phone, None, language="fr")
    english = read(trial, phone, french["cursor"], language="en")
    assert not english["reset"]
    words = {c["id"]: c["data"]["wording"] for c in english["changes"] if c["type"] == "instrument"}
    assert set(words) == {c["id"] for c in french["changes"] if c["type"] == "instrument"}
    assert {word["language"] for word in words.values() if word is not None} <= {"en"}
    assert read(trial, phone, english["cursor"], language="en")["changes"] == []


def test_a_language_that_the_study_does_not_speak_falls_back(trial: people.Trial, phone: people.Phone) -> None:
    assert read(trial, phone, None, language="tlh")["changes"]


@pytest.mark.parametrize("page", [1, 2, 7, 50])
def test_paging_loses_nothing(trial: people.Trial, phone: people.Phone, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(trial, phone, None)
    monkeypatch.setattr(feed, "PAGE", page)
    cursor, seen, resets = None, [], []
    while True:
        part = read(trial, phone, cursor)
        seen += part["changes"]
        resets.append(part["reset"])
        assert len(part["changes"]) <= page
        cursor = part["cursor"]
        if not part["more"]:
            break
    assert seen == whole["changes"]
    assert resets == [True] + [False] * (len(resets) - 1)
    assert read(trial, phone, cursor)["changes"] == []


def test_what_changes_between_two_pages_is_told_afterwards(
    trial: people.Trial, phone: people.Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PAGE", 10)
    told: dict[tuple[str, str], Any] = {}
    cursor, turn, more = None, 0, True
    while more or turn < 8:
        part = read(trial, phone, cursor)
        for change in part["changes"]:
            key = (change["type"], change["id"])
            if change["op"] == "put":
                told[key] = change["data"]
            else:
                told.pop(key, None)
        cursor, more, turn = part["cursor"], part["more"], turn + 1
        if turn == 1:
            rig.send(trial, phone, [rig.entry(trial, 1)], cursor=cursor)
        if turn == 3:
            trial.anchor(rig.ada(trial), "treatment_start", date(2026, 3, 1), reason="typing mistake")
        if turn == 5:
            trial.hold(rig.ada(trial), date(2026, 3, 9))
    monkeypatch.undo()
    assert told == {(c["type"], c["id"]): c["data"] for c in read(trial, phone, None)["changes"]}


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def test_a_cursor_that_cannot_be_used_gives_a_snapshot_and_stores_the_upload(trial: people.Trial, phone: people.Phone) -> None:
    ben = trial.phone(trial.enrol(people.BEN))
    mine = f"{trial.study.epoch}/{rig.ada(trial)}"
    day = "2026-04-06"
    cursors = [
        "",
        "x",
        "é",
        "AAAA",
        forged(),
        forged(1, 2),
        forged("x", 1, 1, day, "fr", None, None),
        ben.client.cursor,
        forged(mine.replace("e_", "e_0"), 1, 1, day, "fr", None, None),
        forged(mine, "1", 1, day, "fr", None, None),
        forged(mine, 1, 1, "soon", "fr", None, None),
        forged(mine, 1, 1, day, 7, None, None),
        forged(mine, True, 1, day, "fr", None, None),
        forged(mine, 1, 1, day, "fr", [1], None),
        forged(mine, 1, 1, day, "fr", None, [1, 2, 3]),
        forged(mine, 2**64, 1, day, "fr", None, None),
        forged(mine, 1, 2**63, day, "fr", None, None),
        forged(mine, -1, 1, day, "fr", None, None),
        forged(mine, None, 1, day, "fr", None, None),
        forged(mine, 1, 1, day, "fr", [1e300, "x"], [1, 1, day, "fr"]),
        forged(mine, 1, 1, day, "fr", [1, "x"], [2**70, 1, day, "fr"]),
        forged(mine, 1, 1, "20260406", "fr", None, None),
        "[" * 1999,
    ]
    for seq, cursor in enumerate(cursors, 1):
        answer = rig.send(trial, phone, [rig.entry(trial, seq, kind="help.asked", what="call-me")], cursor=cursor)
        assert answer.statuses == ["stored"], cursor
        assert answer.said["feed"]["reset"] is True, cursor
        assert answer.said["feed"]["changes"], cursor
        assert "problem" not in answer.said["feed"], cursor


def test_a_failure_of_the_feed_never_fails_the_upload(trial: people.Trial, phone: people.Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: Any) -> None:
        raise KeyError("a mistake of ours")

    cursor = read(trial, phone, None)["cursor"]
    monkeypatch.setattr(feed, "read", stumble)
    answer = rig.send(trial, phone, [rig.entry(trial, 1)], cursor=cursor)
    assert answer.statuses == ["stored"]
    broken = answer.said["feed"]
    assert (broken["reset"], broken["changes"], broken["cursor"]) == (False, [], cursor)
    assert broken["problem"]["type"] == "urn:qol:problem:internal"
    assert "mistake of ours" not in json.dumps(answer.said)
    monkeypatch.undo()
    assert [c["type"] for c in read(trial, phone, cursor)["changes"]] == ["participation", "entry_status"]


def test_the_end_of_participation_stops_the_feed(trial: people.Trial, phone: people.Phone) -> None:
    trial.at("2026-03-06 12:00", "Europe/Paris")
    trial.withdraw(rig.ada(trial), "consent", date(2026, 3, 5))
    changes = read(trial, phone, phone.client.cursor)["changes"]
    assert [change["type"] for change in changes] == ["participation"]
    assert changes[0]["data"]["ended_on"] == "2026-03-05"
    assert {change["type"] for change in read(trial, phone, None)["changes"]} == {"participation"}


def demand(trial: people.Trial, version: bytes) -> None:
    """Adopt the protocol with a minimum version of the app."""
    amended = people.protocol().replace(b"wording: stand-in", b"wording: stand-in\nminimum_app: " + version)
    assert amended != people.protocol()
    conduct.adopt(trial.study, amended, people.instruments(), actor=people.DATA_MANAGER, now=trial.now)


def test_an_app_that_is_too_old_may_send_and_is_told_to_update(trial: people.Trial, phone: people.Phone) -> None:
    demand(trial, b'"1.10.0"')
    answer = rig.send(trial, phone, [rig.entry(trial, 1)], app="1.9.9", cursor=phone.client.cursor)
    assert answer.statuses == ["stored"]
    assert answer.said["feed"]["changes"] == []
    assert answer.said["feed"]["problem"]["type"] == "urn:qol:problem:app-too-old"
    nothing = rig.send(trial, phone, [], app="1.9.9")
    assert (nothing.status, nothing.problem) == (426, "app-too-old")
    assert read(trial, phone, phone.client.cursor, app="1.10.0")["changes"]
    assert rig.send(trial, phone, [], app="2").status == 200
