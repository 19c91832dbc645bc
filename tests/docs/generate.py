"""Writes the pages of docs/reference that follow from the code; `qol test --write-docs` runs it, a test compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click

from qol_server.cli import EXIT_CODES, group
from qol_server.settings import VARIABLES
from qol_server.trial.facts import PHONE_KINDS, Kind
from qol_server.trial.problems import CATALOGUE
from qol_server.trial.roles import RIGHTS, Role
from tests.api.httpbook import http, sync
from tests.exports.columns_page import export_tidy
from tests.trial.rulebook import rules
from tests.trial.scorebook import scoring

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
HELP = {"help_option_names": group.context_settings["help_option_names"]}  # a command inherits these when it is really run
NOTICE = "<!-- Written by `qol test --write-docs` from the code; do not edit. -->"

ABOUT = {
    "response.given": "What was given to one occurrence: the answers, when, by whom and in which wording; typed by staff it has no device.",
    "preference.set": "The participant chose a language or the hour of reminders.",
    "app.noted": "Something that the app saw: a reminder shown, opened or dismissed, a message read, storage lost.",
    "help.asked": "The participant asks for a pause, an end or a call.",
    "entry.quarantined": "A line that could not be used, kept byte for byte with the reason.",
    "entry.redacted": "The line of an earlier entry was blanked by a decision with a reason; the chain stays whole.",
    "study.created": "The journal's first entry: the study's short name and epoch.",
    "instrument.adopted": "An instrument in one version came into use; holds the whole document.",
    "wording.imported": "The texts of an instrument in one language, with the licence reference.",
    "protocol.adopted": "A protocol in one version came into force; holds the whole document and whom it touches.",
    "study.activated": "The study went live; its instruments have licences and wordings.",
    "participant.enrolled": "A participant got a number at a site, with the first consent and what is known of the eligibility.",
    "participant.included": "All criteria are met or signed for: schedule and pairing are open.",
    "consent.given": "A participant signed a version of the consent after the first, on a day, and who took it.",
    "eligibility.recorded": "The values of the criteria, each with how it was judged.",
    "deviation.signed": "An investigator signed that criteria which are not met are accepted: which values, what was signed, and why.",
    "contact.written": "Contact details were written, and which; what they say stands in the vault alone.",
    "contact.seen": "Somebody looked at a participant's contact details, and what for.",
    "contact.erased": "A participant's contact details were destroyed with their key, and why.",
    "anchor.set": "A date that the calendar counts from became known or was corrected.",
    "anchor.revoked": "A date was recorded by mistake, such as for somebody else; the calendar is what it was without it.",
    "treatment.prescribed": "From a day on a regimen is prescribed, or a hold, with the reason.",
    "prescription.corrected": "A prescription that was written down with a wrong day holds from another one, or was never made.",
    "withdrawal.recorded": "A participant withdrew from something, on a day.",
    "withdrawal.revoked": "A withdrawal was recorded by mistake; what it had stopped goes on.",
    "medicine.recorded": "A medicine that the participant takes besides the study's drug, and which of the protocol's rules it touches.",
    "medicine.changed": "What is known of such a medicine now, whole.",
    "message.sent": "The site sent a text to the participant's phones, perhaps about an entry.",
    "contact.paused": "Nobody writes to the participant or calls, up to and with a day.",
    "contact.resumed": "A pause of all contact ends before its day.",
    "pairing.offered": "A pairing code was made; only its hash is kept.",
    "device.paired": "A phone was paired with a participant.",
    "device.replaced": "A newer phone took over; the old one may still send what it holds.",
    "device.revoked": "A phone was reported lost; what it sends is not taken any more.",
    "copy.admitted": "What waited on a phone was handed in as a file, and by whom; its entries follow.",
    "reminder.intended": "A reminder was due and is about to be sent.",
    "reminder.deferred": "The channel did not take the reminder and may be asked again from an instant on.",
    "reminder.sent": "The channel took the reminder.",
    "reminder.delivered": "The channel says that the reminder has arrived.",
    "reminder.cancelled": "A reminder that waited to be tried again is not sent any more, and why.",
    "reminder.failed": "The channel refused the reminder or its outcome is unknown; it is not sent again.",
    "scores.computed": "A run of the score tick: method version, positions covered, digest of the scores.",
    "call.raised": "Somebody should telephone the participant, and why.",
    "call.taken": "Somebody looks after a call.",
    "call.attempted": "Somebody tried to reach the participant: by which way, and whether they did.",
    "call.closed": "Somebody is done with a call; of missing data, with the reason why it is missing.",
    "call.settled": "A call is not needed any more: what it asked for came, or nobody may be called.",
    "overdue.listed": "What was overdue at a site on the Monday of a week: participants' numbers, assessments, days.",
    "journal.sealed": "The head was signed, to be given to someone outside.",
    "witness.disagreed": "A phone showed a head that this journal never had.",
    "server.created": "The first entry of the server's own journal, which holds what happens to the accounts of staff.",
    "account.added": "An account was made for a member of staff; it has no role yet.",
    "account.erased": "The name and the e-mail address of whoever had a closed account were erased; they stood in no journal.",
    "account.reset": "An account, perhaps a closed one, got a new one-time code; its password, second factor and sessions are gone.",
    "account.closed": "An account was closed: nobody logs in with it any more; what it did stays.",
    "account.notified": "The holder of an account is told by e-mail that it was changed; claimed before the mail leaves.",
    "account.locked": "So many wrong tries in a row were made for an account that whoever makes them has to wait.",
    "role.given": "An account was given a role in a study, at one site or at all.",
    "role.taken": "A role was taken from an account.",
    "factor.enrolled": "The holder of an account chose a password and proved a second factor.",
    "language.chosen": "The holder of an account chose the language of the desk and of what is written to them.",
    "password.changed": "The holder of an account chose another password; its other sessions ended.",
    "passkey.added": "The holder of an account added a passkey, with which alone they log in.",
    "passkey.removed": "The holder of an account removed a passkey; it opens nothing any more.",
    "passkey.doubted": "A passkey was refused because its count of uses did not rise: a copy of it may be in other hands.",
    "session.opened": "Somebody logged in, and what with.",
    "sessions.ended": "The holder of an account ended all their sessions but one.",
    "login.failed": "Wrong tries of a quarter of an hour for one account, or for all logins that nobody has; no addresses.",
    "alert.raised": "What one alert rule found in one response, and whether an expected level explains it.",
    "case.opened": "A survey's alerts made a case; its clock counts from receipt.",
    "case.repeated": "Another survey said what an open case knows.",
    "case.worsened": "It got worse: an open case is raised anew; its clock goes on if nobody had acknowledged it and it is no more urgent.",
    "case.relapsed": "What an open case knew had been better and is back: the case is raised anew.",
    "case.reopened": "It got worse soon after a case was resolved: the case is raised anew.",
    "case.corrected": "The participant corrected a response on which a case rests.",
    "case.acknowledged": "Somebody looks after a case.",
    "case.escalated": "Nobody acknowledged a case in time.",
    "case.stalled": "For a time nothing was done with a case that somebody looks after.",
    "case.released": "A case is nobody's again: its owner's account was closed or has no role any more with which to work on it.",
    "case.resolved": "A case is done with: action, outcome and reason.",
    "case.assigned": "A case was taken over, or handed to a colleague.",
    "case.contacted": "Somebody tried to reach the participant about a case: how, and whether it worked.",
    "case.noted": "A note on a case.",
    "case.advised": "A message was sent to the participant from a case.",
    "seriousness.stated": "A case is serious: by which criterion, and since when the site knows; 24 hours begin.",
    "seriousness.retracted": "It was not serious after all, with the reason.",
    "seriousness.reported": "What is serious was reported: when, by whom, to whom and how; a case, an adverse event, or both.",
    "staff.notified": "Staff are told of a waiting case, call or report or of the week's digest by e-mail, and what became of the mail.",
    "level.expected": "A level of a symptom that is usual for a participant, until a day.",
    "level.ended": "An expected level was ended before its last day, with the reason.",
    "adverse_event.recorded": "What somebody at the site makes of an adverse event: term, grade, days, relation, action, outcome.",
    "adverse_event.changed": "An adverse event is recorded anew, whole, with the reason; a signature holds no more.",
    "adverse_event.signed": "An investigator signed an adverse event as it was recorded last; only then is it one in the data.",
    "adverse_event.withdrawn": "An adverse event was recorded in error; it stays in the journal and leaves the data.",
    "export.made": "Files were handed out: what, as of which position, with their digests.",
}


def cli() -> str:
    """Every command with its help, as a terminal of 100 columns shows it."""
    parts = ["# Commands", NOTICE, f"Every command takes `--json`. {EXIT_CODES} 130: interrupted."]
    for words, command in _commands("qol", group):
        context = click.Context(command, info_name=words, max_content_width=100, terminal_width=100, **HELP)
        parts.append(f"## {words}\n\n```text\n{command.get_help(context).rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def _commands(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=words)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, name
            yield from _commands(f"{words} {name}", found)


def problems() -> str:
    """Every problem that the server can name, in the order of the catalogue."""
    rows = [
        f"| `{problem.name}` | {problem.status} | {'yes' if problem.retryable else 'no'} | {problem.title} | {problem.advice} |"
        for problem in CATALOGUE.values()
    ]
    text = (
        "HTTP answers carry them as `application/problem+json` (RFC 9457) with the number given here; the name is the last part\n"
        "of `type`. An entry that is kept for review carries one in its receipt; the receipt itself is durable. On the command\n"
        "line, 409 ends with exit code 1, 500 and above with 3, the others with 2."
    )
    table = "\n".join(["| Name | HTTP | Try again | What happened | What to do |", "|---|---|---|---|---|", *rows])
    return f"# Problems\n\n{NOTICE}\n\n{text}\n\n{table}\n"


def kinds() -> str:
    """Every kind of entry, in the order in which they are declared."""
    rows = [f"| `{kind}` | {'phone' if kind in PHONE_KINDS else 'server'} | {ABOUT[kind]} |" for kind in Kind]
    table = "\n".join(["| Kind | Made by | What it says |", "|---|---|---|", *rows])
    return f"# Kinds of entry\n\n{NOTICE}\n\n{table}\n"


def roles() -> str:
    """Every permission with the roles that have it, in the order in which they are declared."""
    text = (
        "A role is given in a study, at one of its sites or at all. What concerns a participant is allowed at the participant's\n"
        "site; what concerns the study as a whole needs the role at all sites. A participant of another site does not exist for\n"
        "whoever has no role there.\n\n"
        "Accounts belong to the server: whoever may manage them in a study resets, closes and gives roles to an account only where\n"
        "they may do so in every study in which it has a role, for with its one-time code anybody could come in there. A role in\n"
        "one's own study can always be taken away. A study keeps its last administrator, and nobody closes their own account."
    )
    rows = [
        f"| `{name}` | {right.meaning} | {' | '.join('yes' if role in right.roles else '' for role in Role)} |"
        for name, right in RIGHTS.items()
    ]
    table = "\n".join([f"| Permission | What it allows | {' | '.join(Role)} |", "|---|---|" + "---|" * len(Role), *rows])
    return f"# Roles\n\n{NOTICE}\n\n{text}\n\n{table}\n"


def settings() -> str:
    """Every environment variable that is read."""
    rows = [f"| `{each.name}` | {f'`{each.default}`' if each.default else ''} | {each.allowed} | {each.meaning} |" for each in VARIABLES]
    table = "\n".join(["| Variable | Default | Allowed | What it does |", "|---|---|---|---|", *rows])
    return f"# Settings\n\n{NOTICE}\n\nEnvironment variables. A wrong one stops the start with its name and what is allowed.\n\n{table}\n"


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli,
    "export-tidy.md": export_tidy,
    "http.md": http,
    "problems.md": problems,
    "kinds.md": kinds,
    "roles.md": roles,
    "rules.md": rules,
    "scoring.md": scoring,
    "settings.md": settings,
    "sync.md": sync,
}


def write() -> None:
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
