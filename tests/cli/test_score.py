"""`qol score`: what a data manager gets for a good file, and what they are told about a bad one."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.cli import main
from qol_server.cli.score import score_lines
from qol_server.library import load_instruments, shipped_instruments
from qol_server.trial.scoring import scores

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
INSTRUMENTS = load_instruments(shipped_instruments())
C30 = INSTRUMENTS["eortc-qlq-c30"]
C30_SCORES = ["QL", "PF", "RF", "EF", "CF", "SF", "FA", "NV", "PA", "DY", "SL", "AP", "CO", "DI", "FI", "SUMMARY"]
ALL_ITEMS = ",".join(f"q{n}" for n in range(1, 31))
BEST = ",".join(["1"] * 28 + ["7"] * 2)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def score(tmp_path, capsys):
    """Write a file, score it to standard output, give the exit code, the output and what was said."""

    def run(content, *options, instrument="eortc-qlq-c30"):
        path = tmp_path / "answers.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        code = main(["score", instrument, str(path), *options])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def refused(result, *words):
    """The command ended with 2, wrote nothing, and said all of ``words``."""
    code, out, err = result
    assert (code, out) == (2, "")
    assert [word for word in words if word not in err] == []
    return True


# What comes out


def test_identifying_columns_stay_and_items_become_scores(score):
    code, out, err = score(f"patient,visit,{ALL_ITEMS}\nP1,M3,{BEST}\n")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["patient,visit," + ",".join(C30_SCORES), "P1,M3," + ",".join(["100.0"] * 6 + ["0.0"] * 9 + ["100.0"])]


def test_proscorers_results_come_out(score):
    code, out, _ = score((VECTORS / "c30_input.csv").read_bytes())
    assert code == 0
    found, expected = rows(out), rows((VECTORS / "c30_expected.csv").read_text())
    assert len(found) == len(expected) == 40
    for ours, theirs in zip(found, expected, strict=True):
        assert ours["case"] == theirs["case"]
        assert [float(ours[name]) for name in C30_SCORES] == pytest.approx([float(theirs[name]) for name in C30_SCORES], rel=0, abs=1e-9)


@pytest.mark.parametrize(
    ("options", "name"), [([], "impute"), (["--not-asked", "zero"], "impute"), (["--not-asked", "missing"], "noimpute")]
)
def test_proaes_grades_come_out(score, options, name):
    header, *lines = (VECTORS / "proctcae_impute_input.csv").read_text().splitlines(keepends=True)
    ours_named = header.replace("PROCTCAE_", "").replace("_SCL", "")
    code, out, _ = score(ours_named + "".join(lines), *options, instrument="pro-ctcae")
    expected = rows((VECTORS / f"proctcae_{name}_expected.csv").read_text())
    assert code == 0
    assert [list(row) for row in rows(out)] == [["id", "C1", "C3", "C9", "C16", "C17", "C18", "C27"]] * 40
    for ours, theirs in zip(rows(out), expected, strict=True):
        assert {grade: value for grade, value in ours.items() if grade != "id"} == {
            f"C{column.split('_')[1]}": value.replace("NA", "") for column, value in theirs.items() if column.endswith("_COMP")
        }


def test_fact_g_has_its_subscales_and_total(score):
    ids = [item.id for item in INSTRUMENTS["fact-g"].items]
    code, out, _ = score(f"id,{','.join(ids)}\n1,{','.join(['2'] * 27)}\n", instrument="fact-g")
    assert (code, out) == (0, "id,PWB,SWB,EWB,FWB,FACTG\n1,14.0,14.0,12.0,14.0,54.0\n")


@settings(max_examples=60)
@given(
    st.lists(
        st.fixed_dictionaries({}, optional={item.id: st.none() | st.sampled_from(item.codes) for item in C30.items}), min_size=1, max_size=5
    )
)
def test_a_file_gives_what_the_rules_give_for_each_response(responses):
    cells = [[str(answers.get(item.id) or "") for item in C30.items] for answers in responses]
    lines = [",".join(["id", *(item.id for item in C30.items)])] + [",".join([str(n), *row]) for n, row in enumerate(cells)]
    target = io.StringIO()
    scored = score_lines(C30, [f"{line}\n".encode() for line in lines], "made up", target)
    expected = [{name: score.as_float for name, score in scores(C30, answers).items()} for answers in responses]
    found = [{name: float(row[name]) if row[name] else None for name in C30_SCORES} for row in rows(target.getvalue())]
    assert found == expected
    assert scored.rows == len(responses)
    assert scored.missing == {name: sum(row[name] is None for row in expected) for name in C30_SCORES}


def test_a_file_larger_than_what_is_remembered(monkeypatch):
    monkeypatch.setattr("qol_server.cli.score.REMEMBERED", 3)
    lines = ["id,q6,q7\n", *(f"{n},{1 + n % 4},{1 + n // 4 % 4}\n" for n in range(64))]
    target = io.StringIO()
    score_lines(C30, [line.encode() for line in lines], "made up", target)
    assert [float(row["RF"]) for row in rows(target.getvalue())] == [
        scores(C30, {"q6": 1 + n % 4, "q7": 1 + n // 4 % 4})["RF"].as_float for n in range(64)
    ]


# What is understood


@pytest.mark.parametrize(
    "content",
    [
        "id,q6,q7\n1,2,3\n",
        "﻿id,q6,q7\n1,2,3\n",
        "id;q6;q7\r\n1;2;3\r\n",
        "id\tQ6\tQ7\n1\t2\t3",
        '"id","q6","q7"\n"1","2","3"\n',
        "id, q6 ,q7\n1, 2 , 3\n",
        "id,q7,q6\n1,3.0,2.00\n",
        'id;q6;q7\n1;2,0;"3"\n',
        "id,q6,q7,q8\n1,2,3,NA\n",
        "id,q6,q7\n\n1,2,3\n\n",
    ],
)
def test_files_as_other_programs_write_them(score, content):
    code, out, err = score(content)
    assert (code, err) == (0, "")
    (only,) = rows(out)
    assert (only["id"], only["RF"], only["QL"]) == ("1", "50.0", "")


@pytest.mark.parametrize("cell", ["", "NA", "na", "  ", "declined", '""'])
def test_cells_that_say_that_nothing_was_answered(score, cell):
    _, out, _ = score(f"id,q6,q7,q8\n1,{cell},3,1\n")
    assert rows(out)[0]["RF"] == "33.333333333333336"


def test_full_precision_is_kept(score):
    _, out, _ = score("id,q29,q30\n1,6,7\n")
    assert float(rows(out)[0]["QL"]) == 100 * 11 / 12


def test_identifying_cells_are_kept_as_they_are(score):
    _, out, _ = score('name,note,q6\n"Müller, ""M""",  two  ,1\n=1+1,"line\nbreak",2\n')
    assert [(row["name"], row["note"], row["RF"]) for row in rows(out)] == [
        ('Müller, "M"', "  two  ", "100.0"),
        ("=1+1", "line\nbreak", "66.66666666666667"),
    ]


