"""Each view says of the story's four weeks what was worked out by hand."""

from __future__ import annotations

import pytest

from tests.views.story import FREE_TEXT


def states(rows):
    return {row["occurrence"]: row["state"] for row in rows}


# answers


def test_an_answer_has_its_words_its_number_and_where_it_came_from(story, seen):
    (answer,) = seen("answers", occurrence="qol@BASELINE", item="q3")
    assert (answer["participant"], answer["site"], answer["assessment"], answer["visit"]) == (story.ada, "01", "qol", "BASELINE")
    assert (answer["answer"], answer["number"], answer["status"]) == ("4", 4.0, "answered")
    assert (answer["captured_at"], answer["local_day"]) == ("2026-03-01T11:00:00+01:00", "2026-03-01")
    assert (answer["received_at"], answer["mode"], answer["by"]) == ("2026-03-01T10:00:00.000Z", "app", "participant")
    assert (answer["entry"], answer["current"], answer["supersedes"]) == (story.ids["baseline"], 1, None)


def test_not_answered_declined_and_not_asked_are_told_apart(seen):
    of = {row["item"]: row for row in seen("answers", occurrence="symptoms@W0")}
    assert (of["fatigue.frequency"]["status"], of["fatigue.frequency"]["answer"]) == ("non-answer", "declined")
    assert of["fatigue.frequency"]["number"] is None
    assert "fatigue.severity" not in of
    (empty,) = seen("answers", occurrence="qol@BASELINE", item="q16")
    assert (empty["status"], empty["answer"], empty["number"]) == ("not-answered", None, None)


def test_items_come_in_the_order_of_the_instrument(seen):
    items = [row["item"] for row in seen("answers", occurrence="qol@BASELINE")]
    assert items == [f"q{n}" for n in range(1, 31)]


def test_a_correction_is_current_and_the_original_stays_readable(story, seen):
    before, after = seen("answers", occurrence="dose@2026-03-05", item="intake.1.status")
    assert (before["answer"], before["current"], before["entry"]) == ("taken", 0, story.ids["before"])
    assert (after["answer"], after["current"], after["supersedes"]) == ("not_taken", 1, story.ids["before"])


def test_before_the_correction_the_original_was_current(seen):
    (only,) = seen("answers", "5 March, as it was first", occurrence="dose@2026-03-05", item="intake.1.status")
    assert (only["answer"], only["current"]) == ("taken", 1)


def test_what_is_in_quarantine_is_no_answer(story, seen):
    assert seen("answers", participant=story.ben) == []
    assert seen("answers", entry=story.ids["unusable"]) == []


def test_a_second_completion_stays_beside_the_first_and_is_not_current(story, seen):
    first, second = seen("answers", participant=story.clea, occurrence="qol@M1", item="q1")
    assert (first["entry"], first["current"]) == (story.ids["M1"], 1)
    assert (second["current"], second["flags"]) == (0, "second-completion")


def test_the_flags_are_those_that_the_door_gave(story, seen):
    tx = story.trial.study.store.read()
    stored = {row["id"]: row["flags"] for row in tx.all("SELECT id, flags FROM responses")}
    shown = {row["entry"]: row["flags"] for row in seen("answers")}
    assert shown == stored
    assert {"late", "second-completion"} <= set(stored.values())


# scores


def test_a_score_is_there_for_every_scale_and_says_why_it_is_missing(seen):
    of = {row["scale"]: row for row in seen("scores", occurrence="qol@BASELINE")}
    assert len(of) == 16
    assert of["QL"]["value"] == 50.0  # q29 = q30 = 4 of 1 to 7
    assert of["PF"]["value"] == pytest.approx(100 - 100 * (2 + 3 + 4 + 1 + 2 - 5) / 5 / 3)  # q1 to q5: 2, 3, 4, 1, 2
    assert (of["CO"]["value"], of["CO"]["why"]) == (None, "0 of 1 items answered, 1 is needed")  # q16
    assert of["SUMMARY"]["value"] is None
    assert {row["method"] for row in of.values()} == {"eortc/1"}


