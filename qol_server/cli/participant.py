"""`qol participant`: people are enrolled, their dates and doses recorded, their phones paired."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from qol_server.cli.acting import Day, Stated, as_option, counted, opened
from qol_server.cli.common import common, emit, fail, table
from qol_server.cli.course import lock_out, pause, put_right, take_back
from qol_server.cli.entering import consent, contact, eligibility, values_from

if TYPE_CHECKING:
    from qol_server.intake.study import Study

DAY, STATED = Day(), Stated()
START = "treatment_start"


@click.group()
def command() -> None:
    """Enrol and look after participants and their phones."""


@command.command()
@click.argument("study")
@click.option("--site", required=True, metavar="NN", help="The site, as the protocol numbers it.")
@click.option("--consent-version", required=True, type=STATED, metavar="V", help="The version of the consent that was signed.")
@click.option("--consent-date", required=True, type=DAY, help="The day on which it was signed.")
@click.option(
    "--eligibility",
    multiple=True,
    metavar="FILE.json|CRITERION=VALUE",
    help="The criteria's values: yes, no or a number. May be given several times; of two values the later counts.",
)
@click.option("--screening", is_flag=True, help="Give a number although values are missing or not met; they are kept.")
@click.option("--language", help="Default: the study's first.")
@click.option("--time-zone", help="Default: the site's.")
@click.option("--reminder-hour", type=click.IntRange(0, 23), default=9, show_default=True, help="When reminders come, local time.")
@as_option
@common
def enrol(
    study: str, site: str, consent_version: str, consent_date: date, eligibility: tuple[str, ...], screening: bool,
    language: str | None, time_zone: str | None, reminder_hour: int, actor: str, data: Path,
) -> None:  # fmt: skip
    """Enrol a participant in STUDY; prints the number. Every criterion of the protocol has to be answered and met.

    With --screening a number is given after the consent alone; `qol participant eligibility` tells what is open.
    """
    from qol_server.clock import wall_clock
    from qol_server.intake import enrolling

    there = opened(data, study)
    who = enrolling.Enrolment(site, consent_version, consent_date, values_from(eligibility), language, time_zone, reminder_hour)
    number = (enrolling.screen if screening else enrolling.enrol)(there, who, actor=actor, now=wall_clock())
    included = enrolling.the_participant(there.store.read(), number).included
    following = f"Pair a phone with: qol participant pair {study} {number}"
    if not included:
        following = f"Not included yet. What is open: qol participant eligibility {study} {number}"
    emit({"study": study, "participant": number, "included": included}, f"{number} is enrolled. {following}")


for each in (consent, eligibility, contact, take_back, put_right, pause, lock_out):
    command.add_command(each)


@command.command("list")
@click.argument("study")
@common
def list_(study: str, data: Path) -> None:
    """List the participants of STUDY."""
    from qol_server.access import pairing
    from qol_server.state import feed, participants

    tx = opened(data, study).store.read()
    rows = []
    for number in participants.numbers(tx):
        roster = feed.roster(tx, number)
        seen = [phone["at"] for phone in pairing.phones(tx, number) if phone["at"]]
        rows.append(
            {
                "participant": number, "site": roster["site"], "enrolled": roster["enrolled_at"][:10], "ended": roster["ended_on"],
                "language": roster["language"], "last_seen": max(seen, default=None),
            }
        )  # fmt: skip
    none = f"{study} has no participants yet. Enrol one with: qol participant enrol {study} --help"
    emit({"study": study, "participants": rows}, lambda: table([list(row.values()) for row in rows], list(rows[0])) if rows else none)


@command.command()
@click.argument("study")
@click.argument("number")
@common
def show(study: str, number: str, data: Path) -> None:
    """Show what is known of NUMBER: dates, prescriptions, what is open today, messages, and the phones."""
    from qol_server.clock import wall_clock

    about = described(opened(data, study), number, wall_clock())
    emit(about, lambda: _as_text(about))


def described(study: Study, number: str, now: datetime) -> dict[str, Any]:
    """All that `show` says of a participant, as one document. Raises Refused(participant-unknown)."""
    from qol_server.access import pairing
    from qol_server.intake.conduct import the_participant
    from qol_server.state import messages, participants, responses
    from qol_server.trial import schedule
    from qol_server.trial.schedule import State

    tx = study.store.read()
    who = the_participant(tx, number)
    here = schedule.local(now, who.time_zone)
    calendar = participants.assignments(tx, number)
    answered = {name: date.fromisoformat(day) for name, day in responses.answered(tx, number).items()}
    serving, reviewed = schedule.served(calendar, answered), responses.under_review(tx, number)
    today = []
    for one in calendar:
        if not one.opens <= here.date() <= one.closes:
            continue
        state = schedule.state(one, here, answered=one.occurrence in serving, under_review=one.occurrence in reviewed)
        if state is not State.NOT_EXPECTED:
            row = {"occurrence": one.occurrence, "state": str(state), "target": one.target, "due": one.due, "closes": one.closes}
            today.append({name: None if day == schedule.OPEN_ENDED else str(day) for name, day in row.items()})
    return {
        "study": study.slug, "participant": number, "site": who.site, "language": who.language, "time_zone": who.time_zone,
        "reminder_hour": who.reminder_hour, "today": here.date().isoformat(),
        "anchors": {name: [day.isoformat() for day in days] for name, days in who.anchors.items()},
        "withdrawals": {kind: day.isoformat() for kind, day in who.withdrawals.items()},
        "prescriptions": [
            {
                "from": p.day.isoformat(), "regimen": p.regimen, "mg_per_day": str(p.mg_per_day),
                "intakes_per_day": p.intakes_per_day, "reason": p.reason,
            }
            for p in who.prescriptions
        ],
        "messages": [{key: message[key] for key in ("id", "sent_at", "read_at", "text")} for message in messages.of(tx, number)],
        "open_today": today, "answered": len(answered), "under_review": sorted(reviewed),
        "phones": [
            {
                "device": p["device"], "status": p["status"], "app": p["app"], "paired_at": p["paired_at"], "last_seen": p["at"],
                "unsent": p["unsent"], "oldest_unsent": p["oldest"],
            }
            for p in pairing.phones(tx, number)
        ],
    }  # fmt: skip


def _as_text(about: Mapping[str, Any]) -> str:
    anchors = [f"{name} {', '.join(days)}" for name, days in about["anchors"].items()]
    lines = [
        f"{about['participant']} in {about['study']}, site {about['site']}",
        f"Phone      {about['language']}, {about['time_zone']}, reminders at {about['reminder_hour']}:00",
        f"Dates      {'; '.join(anchors)}",
    ]
    if about["withdrawals"]:
        lines.append("Withdrawn  " + "; ".join(f"{kind} {day}" for kind, day in about["withdrawals"].items()))
    lines.append(f"Answers    {counted(about['answered'], 'assessment')} answered, {len(about['under_review'])} under review")
    if about["prescriptions"]:
        rows = [(p["from"], p["regimen"] or "hold", p["mg_per_day"], p["intakes_per_day"], p["reason"]) for p in about["prescriptions"]]
        lines += ["", table(rows, ("from", "regimen", "mg a day", "intakes a day", "reason"))]
    if about["open_today"]:
        headings = (f"today, {about['today']}", "state", "target", "due", "closes")
        lines += ["", table([list(row.values()) for row in about["open_today"]], headings)]
    else:
        lines += ["", f"Nothing is open today, {about['today']}."]
    if about["messages"]:
        sent = [(m["sent_at"][:16], (m["read_at"] or "not yet")[:16], " ".join(m["text"].split())) for m in about["messages"]]
        lines += ["", table(sent, ("message sent", "read", "text"))]
    phones = [(p["device"], p["status"], p["app"], p["last_seen"] or "never", p["unsent"]) for p in about["phones"]]
    lines += ["", table(phones, ("phone", "status", "app", "last seen", "unsent")) if phones else "No phone is paired."]
    return "\n".join(lines)


@command.command()
@click.argument("study")
@click.argument("number")
@click.option("--new-phone", is_flag=True, help="The new phone takes over; the old one may still send what it holds.")
@click.option("--lost", is_flag=True, help="The old phone is lost or stolen: it is locked out at once.")
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, metavar="BASE", help="The server's address for phones.")
@as_option
@common
def pair(study: str, number: str, new_phone: bool, lost: bool, url: str, actor: str, data: Path) -> None:
    """Make a code with which NUMBER pairs a phone, once, within 24 hours; shows it as text, address and QR code."""
    from qol_server.access import pairing
    from qol_server.clock import wall_clock
    from qol_server.intake import conduct

    if new_phone and lost:
        fail("--new-phone and --lost exclude each other.", advice="--lost locks the old phone out; --new-phone lets it send what it holds.")
    if not url.startswith(("http://", "https://")):
        fail(f"--url {url!r} is no address of a server.", advice="Write it like https://qol.example.org.")
    there, now = opened(data, study), wall_clock()
    conduct.the_participant(there.store.read(), number)
    if not new_phone and not lost and pairing.active_devices(there.store.read(), number):
        fail(f"{number} has a phone.", advice="Say --new-phone if a new one takes over, --lost if the old one is lost.", code=1)
    locked_out = conduct.revoke(there, number, actor=actor, now=now, reason="lost") if lost else []
    code, expires = conduct.offer_pairing(there, number, actor=actor, now=now, replaces=new_phone)
    address = f"{url.rstrip('/')}/{quote(study)}/app/#{code}"
    payload = {"study": study, "participant": number, "code": code, "expires_at": expires, "url": address, "locked_out": locked_out}
    emit(payload, lambda: _pairing_text(payload))


def _pairing_text(pairing: Mapping[str, Any]) -> str:
    lines = [f"Code     {pairing['code']}", f"Good     once, until {pairing['expires_at']}", f"Address  {pairing['url']}"]
    lines += [f"Locked out: {', '.join(pairing['locked_out'])}."] if pairing["locked_out"] else []
    if not pairing["url"].startswith("https://"):
        lines.append("A phone other than this machine needs an https address: give it with --url.")
    drawn = _qr(pairing["url"])
    try:
        drawn.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:  # such a terminal cannot show it
        return "\n".join(lines)
    return "\n".join([*lines, "", drawn])


def _qr(text: str) -> str:
    import segno

    drawn = io.StringIO()
    segno.make(text, error="m", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue().rstrip("\n")


@command.command()
@click.argument("study")
@click.argument("number")
@click.argument("anchor")
@click.argument("day", metavar="DATE", type=DAY)
@click.option("--again", is_flag=True, help="It happened once more (a second progression), rather than on another day.")
@click.option("--reason", type=STATED, help="Why a known date is corrected.")
@as_option
@common
def anchor(study: str, number: str, anchor: str, day: date, again: bool, reason: str | None, actor: str, data: Path) -> None:
    """Record that ANCHOR happened to NUMBER on DATE. treatment_start also prescribes the protocol's starting regimen."""
    from qol_server.clock import wall_clock
    from qol_server.intake import conduct

    there, now = opened(data, study), wall_clock()
    if anchor == START and not again:
        conduct.start_treatment(there, number, day, actor=actor, now=now, reason=reason)
        nth = 1
    else:
        nth = conduct.set_anchor(there, number, anchor, day, actor=actor, now=now, again=again, reason=reason)
    times = f" (number {nth})" if nth > 1 else ""
    payload = {"study": study, "participant": number, "anchor": anchor, "nth": nth, "date": day.isoformat()}
    emit(payload, f"{number}: {anchor}{times} on {day}.")


