"""Every route against every role: allowed exactly as declared, and with the same armour."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from qol_server import keys
from qol_server.api.answers import ANYBODY, CODE, GATEWAY, PHONE, permissions
from qol_server.app import SECURITY_HEADERS, create_app
from qol_server.intake import conduct, looking
from qol_server.intake.study import create_study
from qol_server.settings import Settings
from tests import people
from tests.api import rig

ROLES = ("anonymous", "active phone", "replaced phone", "revoked phone", "phone of another study", "made-up token")
MAY = {ANYBODY: set(ROLES), CODE: set(ROLES), PHONE: {"active phone", "replaced phone"}, GATEWAY: set()}


@pytest.fixture(scope="module")
def doors(original: people.Trial, tmp_path_factory: pytest.TempPathFactory) -> tuple[people.Trial, dict[str, str]]:
    """A server and the token of each role."""
    trial = rig.reopened(original, Path(tmp_path_factory.mktemp("doors")) / "data")
    elsewhere = people.trial(Path(tmp_path_factory.mktemp("elsewhere")))
    number = rig.ada(trial)
    revoked = trial.phone(number)
    conduct.revoke(trial.study, number, actor=people.NURSE, now=trial.now)
    replaced = trial.phone(number)
    active = trial.phone(number, replaces=True)
    stranger = elsewhere.phone(elsewhere.enrol(people.BEN))
    return trial, {
        "active phone": active.client.token, "replaced phone": replaced.client.token, "revoked phone": revoked.client.token,
        "phone of another study": stranger.client.token, "made-up token": "x" * 43,
    }  # fmt: skip


def app_of(trial: people.Trial) -> Flask:
    app: Flask = trial._client.application
    return app


def test_every_role_gets_through_every_door_exactly_as_declared(doors: tuple[people.Trial, dict[str, str]]) -> None:
    trial, tokens = doors
    declared = {route: name for route, name in permissions(app_of(trial)).items() if "/staff/" not in route}  # the desk has its own test
    assert len(declared) >= 6
    for route, permission in declared.items():
        method, _, path = route.partition(" ")
        for role in ROLES:
            headers = {"Authorization": f"Bearer {tokens[role]}"} if role in tokens else {}
            answer = trial._client.open(path.replace("<slug>", people.SLUG), method=method, headers=headers)
            assert (answer.status_code != 401) is (role in MAY[permission]), (route, role, answer.status_code)
            assert answer.status_code < 500, (route, role)


def test_a_route_without_a_permission_does_not_start(trial: people.Trial) -> None:
    app = Flask("test")
    app.add_url_rule("/open", "open", lambda: "anybody may")
    with pytest.raises(LookupError, match="declares no permission"):
        permissions(app)
    assert permissions(create_app(trial.settings))


REQUESTS = [
    ("GET", "/health"), ("GET", f"/{people.SLUG}/api/v1/openapi.json"), ("GET", f"/{people.SLUG}/api/v1/docs"),
    ("GET", f"/{people.SLUG}/api/v1/docs.css"), ("GET", "/nowhere"), ("GET", rig.SYNC), ("POST", rig.SYNC), ("POST", rig.DEVICES),
    ("DELETE", rig.SYNC), ("GET", "/elsewhere/api/v1/docs"), ("OPTIONS", rig.SYNC), ("HEAD", "/health"), ("GET", "/../etc/passwd"),
    ("GET", f"/{people.SLUG}.db"), ("GET", "/%00/api/v1/docs"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_every_answer_wears_the_same_armour(doors: tuple[people.Trial, dict[str, str]], method: str, path: str) -> None:
    answer = doors[0]._client.open(path, method=method)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.getlist(name) == [value]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.status_code < 500
    if answer.status_code >= 400:
        document = json.loads(answer.data)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert document["status"] == answer.status_code
        assert set(document) == {"type", "title", "status", "detail", "instance", "retryable", "errors"}
    if answer.status_code == 405:
        assert answer.headers["Allow"]


def test_health_says_whether_the_clock_ticks(trial: people.Trial) -> None:
    quiet = json.loads(trial._client.get("/health").data)
    assert (quiet["status"], quiet["studies"], quiet["clock"]["ticks"]) == ("ok", 1, False)
    assert "scheduler" in quiet["clock"]["advice"]
    (trial.settings.data / "clock.txt").write_text(trial.now.isoformat())
    assert json.loads(trial._client.get("/health").data)["clock"]["ticks"] is True


def test_health_is_503_when_a_study_cannot_be_read(trial: people.Trial) -> None:
    (trial.settings.studies / "broken.db").write_bytes(b"this is no database, but long enough to look like one" * 100)
    answer = trial._client.get("/health")
    assert (answer.status_code, json.loads(answer.data)["status"]) == (503, "failing")


def test_answers_lie_in_folders_of_the_servers_own_user(trial: people.Trial, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "shared")
    settings.data.mkdir(mode=0o755)
    keys.make(settings.keys)
    made = create_study(settings, "desminib", actor=people.DATA_MANAGER, now=trial.now)
    looking.live(made, settings).store.close()
    made.store.close()
    assert {path.name: path.stat().st_mode & 0o077 for path in settings.data.iterdir()} == {"keys": 0, "studies": 0, "views": 0}
