"""What the doors of a phone read of a request: who asks, and a JSON body of a known shape."""

from __future__ import annotations

from typing import Any

import orjson
from flask import request
from marshmallow import ValidationError

from qol_server.access import pairing
from qol_server.access.pairing import Phone
from qol_server.api.envelope import unpack
from qol_server.intake.shapes import Shape, faults
from qol_server.store import Tx
from qol_server.trial import problems
from qol_server.trial.problems import Refused


def caller(tx: Tx) -> tuple[Phone, str]:
    """The phone that asks, and its token. Raises Refused(token-unknown, device-revoked)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(problems.TOKEN_UNKNOWN, "Send the phone's token as: Authorization: Bearer TOKEN")
    phone = pairing.phone(tx, token.strip())
    if phone is None:
        raise Refused(problems.TOKEN_UNKNOWN)
    if phone.status == "revoked":
        raise Refused(problems.DEVICE_REVOKED)
    return phone, token.strip()


def json_body(shape: Shape, what: str) -> dict[str, Any]:
    """The request's body, checked. ``what`` names it: "A pairing". Raises Refused(media-type, too-large, not-json, bad-request)."""
    if request.mimetype != "application/json":
        raise Refused(problems.MEDIA_TYPE, f"{what} is sent as application/json.")
    try:
        body = orjson.loads(unpack(request.stream, request.headers.get("Content-Encoding", "")))  # type: ignore[arg-type]
    except orjson.JSONDecodeError:
        raise Refused(problems.NOT_JSON) from None
    try:
        return dict(shape.load(body))
    except ValidationError as wrong:
        raise Refused(problems.BAD_REQUEST, "The request has wrong or missing fields.", errors=faults(wrong.messages)) from None
