"""The tables of the state: all of them can be made again from the journal, but for a device's running sequence."""

from __future__ import annotations

from qol_server.store import Tx

# A ``revision`` is the position of the entry that last changed the row: what a phone has not seen yet is above its cursor.
# ``began`` of a response is the UTC instant at which it, or the first one that it corrects, was captured.
# ``acted_at`` of a case is when somebody did something with it last, ``released`` its owner who can no longer work on it.
# ``ended`` of an expected level is the position of the entry that ended or replaced it.
# A prescription that was corrected stays, with the position that corrected it; of those of one day the last one counts.
# ``place`` of a call is its task's in the order of urgency, ``reason`` what somebody closed it with, ``settled`` why it closed by itself.
# ``earliest`` is the first day on which an assignment ever opened: a phone may know it from then, wherever it was moved.
_SCHEMA = """
CREATE TABLE study (
  only INTEGER PRIMARY KEY CHECK (only = 1), status TEXT NOT NULL, protocol TEXT, revision INTEGER NOT NULL,
  archived_through INTEGER NOT NULL
) STRICT
;
CREATE TABLE documents (
  version TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, language TEXT, licence TEXT, stand_in INTEGER NOT NULL,
  text TEXT NOT NULL, revision INTEGER NOT NULL, current INTEGER NOT NULL
) STRICT
;
CREATE TABLE roster (
  participant TEXT PRIMARY KEY, site TEXT NOT NULL, language TEXT NOT NULL, time_zone TEXT NOT NULL,
  reminder_hour INTEGER NOT NULL, enrolled_at TEXT NOT NULL, included INTEGER NOT NULL, ended_on TEXT, revision INTEGER NOT NULL,
  form TEXT UNIQUE
) STRICT
;
CREATE INDEX roster_by_site ON roster (site)
;
CREATE TABLE consents (
  participant TEXT NOT NULL, version TEXT NOT NULL, day TEXT NOT NULL, taken_by TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (participant, version, day)
) STRICT, WITHOUT ROWID
;
CREATE TABLE eligibility (
  participant TEXT NOT NULL, criterion TEXT NOT NULL, value TEXT NOT NULL, result TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (participant, criterion)
) STRICT, WITHOUT ROWID
;
CREATE TABLE deviations (
  participant TEXT NOT NULL, criterion TEXT NOT NULL, value TEXT NOT NULL, meaning TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (participant, criterion, value)
) STRICT, WITHOUT ROWID
;
CREATE TABLE anchors (
  participant TEXT NOT NULL, anchor TEXT NOT NULL, nth INTEGER NOT NULL, day TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (participant, anchor, nth)
) STRICT
;
CREATE TABLE prescriptions (
  position INTEGER PRIMARY KEY, participant TEXT NOT NULL, day TEXT NOT NULL, regimen TEXT, mg_per_day TEXT NOT NULL,
  intakes_per_day INTEGER NOT NULL, reason TEXT NOT NULL, note TEXT, actor TEXT NOT NULL, recorded_at TEXT NOT NULL,
  corrects INTEGER, corrected_by INTEGER, corrected_at TEXT
) STRICT
;
CREATE INDEX prescriptions_in_time ON prescriptions (participant, day)
;
CREATE TABLE withdrawals (
  participant TEXT NOT NULL, kind TEXT NOT NULL, day TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (participant, kind)
) STRICT
;
CREATE TABLE medicines (
  medicine TEXT PRIMARY KEY, participant TEXT NOT NULL, name TEXT NOT NULL, code TEXT, indication TEXT NOT NULL, purpose TEXT NOT NULL,
  start TEXT, "end" TEXT, ongoing INTEGER NOT NULL, dose TEXT NOT NULL, findings TEXT NOT NULL, deviation TEXT, version INTEGER NOT NULL
) STRICT, WITHOUT ROWID
;
CREATE INDEX medicines_participant ON medicines (participant)
;
CREATE TABLE assignments (
  participant TEXT NOT NULL, occurrence TEXT NOT NULL, assessment TEXT NOT NULL, visit TEXT NOT NULL, instrument TEXT NOT NULL,
  opens TEXT NOT NULL, opens_at TEXT NOT NULL, target TEXT NOT NULL, due TEXT NOT NULL, closes TEXT NOT NULL,
  late_reason_after TEXT, served_by TEXT, expected INTEGER NOT NULL, retired INTEGER NOT NULL, revision INTEGER NOT NULL,
  earliest TEXT NOT NULL, PRIMARY KEY (participant, occurrence)
) STRICT, WITHOUT ROWID
;
CREATE INDEX assignments_opens ON assignments (participant, opens)
;
CREATE INDEX assignments_revision ON assignments (participant, revision)
;
CREATE INDEX assignments_to_come ON assignments (closes, opens) WHERE retired = 0 AND expected = 1
;
CREATE TABLE responses (
  position INTEGER PRIMARY KEY, participant TEXT NOT NULL, id TEXT NOT NULL, occurrence TEXT NOT NULL, assessment TEXT NOT NULL,
  instrument TEXT NOT NULL, version TEXT NOT NULL, captured_at TEXT NOT NULL, supersedes TEXT, root TEXT NOT NULL,
  superseded INTEGER NOT NULL, current INTEGER NOT NULL, flags TEXT NOT NULL, revision INTEGER NOT NULL, began TEXT NOT NULL,
  read_at TEXT
) STRICT
;
CREATE INDEX responses_in_time ON responses (participant, assessment, began) WHERE current = 1
;
CREATE INDEX responses_occurrence ON responses (participant, occurrence)
;
CREATE INDEX responses_revision ON responses (participant, revision)
;
CREATE INDEX responses_supersedes ON responses (participant, supersedes) WHERE supersedes IS NOT NULL
;
CREATE TABLE quarantine (
  position INTEGER PRIMARY KEY, participant TEXT NOT NULL, device TEXT NOT NULL, body BLOB NOT NULL, occurrence TEXT,
  problem TEXT NOT NULL, revision INTEGER NOT NULL, read_at TEXT
) STRICT
;
CREATE UNIQUE INDEX quarantine_identity ON quarantine (device, body)
;
CREATE INDEX quarantine_participant ON quarantine (participant, occurrence)
;
CREATE TABLE devices (
  device TEXT PRIMARY KEY, participant TEXT NOT NULL, installation TEXT NOT NULL, status TEXT NOT NULL, app TEXT NOT NULL,
  platform TEXT NOT NULL, paired_at TEXT NOT NULL, contiguous_to INTEGER NOT NULL, ahead TEXT NOT NULL,
  last_seq INTEGER NOT NULL, last_captured TEXT, gap_since TEXT
) STRICT
;
CREATE TABLE reminders (
  participant TEXT NOT NULL, occurrence TEXT NOT NULL, rung INTEGER NOT NULL, channel TEXT NOT NULL, at TEXT NOT NULL,
  outcome TEXT NOT NULL, position INTEGER NOT NULL, id TEXT NOT NULL, tries INTEGER NOT NULL, until TEXT, why TEXT,
  intended_at TEXT NOT NULL, claimed_at TEXT NOT NULL, settled_at TEXT, delivered_at TEXT, shown_at TEXT, opened_at TEXT,
  dismissed_at TEXT, PRIMARY KEY (participant, occurrence, rung, channel)
) STRICT, WITHOUT ROWID
;
CREATE INDEX reminders_open ON reminders (claimed_at) WHERE outcome = 'intended'
;
CREATE INDEX reminders_deferred ON reminders (until) WHERE outcome = 'deferred'
;
CREATE INDEX reminders_id ON reminders (id)
;
CREATE TABLE pauses (
  participant TEXT PRIMARY KEY, until TEXT, since TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL, position INTEGER NOT NULL
) STRICT, WITHOUT ROWID
;
CREATE TABLE notices (
  about TEXT NOT NULL, login TEXT NOT NULL, "case" TEXT, outcome TEXT NOT NULL, tries INTEGER NOT NULL, until TEXT, why TEXT,
  told_at TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (about, login)
) STRICT, WITHOUT ROWID
;
CREATE INDEX notices_case ON notices ("case")
;
CREATE TABLE calls (
  position INTEGER PRIMARY KEY, participant TEXT NOT NULL, site TEXT NOT NULL, task TEXT NOT NULL, place INTEGER NOT NULL,
  occurrence TEXT, rung INTEGER, days TEXT NOT NULL, last_day TEXT, device TEXT, about INTEGER, what TEXT, raised_at TEXT NOT NULL,
  state TEXT NOT NULL, owner TEXT, attempts INTEGER NOT NULL, closed_at TEXT, closed_by TEXT, reason TEXT, settled TEXT,
  version INTEGER NOT NULL
) STRICT
;
CREATE INDEX calls_participant ON calls (participant, task, occurrence)
;
CREATE INDEX calls_open ON calls (place, position, site) WHERE state <> 'closed'
;
CREATE INDEX calls_open_of ON calls (participant) WHERE state <> 'closed'
;
CREATE TABLE call_attempts (
  position INTEGER PRIMARY KEY, "call" INTEGER NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, channel TEXT NOT NULL,
  reached INTEGER NOT NULL, note TEXT
) STRICT
;
CREATE INDEX call_attempts_call ON call_attempts ("call")
;
CREATE TABLE digests (
  site TEXT PRIMARY KEY, week TEXT NOT NULL, made_at TEXT NOT NULL, lines TEXT NOT NULL, position INTEGER NOT NULL
) STRICT, WITHOUT ROWID
;
CREATE TABLE messages (
  participant TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL, language TEXT NOT NULL, about TEXT, sent_at TEXT NOT NULL,
  read_at TEXT, revision INTEGER NOT NULL, PRIMARY KEY (participant, id)
) STRICT, WITHOUT ROWID
;
CREATE TABLE alerts (
  position INTEGER PRIMARY KEY, participant TEXT NOT NULL, at TEXT NOT NULL, given INTEGER NOT NULL, root TEXT, rule TEXT NOT NULL,
  urgency TEXT NOT NULL, occurrence TEXT, captured_at TEXT, late INTEGER NOT NULL, failed INTEGER NOT NULL, again INTEGER NOT NULL,
  expected INTEGER,  findings TEXT NOT NULL, "case" TEXT
) STRICT
;
CREATE INDEX alerts_given ON alerts (given)
;
CREATE INDEX alerts_root ON alerts (participant, root)
;
CREATE INDEX alerts_case ON alerts ("case")
;
CREATE INDEX alerts_explained ON alerts (participant, position) WHERE expected IS NOT NULL
;
CREATE TABLE cases (
  "case" TEXT PRIMARY KEY, participant TEXT NOT NULL, site TEXT NOT NULL, assessment TEXT NOT NULL, state TEXT NOT NULL,
  urgency TEXT NOT NULL, place INTEGER NOT NULL, opened_at TEXT NOT NULL, since TEXT NOT NULL, captured_at TEXT, known TEXT NOT NULL,
  surveys INTEGER NOT NULL, steps INTEGER NOT NULL, owner TEXT, acknowledged_at TEXT, resolved_at TEXT, action TEXT, outcome TEXT,
  version INTEGER NOT NULL, late INTEGER NOT NULL DEFAULT 0, corrected INTEGER NOT NULL DEFAULT 0, serious TEXT, aware_at TEXT,
  reported_at TEXT, news_at TEXT, contacts INTEGER NOT NULL DEFAULT 0, reached INTEGER NOT NULL DEFAULT 0, acted_at TEXT,
  stalled INTEGER NOT NULL DEFAULT 0, released TEXT
) STRICT, WITHOUT ROWID
;
CREATE INDEX cases_open ON cases (place, since, "case") WHERE state <> 'resolved'
;
CREATE INDEX cases_in_time ON cases (since, "case") WHERE state <> 'resolved'
;
CREATE INDEX cases_by_participant ON cases (participant, since, "case") WHERE state <> 'resolved'
;
CREATE INDEX cases_counted ON cases (
  site, state, since, urgency, assessment, owner, steps, serious, reported_at, stalled
) WHERE state <> 'resolved'
;
CREATE INDEX cases_waiting ON cases ("case") WHERE state = 'raised'
;
CREATE INDEX cases_opened ON cases (opened_at)
;
CREATE INDEX cases_about ON cases (participant, assessment, opened_at)
;
CREATE TABLE case_steps (
  "case" TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY ("case", position)
) STRICT, WITHOUT ROWID
;
CREATE TABLE expected_levels (
  position INTEGER PRIMARY KEY, participant TEXT NOT NULL, item TEXT NOT NULL, level INTEGER NOT NULL, until TEXT NOT NULL, ended INTEGER
) STRICT
;
CREATE INDEX expected_levels_participant ON expected_levels (participant, item)
;
CREATE TABLE adverse_events (
  ae TEXT PRIMARY KEY, participant TEXT NOT NULL, start TEXT NOT NULL, fact TEXT NOT NULL, recorded_at TEXT NOT NULL,
  content INTEGER NOT NULL, signed INTEGER, signed_at TEXT, signed_by TEXT, signed_before INTEGER NOT NULL, withdrawn INTEGER,
  version INTEGER NOT NULL, "case" TEXT, aware_at TEXT, reported_at TEXT
) STRICT, WITHOUT ROWID
;
CREATE INDEX adverse_events_participant ON adverse_events (participant, start)
;
CREATE INDEX adverse_events_unreported ON adverse_events (aware_at) WHERE aware_at IS NOT NULL AND reported_at IS NULL AND withdrawn IS NULL
;
CREATE TABLE adverse_event_steps (ae TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (ae, position)) STRICT, WITHOUT ROWID
"""


def create(tx: Tx) -> None:
    """Make the empty tables of the state."""
    for statement in _SCHEMA.split("\n;\n"):
        tx.run(statement)
    tx.run("INSERT INTO study (only, status, protocol, revision, archived_through) VALUES (1, 'draft', NULL, 0, 0)")
