"""What the same SQL and the same cryptography cost in a bare loop, without HTTP and policy.

Run as ``python -m benchmarks.floor WORK`` on a filled data folder (``RENKEI_DATA``); prints
milliseconds of CPU per operation.
"""

import hashlib
import os
import sqlite3
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

COUNT = 2000


def post(database: sqlite3.Connection, key: AESGCM) -> None:
    """Seal, insert, count on, chain, commit: durable."""
    database.execute("BEGIN IMMEDIATE")
    group, seq = database.execute("SELECT id, last_seq FROM group_group LIMIT 1").fetchone()
    nonce = os.urandom(12)
    sealed = nonce + key.encrypt(nonce, ("訪問しました。" * 28).encode(), group.encode())
    database.execute("INSERT INTO floor_message VALUES (?, ?, ?)", (group, seq + 1, sealed))
    database.execute("UPDATE group_group SET last_seq = ? WHERE id = ?", (seq + 1, group))
    digest = hashlib.sha256(sealed).digest()
    database.execute("INSERT INTO floor_line VALUES (?, ?, ?)", (group, seq + 1, digest))
    database.execute("COMMIT")


def read(database: sqlite3.Connection, key: AESGCM) -> None:
    """Fetch and open the newest 50."""
    group, seq = database.execute("SELECT id, last_seq FROM group_group LIMIT 1").fetchone()
    found = database.execute(
        "SELECT sealed FROM floor_message WHERE grp = ? AND seq > ?", (group, seq - 50)
    ).fetchall()
    for (sealed,) in found:
        key.decrypt(sealed[:12], sealed[12:], group.encode())


def seal_to_disk(folder: Path, content: bytes) -> float:
    """Seal content in pieces of 64 KiB, write it, make it durable; the seconds that took."""
    path, began = folder / "floor", time.perf_counter()
    key = AESGCM(os.urandom(32))
    with path.open("wb") as sink:
        for number, start in enumerate(range(0, len(content), 65_536)):
            piece = content[start : start + 65_536]
            sink.write(key.encrypt(number.to_bytes(12, "big"), piece, b"about"))
        sink.flush()
        os.fsync(sink.fileno())
    took = time.perf_counter() - began
    path.unlink()
    return took


def main(work: str) -> None:
    """Measure one loop."""
    path = Path(os.environ["RENKEI_DATA"]) / "renkei.db"
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE IF NOT EXISTS floor_message (grp, seq, sealed, PRIMARY KEY (grp, seq));"
        "CREATE TABLE IF NOT EXISTS floor_line (grp, seq, hash, PRIMARY KEY (grp, seq));"
    )
    key = AESGCM(os.urandom(32))
    key_of_loop = post if work == "post" else read
    for _ in range(60):
        post(database, key)
    began = time.process_time()
    for _ in range(COUNT):
        key_of_loop(database, key)
    print(round((time.process_time() - began) * 1000 / COUNT, 4))
    database.executescript("DROP TABLE floor_message; DROP TABLE floor_line;")


if __name__ == "__main__":
    main(sys.argv[1])
