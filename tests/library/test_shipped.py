"""What is shipped is without mistakes, complete, and named by its bytes."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

import questionnaires
from qol_server.library import (
    check,
    instrument_from,
    load_instruments,
    period,
    protocol_from,
    shipped_instruments,
    shipped_studies,
    shipped_wordings,
    stand_in_document,
    stand_in_wording,
    wording_from,
)
from qol_server.trial.facts import canonical
from qol_server.trial.instrument import Compare, ItemType
from qol_server.trial.protocol import Coverage, Period, Until

INSTRUMENTS = load_instruments(shipped_instruments())
OURS = ("adverse-event-diary", "dose-diary", "symptom-diary")
LICENSED = ("eortc-qlq-c30", "fact-g", "pro-ctcae")
DESMINIB = protocol_from(shipped_studies()["desminib"].read_bytes(), "desminib.yaml", INSTRUMENTS)
FILES = [*shipped_instruments().values(), *shipped_studies().values(), *(path for one in OURS for path in shipped_wordings(one).values())]


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.name}" for path in FILES])
def test_a_shipped_file_has_no_mistakes(path):
    assert check(path) == []


def test_everything_in_the_folder_is_shipped_and_nothing_licensed_has_wording():
    folder = Path(questionnaires.__file__).parent
    assert sorted(INSTRUMENTS) == sorted((*OURS, *LICENSED))
    assert {path for kind in ("instruments", "studies", "wording") for path in folder.glob(f"{kind}/**/*.yaml")} == set(FILES)
    assert all(sorted(shipped_wordings(one)) == ["en", "fr"] for one in OURS)
    assert all(shipped_wordings(one) == {} and INSTRUMENTS[one].licence.must_be_recorded for one in LICENSED)
    assert not any(INSTRUMENTS[one].licence.must_be_recorded for one in OURS)


def test_a_document_is_named_by_the_sha_256_of_its_bytes():
    text = shipped_instruments()["fact-g"].read_bytes()
    assert instrument_from(text).version == hashlib.sha256(text).hexdigest()
    assert instrument_from(text + b"# a comment\n").version != instrument_from(text).version
    assert hashlib.sha256(shipped_studies()["desminib"].read_bytes()).hexdigest() == DESMINIB.version


def test_pro_ctcae_has_80_sets_and_124_items():
    items = INSTRUMENTS["pro-ctcae"].items
    assert len(items) == 124
    assert {item.symptom for item in items} == {str(number) for number in range(1, 81)}
    assert Counter(item.attribute for item in items) == {"frequency": 25, "severity": 51, "interference": 25, "amount": 2, "presence": 21}
    assert [item.symptom for item in items if item.attribute == "amount"] == ["27", "59"]
    for item in items:
        assert item.code == f"PT01{int(item.symptom):03d}{item.id[-1]}"
        assert item.codes == ((0, 1) if item.attribute == "presence" else (0, 1, 2, 3, 4))
        assert item.recall == "P7D"
        assert item.ask_when == (None if item.id.endswith("A") else Compare(f"{item.symptom}A", "at_least", 1))


def test_pro_ctcae_offers_non_answers_in_ten_sets_only():
    by_set = {item.symptom: item.non_answers for item in INSTRUMENTS["pro-ctcae"].items if item.non_answers}
    not_applicable = dict.fromkeys(("36", "57", "58", "79"), ("na",))
    not_active = dict.fromkeys(("66", "67", "68", "71"), ("not_sexually_active", "declined"))
    assert by_set == not_applicable | not_active | dict.fromkeys(("69", "70"), ("na", "declined"))


def test_pro_ctcae_composites_have_the_published_patterns():
    patterns = {
        "F": "16 67",
        "S": "1 2 4 6 7 15 21 25 26 28 30 36 45 60 61 66 68 71 72 80",
        "A": "27 59",
        "FS": "9 10 11 13 14 23 74 75 77 78",
        "FI": "18 62 63 65",
        "SI": "3 8 19 20 39 40 41 44 46 47 52 53",
        "FSI": "17 22 48 49 50 51 54 55 56",
    }
    instrument = INSTRUMENTS["pro-ctcae"]
    expected = {f"C{number}": kind for kind, numbers in patterns.items() for number in numbers.split()}
    assert {scale.id: scale.kind for scale in instrument.scales} == expected
    for scale in instrument.scales:
        assert "".join(instrument.by_id[item].attribute[0].upper() for item in scale.items) == scale.kind
        assert {instrument.by_id[item].symptom for item in scale.items} == {scale.id[1:]}


def test_qlq_c30_has_30_items_15_scales_and_a_summary_of_13():
    instrument = INSTRUMENTS["eortc-qlq-c30"]
    assert [item.code for item in instrument.items] == [f"EOR01{number:02d}" for number in range(1, 31)]
    assert [item.codes[-1] for item in instrument.items] == [4] * 28 + [7] * 2
    assert [item.recall for item in instrument.items] == [None] * 5 + ["P1W"] * 25
    assert Counter(scale.kind for scale in instrument.scales) == {"functional": 5, "symptom": 9, "global": 1}
    assert sorted(item for scale in instrument.scales for item in scale.items) == sorted(instrument.by_id)
    assert [scale.code for scale in instrument.scales] == [f"EOR01{number}" for number in range(31, 46)]
    assert all(scale.minimum_answered == (len(scale.items) + 1) // 2 for scale in instrument.scales)
    summary = instrument.summaries[0]
    assert (summary.id, summary.method, len(summary.terms)) == ("SUMMARY", "mean", 13)
    assert {term.scale for term in summary.terms if term.reversed} == {"FA", "NV", "PA", "DY", "SL", "AP", "CO", "DI"}


def test_fact_g_has_27_items_in_four_subscales():
    instrument = INSTRUMENTS["fact-g"]
    assert {scale.id: len(scale.items) for scale in instrument.scales} == {"PWB": 7, "SWB": 7, "EWB": 6, "FWB": 7}
    assert sum(len(scale.reversed) for scale in instrument.scales) == 12
    assert [(summary.id, summary.method) for summary in instrument.summaries] == [("FACTG", "sum")]


def test_a_repeated_group_becomes_flat_items():
    diary = INSTRUMENTS["dose-diary"]
    assert [item.id for item in diary.items[:4]] == ["intake.1.status", "intake.1.mg", "intake.1.time", "intake.1.reason"]
    assert diary.by_id["intake.6.mg"].ask_when == Compare("intake.6.status", "in", ("different", "vomited"))
    assert diary.by_id["intake.2.mg"].type is ItemType.DECIMAL
    french = wording_from(shipped_wordings("dose-diary")["fr"].read_bytes(), "fr", diary)
    assert french.items["intake.2.time"] == "Prise 2\u00a0: à quelle heure\u202f?"
    assert french.choices["status"]["not_taken"] == "Je ne l’ai pas prise"


def test_never_skips_the_rest_of_a_symptom():
    diary = INSTRUMENTS["symptom-diary"]
    symptoms = {item.symptom for item in diary.items if item.attribute == "frequency"}
    assert len(symptoms) == 10
    for symptom in symptoms:
        for attribute in ("severity", "interference"):
            assert diary.by_id[f"{symptom}.{attribute}"].ask_when == Compare(f"{symptom}.frequency", "at_least", 1)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", [*OURS, *LICENSED])
def test_stand_in_labels_are_a_document_with_nothing_of_the_wording(name, language):
    instrument = INSTRUMENTS[name]
    wording = stand_in_wording(instrument, language)
    assert wording.stand_in
    assert wording.version == hashlib.sha256(stand_in_document(instrument, language)).hexdigest()
    assert list(wording.items) == list(instrument.by_id)
    assert all(name in text and str(nth) in text for nth, text in enumerate(wording.items.values(), 1))
    assert all(label == str(code) for labels in wording.choices.values() for code, label in labels.items())


def test_the_seed_study_has_its_calendar_with_every_default_filled_in():
    baseline, months, halves, progression = DESMINIB.assessments["qol"].visits
    assert (baseline.until_before, baseline.opens, baseline.grace) == ("treatment_start", Period(), Period())
    assert (months.every, months.count, months.opens, months.due) == (Period(months=1), 12, Period(days=-7), Period(days=7))
    assert (halves.after, halves.until) == (Period(months=12), Until((("treatment_start", Period(months=60)),)))
    assert progression.served_by == "qol"
    assert DESMINIB.assessments["symptoms"].visits[1].until == Until((("last_dose", Period(days=30)),))
    assert DESMINIB.assessments["adverse-event"].ad_hoc
    daily = DESMINIB.assessments["dose"].daily
    assert daily.until.first_of == (("treatment_end", Period()), ("treatment_start", Period(months=12)))


def test_in_the_seed_study_no_late_window_reaches_the_opening_of_the_next():
    shortest = {"months": 28, "days": 1}
    for assessment in DESMINIB.assessments.values():
        for visit in assessment.visits:
            if visit.every is not None:
                every = visit.every.months * shortest["months"] + visit.every.days
                assert visit.due.days + visit.grace.days < every + visit.opens.days, visit.id


def test_the_seed_study_has_its_doses_sites_and_limits():
    assert {name: regimen.mg_per_day for name, regimen in DESMINIB.treatment.regimens.items()} == {"400": 400, "600": 600, "800": 800}
    assert {site.time_zone for site in DESMINIB.sites.values()} == {"Europe/Paris", "America/Martinique"}
    limits = {one.id: one for one in DESMINIB.eligibility}
    assert (limits["age"].at_least, limits["age"].at_most) == (18, 120)
    assert (limits["anc"].above, limits["platelets"].above) == (1000, 100000)
    assert (limits["bilirubin"].below, limits["ast_alt"].below, limits["creatinine"].at_most) == (
        Decimal("1.5"),
        Decimal("2.5"),
        Decimal("2.5"),
    )
    assert limits["pregnant_or_nursing"].expect is False
    assert DESMINIB.intended_use["alerts"] == "record-only"
    assert DESMINIB.emergency_number == "112"
    weekdays = Coverage(("mon", "tue", "wed", "thu", "fri"), time(8), time(18))
    assert {site.coverage for site in DESMINIB.sites.values()} == {(weekdays,)}
    assert [one.id for one in DESMINIB.assessments.values() if one.own_trend] == ["symptoms"]
    assert DESMINIB.wording == "live"
    assert any("our assumption" in text for text in DESMINIB.assumptions)


def test_what_travels_with_the_study_can_be_written_as_canonical_json():
    assert b"red-flag" in canonical([*DESMINIB.alerts, DESMINIB.intended_use, DESMINIB.endpoints])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P1M", Period(months=1)),
        ("-P7D", Period(days=-7)),
        ("P2W", Period(days=14)),
        ("P1Y2M3DT4H5M", Period(months=14, days=3, minutes=245)),
        ("PT30M", Period(minutes=30)),
        ("P0D", Period()),
    ],
)
def test_durations_are_iso_8601(text, expected):
    assert period(text) == expected


@pytest.mark.parametrize("text", ["", "P", "PT", "P1", "1D", "P1DT", "P-1D", "P1.5D", "P1W2D", "p1d", "P1D ", "P1S", "PT1S", "P١D"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration"):
        period(text)
