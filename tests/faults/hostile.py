"""Clients that mean no good, each kind a function: ``python hostile.py KIND PORT FILE``.

They come from addresses of their own (127.0.0.2 and up). ``ready`` is printed once the attack
stands; at the end of standard input the counts of what they met are printed as JSON.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

FORM = (
    b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
    b"Cookie: csrf=0123456789abcdef0123456789abcdef\r\n"  # else nobody would read the form
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
)
MET: Counter[str] = Counter()
STATE: dict[str, Any] = {}
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(number: int = 2) -> Connection:
    return await asyncio.open_connection(
        "127.0.0.1", STATE["port"], local_addr=(f"127.0.0.{number}", 0), limit=2**20
    )


async def met(reader: asyncio.StreamReader) -> None:
    """Count how the server answers: a status, or the end of the connection."""
    line = await reader.readline()
    MET[line.split(b" ")[1].decode() if line.count(b" ") > 1 else "closed"] += 1


async def for_ever(attack: Callable[[], Awaitable[None]], *, pause: float = 0.0) -> None:
    while True:
        try:
            await attack()
        except (OSError, EOFError):
            MET["closed"] += 1
        await asyncio.sleep(pause)


async def dripping(first: bytes) -> None:
    """Send a beginning, and then one byte a second until the server has enough of it."""
    reader, writer = await connect()
    writer.write(first)
    end = asyncio.create_task(met(reader))
    while not end.done():
        writer.write(b"x")
        await asyncio.sleep(1)
    writer.close()


async def half_open() -> None:
    reader, writer = await connect()
    await met(reader)
    writer.close()


async def slow_head() -> None:
    await dripping(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")


async def slow_body() -> None:
    await dripping(FORM % 200_000 + b"login=")


async def slow_upload() -> None:
    await dripping(FORM % 1_900_000 + b"x" * 300_000)


async def once(request: bytes) -> None:
    reader, writer = await connect()
    writer.write(request)
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            await met(reader)
    writer.transport.abort()


async def huge_head() -> None:
    await once(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"x" * 60_000 + b"\r\n\r\n")


async def many_headers() -> None:
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(1500))
    await once(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n")


async def large_field() -> None:
    body = b"login=" + b"x" * 10_000_000
    await once(FORM % len(body) + body)


async def many_fields() -> None:
    body = b"a=1&" * 40_000
    await once(FORM % len(body) + body)


async def pipelined() -> None:
    await once(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10_000)


async def never_reading() -> None:
    """Ask for pages as fast as they may be asked for, and fetch none."""
    reader, writer = await connect()
    writer.transport.pause_reading()
    for _ in range(16):
        writer.write(STATE["page"])
    await asyncio.sleep(60)
    writer.close()
    del reader


async def flood() -> None:
    """One connection after the other, all kept, from one address."""
    reader, writer = await connect()
    STATE.setdefault("kept", []).append(writer)
    with suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await met(reader)
            STATE["kept"].remove(writer)
            writer.transport.abort()
    if len(STATE["kept"]) > 1000:
        STATE["kept"].pop(0).transport.abort()


async def asking_floods() -> None:
    """Many at once from one address ask for a page that costs something."""
    reader, writer = await connect()
    writer.write(STATE["page"].replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    await met(reader)
    while await reader.read(65536):
        pass
    writer.close()


async def idle_streams() -> None:
    """2,000 open pages, from ten addresses, that hear nothing because nobody says anything."""
    cookies = STATE["cookies"]
    for number in range(2000):
        reader, writer = await connect(number % 10 + 2)
        cookie = cookies[number // 8 % len(cookies)]
        writer.write(f"GET /live HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
        await met(reader)
        STATE.setdefault("kept", []).append((reader, writer))


KINDS: dict[str, tuple[Callable[[], Awaitable[None]], int, float]] = {
    # how many at once, and how long each pauses
    "half_open": (half_open, 150, 0.1),
    "slow_head": (slow_head, 150, 0.1),
    "slow_body": (slow_body, 150, 0.1),
    "slow_upload": (slow_upload, 20, 0.1),
    "huge_head": (huge_head, 4, 0.05),
    "many_headers": (many_headers, 4, 0.05),
    "large_field": (large_field, 2, 0.2),
    "many_fields": (many_fields, 4, 0.05),
    "pipelined": (pipelined, 2, 0.1),
    "never_reading": (never_reading, 50, 1.0),
    "flood": (flood, 20, 0.02),
    "asking_floods": (asking_floods, 30, 0.1),
}


async def main(kind: str, port: int, file: Path) -> None:
    STATE["port"] = port
    STATE.update(json.loads(file.read_text()))
    STATE["page"] = STATE["page"].encode()
    if kind == "idle_streams":
        await idle_streams()
        tasks = []
    else:
        attack, many, pause = KINDS[kind]
        tasks = [asyncio.create_task(for_ever(attack, pause=pause)) for _ in range(many)]
        await asyncio.sleep(1.5)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    print(json.dumps(MET), flush=True)
    os._exit(0)


if __name__ == "__main__":
    os.nice(10)  # as if it were another machine: what it costs the attacker is not measured
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
