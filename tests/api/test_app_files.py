"""The patient's app as the server gives it out: page, manifest, service worker, and releases that stay for good."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from qol_server.api.answers import permissions
from qol_server.app import create_app
from qol_server.patient_app import release
from qol_server.patient_app.release import Releases
from qol_server.settings import Settings, SettingsError, from_environment
from qol_server.trial.problems import Refused
from tests import people
from tests.api import rig
from tests.shape.project import ROOT

APP = f"/{people.SLUG}/app/"


def get(trial: people.Trial, path: str, **headers: str) -> Any:
    return trial._client.get(APP + path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def digest_of(trial: people.Trial) -> str:
    found = re.search(r'"v/([0-9a-f]{16})/main\.js"', get(trial, "").text)
    assert found is not None
    return found[1]


# The page and what it needs


def test_the_address_without_its_last_stroke_leads_to_the_page(trial: people.Trial) -> None:
    answer = trial._client.get(APP.rstrip("/"))
    assert (answer.status_code, answer.headers["Location"]) == (308, "app/")
    assert urljoin(f"http://server/prefix{APP}".rstrip("/"), answer.headers["Location"]) == f"http://server/prefix{APP}"


def test_the_page_names_what_it_needs_first_by_its_release(trial: people.Trial) -> None:
    page = get(trial, "")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["Cache-Control"] == "no-cache"
    assert "{" not in page.text
    named = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    for path in named:
        assert get(trial, path).status_code == 200, path
    assert "" not in named


def preloads(page: str) -> list[tuple[str, bool]]:
    """The modules that a page asks for before they are imported, each with whether it comes after the others."""
    found = re.findall(r'<link rel="modulepreload"( fetchpriority="low")? href="v/[0-9a-f]{16}/([^"]+)">', page)
    return [(path, bool(low)) for low, path in found]


def needed(*entries: str) -> list[str]:
    """The modules of several entries, each once, in the order in which they are asked for."""
    found = release.sources()
    return list(dict.fromkeys(path for entry in entries for path in release.imported(found, entry)))


@pytest.mark.parametrize(
    ("languages", "words"),
    [("fr-FR,fr;q=0.9,en;q=0.8", "fr"), ("fr-CA,en;q=0.5", "fr"), ("en;q=0.5,fr", "fr"), ("en", "en"), ("de", "en"), ("", "en")],
)
def test_the_first_screen_comes_first_with_its_words(trial: people.Trial, languages: str, words: str) -> None:
    page = get(trial, "", Accept_Language=languages)
    first, later = needed("main.js", "view/app.js", "view/welcome.js"), needed("phone/index.js", "phone/flight.js", "phone/pairing.js")
    assert [path for path, low in preloads(page.text) if not low] == [*first, f"words/{words}.js"]
    assert [path for path, low in preloads(page.text) if low] == later
    assert page.headers["Vary"] == "Accept-Encoding, Accept-Language"


def test_the_first_screen_needs_few_requests(trial: people.Trial) -> None:
    assert len([path for path, low in preloads(get(trial, "").text) if not low]) + len(["page", "style"]) <= 13


def test_the_page_that_a_phone_keeps_names_all_that_an_opening_needs_its_memory_first(trial: people.Trial) -> None:
    named = [path for path, _ in preloads(get(trial, f"v/{digest_of(trial)}/index.html").text)]
    assert named == needed("main.js", "phone/index.js", "view/app.js", "view/today.js")


def test_what_only_sends_or_pairs_does_not_hold_up_the_first_screen(trial: people.Trial) -> None:
    named = {path for path, _ in preloads(get(trial, f"v/{digest_of(trial)}/index.html").text)}
    assert not named & {"phone/flight.js", "phone/feed.js", "phone/pairing.js", "phone/lock.js", "view/welcome.js"}


def test_a_browser_that_has_the_page_is_told_so(trial: people.Trial) -> None:
    tag = get(trial, "").headers["ETag"]
    again = get(trial, "", If_None_Match=tag)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)


def test_the_service_worker_is_one_line_that_names_the_release(trial: people.Trial) -> None:
    answer = get(trial, "sw.js")
    assert answer.text == f'import "./v/{digest_of(trial)}/worker.js";\n'
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(("language", "direction"), [("fr", "ltr"), ("ar-EG", "rtl")])
def test_the_manifest_makes_an_app_of_this_study_alone(trial: people.Trial, language: str, direction: str) -> None:
    answer = get(trial, f"manifest.webmanifest?lang={language}")
    said = json.loads(answer.data)
    assert answer.headers["Content-Type"] == "application/manifest+json"
    assert (said["id"], said["start_url"], said["scope"]) == (APP, "./", "./")
    name = "Mon carnet" if language == "fr" else "My diary"  # and nothing that would tell a stranger of an illness
    assert (said["name"], said["short_name"]) == (name, name)
    assert (said["display"], said["lang"], said["dir"]) == ("standalone", language, direction)
    for icon in said["icons"]:
        data = get(trial, icon["src"]).data
        width, height = (int.from_bytes(data[at : at + 4]) for at in (16, 20))
        assert (data[:8], f"{width}x{height}") == (b"\x89PNG\r\n\x1a\n", icon["sizes"]), icon["src"]
    assert {icon["purpose"] for icon in said["icons"]} == {"any", "maskable"}


def test_without_a_wish_the_name_is_in_the_browsers_language(trial: people.Trial) -> None:
    for asked, name in (("fr-CA,en;q=0.5", "Mon carnet"), ("de", "My diary"), ("", "My diary")):
        answer = get(trial, "manifest.webmanifest", Accept_Language=asked)
        assert json.loads(answer.data)["name"] == name
        assert answer.headers["Vary"] == "Accept-Language"


# Files of a release


def test_a_file_comes_compressed_where_it_may_and_is_kept_for_good(trial: people.Trial) -> None:
    path = f"v/{digest_of(trial)}/main.js"
    plain, packed = get(trial, path), get(trial, path, Accept_Encoding="br, gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in get(trial, path, Accept_Encoding="gzip;q=0").headers
    assert gzip.decompress(packed.data) == plain.data
    assert plain.headers["ETag"] != packed.headers["ETag"]
    for answer in (plain, packed):
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_all_files_are_listed_with_their_digests(trial: people.Trial) -> None:
    digest = digest_of(trial)
    listing = json.loads(get(trial, f"v/{digest}/release.json").data)
    assert listing["release"] == digest
    for path, sha256 in listing["files"].items():
        body = get(trial, f"v/{digest}/{path}").data
        assert release.hashlib.sha256(body).hexdigest() == sha256, path
    assert {"index.html", "app.css", "worker.js", "vendor/preact.js", "vendor/hooks.js", "vendor/htm.js", "vendor/idb.js"} <= listing[
        "files"
    ].keys()
    assert not {"withdrawn.js", "release.py", "__init__.py"} & listing["files"].keys()


def test_what_is_imported_is_there(trial: people.Trial) -> None:
    found = release.sources()
    for name in found:
        if name.endswith(".js"):
            missing = set(release.imported(found, name)) - found.keys()
            assert not missing, f"{name} needs {missing}"
            assert not re.search(rb"""from\s*["'][^."']""", found[name]), f"{name} imports something by a bare name"


@pytest.mark.parametrize(
    "path",
    ["v/0000000000000000/main.js", "v/../main.js", "v/{}/../release.py", "v/{}/nothing.js", "v/{}/", "icons/main.js", "main.js", "v/x/y"],
)
def test_nothing_else_is_found(trial: people.Trial, path: str) -> None:
    answer = get(trial, path.format(digest_of(trial)))
    assert (answer.status_code, json.loads(answer.data)["type"]) == (404, "urn:qol:problem:not-found")


@pytest.mark.parametrize("path", ["", "sw.js", "manifest.webmanifest", "icons/icon.svg", "v/0000000000000000/main.js"])
def test_another_study_is_unknown(trial: people.Trial, path: str) -> None:
    answer = trial._client.get(f"/elsewhere/app/{path}")
    assert (answer.status_code, json.loads(answer.data)["type"]) == (404, "urn:qol:problem:study-unknown")


def test_no_file_may_load_anything_from_elsewhere_or_make_scripts_of_text(trial: people.Trial) -> None:
    for path in ("", "sw.js", f"v/{digest_of(trial)}/worker.js"):
        policy = get(trial, path).headers.getlist("Content-Security-Policy")
        assert len(policy) == 1
        assert policy[0].startswith("default-src 'self'; ")
        assert "require-trusted-types-for 'script'" in policy[0]
        assert "unsafe" not in policy[0]
        assert "http" not in policy[0]


# Releases


def changed(monkeypatch: pytest.MonkeyPatch, words: bytes) -> None:
    """From now on a new process serves another app."""
    made = release.sources() | {"main.js": words}
    monkeypatch.setattr(release, "sources", lambda: made)


def test_an_earlier_release_is_served_on_after_an_update(trial: people.Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    old = digest_of(trial)
    before = get(trial, f"v/{old}/main.js", Accept_Encoding="gzip")
    changed(monkeypatch, b"let everything = 'new';")
    newer = rig.reopened(trial)
    assert digest_of(newer) != old
    assert get(newer, f"v/{digest_of(newer)}/main.js").data == b"let everything = 'new';"
    after = get(newer, f"v/{old}/main.js", Accept_Encoding="gzip")
    assert (after.status_code, after.data, after.headers["ETag"]) == (200, before.data, before.headers["ETag"])
    assert f"v/{old}/".encode() in get(newer, f"v/{old}/index.html").data


def test_a_release_is_read_once_so_that_an_update_of_the_files_cannot_mix_two(trial: people.Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    old = digest_of(trial)
    changed(monkeypatch, b"half an update")
    assert digest_of(trial) == old
    assert get(trial, f"v/{old}/main.js").data != b"half an update"


def test_the_digest_follows_from_the_bytes_alone() -> None:
    found = release.sources()
    again = dict(sorted(found.items(), reverse=True))
    assert release.made_of(found) == release.made_of(again)
    assert release.made_of(found).digest != release.made_of(found | {"app.css": found["app.css"] + b"\n"}).digest


def test_processes_that_keep_the_same_release_do_not_disturb_each_other(tmp_path: Path) -> None:
    one, other = Releases(tmp_path), Releases(tmp_path)
    assert one.current() == other.current()
    kept = list((tmp_path / "app-releases").iterdir())
    assert [path.name for path in kept] == [f"{one.current().digest}.zip"]
    with zipfile.ZipFile(kept[0]) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {name: file.body for name, file in one.current().files.items()}


def test_a_data_folder_that_cannot_be_written_does_not_stop_the_app(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "app-releases").write_text("in the way")
    releases = Releases(tmp_path)
    assert releases.current().files["index.html"].body
    assert releases.find("0" * 16) is None
    assert "the app's release cannot be kept" in caplog.text


def test_a_kept_release_that_is_broken_is_as_good_as_none(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    releases.current()
    (tmp_path / "app-releases" / f"{'a' * 16}.zip").write_bytes(b"no archive")
    assert releases.find("a" * 16) is None


# The modules of others


def test_the_modules_of_others_find_each_other_beside_them() -> None:
    bare = b"""import{options as n}from"preact";import { useState } from 'preact/hooks';export * from "./own.js";
//# sourceMappingURL=x.map
"""
    served = b"""import{options as n}from"./preact.js";import { useState } from"./hooks.js";export * from "./own.js";
"""
    assert release.relative_imports(bare) == served


def test_their_licences_come_with_them(trial: people.Trial) -> None:
    text = get(trial, f"v/{digest_of(trial)}/vendor/licences.txt").text
    for package in ("htm", "idb", "preact"):
        assert (ROOT / "node_modules" / package / "LICENSE").read_text(encoding="utf-8").strip() in text


def test_without_them_the_server_says_what_to_do(trial: people.Trial, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(release, "MODULES", tmp_path)
    answer = get(rig.reopened(trial), "")
    said = json.loads(answer.data)
    assert (answer.status_code, said["type"]) == (503, "urn:qol:problem:app-incomplete")
    assert said["detail"] == "The module preact is not there. Run ./qol once in the project's folder; it fetches what the app needs."
    with pytest.raises(Refused):
        Releases(tmp_path).current()
    shutil.copytree(ROOT / "node_modules", tmp_path, dirs_exist_ok=True)
    assert get(rig.reopened(trial), "").status_code == 200


# Withdrawal


def test_a_withdrawn_app_is_served_on_and_its_worker_goes(trial: people.Trial) -> None:
    withdrawn = create_app(Settings(trial.settings.data, app_withdrawn=True)).test_client()
    worker = withdrawn.get(APP + "sw.js")
    assert "registration.unregister()" in worker.text
    assert "import " not in worker.text
    assert "indexedDB" not in worker.text
    assert worker.headers["Cache-Control"] == "no-cache"
    assert withdrawn.get(APP).text == get(trial, "").text


def test_the_setting_is_1_or_nothing() -> None:
    assert from_environment({"QOL_APP_WITHDRAWN": "1"}).app_withdrawn
    assert not from_environment({}).app_withdrawn
    with pytest.raises(SettingsError, match="QOL_APP_WITHDRAWN is 'yes'; it must be 1 or not set"):
        from_environment({"QOL_APP_WITHDRAWN": "yes"})


def test_every_route_of_the_app_is_in_the_guide(trial: people.Trial) -> None:
    guide = (ROOT / "docs" / "guides" / "operate.md").read_text(encoding="utf-8")
    routes = [route.partition(" ")[2] for route in permissions(trial._client.application) if "/app" in route]
    assert len(routes) == 6
    for route in routes:
        address = re.sub(r"<(?:path:)?(\w+)>", r"{\1}", route.replace("<slug>", "{study}"))
        assert f"| `{address}` |" in guide, address
