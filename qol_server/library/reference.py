"""The tables of keys in the reference of the study files, made from the shapes that check them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from qol_server.library.alerts import KINDS, ScoreRiseShape, When
from qol_server.library.fields import Field, Many, Part, Shape, Table
from qol_server.library.instrument_shape import InstrumentShape, ItemOrRepeat, ItemShape, RepeatShape
from qol_server.library.study_shape import StudyShape
from qol_server.library.wordings import WordingShape

TOPS: Mapping[str, type[Shape]] = {"An instrument": InstrumentShape, "A study": StudyShape, "A wording": WordingShape}


def reference() -> str:
    """Markdown: one table for each mapping with fixed keys, in the order in which a reader meets them."""
    lines: list[str] = []
    for title, top in TOPS.items():
        lines += [f"### {title}", ""]
        for path, shape in _shapes("", top):
            lines += [f"`{path}`", ""] if path else []
            lines += ["| key | value | meaning |", "|---|---|---|", *_rows(shape), ""]
    return "\n".join(lines)


def _rows(shape: type[Shape]) -> Iterator[str]:
    for name, field in shape().fields.items():
        needed = " **required**" if field.required else ""
        allowed = field.allowed if isinstance(field, Field | Part) else ""
        yield f"| `{field.data_key or name}`{needed} | {_cell(allowed)} | {_cell(field.metadata['note'])} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _shapes(path: str, shape: type[Shape]) -> Iterator[tuple[str, type[Shape]]]:
    """``shape`` and those below it, each with the path of keys that leads to it; the items of a repeated group are items."""
    yield path, shape
    if shape is RepeatShape:
        return
    for name, field in shape().fields.items():
        key = f"{path}.{field.data_key or name}" if path else field.data_key or name
        for below, inner in _below(key, field):
            yield from _shapes(below, inner)


def _below(path: str, field: object) -> Iterable[tuple[str, type[Shape]]]:
    if isinstance(field, Part):
        return [(path, field.shape)]
    if isinstance(field, Many):
        return _below(f"{path}[]", field.inner)
    if isinstance(field, Table):
        return _below(f"{path}.NAME", field.inner)
    if isinstance(field, ItemOrRepeat):
        return [(path, ItemShape), (f"{path} (a repeated group)", RepeatShape)]
    if isinstance(field, When):
        return [(f"{path} ({word})", shape) for word, shape in KINDS.items()] + [(f"{path} (rise of a score)", ScoreRiseShape)]
    return []
