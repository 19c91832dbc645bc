"""What is known of a phone's running sequence, and of its lines that were put aside for review."""

from __future__ import annotations

from collections.abc import Sequence

from qol_server.store import Row, Tx

_SEQUENCE = """
SELECT d.status, d.contiguous_to, d.ahead, d.last_seq, d.last_captured, r.revision,
  EXISTS (SELECT 1 FROM quarantine q WHERE q.device = d.device) AS has_kept
FROM devices d JOIN roster r ON r.participant = d.participant WHERE d.device = ?
"""


def sequence(tx: Tx, device: str | None) -> Row | None:
    """A device's status and sequence, its participant's revision, and whether something of it was put aside."""
    return tx.one(_SEQUENCE, (device,))


def went_on(tx: Tx, device: str, contiguous_to: int, ahead: str, last_seq: int, last_captured: str | None, now: str) -> None:
    """Note up to which number nothing is missing, what came beyond it (JSON), and the highest number with its capture.

    ``gap_since`` is when a number was found missing first; it counts anew when one that was missing has come.
    """
    tx.run(
        "UPDATE devices SET gap_since = CASE WHEN ?2 = '[]' THEN NULL WHEN contiguous_to = ?1 THEN coalesce(gap_since, ?5) ELSE ?5 END,"
        " contiguous_to = ?1, ahead = ?2, last_seq = ?3, last_captured = ?4 WHERE device = ?6",
        (contiguous_to, ahead, last_seq, last_captured, now, device),
    )


def captured(tx: Tx, device: str | None, last_seq: int, last_captured: str | None) -> None:
    """Note the highest number of a usable entry and when it was captured."""
    tx.run("UPDATE devices SET last_seq = ?, last_captured = ? WHERE device = ?", (last_seq, last_captured, device))


def put_aside(tx: Tx, device: str, bodies: Sequence[bytes]) -> list[Row]:
    """Of these lines (SHA-256 each), those that a device sent before and that were put aside: body, position, problem, digest."""
    marks = ",".join("?" * len(bodies))
    return tx.all(
        f"SELECT q.body, q.position, q.problem, e.digest FROM quarantine q JOIN entries e USING (position)"  # noqa: S608 - only marks
        f" WHERE q.device = ? AND q.body IN ({marks})",
        (device, *bodies),
    )