def test_a_file_of_one_column(score):
    code, out, _ = score("1A\n2\nNA\n0\n", instrument="pro-ctcae")
    assert (code, out) == (0, 'C1\n2\n""\n0\n')


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8), min_size=3, max_size=3))
def test_any_identifying_text_comes_out_as_it_went_in(cells):
    content = io.StringIO()
    csv.writer(content).writerows([["a", "b", "q6", "c"], [*cells[:2], "1", cells[2]]])
    target = io.StringIO()
    score_lines(C30, content.getvalue().encode().splitlines(keepends=True), "made up", target)
    ((header, row),) = [list(csv.reader(io.StringIO(target.getvalue(), newline="")))]
    assert header == ["a", "b", "c", *C30_SCORES]
    assert row[:3] == cells


def test_names_of_identifying_columns_may_hold_numbers(score):
    code, out, _ = score("id,site1,visit2,a1,sq3,q3b,q6\n1,2,3,4,5,6,1\n")
    assert (code, list(rows(out)[0])[:6]) == (0, ["id", "site1", "visit2", "a1", "sq3", "q3b"])


def test_a_header_alone_gives_a_header(score):
    assert score("id,q6\n") == (0, "id," + ",".join(C30_SCORES) + "\n", "")


def test_nothing_answered_gives_nothing(score):
    _, out, _ = score(f"id,{ALL_ITEMS}\n1{',' * 30}\n2,{','.join(['NA'] * 30)}\n")
    assert out.splitlines()[1:] == ["1" + "," * 16, "2" + "," * 16]


