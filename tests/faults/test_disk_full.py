"""The disk is full: of the data, of the keys, of the log, of temporary files."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from PIL import Image

from benchmarks import client

from .load import FORM, Line
from .memory import Verdict
from .place import Place
from .room import files_may_not_grow, fill_up, small_disk
from .series import Series

FULL = "保存する場所がいっぱいです。"
NOT_SAVED = "保存できませんでした。"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    with small_disk(tmp_path / "disk", "8m") as made:
        yield made


def _asked(place: Place, request: bytes) -> tuple[int, str]:
    async def ask() -> tuple[int, bytes]:
        line = Line(place.port)
        try:
            return await line.ask(request)
        finally:
            line.close()

    status, body = asyncio.run(ask())
    return status, body.decode()


def _form(me: dict[str, Any], path: str, body: dict[str, str]) -> bytes:
    """As a page without scripts sends it."""
    made = client.post(path, me["cookie"], me["csrf_token"], urlencode(body).encode(), FORM)
    return made.replace(b"Accept: application/json", b"Accept: text/html")


def _answers_are_clear(place: Place, sentence: str) -> None:
    """What the page's script is told, what a page without scripts shows, and that reading works."""
    me, group = place.people[0], place.groups[0]
    path, words = f"/groups/{group}/messages", "夜間の発熱について。38.2度。" * 300
    sent = {"text": words, "kind": "report", "confirmed": "yes"}
    for _ in range(40):  # what room is left within the files is used up first
        request = json.dumps({**sent, "key": str(uuid4())}).encode()
        asked = client.post(path, me["cookie"], me["csrf_token"], request)
        status, body = _asked(place, asked)
        assert status in (201, 503)
    assert status == 503
    assert json.loads(body)["message"].startswith(sentence)
    status, body = _asked(place, _form(me, path, {**sent, "key": str(uuid4())}))
    assert status == 503
    assert sentence in body and words in body
    status, body = _asked(place, client.get(f"/groups/{group}/entries?before=4", me["cookie"]))
    assert (status, len(json.loads(body)["html"]) > 100) == (200, True)
    assert _asked(place, client.get("/home", me["cookie"]))[0] == 200


async def _with_load(
    place: Place, seed: int, full: Callable[[], Awaitable[None]]
) -> tuple[Verdict, Series]:
    async with Series(place, seed) as series:

        async def run_full() -> None:
            await asyncio.sleep(0.4)
            await full()

        return await series.round(run_full), series


def test_a_full_disk_loses_nothing_and_is_survived(
    disk: Path, filled: Path, seed: int, tell: Callable[..., None]
) -> None:
    place = Place(disk / "data", like=filled)
    try:
        place.start()
        _asked(place, client.get(f"/groups/{place.groups[0]}", place.people[0]["cookie"]))

        async def full() -> None:
            ballast = fill_up(disk)
            await asyncio.sleep(1)
            await asyncio.to_thread(_answers_are_clear, place, FULL)
            ballast.unlink()

        verdict, series = asyncio.run(_with_load(place, seed, full))
    finally:
        place.stop()
    tell("disk full, then room again", 1, verdict, f"{series.note}; seed {seed}")


def test_files_that_may_not_grow_are_survived(
    place: Place, seed: int, tell: Callable[..., None]
) -> None:
    place.start()
    _asked(place, client.get(f"/groups/{place.groups[0]}", place.people[0]["cookie"]))
    assert place.server is not None
    pid = place.server.process.pid

    async def full() -> None:
        with files_may_not_grow(pid, 4096):
            await asyncio.sleep(1)
            await asyncio.to_thread(_answers_are_clear, place, NOT_SAVED)

    verdict, series = asyncio.run(_with_load(place, seed, full))
    tell("files may not grow (RLIMIT_FSIZE), then may", 1, verdict, f"{series.note}; seed {seed}")


def test_a_full_key_store_opens_no_group_and_half_opens_none(
    disk: Path, filled: Path, tmp_path: Path, tell: Callable[..., None]
) -> None:
    place = Place(tmp_path / "data", like=filled)
    for file in place.data.glob("keys.db*"):
        (disk / file.name).write_bytes(file.read_bytes())
        file.unlink()
    (place.data / "keys.db").symlink_to(disk / "keys.db")
    try:
        place.start()
        group = place.groups[0]
        me = place.members(group)[0]
        patient = place.everything()["groups"][group]["patient"]
        assert _closed(place, me, group)
        ballast = fill_up(disk)
        opening = _form(me, f"/patients/{patient}/group", {"role_in_care": "訪問看護"})
        for _ in range(60):  # the write-ahead log of the keys has some room left
            status, body = _asked(place, opening)
            if status == 503:
                break
            again = _newest(place, patient)
            assert _closed(place, me, again)
        assert (status, FULL in body) == (503, True)
        assert not place.everything()["groups"][_newest(place, patient)]["open"]
        sent = {"text": "鍵の場所がいっぱいでも書けます。", "confirmed": "yes", "key": str(uuid4())}
        other = place.members(place.groups[1])[1]
        posting = _form(other, f"/groups/{place.groups[1]}/messages", sent)
        assert _asked(place, posting)[0] == 303
        ballast.unlink()
        assert _asked(place, opening)[0] in (302, 303)
        found = place.everything()
        assert found["groups"][_newest(place, patient)]["open"]
        tell("key store full, then room again", 1, Verdict(2, unverifiable=found["breaks"]))
    finally:
        place.stop()


def _closed(place: Place, me: dict[str, Any], group: str) -> bool:
    return _asked(place, _form(me, f"/groups/{group}/close", {"reason": "転居"}))[0] in (302, 303)


def _newest(place: Place, patient: str) -> str:
    groups = place.everything()["groups"]
    return [group for group, one in groups.items() if one["patient"] == patient][-1]


def test_a_full_log_and_no_room_for_temporary_files_break_no_request(
    disk: Path, filled: Path, tmp_path: Path, seed: int, tell: Callable[..., None]
) -> None:
    place = Place(tmp_path / "data", {"TMPDIR": str(disk), "RENKEI_LOG": "DEBUG"}, like=filled)
    place.log = Path("/dev/full")
    fill_up(disk)
    place.start()
    try:

        async def full() -> None:
            await asyncio.sleep(1)
            status, body = await asyncio.to_thread(_asked, place, _photo(place.people[3]))
            assert status in (200, 302, 303), body

        verdict, series = asyncio.run(_with_load(place, seed, full))
    finally:
        place.stop()
    tell("log and temporary files full", 1, verdict, f"{series.note}; seed {seed}")


def _photo(me: dict[str, Any]) -> bytes:
    picture = io.BytesIO()
    Image.effect_noise((1500, 1500), 90).convert("RGB").save(picture, "JPEG", quality=95)
    head = 'Content-Disposition: form-data; name="photo"; filename="a.jpg"'
    kind = "Content-Type: image/jpeg"
    edge = uuid4().hex  # that stands nowhere in the noise
    body = f"--{edge}\r\n{head}\r\n{kind}\r\n\r\n".encode() + picture.getvalue()
    body += f"\r\n--{edge}--\r\n".encode()
    made = client.post("/me/photo", me["cookie"], me["csrf_token"], body, FORM)
    return made.replace(
        f"application/{FORM}".encode(), f"multipart/form-data; boundary={edge}".encode(), 1
    )
