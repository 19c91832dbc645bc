"""A release of the patient's app: every file that a phone gets, named together by their bytes, and kept for good once served."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import logging
import os
import re
import threading
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from qol_server.logs import log_failure
from qol_server.trial import problems
from qol_server.trial.problems import Refused

log = logging.getLogger(__name__)

APP = Path(__file__).resolve().parent
MODULES = APP.parents[1] / "node_modules"
TYPES = {
    ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
}  # fmt: skip
VENDOR = {
    "preact": ("preact.js", "preact/dist/preact.mjs"),
    "preact/hooks": ("hooks.js", "preact/hooks/dist/hooks.mjs"),
    "htm": ("htm.js", "htm/dist/htm.mjs"),
    "idb": ("idb.js", "idb/build/index.js"),
}
"""What a module of others is imported as -> its name in the release's folder vendor, and where npm lays it."""

NOT_CACHED = {"withdrawn.js"}  # served under another name, to phones that give the app up
_BARE = re.compile(rf"""\b(from|import)\s*["']({"|".join(map(re.escape, VENDOR))})["']""")
_STATIC = re.compile(r"""^(?:import\s*|(?:import|export)\b[^"';()]*?\bfrom\s*)["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)
_SOURCE_MAP = re.compile(rb"\n?//# sourceMappingURL=\S+\s*\Z")
# What main.js imports by calls, one after the other or only later: before the first screen of all, of a paired phone, and soon.
ENTRY, PHONE, VIEW = "main.js", "phone/index.js", "view/app.js"
WELCOME, TODAY = "view/welcome.js", "view/today.js"
SOON = ("phone/flight.js", "phone/pairing.js")


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent: its media type, its bytes plain and compressed, and the SHA-256 of the plain ones."""

    kind: str
    body: bytes
    packed: bytes | None
    digest: str


@dataclass(frozen=True, slots=True)
class Release:
    """``digest``: 16 hexadecimal digits that name all the bytes; ``files``: path -> file, `release.json` among them.

    ``pages``: language -> the page for a visit over the network; one that is only served on, later, has none.
    """

    digest: str
    files: Mapping[str, File]
    pages: Mapping[str, File] = field(default_factory=dict)


class Releases:
    """The release of this program, read once, and the earlier ones that the data folder keeps for phones that run them."""

    def __init__(self, data: Path) -> None:
        self._kept = data / "app-releases"
        self._read: dict[str, Release] = {}
        self._current: Release | None = None
        self._lock = threading.Lock()

    def current(self) -> Release:
        """What a phone gets that comes now. Raises Refused(app-incomplete) without the modules of others."""
        with self._lock:
            if self._current is None:
                self._current = made_of(sources())
                self._read[self._current.digest] = self._current
                self._keep(self._current)
            return self._current

    def find(self, digest: str) -> Release | None:
        """The release of a digest, however old; None where it was never served from this data folder."""
        current = self.current()
        if digest == current.digest:
            return current
        with self._lock:
            if digest not in self._read and re.fullmatch(r"[0-9a-f]{16}", digest):
                with contextlib.suppress(FileNotFoundError, NotADirectoryError, zipfile.BadZipFile):
                    self._read[digest] = _unpacked(digest, (self._kept / f"{digest}.zip").read_bytes())
            return self._read.get(digest)

    def _keep(self, release: Release) -> None:
        """Lay the release beside the earlier ones; a full disk is no reason not to serve it."""
        path = self._kept / f"{release.digest}.zip"
        if path.exists():
            return
        half = path.with_name(f".{release.digest}.{os.getpid()}")
        try:
            self._kept.mkdir(mode=0o700, parents=True, exist_ok=True)
            with half.open("wb") as file:
                file.write(_packed(release))
                os.fsync(file.fileno())
            half.replace(path)
        except OSError as failure:
            log_failure(log, "the app's release cannot be kept", failure)


def sources() -> dict[str, bytes]:
    """Path in the release -> bytes, of the app's own files and those of others. Raises Refused(app-incomplete)."""
    found = {
        path.relative_to(APP).as_posix(): path.read_bytes()
        for path in sorted(APP.rglob("*"))
        if path.suffix in TYPES and path.is_file() and path.name not in NOT_CACHED
    }
    licences = []
    for name, (as_file, path) in VENDOR.items():
        package = name.partition("/")[0]
        try:
            found[f"vendor/{as_file}"] = relative_imports((MODULES / path).read_bytes())
            if name == package:
                licences.append(f"{package}\n\n{(MODULES / package / 'LICENSE').read_text(encoding='utf-8').strip()}\n")
        except OSError:
            raise Refused(problems.APP_INCOMPLETE, f"The module {name} is not there. {problems.APP_INCOMPLETE.advice}") from None
    return found | {"vendor/licences.txt": "\n\n".join(licences).encode()}


def relative_imports(module: bytes) -> bytes:
    """A module of others as it is served: what it imports stands beside it, and its source map stays away."""

    def beside(match: re.Match[str]) -> str:
        return f'{match[1]}"./{VENDOR[match[2]][0]}"'

    return _BARE.sub(beside, _SOURCE_MAP.sub(b"\n", module).decode()).encode()


def imported(files: Mapping[str, bytes], entry: str) -> Iterator[str]:
    """The modules that are fetched before ``entry`` runs, itself first; what is imported later, by a call, is not among them."""
    seen, waiting = {entry}, [entry]
    while waiting:
        name = waiting.pop(0)
        yield name
        for target in _STATIC.findall(files.get(name, b"").decode()):
            path = os.path.normpath(os.path.join(os.path.dirname(name), target))
            if path not in seen:
                seen.add(path)
                waiting.append(path)


def made_of(found: Mapping[str, bytes]) -> Release:
    """The release of these files. The same files give the same digest, and any other byte another one.

    A page over the network asks first for what the first screen needs. The page that a service worker keeps names all that
    an opening needs, as it costs nothing there.
    """
    page = found["index.html"]

    def graph(*entries: str) -> dict[str, None]:
        return dict.fromkeys(name for entry in entries if entry in found for name in imported(found, entry))

    kept = _with_preloads(page, graph(ENTRY, PHONE, VIEW, TODAY))
    words = {"en": [], **{match[1]: [match[0]] for name in sorted(found) if (match := re.fullmatch(r"words/([a-z]{2})\.js", name))}}
    first, later = graph(ENTRY, VIEW, WELCOME), graph(PHONE, *SOON)
    pages = {language: _with_preloads(page, [*first, *own], later) for language, own in words.items()}
    sealed = {**found, "index.html": kept, **{f"index.html?{language}": page for language, page in pages.items()}}
    listed = json.dumps({name: hashlib.sha256(body).hexdigest() for name, body in sorted(sealed.items())})
    digest = hashlib.sha256(listed.encode()).hexdigest()[:16]
    files = {**found, "index.html": _named(kept, digest)}
    listing = {"release": digest, "files": {name: hashlib.sha256(body).hexdigest() for name, body in sorted(files.items())}}
    made = _of_files(digest, files | {"release.json": json.dumps(listing, indent=1).encode()})
    return replace(made, pages={language: _file("index.html", _named(page, digest)) for language, page in pages.items()})


def _with_preloads(page: bytes, first: Iterable[str], later: Iterable[str] = ()) -> bytes:
    lines = [f'<link rel="modulepreload" href="{{release}}/{name}">' for name in first]
    lines += [f'<link rel="modulepreload" fetchpriority="low" href="{{release}}/{name}">' for name in later]
    return page.replace(b"{preloads}", "\n".join(lines).encode())


def _named(page: bytes, digest: str) -> bytes:
    return page.replace(b"{release}", f"v/{digest}".encode())


def _of_files(digest: str, files: Mapping[str, bytes]) -> Release:
    return Release(digest, {name: _file(name, body) for name, body in files.items()})


def _file(name: str, body: bytes) -> File:
    kind = TYPES[Path(name).suffix]
    packed = None if kind == "image/png" else gzip.compress(body, 9, mtime=0)
    return File(kind, body, packed, hashlib.sha256(body).hexdigest())


def _packed(release: Release) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in release.files.items():
            archive.writestr(name, file.body)
    return whole.getvalue()


def _unpacked(digest: str, whole: bytes) -> Release:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return _of_files(digest, {name: archive.read(name) for name in archive.namelist()})
