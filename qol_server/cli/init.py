"""`qol init`: the data folder and its keys."""

from __future__ import annotations

from pathlib import Path

import click

from qol_server.cli.acting import settings_of
from qol_server.cli.common import common, emit


@click.command()
@common
def command(data: Path) -> None:
    """Make the data folder and its keys: of the journals, contacts, accounts and web push. What is there already stays as it is."""
    from qol_server import keys

    settings = settings_of(data)
    made = [str(folder) for folder in (settings.data, settings.studies, settings.keys) if not folder.is_dir()]
    for folder in (settings.data, settings.studies):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_files = [settings.keys / name for name in keys.FILES]
    made += [str(path) for path in key_files if not path.exists()]
    key = keys.make(settings.keys)
    keys.contacts_key(settings.keys, make=not any(settings.contacts.glob("*.db")))  # another key would open none of them
    keys.accounts_key(settings.keys, make=not settings.server.exists())
    keys.push_key(settings.keys)
    for path, mode in ((settings.keys, 0o700), *((path, 0o600) for path in key_files)):
        if path.stat().st_mode & 0o077:
            path.chmod(mode)
            made.append(f"{path} private again")
    lines = [f"Made {path}" for path in made] or [f"{settings.data} is ready; nothing had to be made."]
    lines += [
        f"The journals are signed with the key {key.id}.",
        f"Keep a copy of {settings.keys} in a safe place, apart from the backups of the data:",
        "a lost key cannot be made again, and whoever holds it together with the data could forge a journal.",
        "Next: qol study adopt desminib, or the path of your own protocol.",
    ]
    payload = {"data": settings.data, "made": made, "key": key.id, "public_key": key.public_hex}
    emit(payload, "\n".join(lines))