def test_a_set_with_some_of_its_parts(score):
    code, out, _ = score("id,9A,5A\n1,0,1\n2,3,0\n", instrument="pro-ctcae")
    assert (code, out) == (0, "id,C9\n1,0\n2,\n")


# What is refused


def test_a_value_out_of_range_is_found_in_the_spreadsheet(score):
    content = f'id,note,{ALL_ITEMS}\n1,"two\nlines",{BEST}\n\n2,,{BEST.replace("7", "8")}\n'
    assert refused(score(content), "answers.csv", "row 4", "column q29", "'8'", "1 to 7")


@pytest.mark.parametrize(
    "cell", ["0", "5", "-1", "2.5", "2,5", "x", "02", "1e0", "٢", "²", "NaN", "2 3", "99999999999999999999", "True", "."]
)
def test_what_is_no_answer(score, cell):
    assert refused(score(f"id;q6;q7\n1;1;1\n2;1;{cell}\n"), "row 3", "column q7", cell, "1 to 4")


def test_an_item_without_a_grade_is_checked_too(score):
    assert refused(score("id,9A,5A\n1,0,2\n", instrument="pro-ctcae"), "row 2", "column 5A", "0, 1")


@pytest.mark.parametrize(
    ("instrument", "column"),
    [
        *(("eortc-qlq-c30", column) for column in ("q31", "q0", "Q100", "q01", "q_1", "q 1", "q.7")),
        *(("pro-ctcae", column) for column in ("9D", "81A", "0a", "9_B", "5B")),
        *(("fact-g", column) for column in ("GP8", "GE7", "gs0", "GF 1")),
    ],
)
def test_a_column_that_looks_like_an_item_and_is_none(score, instrument, column):
    known = INSTRUMENTS[instrument].items[0].id
    assert refused(score(f"id,{known},{column}\n1,1,1\n", instrument=instrument), f"column {column} looks like an item", known)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["is empty"]),
        ("\n\n", ["row 1 is empty"]),
        ("id,visit\n1,M3\n", ["names no item", "q1 … q30"]),
        ("id,q6,Q6\n1,1,1\n", ["two columns are called 'Q6'"]),
        ("id,id,q6\n1,1,1\n", ["two columns are called 'id'"]),
        (",,q6\n1,1,1\n", ["two columns have no name"]),
        ("id,PF,q6\n1,1,1\n", ["column PF has the name of a score"]),
        ("id,summary,q6\n1,1,1\n", ["column summary has the name of a score"]),
        ("id,q6,q7\n1,1,1\n2,1\n", ["row 3 has 2 cells", "the header has 3"]),
        ("id,q6,q7\n1,1,1,1\n", ["row 2 has 4 cells"]),
        ('id,q6\n1,"1\n2,1\n3,1\n', ["quote"]),
        ('id,q6\n"1"x,1\n', ["line 2"]),
        (f"id,q6\n1,{'1' * 200_000}\n", ["line 2", "field"]),
        ("id,q6\nMüller,1\n".encode("latin-1"), ["line 2", "0xFC", "UTF-8"]),
        ("id,q6\n1,1\n".encode("utf-16"), ["UTF-16", "save it as CSV UTF-8"]),
        ("id,q6\n1,1\n".encode("utf-16-le"), ["line 1", "NUL"]),
    ],
)
def test_files_that_cannot_be_read(score, content, words):
    assert refused(score(content), "answers.csv", *words)