@command.command()
@click.argument("study")
@click.argument("number")
@click.argument("regimen")
@click.option("--from", "day", type=DAY, required=True, help="The first day on it.")
@click.option("--reason", required=True, type=STATED, help="One of the protocol's reasons for a change of dose.")
@click.option("--confirm", multiple=True, metavar="DOUBT", help="What is odd about it and is meant so, as the refusal names it.")
@as_option
@common
def prescribe(study: str, number: str, regimen: str, day: date, reason: str, confirm: tuple[str, ...], actor: str, data: Path) -> None:
    """Prescribe REGIMEN to NUMBER from a day on, until the next prescription."""
    from qol_server.clock import wall_clock
    from qol_server.intake import conduct

    conduct.prescribe(opened(data, study), number, regimen, day, actor=actor, now=wall_clock(), reason=reason, confirmed=confirm)
    payload = {"study": study, "participant": number, "regimen": regimen, "from": day.isoformat(), "reason": reason}
    emit(payload, f"{number}: regimen {regimen} from {day} on ({reason}).")


@command.command()
@click.argument("study")
@click.argument("number")
@click.option("--from", "day", type=DAY, required=True, help="The first day without the drug.")
@click.option("--reason", required=True, type=STATED, help="One of the protocol's reasons for a hold.")
@click.option("--confirm", multiple=True, metavar="DOUBT", help="What is odd about it and is meant so, as the refusal names it.")
@as_option
@common
def hold(study: str, number: str, day: date, reason: str, confirm: tuple[str, ...], actor: str, data: Path) -> None:
    """Hold the treatment of NUMBER from a day on, until the next prescription. A held day is never a missed day."""
    from qol_server.clock import wall_clock
    from qol_server.intake import conduct

    conduct.prescribe(opened(data, study), number, None, day, actor=actor, now=wall_clock(), reason=reason, confirmed=confirm)
    payload = {"study": study, "participant": number, "regimen": None, "from": day.isoformat(), "reason": reason}
    emit(payload, f"{number}: on hold from {day} on ({reason}). It ends with: qol participant prescribe {study} {number} …")


