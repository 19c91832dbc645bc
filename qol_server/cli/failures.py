"""What a person is told, and with which exit code, when a command cannot go on."""

from __future__ import annotations

import errno
import io
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from typing import Any

import click

from qol_server.trial.problems import Refused

REFUSED, WRONG_INPUT, ENVIRONMENT, INTERRUPTED = 1, 2, 3, 130

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_MISNAMED = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG}
_DATABASE_MODULES = {"sqlite3", "pysqlite3", "pysqlite3.dbapi2", "sqlite3.dbapi2"}
_BY_NAME = {  # told apart by name, so that explaining a wrong flag does not import the store and the library
    "qol_server.library.documents.StudyFileError": (WRONG_INPUT, "bad-study-file", "qol study check FILE shows all mistakes."),
    "qol_server.settings.SettingsError": (WRONG_INPUT, "bad-setting", "Change the environment variable and run the command again."),
    "qol_server.store.sqlite.StoreBusy": (ENVIRONMENT, "busy", "Nothing was stored. Try again in a moment."),
    "qol_server.store.sqlite.StoreFull": (ENVIRONMENT, "storage-full", "Nothing was stored. Free some space and run it again."),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """``code``: the exit code; ``text``: all that is printed for a person; the rest is printed with --json."""

    code: int
    name: str
    text: str
    detail: str
    advice: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "detail": self.detail, "advice": self.advice, "errors": self.errors, "exit_code": self.code}


class Failed(Exception):
    """A command cannot go on for a reason that ``qol_server.trial.problems`` does not name; raised by ``common.fail``."""

    def __init__(self, detail: str, *, advice: str = "", code: int = WRONG_INPUT) -> None:
        super().__init__(detail)
        self.detail, self.advice, self.code = detail, advice, code


def explain(error: Exception) -> Failure:
    """Say in a sentence what went wrong and what to do; every exception that leaves a command comes through here."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    match error:
        case Failed():
            name = {REFUSED: "refused", WRONG_INPUT: "wrong-input"}.get(error.code, "environment")
            return _failure(error.code, name, error.detail, error.advice)
        case Refused():
            return _refused(error)
        case click.exceptions.Abort():  # what click makes of Ctrl-C
            return _failure(INTERRUPTED, "interrupted", "Interrupted.")
        case click.ClickException():
            return _usage(error)
        case OSError():
            return _operating_system(error)
        case _ if kind in _BY_NAME:
            code, name, advice = _BY_NAME[kind]
            return _failure(code, name, str(error), advice)
        case _ if type(error).__module__ in _DATABASE_MODULES:
            return _database(error)
    return _failure(
        ENVIRONMENT,
        "internal",
        f"The command failed unexpectedly ({type(error).__name__}: {error}).",
        "Set QOL_DEBUG=1 to see where, and report it with that output.",
    )


def _failure(code: int, name: str, detail: str, advice: str = "", errors: list[dict[str, str]] | None = None) -> Failure:
    lines = [f"qol: {detail}", *(f"  {': '.join(error.values())}" for error in errors or []), *([f"  {advice}"] if advice else [])]
    return Failure(code, name, "\n".join(lines), detail, advice, errors or [])


def _refused(error: Refused) -> Failure:
    # 5xx is the machine's fault, a conflict is an answer about the study, the rest is what was asked for
    status = error.problem.status
    code = ENVIRONMENT if status >= 500 else REFUSED if status == 409 else WRONG_INPUT
    detail = error.problem.title + ("" if error.detail == error.problem.advice else f". {error.detail}")
    return _failure(code, error.problem.name, detail if detail.endswith(".") else detail + ".", error.problem.advice, error.errors)


def _usage(error: click.ClickException) -> Failure:
    shown = io.StringIO()
    with redirect_stderr(shown):
        error.show()
    return Failure(WRONG_INPUT, "usage", shown.getvalue().rstrip(), error.format_message())


def _operating_system(error: OSError) -> Failure:
    where = f"{error.filename}: " if error.filename else ""
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return _failure(ENVIRONMENT, "storage-full", f"{where}the disk is full ({reason}).", "Free some space and run the command again.")
    if error.errno in _FORBIDDEN:
        return _failure(
            ENVIRONMENT,
            "not-permitted",
            f"{where}this may not be read or written by you ({reason}).",
            "Choose another folder, or change who may write this one.",
        )
    if error.errno == errno.EADDRINUSE:
        return _failure(ENVIRONMENT, "address-in-use", f"Another program uses this port ({reason}).", "Choose another one with --port.")
    if error.errno in _MISNAMED:
        return _failure(WRONG_INPUT, "no-such-file", f"{where}{reason}.", "Check the path.")
    return _failure(ENVIRONMENT, "environment", f"{where}{reason}.")


def _database(error: Exception) -> Failure:
    reason = str(error)
    if "full" in reason:
        return _failure(ENVIRONMENT, "storage-full", f"The disk is full ({reason}).", "Free some space and run the command again.")
    if "readonly" in reason or "unable to open" in reason:
        return _failure(
            ENVIRONMENT,
            "not-permitted",
            f"The database may not be written or opened ({reason}).",
            "Check who may write the data folder, and that its disk is not mounted read-only.",
        )
    if "locked" in reason:
        return _failure(ENVIRONMENT, "busy", f"Another process holds the database ({reason}).", "Try again in a moment.")
    return _failure(
        ENVIRONMENT,
        "database",
        f"The database cannot be used ({reason}).",
        "Check it with: qol verify FILE.",
    )
