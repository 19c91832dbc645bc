"""`qol score`: a CSV file of answers in, a CSV file of scores out; all of it or nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Generic, NoReturn, TypeVar, get_args

import click

from qol_server.cli.common import emit, fail, json_option, wants_json
from qol_server.trial.instrument import Instrument, Item, ItemType
from qol_server.trial.problems import BAD_CSV, Refused
from qol_server.trial.response import allowed
from qol_server.trial.scoring import NotAsked, ScaleRule, Scorer, SummaryRule, method_version, scorer, value_of

REMEMBERED = 20_000
"""Distinct combinations of cells that are remembered per scale: bounds the memory, whatever the file holds."""

_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]{0,8}))(?:[.,]0{1,15})?")  # spreadsheets write 2 as 2.0, or as 2,0
_SPECIAL = re.compile('[,"\r\n]')
_QUOTE = '"'
_ITEM_ID = re.compile(r"([A-Za-z]*)[0-9]+([A-Za-z]*)")

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Cells = str | tuple[str, ...]
"""What itemgetter takes out of a row: one cell as it is, several as a tuple."""
Part = tuple[str | int | None, ...]
"""One scale of one row: its text, how many items were answered, then what it adds to each summary (None: missing)."""


@dataclass(slots=True)
class Scored:
    """What was done: rows written, blank lines left out, and for each score how many rows do not have it."""

    instrument: str
    version: str
    method: str
    rows: int = 0
    blank_lines: int = 0
    missing: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand: names and places of the identifying columns, the place of each item, the width of a row."""

    names: list[str]
    identifying: list[int]
    items: dict[str, int]


class _Remembered(dict[K, V], Generic[K, V]):
    """Results of a rule by what it was given: a questionnaire has few different answers, a file has many rows."""

    def __init__(self, rule: Callable[[K], V]) -> None:
        super().__init__()
        self.rule = rule

    def __missing__(self, given: K) -> V:
        if len(self) >= REMEMBERED:
            self.clear()
        result = self[given] = self.rule(given)
        return result


class _NotAllowed(Exception):
    """A cell holds what its item does not allow; the arguments are the cell and the item."""


@click.command()
@click.argument("instrument")
@click.argument("file", metavar="FILE.csv")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Where to write the scores (default: standard output).")
@click.option(
    "--not-asked",
    type=click.Choice(get_args(NotAsked)),
    help="PRO-CTCAE: what a part without an answer counts as when the symptom's first part is 0 (default: zero).",
)
@json_option
def command(instrument: str, file: str, out: Path | None, not_asked: NotAsked | None) -> None:
    """Score the answers in FILE.csv ("-": standard input) with INSTRUMENT, a shipped one or the path of an instrument file.

    One row is one response; one column is one item (q1 … q30, 9A, GP1 …), every other column is kept as it is.
    """
    chosen = _instrument(instrument)
    if not_asked and chosen.scoring != "pro-ctcae":
        fail(f"--not-asked is for PRO-CTCAE alone; {chosen.id} has no items that are asked only after others.")
    scored = score_file(chosen, file, out, not_asked or "zero")
    if out is not None:
        lines = [f"{scored.rows:,} rows scored ({scored.method}), written to {out}."]
        if scored.blank_lines:
            lines.append(f"Blank lines left out: {scored.blank_lines:,}.")
        without = [f"{name} {count:,}" for name, count in scored.missing.items() if count]
        if without:
            lines.append(f"Rows without a score: {', '.join(without)}.")
        emit(asdict(scored), "\n".join(lines))
    elif wants_json():  # standard output is the file
        click.echo(json.dumps(asdict(scored), indent=2), err=True)


