"""What SQLite alone can do on this disk: the bodies of a pool, one durable transaction for each, rows of the same bytes."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from qol_server.store import Store


def measure(pool: Path, file: Path, seconds: float) -> dict[str, float]:
    """Write the pool's bodies, line by line, until the time is over; transactions and rows a second.

    The connection is the store's own: the same SQLite, the same pragmas, one thread that waits for nobody.
    """
    bodies = []
    with pool.open("rb") as source:
        while header := source.readline():
            _, head, lines = (int(part) for part in header.split())
            source.read(head)
            bodies.append([(line,) for line in source.read(lines).splitlines()])
    store = Store(file)
    store.write(lambda tx: tx.run("CREATE TABLE entries (position INTEGER PRIMARY KEY, line BLOB NOT NULL) STRICT"))
    connection = store._writing_connection()
    store.close = lambda: None  # type: ignore[method-assign]
    done = rows = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds and done < len(bodies):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO entries (line) VALUES (?)", bodies[done])
        connection.execute("COMMIT")
        rows += len(bodies[done])
        done += 1
    connection.close()
    return {"transactions_per_second": done / spent, "entries_per_second": rows / spent}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))))
