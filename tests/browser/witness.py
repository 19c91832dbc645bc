"""A witness outside of the app: sees each entry at the moment of its sealing, so that nothing can be lost or changed unnoticed."""

from __future__ import annotations

import base64
import json

from playwright.sync_api import ConsoleMessage

TELLS = "witness of a sealing: "
SCRIPT = f"""(() => {{
    const add = IDBObjectStore.prototype.add;
    if (add.isWitnessed) {{
        return;
    }}
    IDBObjectStore.prototype.add = function (record, ...key) {{
        if (this.name === "entries") {{
            const line = btoa(Array.from(record.line, (byte) => String.fromCharCode(byte)).join(""));
            const tell = (became) => console.debug("{TELLS}" + JSON.stringify({{ became, id: record.id, line }}));
            tell("sealed");
            this.transaction.addEventListener("abort", () => tell("undone"));
        }}
        return add.call(this, record, ...key);
    }};
    IDBObjectStore.prototype.add.isWitnessed = true;
}})()"""
"""Tells each entry that is handed to the phone's database for the first time, with its bytes as they are then."""


def hears(said: ConsoleMessage, witnessed: dict[str, bytes]) -> bool:
    """Take a report of the script into ``witnessed`` (entry id -> bytes); whether it was one."""
    if not said.text.startswith(TELLS):
        return False
    report = json.loads(said.text.removeprefix(TELLS))
    if report["became"] == "sealed":
        witnessed[report["id"]] = base64.b64decode(report["line"])
    else:
        witnessed.pop(report["id"], None)
    return True
