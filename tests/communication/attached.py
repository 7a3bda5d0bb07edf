"""What the tests of attachments share: pictures, PDFs and films, and bringing them."""

import io
import struct
from functools import cache
from typing import Any
from uuid import UUID

import orjson
import pypdfium2
from PIL import Image

from renkei.communication import attaching
from renkei.communication.answering import answer_consent, answer_source
from renkei.communication.services import Posted, send_communication
from renkei.files import opening
from renkei.kernel.entity import uuid7
from renkei.policy.standing import Actor

GPS = 0x8825
_opened = opening._done


@cache
def _once(job: bytes, content: bytes) -> opening.Made:
    return _opened(orjson.loads(job), content)


def _done(job: dict[str, Any], content: bytes) -> opening.Made:
    """What the workshop makes of the same file is the same: its process is begun once for each."""
    return _once(orjson.dumps(job), content)


opening._done = _done


@cache
def photo(width: int = 640, height: int = 480, orientation: int = 1, kind: str = "JPEG") -> bytes:
    """A picture with a red corner top left, that says where it was taken."""
    image = Image.new("RGB", (width, height), "teal")
    image.paste("red", (0, 0, width // 3, height // 3))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(GPS)[2] = (35.0, 41.0, 22.0)
    written = io.BytesIO()
    image.save(written, kind, exif=exif)
    return written.getvalue()


@cache
def pdf(pages: int = 3) -> bytes:
    """A PDF whose pages differ in size."""
    made = pypdfium2.PdfDocument.new()
    for number in range(pages):
        made.new_page(400, 500 + 10 * number)
    written = io.BytesIO()
    made.save(written)
    made.close()
    return written.getvalue()


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def film(codec: bytes = b"avc1", *, body: bytes = b"\x07" * 300_000) -> bytes:
    """The boxes of a film: enough to be told what it is, with a note on where it was made."""
    entry = box(codec, bytes(24) + struct.pack(">HH", 640, 480) + bytes(50))
    described = box(b"stsd", bytes(4) + struct.pack(">I", 1) + entry)
    track = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", described))))
    header = box(b"mvhd", bytes(12) + struct.pack(">II", 1000, 34_000) + bytes(80))
    place = box(b"udta", box(b"\xa9xyz", b"+35.6895+139.6917/SECRETPLACE"))
    moov = box(b"moov", header + track + place)
    return box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41") + moov + box(b"mdat", body)


def bring(actor: Actor, group: UUID, content: bytes, name: str = "写真.jpg") -> UUID:
    """All of it at once, made ready."""
    made = attaching.begin_upload(actor, group, name=name, size=len(content))
    assert attaching.receive(actor, made, at=0, source=io.BytesIO(content)) == len(content)
    attaching.prepare(actor, made)
    return made


def brought(actor: Actor, group: UUID, *, shows: bool = True) -> UUID:
    """A photo, answered for."""
    made = bring(actor, group, photo())
    if shows:
        answer_consent(actor, made, shows=True, who="patient", how="words")
    else:
        answer_consent(actor, made, shows=False)
    return made


def document(actor: Actor, group: UUID, pages: int = 3) -> UUID:
    """A PDF of one's own organization."""
    made = bring(actor, group, pdf(pages), "報告書.pdf")
    answer_source(actor, made, source="own")
    return made


def post(
    actor: Actor,
    group: UUID,
    *attachments: UUID,
    text: str = "見てください",
    key: UUID | None = None,
) -> Posted:
    """Say it, with these."""
    return send_communication(
        actor, group, text=text, attachments=attachments, key=key or uuid7(), confirmed=True
    )