@command.command()
@click.argument("study")
@click.argument("number")
@click.argument("kind")
@click.option("--date", "day", type=DAY, required=True, help="The day from which it counts.")
@click.option("--reason", type=STATED, help="Why; it goes into the journal.")
@as_option
@common
def withdraw(study: str, number: str, kind: str, day: date, reason: str | None, actor: str, data: Path) -> None:
    """Record that NUMBER withdraws from KIND, one of the protocol's: treatment, questionnaires, contact, consent."""
    from qol_server.clock import wall_clock
    from qol_server.intake import conduct

    there = opened(data, study)
    conduct.withdraw(there, number, kind, day, actor=actor, now=wall_clock(), reason=reason)
    effects = there.protocol_in_force(there.store.read()).withdrawal_effects.get(kind, {})
    effect = effects.get("en") or next(iter(effects.values()), "")
    payload = {"study": study, "participant": number, "kind": kind, "date": day.isoformat(), "effect": effect}
    emit(payload, f"{number}: withdrawn from {kind} on {day}. {effect}".rstrip())


@command.command()
@click.argument("study")
@click.argument("number")
@click.option("--text", required=True, type=STATED, help="What it says, in the participant's language.")
@click.option("--about", metavar="ENTRY", help="The id of an entry of the participant that it answers.")
@as_option
@common
def message(study: str, number: str, text: str, about: str | None, actor: str, data: Path) -> None:
    """Send a message to the phones of NUMBER. They show it after their next sync; `show` tells whether it was read."""
    from qol_server.clock import wall_clock
    from qol_server.intake import conduct

    sent = conduct.send_message(opened(data, study), number, text, actor=actor, now=wall_clock(), about=about)
    emit({"study": study, "participant": number, "message": sent}, f"{number}: message {sent} is on its way.")


@command.command("hand-in")
@click.argument("study")
@click.argument("file", type=click.Path(path_type=Path))
@as_option
@common
def hand_in(study: str, file: Path, actor: str, data: Path) -> int:
    """Take in FILE, the copy that a participant saved from a phone. What the phone sends later is then a duplicate."""
    from qol_server.clock import wall_clock
    from qol_server.intake import copies

    copy = copies.read_copy(file.read_bytes())
    became = copies.hand_in(opened(data, study), copy, actor=actor, now=wall_clock())
    number, again = copy.said["participant"], became["retry"]
    words = f"{number}: {counted(became['stored'], 'entry', 'entries')} taken, {became['duplicate']} known already"
    words += f", {became['quarantined']} kept for review" if became["quarantined"] else ""
    words += f". {again} could not be taken: hand the file in again" if again else ""
    emit({"study": study, "participant": number, "device": copy.said["device"], **became}, words + ".")
    return 1 if again else 0
