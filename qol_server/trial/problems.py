"""The one catalogue of what can go wrong for a user, each with a stable name, a sentence and whether to try again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """``name`` is the last part of the problem's type URI; ``status`` its HTTP number; ``advice`` what to do about it."""

    name: str
    status: int
    title: str
    advice: str
    retryable: bool = False


CATALOGUE: dict[str, Problem] = {}


def _define(name: str, status: int, title: str, advice: str, *, retryable: bool = False) -> Problem:
    problem = Problem(name, status, title, advice, retryable)
    CATALOGUE[name] = problem
    return problem


class Refused(Exception):
    """A request cannot be done; carries its catalogue entry and what in particular was wrong."""

    def __init__(
        self, problem: Problem, detail: str = "", *, errors: list[dict[str, str]] | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{problem.title}. {detail or problem.advice}")
        self.problem = problem
        self.detail = detail or problem.advice
        self.errors = errors or []
        self.retry_after = retry_after


# Requests
BAD_ENVELOPE = _define("bad-envelope", 400, "The first line is not a usable envelope", "Send the envelope described by the protocol as the first line.")
TRUNCATED = _define("truncated", 400, "The body did not arrive whole", "Send the same batch again; nothing of it was stored.", retryable=True)
BAD_REQUEST = _define("bad-request", 422, "The request has wrong or missing fields", "Mend the fields that are named and send it again.")
NOT_JSON = _define("not-json", 400, "The body is not JSON", "Send one JSON object.")
TOKEN_UNKNOWN = _define("token-unknown", 401, "This phone is not known here", "Keep everything and pair again with a new code.")
DEVICE_REVOKED = _define("device-revoked", 401, "This phone was reported lost and is locked out", "Keep everything and ask the site for a new code.")
DEVICE_REPLACED = _define("device-replaced", 403, "This phone was replaced by a newer one", "What it still holds is taken; questionnaires go to the new phone.")
NOT_SIGNED = _define("not-signed", 401, "Nobody who shares the secret has signed this", "Sign the time and the body with the shared secret; both clocks may be five minutes apart.")
MESSAGE_UNKNOWN = _define("message-unknown", 404, "No message of this key was sent", "Check the key, and the study in the address.")
STUDY_UNKNOWN = _define("study-unknown", 404, "There is no such study here", "Check the study's short name; it is the first part of its address.")
NOT_FOUND = _define("not-found", 404, "There is nothing at this address", "Check the address.")
METHOD_NOT_ALLOWED = _define("method-not-allowed", 405, "This address does not take that method", "Use one of the methods named in Allow.")
CODE_UNKNOWN = _define("code-unknown", 404, "This pairing code is not known", "Check the code for typing mistakes or ask the site for a new one.")
CODE_EXPIRED = _define("code-expired", 404, "This pairing code is too old", "Ask the site for a new code; a code is good for 24 hours.")
CODE_USED = _define("code-used", 409, "This pairing code was used on another phone", "Ask the site for a new code.")
TOO_LARGE = _define("too-large", 413, "The batch is too large", "Send half of it; a batch holds at most 200 entries and 1 MiB when unpacked.")
MEDIA_TYPE = _define("media-type", 415, "The body is of a type that is not taken here", "Use application/x-ndjson for a sync, application/json elsewhere, with no encoding but gzip.")
APP_TOO_OLD = _define("app-too-old", 426, "This app is too old to be given new questionnaires", "Update the app; what it holds is still taken.")
TOO_MANY_TRIES = _define("too-many-tries", 429, "Too many wrong codes", "Wait and try again.", retryable=True)
NOT_CONTACTED = _define("not-contacted", 409, "This participant is not contacted any more", "The participation or the contact has ended; nothing is sent, and what the phone holds is still taken.")
LOGIN_REFUSED = _define("login-refused", 401, "Login, password and code do not go together", "Check all three; each code of the authenticator is good once.")
LOGIN_THROTTLED = _define("login-throttled", 429, "Too many wrong tries", "Wait and try again.", retryable=True)
SESSION_OVER = _define("session-over", 401, "You are not logged in any more", "Log in again.")
SET_UP_CODE = _define("set-up-code", 404, "This one-time code is not known, too old or used", "Check it for typing mistakes or ask for a new one; a code is good for 72 hours.")
NOT_ALLOWED = _define("not-allowed", 403, "Your role does not allow this", "Ask a colleague who may, or the administrator of the accounts.")
FROM_ELSEWHERE = _define("from-elsewhere", 403, "This did not come from our own pages", "Nothing was done. Open the page from the desk itself and do it there.")
SOMEBODY_ELSE = _define("somebody-else", 409, "Somebody else began this", "Nothing was done: it would have counted as yours. Open the page anew and do it yourself.")
FORM_WRONG = _define("form-wrong", 422, "Some fields need another look", "Each is marked below. What you typed is still there.")
PASSKEY_REFUSED = _define("passkey-refused", 422, "The passkey was not taken", "Reload the page and try again; a device answers within five minutes, and once.")
PASSKEY_UNKNOWN = _define("passkey-unknown", 404, "There is no such passkey", "It may have been removed already; reload the page.")
TOO_MANY_PASSKEYS = _define("too-many-passkeys", 409, "There are ten passkeys already", "Remove one that is not used any more.")
NOT_PROVED = _define("not-proved", 401, "This asks for who you are once more", "Prove it and try again.")
PASSWORD_WEAK = _define("password-weak", 422, "This password is too easy to guess", "Take 12 characters or more: several words that nobody expects beside each other.")
BUSY = _define("busy", 503, "The server is busy", "Try again; nothing was stored.", retryable=True)
STORAGE_FULL = _define("storage-full", 507, "The server's disk is full", "Try again later; nothing was stored.", retryable=True)
INTERNAL = _define("internal", 500, "The server failed", "Try again later; what was not acknowledged was not stored.", retryable=True)
APP_INCOMPLETE = _define("app-incomplete", 503, "The patient's app is not complete on this server", "Run ./qol once in the project's folder; it fetches what the app needs.", retryable=True)
STUDY_NOT_ACTIVE = _define("study-not-active", 409, "This study has not been activated", "Activate it with: qol study activate STUDY.")

# Entries that are kept for review (quarantine)
UNPARSABLE = _define("unparsable", 422, "Kept for review: the line is not a JSON object", "A data manager will look at it.")
TOO_LONG = _define("line-too-long", 422, "Kept for review: the line is longer than 64 KiB", "A data manager will look at it.")
TOO_DEEP = _define("too-deep", 422, "Kept for review: the line is nested deeper than 32", "A data manager will look at it.")
DUPLICATE_KEY = _define("duplicate-key", 422, "Kept for review: a key stands twice in one object", "A data manager will look at it.")
BAD_TEXT = _define("bad-text", 422, "Kept for review: text that cannot be stored safely", "A data manager will look at it.")
BAD_NUMBER = _define("bad-number", 422, "Kept for review: a number that is not a whole number of usual size", "A data manager will look at it.")
BAD_ENTRY = _define("bad-entry", 422, "Kept for review: the entry has wrong or missing fields", "A data manager will look at it.")
UNKNOWN_KIND = _define("unknown-kind", 422, "Kept for review: an unknown kind of entry", "A data manager will look at it.")
UNKNOWN_INSTRUMENT = _define("unknown-instrument", 422, "Kept for review: an instrument that this study never adopted", "A data manager will look at it.")
UNKNOWN_VERSION = _define("unknown-instrument-version", 422, "Kept for review: a version of the instrument that this study never adopted", "A data manager will look at it.")
OUT_OF_RANGE = _define("answer-out-of-range", 422, "Kept for review: an answer that the item does not allow", "A data manager will look at it.")
UNKNOWN_ITEM = _define("unknown-item", 422, "Kept for review: an answer to an item that the instrument does not have", "A data manager will look at it.")
UNKNOWN_OCCURRENCE = _define("unknown-occurrence", 422, "Kept for review: an assessment that no adopted protocol could produce", "A data manager will look at it.")
ID_REUSE = _define("id-reuse", 422, "Kept for review: another entry has this id already", "A data manager will look at it.")
CLOCK = _define("clock-beyond-a-year", 422, "Kept for review: the phone's clock is more than a year off", "A data manager will look at it.")
AFTER_END = _define("after-end", 422, "Kept for review: entered after the participation ended", "Sealed until the data manager decides by the consent.")

CONSENT_NEEDED = _define("consent-needed", 422, "Kept for review: entered before the consent, or while a new one was needed", "Sealed until the data manager decides by the consent.")
UNPROCESSABLE = _define("unprocessable", 422, "Kept for review: the server's rules stumbled over it", "A data manager will look at it; the fault is the server's.")

# Staff commands
STUDY_EXISTS = _define("study-exists", 409, "A study of that name exists already", "Choose another folder, or adopt the new protocol as an amendment.")
NOT_LICENSED = _define("not-licensed", 409, "An instrument has no recorded licence or no wording", "Import a wording pack with its licence reference: qol wording import.")
STAND_IN_WORDING = _define("stand-in-wording", 409, "Stand-in labels and a live study exclude each other", "Adopt the protocol under another short name; a study stays what it was activated as.")
ACCOUNT_UNKNOWN = _define("account-unknown", 404, "There is no such account", "Check the login; qol staff list shows all of them.")
ACCOUNT_EXISTS = _define("account-exists", 409, "This login is taken", "Give the person another login, or a new one-time code: qol staff reset LOGIN.")
ACCOUNT_CLOSED = _define("account-closed", 409, "This account is closed already", "Nothing to do; a new one-time code opens it again.")
ACCOUNT_OPEN = _define("account-open", 409, "This account is open", "Close it first: qol staff close LOGIN. What is erased is not needed any more.")
OWN_ACCOUNT = _define("own-account", 409, "This is your own account", "Let another administrator do this.")
ACCOUNT_BEYOND = _define("account-beyond", 403, "This account is not yours alone to change", "It has a role in a study that you do not administer. Ask somebody who administers them all, or whoever runs the server.")
LAST_ADMINISTRATOR = _define("last-administrator", 409, "This study would have no administrator", "Give the role to somebody else first.")
PARTICIPANT_UNKNOWN = _define("participant-unknown", 404, "There is no such participant", "Check the number; qol participant list STUDY shows all of them.")
NOT_ELIGIBLE = _define("not-eligible", 409, "Not all criteria of eligibility are met", "Check the values; what is not met is named.")
ELIGIBILITY_CHANGED = _define("eligibility-changed", 409, "The eligibility is not as you saw it any more", "Look at it again, and decide anew.")
CONTACT_CHANGED = _define("contact-changed", 409, "The contact details were changed meanwhile", "Show them again, and write anew what has to change.")
BAD_VALUE = _define("bad-value", 422, "A value is not allowed here", "Change what is named and try again.")
REASON_NEEDED = _define("reason-needed", 422, "A reason is needed here", "Say in a few words why.")
CASE_UNKNOWN = _define("case-unknown", 404, "There is no such case", "Look at the worklist again; qol case list STUDY shows it.")
CASE_CHANGED = _define("case-changed", 409, "The case is not as you saw it any more", "Look at it again, and decide anew.")
ADVERSE_EVENT_UNKNOWN = _define("adverse-event-unknown", 404, "There is no such adverse event", "Look at the participant's list again.")
ADVERSE_EVENT_CHANGED = _define("adverse-event-changed", 409, "The adverse event is not as you saw it any more", "Look at it again, and decide anew.")
ADVERSE_EVENT_WRONG = _define("adverse-event-wrong", 422, "What is said of the adverse event does not fit together", "Mend what is named and try again.")
REPORT_DUE = _define("report-due", 409, "A serious case waits for its report", "Record when it was reported and to whom, or take back that it is serious.")
UNCONFIRMED = _define("unconfirmed", 409, "Something about it is odd", "Check it; if it is meant so, confirm what is named and try again.")
CHANGED_MEANWHILE = _define("changed-meanwhile", 409, "It is not as you saw it any more", "Look at it again, and decide anew.")
CALL_UNKNOWN = _define("call-unknown", 404, "There is no such call", "Look at the list of calls again; qol call list STUDY shows it.")
CALL_CHANGED = _define("call-changed", 409, "The call is not as you saw it any more", "Look at it again, and decide anew.")
DEMO_EXISTS = _define("demo-exists", 409, "There is something in the demonstration's folder already", "Name another folder with --data, or replace an earlier demonstration with --fresh.")
NOT_A_COPY = _define("not-a-copy", 422, "This file is not a copy saved from a phone", "Ask the participant to save the copy again: Waiting and sent, Save a copy.")
DAMAGED_COPY = _define("damaged-copy", 422, "The copy did not arrive whole", "Nothing was taken. Ask for the file again, and have it sent unchanged.")
OTHER_STUDY = _define("copy-of-another-study", 409, "The copy belongs to another study", "Hand it in to the study that it names.")
DEVICE_UNKNOWN = _define("device-unknown", 404, "This phone was never paired here", "Check that the file comes from a participant of this server; qol participant show STUDY NUMBER lists the phones.")
PROTOCOL_CHANGED = _define("protocol-changed", 409, "Another version of the protocol came into force meanwhile", "Rehearse the rules again: they are compared with those that are in force now.")
DRAFT_TOO_LARGE = _define("draft-too-large", 422, "The draft is too large to be rehearsed", "Leave out what is not needed: a draft has at most 50,000 characters, 4,000 values, and conditions 8 deep within each other.")
REHEARSAL_RUNS = _define("rehearsal-runs", 409, "A rehearsal of this study is running already", "Try again in a minute.", retryable=True)
RECORD_ONLY = _define("record-only", 409, "This study only records: nobody is told of an alert", "Turn alerts on in the study's file first, when somebody watches; the rules can be rehearsed before.")
NOT_A_JOURNAL = _define("not-a-journal", 422, "This file is not a study's journal", "Name a study of the data folder or the path of its .db file.")
BAD_CSV = _define("bad-csv", 422, "The file cannot be scored", "Mend the file where it is named; nothing was written.")
BAD_STUDY_FILE = _define("bad-study-file", 422, "The study file has mistakes", "Mend each line that is named; qol study check FILE shows them all.")
DATA_FOLDER = _define("data-folder", 503, "The data folder cannot be used", "Check that it exists and may be written, or make it with: qol init.")
