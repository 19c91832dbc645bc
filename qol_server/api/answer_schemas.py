"""JSON schemas of everything that the server says: nothing that they do not name is ever sent."""

from __future__ import annotations

from typing import Any

from qol_server.api.answers import PROBLEM_TYPE
from qol_server.api.envelope import LIMITS, PROTOCOL
from qol_server.state.participants import ENDS_PARTICIPATION
from qol_server.trial.instrument import ItemType

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def closed(description: str, properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """An object with exactly these properties; all of them are there but for the ``optional`` ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "description": description, "properties": properties, "required": required, "additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(schema: Schema) -> Schema:
    kind = schema.get("type")
    return schema | {"type": [kind, "null"]} if isinstance(kind, str) and "enum" not in schema else {"anyOf": [schema, {"type": "null"}]}


def _is(value: str) -> Schema:
    return {"type": "string", "const": value}


def _words(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def _table(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


TEXT: Schema = {"type": "string"}
YES_NO: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
UUID: Schema = {"type": "string", "format": "uuid"}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
DAY: Schema = {"type": "string", "format": "date"}
HOUR: Schema = {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$", "description": "local time of day"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
DURATION: Schema = {"type": "string", "pattern": "^P[0-9]", "description": "ISO 8601"}
DECIMAL: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "description": "decimals travel as text"}
CODE: Schema = {"type": ["integer", "string"]}
TICKET: Schema = {"type": "string", "pattern": "^Q-[1-9][0-9]*$"}

HEAD = closed(
    "The journal's last entry, signed: the Ed25519 signature is over the line `qol-head/1`, a line feed, and the canonical JSON of"
    " digest, epoch, position and study.",
    {"position": COUNT, "digest": SHA256, "signature": {"type": "string", "pattern": "^[0-9a-f]{128}$"}, "key": TEXT},
)
PROBLEM_IN_ANSWER = closed(
    "A problem inside an answer.",
    {"type": {"type": "string", "pattern": f"^{PROBLEM_TYPE}[a-z-]+$"}, "title": TEXT, "detail": TEXT},
)
PROBLEM = closed(
    "RFC 9457. `retryable`: the same request may succeed later.",
    {
        "type": {"type": "string", "pattern": f"^{PROBLEM_TYPE}[a-z-]+$"}, "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599}, "detail": TEXT, "instance": TEXT, "retryable": YES_NO,
        "errors": _list(closed("One wrong field.", {"where": TEXT, "what": TEXT})),
    },
)  # fmt: skip
PAIRED = closed(
    "A device and its token. The token is shown once; the server keeps its hash.",
    {
        "protocol": _is(PROTOCOL), "device_id": UUID, "token": TEXT, "participant": TEXT, "epoch": TEXT, "server_time": MOMENT,
        "head": ref("Head"), "limits": closed("What one sync may hold.", {name: {"const": most} for name, most in LIMITS.items()}),
        "study": closed("The study in short.", {"id": TEXT, "title": TEXT, "languages": _list(TEXT)}),
    },
)  # fmt: skip
PUSH_KEY = closed("The server's public key for web push: a point on P-256, uncompressed, as base64url.", {"key": TEXT})
HEALTH = closed(
    "Whether the server can do its work.",
    {
        "status": _words("ok", "failing"), "version": TEXT, "server_time": MOMENT, "studies": COUNT,
        "clock": closed("Whether reminders go on.", {"ticks": YES_NO, "last_tick": _or_null(MOMENT), "advice": TEXT}, ("advice",)),
    },
)  # fmt: skip

_RECEIVED: dict[str, Schema] = {"line": {"type": "integer", "minimum": 2}, "id": _or_null(TEXT)}
_DURABLE: dict[str, Schema] = {"position": {"type": "integer", "minimum": 1}, "digest": SHA256}
FLAGS = _list(
    _words("late", "second-completion", "clock-suspect", "retired-occurrence", "competing-correction", "incomplete", "off-branch")
)
RESULTS: dict[str, Schema] = {
    "Stored": closed("It is in the journal.", _RECEIVED | {"status": _is("stored")} | _DURABLE | {"flags": FLAGS}, ("flags",)),
    "Duplicate": closed(
        "It was in the journal already; the receipt is the first one's.", _RECEIVED | {"status": _is("duplicate")} | _DURABLE
    ),
    "Quarantined": closed(
        "It is in the journal byte for byte, apart from the usable entries, and a data manager looks at it.",
        _RECEIVED | {"status": _is("quarantined")} | _DURABLE | {"ticket": TICKET, "problem": ref("ProblemInAnswer")},
    ),
    "Retry": closed("It is not stored; send it again.", _RECEIVED | {"status": _is("retry"), "problem": ref("ProblemInAnswer")}),
}
SYNCED = closed(
    "Written after the commit: what it acknowledges is durable.",
    {
        "protocol": _is(PROTOCOL), "batch": UUID, "epoch": TEXT, "server_time": MOMENT,
        "results": _list({"oneOf": [ref(name) for name in RESULTS]}),
        "device_seq": closed("What the server has of this device's numbers.", {"contiguous_to": COUNT, "missing": _list(COUNT)}),
        "archived_through": COUNT, "head": ref("Head"), "feed": ref("Feed"), "sync_again_after_s": COUNT,
    },
)  # fmt: skip
FEED = closed(
    "`reset`: forget everything pulled before. `more`: sync again at once. `problem`: why nothing is told to this phone.",
    {
        "reset": YES_NO, "changes": _list(ref("Change")), "cursor": _or_null(TEXT), "more": YES_NO, "problem": ref("ProblemInAnswer"),
    },
    ("problem",),
)  # fmt: skip

_COMPARED: dict[str, Schema] = {
    "is": CODE, "in": _list(CODE), "at_least": CODE, "at_most": CODE, "above": CODE, "below": CODE,
}  # fmt: skip
_OVER = _words("previous", "baseline")
CONDITION: Schema = {
    "description": "When an item is asked. An item without a usable answer satisfies no comparison.",
    "oneOf": [
        closed(
            "One comparison.",
            {"item": TEXT, "op": _words("is", "in", "at_least", "at_most", "above", "below"), "value": {"anyOf": [CODE, _list(CODE)]}},
        ),
        closed("All of them.", {"all": _list(ref("Condition"))}),
        closed("At least one of them.", {"any": _list(ref("Condition"))}),
    ],
}
WHEN: Schema = {
    "description": "What raises an alert, as the study's file says it.",
    "anyOf": [
        closed("One comparison.", {"item": TEXT, "instrument": TEXT} | _COMPARED, ("instrument", *_COMPARED)),
        closed("All of them.", {"all": _list(ref("AlertCondition")), "instrument": TEXT}, ("instrument",)),
        closed("At least one of them.", {"any": _list(ref("AlertCondition")), "instrument": TEXT}, ("instrument",)),
        closed("One of these items has this answer.", {"any_item": _list(TEXT), "is": CODE, "instrument": TEXT}, ("instrument",)),
        closed("An item with this attribute.", {"instrument": TEXT, "attribute": TEXT, "at_least": COUNT}),
        closed("An item rose.", {"instrument": TEXT, "attribute": TEXT, "rise": COUNT, "over": _list(_OVER)}, ("attribute",)),
        closed("A score fell or rose.", {"score": TEXT, "drop": CODE, "rise": CODE, "over": _OVER}, ("drop", "rise")),
        closed("Days in a row without a dose.", {"stated_not_taken_in_a_row": COUNT}),
        closed("More taken than prescribed.", {"day_dose_above": _is("prescribed")}),
    ],
}
ITEM = closed(
    "One question: the form of its answer, and when to ask it.",
    {
        "id": TEXT, "type": _words(*(str(kind) for kind in ItemType)), "codes": _list(CODE), "choices": _or_null(TEXT),
        "non_answers": _list(TEXT), "required": YES_NO, "at_least": _or_null(DECIMAL), "at_most": _or_null(DECIMAL),
        "max_length": _or_null(COUNT), "recall": _or_null(DURATION), "attribute": _or_null(TEXT),
        "ask_when": ref("Condition"),
    },
    ("ask_when",),
)  # fmt: skip
WORDS = closed(
    "The texts of an instrument in one language; `stand_in`: they only mark the places of the real ones.",
    {
        "version": SHA256, "language": TEXT, "stand_in": YES_NO, "ours": YES_NO, "title": TEXT, "introduction": _or_null(TEXT),
        "by": _table(TEXT) | {"description": "Who answered -> label; empty where it is not asked."},
        "non_answers": _table(TEXT), "items": _table(TEXT),
        "choices": _table(_list({"type": "array", "prefixItems": [CODE, TEXT], "minItems": 2, "maxItems": 2})),
    },
)  # fmt: skip

_STUDY = closed(
    "The study as far as a phone needs it.",
    {
        "id": TEXT, "title": TEXT, "registry": TEXT, "languages": _list(TEXT), "protocol": SHA256, "stand_in": YES_NO,
        "intended_use": _table(TEXT), "emergency_number": TEXT,
        "assessments": _list(
            closed(
                "One assessment; `own_trend`: the participant may see their own earlier answers as a curve, after answering.",
                {"id": TEXT, "instrument": TEXT, "ad_hoc": YES_NO, "daily": YES_NO, "own_trend": YES_NO},
            )
        ),
        "reasons": _table(_list(TEXT)),
        "rules": _list(
            closed(
                "An alert that the phone finds by itself. `now`: the advice is shown at once; otherwise after sending.",
                {
                    "id": TEXT, "when": ref("AlertCondition"), "urgency": _words("now", "same-day", "this-week"), "advice": TEXT,
                    "on_phone_from": DECIMAL,
                },
                ("advice", "on_phone_from"),
            )
        ),
        "advice": _table(TEXT) | {"description": "What the participant is told, by the name that a rule gives."},
        "treatment": _or_null(
            closed(
                "The drug and the doses that may be prescribed.",
                {"name": TEXT, "regimens": _table(closed("A dose.", {"mg": DECIMAL, "intakes_per_day": COUNT}))},
            )
        ),
    },
)  # fmt: skip
_PARTICIPATION = closed(
    "The participant: preferences, site, prescriptions, and the day on which the participation ended, with what ended it.",
    {
        "participant": TEXT, "site": TEXT, "site_phone": TEXT, "site_time_zone": TEXT,
        "coverage": _list(
            closed(
                "Hours at the site in which somebody watches what participants enter; `to` 00:00 is the end of the day.",
                {"days": _list(_words("mon", "tue", "wed", "thu", "fri", "sat", "sun")), "from": HOUR, "to": HOUR},
            )
        ),
        "holidays": _list(DAY), "language": TEXT, "time_zone": TEXT,
        "reminder_hour": {"type": "integer", "minimum": 0, "maximum": 23}, "ended_on": _or_null(DAY),
        "ended_by": {"enum": ["consent", *ENDS_PARTICIPATION, None]},
        "prescriptions": _list(
            closed(
                "From a day on this is prescribed; without a regimen it is a hold.",
                {"from": DAY, "regimen": _or_null(TEXT), "mg_per_day": DECIMAL, "intakes_per_day": COUNT},
            )
        ),
        "treatment": closed("Its first and last day; null where that is not known (yet).", {"from": _or_null(DAY), "until": _or_null(DAY)}),
        "consent_needed": _or_null(
            closed("A consent that has to be signed again: from that day on nothing is asked until it was.", {"version": TEXT, "from": DAY})
        ),
    },
)  # fmt: skip
_INSTRUMENT = closed(
    "A questionnaire or diary; `wording` is null where none was imported in the language.",
    {"id": TEXT, "version": SHA256, "title": TEXT, "items": _list(ref("Item")), "wording": {"anyOf": [ref("Wording"), {"type": "null"}]}},
)
_ASSIGNMENT = closed(
    "One assessment in one window. Dates are floating: they hold wherever the participant is. The phone derives the state.",
    {
        "occurrence": TEXT, "assessment": TEXT, "visit": TEXT, "instrument": TEXT, "version": SHA256, "wording": _or_null(SHA256),
        "opens": DAY, "opens_at": HOUR, "target": DAY, "due": DAY, "closes": DAY, "late_reason_after": _or_null(DAY),
        "served_by": _or_null(TEXT), "expected": YES_NO,
    },
)  # fmt: skip
_STATUS: Schema = {
    "description": "What became of an entry: one that is usable, by its id, or one that is under review, by its ticket."
    " `read_at`: when somebody at the site acknowledged or resolved what it raised; null where nobody did, or nothing was raised.",
    "oneOf": [
        closed(
            "A response in the journal.",
            {
                "occurrence": TEXT, "status": _words("current", "superseded", "not-current"), "position": COUNT, "captured_at": MOMENT,
                "flags": FLAGS, "supersedes": _or_null(UUID), "read_at": _or_null(MOMENT),
            },
        ),
        closed(
            "A line kept for review; `sha256` is that of its bytes.",
            {
                "occurrence": _or_null(TEXT), "status": _is("under-review"), "position": COUNT, "sha256": SHA256,
                "read_at": _or_null(MOMENT),
            },
        ),
    ],
}  # fmt: skip
_MESSAGE = closed(
    "A text from the site; its id is the `about` with which a phone notes `message-read`. `about`: the entry that it answers."
    " `read_at`: when a phone of the participant first showed it.",
    {"text": TEXT, "language": TEXT, "sent_at": MOMENT, "about": _or_null(UUID), "read_at": _or_null(MOMENT)},
)

FEED_DATA: dict[str, Schema] = {
    "study": _STUDY, "participation": _PARTICIPATION, "instrument": _INSTRUMENT, "assignment": _ASSIGNMENT,
    "entry_status": _STATUS, "message": _MESSAGE,
}  # fmt: skip
"""Feed type -> the schema of its data."""

CHANGE: Schema = {
    "description": "`put` replaces the thing of this type and id; `retire` takes it away.",
    "oneOf": [
        *(
            closed(f"A {name}.", {"op": _is("put"), "type": _is(name), "id": TEXT, "data": ref(f"feed.{name}")})
            for name in FEED_DATA
        ),
        closed("This is asked no more.", {"op": _is("retire"), "type": _is("assignment"), "id": TEXT}),
    ],
}  # fmt: skip

ANSWERS: dict[str, Schema] = {
    "Paired": PAIRED, "PushKey": PUSH_KEY, "Synced": SYNCED, **RESULTS, "Feed": FEED, "Change": CHANGE,
    **{f"feed.{name}": schema for name, schema in FEED_DATA.items()},
    "Item": ITEM, "Condition": CONDITION, "AlertCondition": WHEN, "Wording": WORDS, "Head": HEAD, "Health": HEALTH,
    "Problem": PROBLEM, "ProblemInAnswer": PROBLEM_IN_ANSWER,
}  # fmt: skip
"""Every schema of an answer by its name in the OpenAPI document."""
