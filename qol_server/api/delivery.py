"""The gateway's door: it reports whether a text message has arrived, signed as the message was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from flask import Blueprint, Response, request
from marshmallow import ValidationError

from qol_server.api.answers import GATEWAY, permission
from qol_server.api.envelope import unpack
from qol_server.clock import Clock
from qol_server.intake import delivered
from qol_server.intake.shapes import OneOf, Shape, faults, uuid_field
from qol_server.intake.study import Study
from qol_server.messaging import webhook
from qol_server.settings import Webhook
from qol_server.trial import problems
from qol_server.trial.problems import Refused

MOST = 10_000  # bytes of a report


class DeliveryReport(Shape):
    """What became of the message of a key."""

    key = uuid_field(required=True)
    status = OneOf("delivered", "failed", required=True)


_REPORT = DeliveryReport()


@dataclass(frozen=True, slots=True)
class DeliveryApi:
    """The view, with what it needs: how to find a study, the clock, and the secret shared with the gateway."""

    study: Callable[[str], Study]
    clock: Clock
    gateway: Webhook | None

    def blueprint(self) -> Blueprint:
        routes = Blueprint("delivery", __name__, url_prefix="/<slug>/api/v1")
        routes.add_url_rule("/delivery", "delivery", permission(GATEWAY)(lambda slug: self.report(slug)), methods=["POST"])
        return routes

    def report(self, slug: str) -> Response:
        study, now = self.study(slug), self.clock()
        body = unpack(request.stream, "", MOST)  # type: ignore[arg-type]
        timestamp, given = (request.headers.get(name, "") for name in (webhook.TIMESTAMP, webhook.SIGNATURE))
        if self.gateway is None or not webhook.is_signed(self.gateway.secret, timestamp, body, given, now):
            raise Refused(problems.NOT_SIGNED)
        try:
            said = _REPORT.load(orjson.loads(body))
        except orjson.JSONDecodeError:
            raise Refused(problems.NOT_JSON) from None
        except ValidationError as wrong:
            raise Refused(problems.BAD_REQUEST, errors=faults(wrong.messages)) from None
        delivered.report(study, said["key"], arrived=said["status"] == "delivered", now=now)
        return Response(status=204)