def test_scores_of_the_superseded_stay(story, seen):
    values = [(row["value"], row["current"]) for row in seen("scores", participant=story.clea, scale="PF")]
    assert values == [(100.0, 1), (80.0, 0)]


# windows


def test_an_answered_window_names_its_response(story, seen):
    (window,) = seen("windows", participant=story.ada, occurrence="qol@BASELINE")
    assert (window["opens"], window["due"], window["state"]) == ("2026-03-01", "2026-03-01", "answered")
    assert (window["entry"], window["captured_day"], window["late"], window["valid"]) == (story.ids["baseline"], "2026-03-01", 0, 1)


def test_an_answer_after_the_last_day_on_time_is_late(story, seen):
    (window,) = seen("windows", participant=story.ada, occurrence="symptoms@W1")
    assert (window["due"], window["closes"], window["captured_day"]) == ("2026-03-12", "2026-03-15", "2026-03-13")
    assert (window["state"], window["late"]) == ("answered", 1)


def test_a_quarantined_response_leaves_its_window_under_review(story, seen):
    (window,) = seen("windows", participant=story.ben, occurrence="qol@BASELINE")
    assert (window["state"], window["entry"], window["valid"]) == ("under-review", None, None)


def test_the_dead_miss_nothing(story, seen):
    of = states(seen("windows", participant=story.ben))
    assert of["dose@2026-03-05"] == "missed"  # it closed on the 7th
    assert of["dose@2026-03-06"] == of["symptoms@W1"] == of["qol@M1"] == "not-expected"
    assert "missed" not in {state for name, state in of.items() if name >= "dose@2026-03-06" and name.startswith("dose@")}


def test_a_held_day_is_not_missed_and_may_be_answered(story, seen):
    of = states(seen("windows", participant=story.ada))
    assert of["dose@2026-03-06"] == "missed"
    assert (of["dose@2026-03-07"], of["dose@2026-03-08"], of["dose@2026-03-09"]) == ("not-expected", "answered", "not-expected")


def test_one_form_serves_two_windows(story, seen):
    (window,) = seen("windows", participant=story.clea, occurrence="qol@PROGRESSION")
    assert (window["state"], window["served_by"], window["entry"]) == ("answered", "qol@M1", story.ids["M1"])
    assert (window["due"], window["captured_day"], window["late"]) == ("2026-03-24", "2026-03-26", 1)


def test_the_state_is_that_of_the_day_of_the_cut(story, seen):
    name = {"participant": story.ada, "occurrence": "symptoms@W2"}  # due from the 16th to the 19th, accepted until the 22nd
    assert [seen("windows", mark, **name)[0]["state"] for mark in ("14 March", "end")] == ["upcoming", "missed"]


def test_before_treatment_the_baseline_has_no_end(story, seen):
    (window,) = seen("windows", "enrolled", participant=story.ada, occurrence="qol@BASELINE")
    assert (window["due"], window["closes"], window["state"]) == (None, None, "open")


def test_both_rates_can_be_told_from_the_windows(seen):
    """At baseline one of three enrolled answered usably; Cléa missed hers and Ben's is under review."""
    baseline = seen("windows", occurrence="qol@BASELINE")
    assert len(seen("participants")) == 3  # the fixed denominator
    reached = [row for row in baseline if row["state"] in ("answered", "missed", "under-review")]
    assert (sum(row["valid"] or 0 for row in baseline), len(reached)) == (1, 3)
    month = seen("windows", occurrence="qol@M1")
    assert [row["state"] for row in month] == ["open", "not-expected", "answered"]


# doses


def test_each_day_is_judged_by_what_was_prescribed_that_day(story, seen):
    of = {row["day"]: row for row in seen("doses", "14 March", participant=story.ada)}
    assert list(of) == [f"2026-03-{day:02}" for day in range(2, 14)]
    days = {day: of[f"2026-03-{day:02}"] for day in (4, 5, 6, 8, 11, 12)}
    told = {day: (row["planned_mg"], row["taken_mg"], row["missed_mg"]) for day, row in days.items()}
    assert told == {4: (400, 400, 0), 5: (400, 0, 400), 6: (400, None, 0), 8: (0, 400, 0), 11: (800, 800, 0), 12: (800, None, 0)}
    assert (of["2026-03-08"]["held"], of["2026-03-08"]["over_mg"]) == (1, 400)
    assert (of["2026-03-12"]["recorded_mg"], of["2026-03-12"]["unknown_mg"]) == (400, 400)
    assert (of["2026-03-05"]["entry"], of["2026-03-06"]["entry"]) == (story.ids["after"], None)