def score_file(instrument: Instrument, source: str, out: Path | None, not_asked: NotAsked = "zero") -> Scored:
    """Score the CSV file ``source`` ("-": standard input) into ``out`` (None: standard output); nothing is written on failure."""
    with click.open_file(source, "rb") as opened:
        name = "standard input" if source == "-" else source
        if out is None or (out.exists() and not out.is_file()):  # a pipe or a device is not replaced but written to
            with tempfile.TemporaryFile() as spool:
                text = io.TextIOWrapper(spool, encoding="utf-8", newline="")
                scored = score_lines(instrument, opened, name, text, not_asked)
                text.detach()
                spool.seek(0)
                with click.open_file("-" if out is None else str(out), "wb") as target:
                    shutil.copyfileobj(spool, target)
            return scored
        final = out.resolve()
        if source != "-" and final.exists() and final.samefile(source):
            fail(f"{out} is the input; the answers would be lost.", advice="Give another name to -o.")
        beside = final.with_name(f".{final.name}.{os.getpid()}.part")
        try:
            with _created(beside, out) as part:
                scored = score_lines(instrument, opened, name, part, not_asked)
            beside.replace(final)
        finally:
            beside.unlink(missing_ok=True)
        return scored


def _created(beside: Path, out: Path) -> IO[str]:
    try:
        return beside.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(out)) from None  # the name that the person gave


def score_lines(instrument: Instrument, source: Iterable[bytes], name: str, target: IO[str], not_asked: NotAsked = "zero") -> Scored:
    """Read lines of CSV (UTF-8; ``name`` is for messages), write rows of scores to ``target`` in bounded memory.

    Raises Refused(BAD_CSV) at the first row that cannot be scored; what ``target`` holds is then of no use.
    """
    rules = scorer(instrument, not_asked)
    lines = _decoded(source, name)
    header, delimiter = _header(lines, instrument, name)
    columns = _columns(header, instrument, name)
    scales = _scales_of(rules, columns)
    outputs = [rule.id for rule in scales] + [rule.id for rule in rules.summaries]
    _check_names(columns, outputs, rules, name)
    scored = Scored(instrument.id, instrument.version, method_version(instrument), missing=dict.fromkeys(outputs, 0))
    target.write(_line([columns.names[place] for place in columns.identifying], outputs))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        target.writelines(_rows(reader, rules, scales, columns, scored, name))
    except csv.Error as error:
        _refuse(name, f"line {reader.line_num + 1}: {error}; a quote may be missing, or the file is no CSV file")
    return scored


def _rows(
    reader: Iterable[list[str]], rules: Scorer, scales: list[ScaleRule], columns: _Columns, scored: Scored, name: str
) -> Iterator[str]:
    of_scales = [(_getter(rule.items, columns), _Remembered(_scale_reader(rule, rules, columns))) for rule in scales]
    unscored = [(itemgetter(columns.items[item.id]), _Remembered(_cell_reader(item))) for item in _unscored(rules, columns)]
    places = {rule.id: place for place, rule in enumerate(scales)}
    of_summaries = [
        (nth, _pick([places[scale] for scale in rule.scales]), _Remembered(_summary_reader(rule)))
        for nth, rule in enumerate(rules.summaries, 2)
    ]
    identifying, width, missing, outputs = columns.identifying, len(columns.names), scored.missing, list(scored.missing)
    for number, row in enumerate(reader, 2):  # a spreadsheet's row numbers: the header is row 1
        if len(row) != width:
            if not "".join(row).strip() and len(row) < 2:
                scored.blank_lines += 1
                continue
            _refuse(name, f"row {number} has {len(row)} cells, the header has {width}; a cell with a delimiter in it needs quotes")
        try:
            parts = [remembered[cells(row)] for cells, remembered in of_scales]
            for cell, remembered_cell in unscored:
                remembered_cell[cell(row)]
        except _NotAllowed as error:
            content, item = error.args
            column = columns.names[columns.items[item.id]].strip()
            _refuse(name, f"row {number}, column {column}: {content[:40]!r} is not allowed; {item.id} takes {allowed(item)}, or nothing")
        turned = list(zip(*parts, strict=True))
        texts = list(turned[0])
        for nth, chosen, totals in of_summaries:
            terms = chosen(turned[nth])
            texts.append("" if None in terms else totals[sum(terms), sum(chosen(turned[1]))])
        if "" in texts:
            for output, text in zip(outputs, texts, strict=True):
                missing[output] += not text
        scored.rows += 1
        yield _line([row[place] for place in identifying], texts)


