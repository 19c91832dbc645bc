"""Finds the Chromium that tests and measurements drive, and installs one where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""How it is started: as root too, and without looking for anything on the network."""

MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
ADVICE = (
    "Debian, as root: apt-get install chromium. Elsewhere: install Chromium or Google Chrome, or run"
    " .venv/bin/playwright install chromium. To leave these tests out: ./qol test --without browser"
)


def find() -> str | None:
    """The path of an installed Chromium: one in PATH, else Google Chrome of macOS, else Playwright's own; None without any."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    return next((path for path in (MAC, _of_playwright()) if path and Path(path).exists()), None)


def _of_playwright() -> str | None:
    """Where Playwright keeps its own Chromium, also when it was not installed; asked in a process of its own."""
    script = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    asked = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else None


def find_or_install(say: Callable[[str], None]) -> str | None:
    """The path of a Chromium, installed now if need be: Debian's as root, else Playwright's own; None when neither can be had."""
    found = find()
    if found:
        return found
    say("Installing a browser for the tests (once) …")
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if _ran(["apt-get", "update", "-qq"], quiet):
            _ran(["apt-get", "install", "-y", "-qq", "chromium"], quiet)
    if find() is None:
        _ran([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))
    return find()


def _ran(command: list[str], environment: dict[str, str]) -> bool:
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0
