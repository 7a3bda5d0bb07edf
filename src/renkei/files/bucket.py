"""Where sealed files lie if ``S3_URL`` names a bucket: ``<prefix><last two digits of id>/<id>``.

What goes there is sealed already; who keeps the bucket sees sizes and times. An object is whole
once the bucket has said so, each part proved by its hash on the way, and its row is saved after
that, as on a disk. Removing takes away every version. Only ``files/store.py`` and, of what is left
over, ``files/leftovers.py`` ask here.
"""

import base64
import io
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from hashlib import md5, sha256
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from renkei.files import s3

PART: Final = 8 << 20  # bytes of one part on its way there; S3 wants 5 MiB at least
FIRST: Final = 128 << 10  # bytes that are fetched at once, for a picture or a page
MOST: Final = 4 << 20  # and when all of a file is read
_NO_VERSIONS: Final = {"NotImplemented", "MethodNotAllowed", "501", "405"}


def used() -> bool:
    """Whether new files lie in a bucket."""
    return bool(settings.S3_URL)


def _name(at: s3.Address, file_id: UUID) -> str:
    return f"{at.prefix}{file_id.hex[-2:]}/{file_id.hex}"


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


def put(file_id: UUID, parts: Iterator[bytes]) -> tuple[int, str]:
    """Put bytes into their place; their size and their hash once the bucket keeps them.

    Raises:
        Unreachable: it does not; nothing is left of them.
    """
    size, digest = 0, sha256()
    with s3.asked() as (client, at):
        place = {"Bucket": at.bucket, "Key": _name(at, file_id)}
        blocks = _blocks(parts)
        first = next(blocks, b"")
        second = next(blocks, None)
        if second is None:
            digest.update(first)
            client.put_object(**place, Body=first, ContentMD5=_md5(first))
            return len(first), digest.hexdigest()
        upload = {**place, "UploadId": client.create_multipart_upload(**place)["UploadId"]}
        try:
            kept = []
            for number, block in enumerate(_again(first, second, blocks), 1):
                digest.update(block)
                size += len(block)
                said = client.upload_part(
                    **upload, PartNumber=number, Body=block, ContentMD5=_md5(block)
                )
                kept.append({"PartNumber": number, "ETag": said["ETag"]})
            client.complete_multipart_upload(**upload, MultipartUpload={"Parts": kept})
        except BaseException:
            with suppress(Exception):  # what broke it is what is said
                client.abort_multipart_upload(**upload)
            raise
    return size, digest.hexdigest()