def _line(identifying: list[str], scores: list[str]) -> str:
    """A row as CSV; csv.writer would look at each character of the scores and take most of a large file's time."""
    cells = [f'"{cell.replace(_QUOTE, _QUOTE * 2)}"' if _SPECIAL.search(cell) else cell for cell in identifying] + scores
    return ",".join(cells) + "\n" if len(cells) > 1 else f"{cells[0] or _QUOTE * 2}\n"  # a lone empty cell is no blank line


def _summary_reader(rule: SummaryRule) -> Callable[[tuple[int, int]], str]:
    """A summary's text from the total of its terms and the number of items answered."""

    def read(total: tuple[int, int]) -> str:
        value = rule.value(*total)
        return "" if value is None else repr(float(value))

    return read


def _scale_reader(rule: ScaleRule, rules: Scorer, columns: _Columns) -> Callable[[Cells], Part]:
    """The rule of one scale from raw cells: the same ``rule.of`` that scores a single response."""
    present = [rules.instrument.by_id[item] for item in rule.items if item in columns.items]
    adding = [summary if rule.id in summary.scales else None for summary in rules.summaries]

    def read(cells: Cells) -> Part:
        texts = (cells,) if isinstance(cells, str) else cells
        values = {item.id: _read(cell, item) for cell, item in zip(texts, present, strict=True)}
        score = rule.of([values.get(item) for item in rule.items])
        whole = rule.denominator == 1  # by nature, as a grade is; a measure that happens to be whole keeps its ".0"
        text = "" if score.value is None else str(score.value) if whole else repr(float(score.value))
        return text, len(score.items_used), *(summary.term(rule.id, score) if summary else 0 for summary in adding)

    return read


def _cell_reader(item: Item) -> Callable[[Cells], int | None]:
    return lambda cell: _read(str(cell), item)


def _read(cell: str, item: Item) -> int | None:
    text = cell.strip()
    if not text or text.upper() == "NA" or text.casefold() in (coded.casefold() for coded in item.non_answers):
        return None
    number = _NUMBER.fullmatch(text)
    if number is None:
        raise _NotAllowed(text, item)
    try:
        return value_of(item, int(number[1]))
    except ValueError:
        raise _NotAllowed(text, item) from None