def test_the_sums_have_both_bounds(story, seen):
    """Due: 5 days of 400, 1 of 400, 3 of 800 = 4800 mg in 12 intakes. Taken 3200, of them 400 on a held day; unknown 1600."""
    (sums,) = seen("dose_summary", "14 March", participant=story.ada)
    assert (sums["planned_mg"], sums["taken_mg"], sums["missed_mg"], sums["unknown_mg"], sums["over_mg"]) == (4800, 3200, 400, 1600, 400)
    assert sums["relative_dose_intensity_low"] == pytest.approx(100 * 3200 / 4800)
    assert sums["relative_dose_intensity_high"] == pytest.approx(100 * 4800 / 4800)
    assert (sums["due_intakes"], sums["taken_intakes"], sums["missed_intakes"], sums["unknown_intakes"]) == (12, 7, 1, 4)
    assert sums["adherence_low"] == pytest.approx(100 * 7 / 12)
    assert sums["adherence_high"] == pytest.approx(100 * 11 / 12)
    assert (sums["days"], sums["held_days"], sums["unknown_days"]) == (12, 3, 3)
    assert (sums["first_dose"], sums["last_dose"]) == ("2026-03-02", "2026-03-12")
    assert sums["average_daily_mg_low"] == pytest.approx(3200 / 11)
    assert (sums["interruptions"], sums["reductions"], sums["escalations"]) == (1, 0, 1)
    assert (sums["first_modification"], sums["first_modification_reason"]) == ("2026-03-07", "toxicity")


def test_after_a_death_no_day_is_listed(story, seen):
    assert [row["day"] for row in seen("doses", participant=story.ben)][-1] == "2026-03-08"


# adverse events and participants


def test_what_happened_is_one_row_with_the_diarys_items(story, seen):
    (event,) = seen("adverse_event_reports")
    assert (event["participant"], event["what"], event["started"]) == (story.ada, FREE_TEXT, "2026-03-05")
    assert (event["severity"], event["ongoing"], event["temperature"], event["ended"]) == (2, "yes", 37.2, None)


def test_what_an_investigator_signed_is_an_adverse_event_and_nothing_else(story, seen):
    (fall,) = seen("adverse_events")
    (report,) = seen("adverse_event_reports")
    assert (fall["participant"], fall["site"], fall["ae"], fall["report"]) == (story.ada, "01", story.ids["fall"], report["entry"])
    assert (fall["term"], fall["dictionary"], fall["grade"]) == ("Fall", "CTCAE 5.0", 2)
    assert fall["term_group"] == "Injury, poisoning and procedural complications"
    assert (fall["start"], fall["end"], fall["outcome"]) == ("2026-03-05", "2026-03-12", "recovered")
    assert (fall["serious"], fall["serious_because"], fall["aware_at"]) == (1, "hospitalisation", "2026-03-14T10:00:00.000Z")
    assert (fall["signed_by"], fall["signed_at"]) == ("staff:ivan", "2026-03-14T11:00:00.000Z")


def test_a_participant_has_dates_and_the_regimen_of_the_day(story, seen):
    ada, ben, clea = seen("participants")
    assert [row["participant"] for row in (ada, ben, clea)] == [story.ada, story.ben, story.clea]
    assert (ada["treatment_start"], ada["regimen"], ada["mg_per_day"]) == ("2026-03-02", "800", 800)
    assert (ben["death"], ben["ended_on"], ben["responses"]) == ("2026-03-08", "2026-03-08", 0)
    assert (clea["progression"], clea["time_zone"], clea["withdrawal_consent"]) == ("2026-03-10", "America/Martinique", None)
