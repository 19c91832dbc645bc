"""`qol study`: study files are checked, put into force and let go live; what a study is can be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from qol_server.cli.acting import Day, Stated, as_option, counted, opened, settings_of
from qol_server.cli.common import common, emit, following, json_option, table
from qol_server.cli.failures import REFUSED, WRONG_INPUT
from qol_server.cli.sources import instruments_in_reach, protocol_source, with_stand_in

if TYPE_CHECKING:
    from qol_server.intake.study import Study


@click.group()
def command() -> None:
    """Check, list, show, adopt, activate and rehearse study files."""


@command.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@json_option
def check(files: tuple[str, ...]) -> int:
    """Explain every mistake of instrument, wording and protocol files: file, line, what is wrong, what is allowed.

    Exit code 1: there are mistakes; 2: a file cannot be read.
    """
    from qol_server import library

    mistakes, unreadable = [], []
    for file in files:
        try:
            mistakes += library.check(file)
        except OSError as error:
            unreadable.append({"file": file, "reason": error.strerror or str(error)})
    lines = [*(str(mistake) for mistake in mistakes), *(f"{each['file']}: cannot be read ({each['reason']})." for each in unreadable)]
    good = len(files) - len({mistake.file for mistake in mistakes}) - len(unreadable)
    lines.append(f"{counted(len(mistakes), 'mistake')}; {counted(good, 'file')} without any.")
    listed = [{"file": m.file, "line": m.line, "column": m.column, "message": m.message, "allowed": m.allowed} for m in mistakes]
    emit({"files": list(files), "mistakes": listed, "unreadable": unreadable}, "\n".join(lines))
    return WRONG_INPUT if unreadable else REFUSED if mistakes else 0


@command.command("list")
@common
def list_(data: Path) -> None:
    """List the studies of the data folder."""
    from qol_server.intake.study import slugs
    from qol_server.state import participants

    rows = []
    for slug in slugs(settings_of(data)):
        study = opened(data, slug)
        tx = study.store.read()
        protocol = study.folder.protocol(tx)
        rows.append(
            {
                "study": slug, "status": _status(study), "participants": len(participants.numbers(tx)),
                "entries": study.head(tx).position, "title": protocol.title if protocol else None,
            }
        )  # fmt: skip
    none = f"There is no study in {data}. Make one with: qol study adopt desminib, or the path of a protocol."
    emit({"studies": rows}, lambda: table([list(row.values()) for row in rows], list(rows[0])) if rows else none)


def _status(study: Study) -> str:
    return "active" if study.is_active(study.store.read()) else "draft"


@command.command()
@click.argument("study")
@common
def show(study: str, data: Path) -> None:
    """Show what STUDY is: its documents, licences, participants and head, and what it lacks before it can go live."""
    about = described(opened(data, study))
    emit(about, lambda: _as_text(about))


def described(study: Study) -> dict[str, Any]:
    """All that `show` says of a study, as one document."""
    from qol_server import journal
    from qol_server.intake import adoption
    from qol_server.state import participants
    from qol_server.trial.facts import Kind

    tx = study.store.read()
    about: dict[str, Any] = {
        "study": study.slug, "status": _status(study), "epoch": study.epoch, "head": study.signed_head(study.head(tx)),
        "protocol": None, "lacks": ["There is no protocol yet."],
    }  # fmt: skip
    protocol = study.folder.protocol(tx)
    if protocol is None:
        return about
    adopted = journal.of_kind(tx, Kind.PROTOCOL_ADOPTED)
    enrolled = Counter(number[:2] for number in participants.numbers(tx))
    instruments: dict[str, dict[str, Any]] = {}
    for status in adoption.wordings(study, tx):
        of = status.instrument
        known = instruments.setdefault(of.id, {"version": of.version, "licence": of.licence.status, "wordings": {}})
        known["wordings"][status.language] = status.says
    return about | {
        "title": protocol.title, "registry": protocol.registry, "wording": protocol.wording,
        "protocol": {"version": protocol.version, "adopted_at": adopted[-1].received_at, "adopted_by": adopted[-1].actor},
        "amendments": len(adopted) - 1, "instruments": instruments,
        "sites": {site.id: {"name": site.name, "participants": enrolled[site.id]} for site in protocol.sites.values()},
        "lacks": adoption.lacking(study, tx),
    }  # fmt: skip


def _as_text(about: Mapping[str, Any]) -> str:
    head = about["head"]
    lines = [f"{about['study']}: {about['status']}"]
    if about["protocol"] is not None:
        protocol, amendments = about["protocol"], about["amendments"]
        lines[0] += f", {about['title']} ({about['registry']})"
        lines.append(
            f"Protocol    {protocol['version'][:12]}… adopted {protocol['adopted_at']} by {protocol['adopted_by']}"
            f"{'; ' + counted(amendments, 'amendment') if amendments else ''}"
        )
    lines += [
        f"Journal     {counted(head['position'], 'entry', 'entries')}, head {head['digest'][:12]}…, epoch {about['epoch']}",
    ]
    if about["protocol"] is not None:
        if about["wording"] == "stand-in":
            lines.append("Wording     stand-in labels: a demonstration, not for patients")
        rows = [
            (name, one["licence"].replace("_", " "), ", ".join(f"{language}: {says}" for language, says in one["wordings"].items()))
            for name, one in about["instruments"].items()
        ]
        lines += ["", table(rows, ("instrument", "licence", "wordings"))]
        sites = [(site, one["name"], one["participants"]) for site, one in about["sites"].items()]
        lines += ["", table(sites, ("site", "name", "participants"))]
    if about["lacks"]:
        lines += ["", "Lacking before it can be activated:", *(f"  {each}" for each in about["lacks"])]
    elif about["status"] == "draft":
        lines += ["", f"Nothing is lacking. Let it go live with: qol study activate {about['study']}"]
    return "\n".join(lines)


@command.command()
@click.argument("protocol", metavar="FILE|SHIPPED_ID")
@click.option("--instruments", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder of instrument files.")
@click.option("--stand-in", is_flag=True, help="A demonstration: stand-in labels instead of licensed wordings; never on a live study.")
@click.option("--preview", is_flag=True, help="Only show whom it would touch; change nothing.")
@click.option("--reason", type=Stated(), help="Why; it goes into the journal.")
@as_option
@common
def adopt(protocol: str, instruments: Path | None, stand_in: bool, preview: bool, reason: str | None, actor: str, data: Path) -> None:
    """Put a protocol and its instruments into force: the first makes the study, every later one is an amendment.

    Whole documents go into the journal. Instruments are found among the shipped ones and in the folder "instruments" beside
    the protocol or its own folder. Wordings that need no licence come along.
    """
    from qol_server import library
    from qol_server.clock import wall_clock
    from qol_server.intake import adoption
    from qol_server.intake.study import create_study, open_study, path_of

    path, text = protocol_source(protocol)
    if stand_in:
        text = with_stand_in(text)
    documents = instruments_in_reach(path, text, instruments)
    parsed = {name: library.instrument_from(document, name) for name, document in documents.items()}
    slug = library.protocol_from(text, str(path), parsed).study
    settings, now = settings_of(data), wall_clock()
    is_new = not path_of(settings, slug).exists()
    if preview:
        touched = {} if is_new else adoption.preview(open_study(settings, slug), text, documents)
        closing = f"{slug} would be made; it has no participants yet." if is_new else _touched(touched, "would be touched")
        emit({"study": slug, "new": is_new, "touched": touched}, f"{closing}\nNothing was changed.")
        return
    study = create_study(settings, slug, actor=actor, now=now) if is_new else open_study(settings, slug)
    done = adoption.adopt(study, text, documents, actor=actor, now=now, reason=reason)
    lacks = adoption.lacking(study, study.store.read())
    payload = {
        "study": slug, "new": is_new, "version": done.version, "amends": done.amends, "instruments": done.instruments,
        "wordings": [f"{name}/{language}" for name, language in done.wordings], "touched": done.touched, "lacks": lacks,
        "status": _status(study),
    }  # fmt: skip
    emit(payload, lambda: _adopted(payload))


def _adopted(done: Mapping[str, Any]) -> str:
    slug, version = done["study"], f"{done['version'][:12]}…"
    if done["amends"] == done["version"]:
        lines = [f"{slug}: this protocol ({version}) is in force already."]
    elif done["amends"]:
        lines = [f"{slug}: the protocol {version} amends {done['amends'][:12]}….", _touched(done["touched"], "touched")]
    else:
        lines = [f"{slug}: the study was made with the protocol {version}."]
    for what in ("instruments", "wordings"):
        if done[what]:
            lines.append(f"New {what}: {', '.join(done[what])}.")
    if done["lacks"]:
        lines += ["Lacking before it can be activated:", *(f"  {each}" for each in done["lacks"])]
        lines.append(f"Take in a licensed wording with: qol wording import {slug} FILE --licence REFERENCE")
    elif done["status"] == "draft":
        lines.append(f"Nothing is lacking. Let it go live with: qol study activate {slug}")
    return "\n".join(lines)


def _touched(touched: Mapping[str, Mapping[str, int]], verb: str) -> str:
    if not touched:
        return f"No participant's calendar {'is' if verb == 'touched' else ''} {verb}.".replace("  ", " ")
    rows = [(number, *(changes.get(what, 0) for what in ("added", "moved", "retired"))) for number, changes in touched.items()]
    return f"{counted(len(rows), 'participant')} {verb}:\n" + table(rows, ("participant", "added", "moved", "retired"))


@command.command()
@click.argument("study")
@as_option
@common
def activate(study: str, actor: str, data: Path) -> None:
    """Let STUDY go live: participants can be enrolled. Every instrument needs a wording, and its licence where one is due."""
    from qol_server.clock import wall_clock
    from qol_server.intake import adoption

    there = opened(data, study)
    adoption.activate(there, actor=actor, now=wall_clock())
    wording = there.protocol_in_force(there.store.read()).wording
    remark = " Its labels only stand in for the wordings: do not use it with patients." if wording == adoption.STAND_IN else ""
    emit({"study": study, "status": "active", "wording": wording}, f"{study} is active; participants can be enrolled.{remark}")


@command.command()
@click.argument("study")
@click.argument("draft", metavar="FILE", type=click.File("rb"))
@click.option("--since", type=Day(), help="Count from this day on (UTC); what came before is the past only.  [default: the first answer]")
@common
def rehearse(study: str, draft: BinaryIO, since: date | None, data: Path) -> None:
    """Try draft alert rules on what the participants of STUDY answered; nothing is changed.

    FILE (- for standard input) is a protocol, its part "alerts:", or the list below it. Both the rules in force and the draft
    judge every answer again, as it came. Activate the draft at the desk, or adopt the whole protocol.
    """
    from qol_server.intake import rehearsal
    from qol_server.intake.rehearsal import nurses

    there = opened(data, study)
    read = rehearsal.read_draft(there, draft.read())
    begins = None if since is None else datetime.combine(since, time(), UTC)
    with following("Judging again", "participants") as progress:
        told, _ = rehearsal.compare(there, read.present, read.protocol, since=begins, progress=progress)
    payload = rehearsal.as_document(told, nurses(settings_of(data), there))
    emit({"study": study, "rules_in_force": read.present.version} | payload, lambda: _rehearsed(payload))


def _rehearsed(told: Mapping[str, Any]) -> str:
    present, draft = told["present"], told["draft"]
    rows = [(label, present[key], draft[key]) for key, label in _REHEARSED]
    rows += [(f"alerts, {each}", present["urgencies"][each], draft["urgencies"][each]) for each in told["urgencies"]]
    rules = sorted(present["rules"].keys() | draft["rules"].keys())
    by_rule = [(each, present["rules"].get(each, 0), draft["rules"].get(each, 0)) for each in rules]
    columns = ("site", "nurses", "present", "draft", "present_each", "draft_each")
    sites = [tuple(each[column] for column in columns) for each in told["sites"]]
    lines = [
        f"{counted(told['surveys'], 'survey')} of {counted(told['participants'], 'participant')} judged again, in {told['weeks']} weeks.",
        "", table(rows, ("", "in force", "draft")),
        "", table(by_rule, ("alerts by rule", "in force", "draft")),
        "", table(sites, ("site", "nurses", "to look at a week", "draft", "each nurse", "draft")),
    ]  # fmt: skip
    for key, label in _DIFFERENCES:
        there = told["differences"][key]
        lines += ["", f"{label}: {counted(there['count'], 'survey')}", *(f"  {_difference(one)}" for one in there["listed"][:MOST_PRINTED])]
    return "\n".join(lines)


def _difference(one: Mapping[str, Any]) -> str:
    was, will_be = _of_rules(one["present"], one["was"]), _of_rules(one["draft"], one["will_be"])
    return f"{one['participant']} {one['occurrence']} {one['at']:%Y-%m-%d}: {was} -> {will_be}"


def _of_rules(rules: Sequence[str], urgency: str | None) -> str:
    return f"{', '.join(rules)} ({urgency})" if rules else "nothing"


MOST_PRINTED = 20
_REHEARSED = (
    ("alerts_a_week", "alerts a week"), ("cases_a_week", "cases a week"), ("to_look_at_a_week", "cases and raised anew, a week"),
    ("alerts", "alerts"), ("suppressed", "… of them explained by an expected level"), ("surveys", "surveys that alert"), ("cases", "cases"),
    ("anew", "cases raised anew"), ("participants", "participants with a case"),
)  # fmt: skip
_DIFFERENCES = (
    ("lost", "Only the rules in force raise"), ("gained", "Only the draft raises"), ("sooner", "The draft makes it more urgent"),
    ("later", "The draft makes it less urgent"),
)  # fmt: skip
