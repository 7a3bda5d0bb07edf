"""What copies cost: 100,000 messages and 1 GB of files; first, second, trial, restore.

The data is the same in every run: texts and files come from a counter, not from chance.

    python -m benchmarks.copies [--messages 100000] [--megabytes 1000]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import shake_128
from pathlib import Path
from typing import Any

MEGABYTE = 1_000_000
FILE = MEGABYTE // 2  # bytes of one file


def contents(number: int) -> Iterator[bytes]:
    """The same half megabyte for the same number, which does not get smaller by packing."""
    yield shake_128(b"renkei benchmark %d" % number).digest(FILE)


def fill(messages: int, megabytes: int) -> None:
    """Fill the data folder of this process."""
    from benchmarks import fill as region
    from renkei.files import store
    from renkei.kernel import vault

    shape = region.Shape(groups=50, members=20, messages=messages // 50)
    region.SHAPES["copies"] = shape
    region.main("copies", os.environ["RENKEI_DATA"] + "/sessions.json")
    Path(os.environ["RENKEI_DATA"], "sessions.json").unlink()
    key = vault.make_key("group")
    for number in range(megabytes * MEGABYTE // FILE):
        store.write(key, contents(number)).save(force_insert=True)


def timed(name: str, *arguments: str, data: Path) -> dict[str, Any]:
    """Run one command; wall time, CPU of it and its children, and the most memory it took."""
    with tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "renkei", *arguments],
            env={**os.environ, "RENKEI_DATA": str(data), "RENKEI_LOG": "ERROR"},
            stdout=said,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        said.seek(0)
        words = said.read().strip()
    if status:
        raise RuntimeError(words)
    return {
        "work": name,
        "wall_s": round(wall, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "most_mb": round(used.ru_maxrss / 1024),
    }


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Fill, copy twice, try, bring back; one JSON object each."""
    parser = argparse.ArgumentParser(prog="benchmarks.copies", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--megabytes", type=int, default=1_000)
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.fill:
        fill(asked.messages, asked.megabytes)
        return
    with tempfile.TemporaryDirectory(prefix="renkei-bench-") as folder:
        run(Path(folder), asked.messages, asked.megabytes)


def run(folder: Path, messages: int, megabytes: int) -> None:
    """All of it in this folder."""
    data, copies, identity = folder / "data", folder / "copies", folder / "identity.txt"
    data.mkdir(mode=0o700)
    began = time.perf_counter()
    counts = ("--messages", str(messages), "--megabytes", str(megabytes))
    subprocess.run(
        [sys.executable, "-m", "benchmarks.copies", "--fill", *counts],
        check=True,
        env={**os.environ, "RENKEI_DATA": str(data), "RENKEI_LOG": "ERROR"},
    )
    show({"work": "fill", "wall_s": round(time.perf_counter() - began, 1), "bytes": size_of(data)})
    timed("key", "backup", "key", str(identity), data=data)
    show(timed("first", "backup", str(copies), data=data) | {"bytes": size_of(copies)})
    time.sleep(1)
    show(timed("second", "backup", str(copies), data=data) | {"bytes": size_of(copies)})
    opened = ("--identity", str(identity))
    show(timed("verify", "backup", "verify", str(copies), *opened, data=data))
    show(timed("restore", "restore", str(copies), *opened, data=folder / "back"))


def show(found: dict[str, Any]) -> None:
    """One JSON object."""
    print(json.dumps(found, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