def _again(first: bytes, second: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from rest


def _blocks(parts: Iterator[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for part in parts:
        held += part
        while len(held) >= PART:
            yield bytes(held[:PART])
            del held[:PART]
    if held:
        yield bytes(held)


def _md5(block: bytes) -> str:
    """What S3 compares on arrival; against chance, not against anybody."""
    return base64.b64encode(md5(block, usedforsecurity=False).digest()).decode()


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


class Remote(io.RawIOBase):
    """An object, read as a file is: only what is asked for is fetched, more at once as it goes on.

    Raises:
        FileNotFoundError: there is none.
        Unreachable: the bucket does not answer.
    """

    def __init__(self, file_id: UUID) -> None:
        with s3.asked() as (client, at):
            self._place = {"Bucket": at.bucket, "Key": _name(at, file_id)}
            said = client.head_object(**self._place)
        self.size = int(said["ContentLength"])
        self._tag = said["ETag"]  # all of it is of one and the same object
        self._at = 0
        self._held, self._held_at, self._wanted = b"", 0, FIRST

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        return self._at

    def tell(self) -> int:
        """Where it is."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill as much as there is."""
        view, filled = memoryview(buffer).cast("B"), 0
        while filled < len(view) and self._at < self.size:
            if not self._held_at <= self._at < self._held_at + len(self._held):
                self._fetch(len(view) - filled)
            begins = self._at - self._held_at
            part = self._held[begins : begins + len(view) - filled]
            view[filled : filled + len(part)] = part
            filled += len(part)
            self._at += len(part)
        return filled

    def _fetch(self, least: int) -> None:
        goes_on = bool(self._held) and self._at == self._held_at + len(self._held)
        self._wanted = min(self._wanted * 2, MOST) if goes_on else FIRST
        end = min(self._at + max(self._wanted, min(least, MOST)), self.size)
        with s3.asked() as (client, _):
            said = client.get_object(
                **self._place, Range=f"bytes={self._at}-{end - 1}", IfMatch=self._tag
            )
            self._held = said["Body"].read()
        self._held_at = self._at
        if not self._held:
            raise s3.Unreachable("line", "nothing came")


def has(file_id: UUID) -> bool:
    """Whether it is there.

    Raises:
        Unreachable: the bucket does not answer.
    """
    try:
        with s3.asked() as (client, at):
            client.head_object(Bucket=at.bucket, Key=_name(at, file_id))
    except FileNotFoundError:
        return False
    return True


# ── Removing ─────────────────────────────────────────────────────────────────────────────────────


def remove(file_id: UUID) -> None:
    """Remove every version of an object; safe to repeat.

    Raises:
        Unreachable: not all of it is gone.
    """
    with s3.asked() as (_, at):
        name = _name(at, file_id)
    _break_off(name)
    for found, version in list(_versions(file_id)):
        _delete(found, version)
    if next(_versions(file_id), None) is not None:
        raise s3.Unreachable("let", "versions are kept")


def _break_off(prefix: str, *, begun_before: datetime | None = None) -> None:
    """End uploads that a killed process left, with what had arrived of them."""
    with s3.asked() as (client, at):
        for page in client.get_paginator("list_multipart_uploads").paginate(
            Bucket=at.bucket, Prefix=prefix
        ):
            for one in page.get("Uploads", ()):
                if begun_before is None or one["Initiated"] < begun_before:
                    place = {"Bucket": at.bucket, "Key": one["Key"]}
                    client.abort_multipart_upload(**place, UploadId=one["UploadId"])


def _delete(name: str, version: str) -> None:
    with suppress(FileNotFoundError), s3.asked() as (client, at):
        wanted = {"VersionId": version} if version else {}
        client.delete_object(Bucket=at.bucket, Key=name, **wanted)


def _versions(file_id: UUID) -> Iterator[tuple[str, str]]:
    with s3.asked() as (_, at):
        name = _name(at, file_id)
    for found, version, _ in _listed(name):
        if found == name:
            yield found, version


def _listed(prefix: str) -> Iterator[tuple[str, str, datetime]]:
    """Every object below, in all versions: name, version, and when it was written."""
    with s3.asked() as (client, at):
        try:
            pages = client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=at.bucket, Prefix=prefix):
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    yield one["Key"], one["VersionId"], one["LastModified"]
            return
        except client.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _NO_VERSIONS:
                raise
        pages = client.get_paginator("list_objects_v2")  # an S3 that keeps no versions
        for page in pages.paginate(Bucket=at.bucket, Prefix=prefix):
            for one in page.get("Contents", ()):
                yield one["Key"], "", one["LastModified"]


def everything() -> Iterator[tuple[str, UUID | None, datetime]]:
    """Every object of ours, in all versions: name below the prefix, id if it is one, when.

    Raises:
        Unreachable: the bucket does not answer.
    """
    with s3.asked() as (_, at):
        prefix = at.prefix
    for name, _, moment in _listed(prefix):
        yield name.removeprefix(prefix), _id_of(name.removeprefix(prefix)), moment


def _id_of(name: str) -> UUID | None:
    try:
        file_id = UUID(hex=name[3:])
    except ValueError:
        return None
    return file_id if name == f"{file_id.hex[-2:]}/{file_id.hex}" else None


def clear() -> None:
    """Remove everything of ours: of an import that was taken back, into a bucket that was empty."""
    with s3.asked() as (_, at):
        prefix = at.prefix
    _break_off(prefix)
    for name, version, _ in list(_listed(prefix)):
        _delete(name, version)


def break_off(begun_before: datetime) -> None:
    """End uploads that were begun before a moment and never finished.

    Raises:
        Unreachable: the bucket does not answer.
    """
    with s3.asked() as (_, at):
        prefix = at.prefix
    _break_off(prefix, begun_before=begun_before)