def test_a_file_without_anything_to_grade(score):
    assert refused(score("id,5A\n1,1\n", instrument="pro-ctcae"), "makes a score")


def test_an_unknown_instrument_is_told_what_there_is(score):
    assert refused(score("id,q6\n1,1\n", instrument="qlq"), "no instrument 'qlq'", "eortc-qlq-c30", "fact-g", "pro-ctcae")


def test_an_instrument_without_scores(score):
    assert refused(score("id,comment\n1,1\n", instrument="dose-diary"), "dose-diary is not scored")


def test_an_instrument_file_of_ones_own(score, tmp_path):
    own = tmp_path / "own.yaml"
    text = shipped_instruments()["eortc-qlq-c30"].read_text("utf-8")
    own.write_text(text.replace("eortc-qlq-c30", "own"), "utf-8")
    assert score("id,q6\n1,1\n", instrument=str(own))[0] == 0
    own.write_text(text.replace("kind: functional", "kind: unheard_of"), "utf-8")
    assert refused(score("id,q6\n1,1\n", instrument=str(own)), "functional, symptom and global")


def test_not_asked_belongs_to_pro_ctcae(score):
    assert refused(score("id,q6\n1,1\n", "--not-asked", "zero"), "PRO-CTCAE alone")
    assert refused(score("id,9A\n1,1\n", "--not-asked", "one", instrument="pro-ctcae"), "one", "zero", "missing")


# Where it goes


def test_the_output_is_written_whole_or_not_at_all(score, tmp_path, capsys):
    out = tmp_path / "scores.csv"
    out.write_text("of last week")
    assert refused(score("id,q6\n1,1\n2,9\n", "-o", str(out)), "row 3")
    assert out.read_text() == "of last week"
    code, said, _ = score("id,q6\n1,1\n2,\n", "-o", str(out))
    assert code == 0
    assert "2 rows scored (eortc/1)" in said
    assert "RF 1" in said
    assert [row["RF"] for row in rows(out.read_text())] == ["100.0", ""]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.csv", "scores.csv"]
    assert out.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_the_answers_are_never_overwritten(score, tmp_path):
    assert refused(score("id,q6\n1,1\n", "-o", str(tmp_path / "answers.csv")), "is the input")
    assert (tmp_path / "answers.csv").read_text() == "id,q6\n1,1\n"


def test_places_that_do_not_exist(score, tmp_path, capsys):
    assert refused(score("id,q6\n1,1\n", "-o", str(tmp_path / "no" / "scores.csv")), str(tmp_path / "no" / "scores.csv"), "No such file")
    assert main(["score", "eortc-qlq-c30", str(tmp_path / "nothing.csv")]) == 2
    assert "nothing.csv" in capsys.readouterr().err


def test_a_device_is_written_to_and_not_replaced(score):
    assert score("id,q6\n1,1\n", "-o", "/dev/null")[0] == 0
    assert Path("/dev/null").is_char_device()


def test_standard_input(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"id;q6\n1;1\n")))
    assert main(["score", "eortc-qlq-c30", "-"]) == 0
    assert rows(capsys.readouterr().out)[0]["RF"] == "100.0"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"id;q6\n1;7\n")))
    assert main(["score", "eortc-qlq-c30", "-"]) == 2
    assert "standard input: row 2" in capsys.readouterr().err


def test_json_tells_what_was_done(score, tmp_path):
    expected = {"instrument": "eortc-qlq-c30", "version": C30.version, "method": "eortc/1", "rows": 2, "blank_lines": 1}
    code, out, _ = score("id,q6\n1,1\n\n2,\n", "--json", "-o", str(tmp_path / "scores.csv"))
    told = json.loads(out)
    assert code == 0
    assert {key: told[key] for key in expected} == expected
    assert told["missing"] == {name: 1 if name == "RF" else 2 for name in C30_SCORES}
    _, out, err = score("id,q6\n1,1\n\n2,\n", "--json")
    assert json.loads(err) == told
    assert len(rows(out)) == 2