def _pick(places: list[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """The cells at ``places`` of a row, always as a tuple; itemgetter gives a lone one bare."""
    return itemgetter(*places) if len(places) > 1 else lambda row: tuple(row[place] for place in places)


def _getter(items: Iterable[str], columns: _Columns) -> Callable[[list[str]], Cells]:
    places = [columns.items[item] for item in items if item in columns.items]
    return itemgetter(*places) if places else lambda _row: ()


def _scales_of(rules: Scorer, columns: _Columns) -> list[ScaleRule]:
    """All scales; of PRO-CTCAE, whose sets are chosen per study, those with a column."""
    if rules.instrument.scoring != "pro-ctcae" or rules.summaries:  # a summary needs all of its scales
        return list(rules.scales)
    return [rule for rule in rules.scales if any(item in columns.items for item in rule.items)]


def _unscored(rules: Scorer, columns: _Columns) -> list[Item]:
    """Items with a column that no scale uses: their cells are still checked."""
    used = {item for rule in rules.scales for item in rule.items}
    return [item for item in rules.instrument.items if item.id in columns.items and item.id not in used and item.type is ItemType.CHOICE]


def _decoded(source: Iterable[bytes], name: str) -> Iterator[str]:
    for number, line in enumerate(source, 1):
        if number == 1:
            if line.startswith((b"\xff\xfe", b"\xfe\xff")):
                _refuse(name, "the file is UTF-16; save it as CSV UTF-8")
            line = line.removeprefix(b"\xef\xbb\xbf")
        if b"\0" in line:
            _refuse(name, f"line {number} holds a NUL byte, so this is no CSV file in UTF-8; save it as CSV UTF-8")
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            _refuse(name, f"line {number}: byte 0x{line[error.start]:02X}, number {error.start + 1}, is not UTF-8; save it as CSV UTF-8")


def _header(lines: Iterator[str], instrument: Instrument, name: str) -> tuple[list[str], str]:
    """Read the first row and find its delimiter: the one that shows most items, then most columns."""
    text = next(lines, None)
    if text is None:
        _refuse(name, "the file is empty; its first row must name the columns")
    if not text.strip():
        _refuse(name, "row 1 is empty; it must name the columns")
    while text.count('"') % 2 and (more := next(lines, None)) is not None:  # a line break inside a quoted name
        text += more
    known = {item.id.casefold() for item in instrument.items}
    found: list[tuple[int, int, list[str], str]] = []
    for delimiter in (",", ";", "\t"):
        try:
            names = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        found.append((sum(each.strip().casefold() in known for each in names), len(names), names, delimiter))
    if not found:
        _refuse(name, "row 1: the quotes do not match")
    _, _, names, delimiter = max(found, key=itemgetter(0, 1))
    return names, delimiter


def _columns(header: list[str], instrument: Instrument, name: str) -> _Columns:
    ids = {item.id.casefold(): item.id for item in instrument.items}
    looks_like_item = _shape(instrument)
    columns = _Columns(header, [], {})
    for place, title in enumerate(header):
        column = title.strip()
        item = ids.get(column.casefold())
        if item in columns.items or (item is None and title in header[:place]):
            _refuse(name, f"row 1: two columns are called {column!r}" if column else "row 1: two columns have no name")
        if item is not None:
            columns.items[item] = place
        elif looks_like_item.fullmatch(column):
            _refuse(name, f"row 1: column {column} looks like an item, but {instrument.id} has {_ranges(instrument)}")
        else:
            columns.identifying.append(place)
    if not columns.items:
        _refuse(name, f"row 1 names no item of {instrument.id}; name the columns {_ranges(instrument)}")
    return columns


def _shape(instrument: Instrument) -> re.Pattern[str]:
    """What looks like an item id: the letters of one before any number, and as many letters after it; as "q31", "9_D"."""
    shapes = {
        rf"{re.escape(match[1])}[ _.-]?[0-9]+" + (rf"[ _.-]?[a-z]{{{len(match[2])}}}" if match[2] else "")
        for item in instrument.items
        if (match := _ITEM_ID.fullmatch(item.id))
    }
    return re.compile("|".join(sorted(shapes)) or "(?!)", re.IGNORECASE)


def _ranges(instrument: Instrument) -> str:
    ids = [item.id for item in instrument.items]
    runs: list[list[str]] = []
    for item in ids:
        if runs and _next(runs[-1][-1]) == item:
            runs[-1].append(item)
        else:
            runs.append([item])
    told = [run[0] if len(run) == 1 else f"{run[0]} … {run[-1]}" for run in runs]
    return ", ".join(told) if len(told) <= 12 else f"{', '.join(ids[:6])} … {ids[-1]}"


def _next(item: str) -> str:
    """The id that counts on from ``item``: q2 after q1."""
    return re.sub(r"[0-9]+", lambda number: str(int(number[0]) + 1), item, count=1)


def _check_names(columns: _Columns, outputs: list[str], rules: Scorer, name: str) -> None:
    if not outputs:
        _refuse(name, f"none of the items in row 1 makes a score of {rules.instrument.id}")
    taken = {output.casefold() for output in outputs}
    for place in columns.identifying:
        if columns.names[place].strip().casefold() in taken:
            _refuse(name, f"row 1: column {columns.names[place].strip()} has the name of a score; rename it")


def _instrument(name: str) -> Instrument:
    """The shipped instrument of that id, or the one in the file of that path."""
    from qol_server.library import instrument_from, shipped_instruments

    shipped = shipped_instruments()
    path = shipped.get(name) or Path(name)
    if name not in shipped and not path.is_file():
        with_scores = sorted(each for each, where in shipped.items() if instrument_from(where.read_bytes(), where.name).scoring)
        fail(f"There is no instrument {name!r}.", advice=f"Name one of {', '.join(with_scores)}, or the path of an instrument file.")
    instrument = instrument_from(path.read_bytes(), str(path))
    if instrument.scoring is None:
        fail(f"{instrument.id} is not scored: it has no scoring method.")
    try:
        scorer(instrument)
    except ValueError as error:
        fail(f"{path}: {error}.")
    return instrument


def _refuse(name: str, detail: str) -> NoReturn:
    raise Refused(BAD_CSV, f"{name}: {detail}")
