"""The phone's door for web push: the server's public key, and the phone's subscription into the contacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response
from marshmallow import ValidationError, fields

from qol_server import keys
from qol_server.api.answers import PHONE, json_answer, permission
from qol_server.api.asking import caller, json_body
from qol_server.clock import Clock
from qol_server.intake import reach
from qol_server.intake.shapes import Plain, Shape
from qol_server.intake.study import Study
from qol_server.messaging import webpush
from qol_server.state import participants
from qol_server.trial import problems
from qol_server.trial.problems import Refused


class EndpointField(Plain[str]):
    """The address of a push service that messages are posted to."""

    def __init__(self) -> None:
        super().__init__(
            required=True,
            metadata={"type": "string", "pattern": "^https://", "maxLength": webpush.LONGEST_ENDPOINT, "example": webpush.EXAMPLE},
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        fault = "Not text." if type(value) is not str else webpush.fault(value)
        if fault:
            raise ValidationError(fault)
        return str(value)


class KeyField(Plain[str]):
    """A key as base64url: ``check`` says what is wrong with its bytes."""

    def __init__(self, check: Callable[[bytes], str | None]) -> None:
        super().__init__(required=True, metadata={"type": "string", "maxLength": 100, "description": "base64url"})
        self._check = check

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        fault = webpush.key_fault(value, self._check) if type(value) is str and len(value) <= 100 else "Not a text of base64url."
        if fault:
            raise ValidationError(fault)
        return str(value)


class PushKeys(Shape):
    """The keys with which a message to the phone is encrypted."""

    p256dh = KeyField(webpush.point_fault)
    auth = KeyField(webpush.secret_fault)


class PushSubscription(Shape):
    """What a browser gives when it subscribes to web push."""

    endpoint = EndpointField()
    keys = fields.Nested(PushKeys, required=True)


_SUBSCRIPTION = PushSubscription()


@dataclass(frozen=True, slots=True)
class PushApi:
    """The views, with what they need: how to find a study, the clock, and the folder of the keys."""

    study: Callable[[str], Study]
    clock: Clock
    key_folder: Path

    def blueprint(self) -> Blueprint:
        routes = Blueprint("push", __name__, url_prefix="/<slug>/api/v1")
        for method, view in (("GET", self.key), ("PUT", self.subscribe), ("DELETE", self.unsubscribe)):
            name = view.__name__
            routes.add_url_rule("/push", name, permission(PHONE)(lambda slug, view=view: view(slug)), methods=[method])
        return routes

    def key(self, slug: str) -> Response:
        caller(self.study(slug).store.read())
        return json_answer({"key": keys.push_key(self.key_folder).public})

    def subscribe(self, slug: str) -> Response:
        study, now = self.study(slug), self.clock()
        tx = study.store.read()
        phone, _ = caller(tx)
        given = json_body(_SUBSCRIPTION, "A subscription")
        participant = participants.load(tx, phone.participant)
        if phone.status == "replaced":
            raise Refused(problems.DEVICE_REPLACED)
        if participant is None or not reach.may_be_contacted(participant, now):
            raise Refused(problems.NOT_CONTACTED)
        subscription = {"endpoint": given["endpoint"], **{name: given["keys"][name] for name in ("p256dh", "auth")}}
        reach.subscribe(study, phone.participant, phone.device, subscription, now)
        reach.settle(study, phone.participant, now)  # the phone may have been locked out meanwhile
        return Response(status=204)

    def unsubscribe(self, slug: str) -> Response:
        study = self.study(slug)
        phone, _ = caller(study.store.read())
        reach.unsubscribe(study, phone.participant, phone.device)
        return Response(status=204)
