"""Where sealed files lie if ``S3_URL`` names a bucket: ``<prefix><last two digits of id>/<id>``.

What goes there is sealed already; who keeps the bucket sees sizes and times. An object is whole
once the bucket has said so, each part proved by its hash on the way, and its row is saved after
that, as on a disk. Removing takes away every version. Only ``files/store.py`` calls this.

``s3://key:secret@host:port/bucket/prefix?region=…&tls=off``: key and secret percent-encoded; region
is ``us-east-1`` unless it is said; without TLS only where nobody else is on the line.
"""

import base64
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import md5, sha256
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

from django.conf import settings

PART: Final = 8 << 20  # bytes of one part on its way there; S3 wants 5 MiB at least
FIRST: Final = 128 << 10  # bytes that are fetched at once, for a picture or a page
MOST: Final = 4 << 20  # and when all of a file is read
SECONDS: Final = 5.0  # until somebody answers
_NOT_THERE: Final = {"404", "NoSuchKey", "NotFound", "NoSuchVersion"}
_NOT_LET: Final = {
    "403", "AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    "InvalidToken", "ExpiredToken", "AuthFailure",
}  # fmt: skip
_NO_BUCKET: Final = {"NoSuchBucket"}
_NOT_KNOWN: Final = {"NotImplemented", "MethodNotAllowed", "501", "405"}


class Unreachable(OSError):
    """The bucket does not answer, or refuses; the file may well be there.

    Args:
        why: "url", "let" (the key is not let in), "bucket" (there is none of that name), "line".
    """

    def __init__(self, why: str, about: str = "") -> None:
        super().__init__(f"S3: {why} {about}".strip())
        self.why = why


@dataclass(frozen=True, slots=True)
class Address:
    """Where the bucket is, and who comes."""

    endpoint: str
    key: str
    secret: str
    bucket: str
    prefix: str
    region: str

    @property
    def sealed_line(self) -> bool:
        """Whether nobody on the line reads along."""
        return self.endpoint.startswith("https://")


def used() -> bool:
    """Whether new files lie in a bucket."""
    return bool(settings.S3_URL)


def address() -> Address:
    """Where it is.

    Raises:
        Unreachable: the address is none.
    """
    return _read(settings.S3_URL)


@lru_cache(maxsize=4)
def _read(url: str) -> Address:
    try:
        parts = urlsplit(url)
        said = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise Unreachable("url") from None
    bucket, _, prefix = parts.path.lstrip("/").partition("/")
    tls = said.pop("tls", "on")
    region = said.pop("region", "us-east-1")
    whole = parts.hostname and parts.username and parts.password and bucket
    if parts.scheme != "s3" or not whole or said or tls not in ("on", "off"):
        raise Unreachable("url")
    assert parts.hostname and parts.username and parts.password
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Address(
        endpoint=f"{'https' if tls == 'on' else 'http'}://{host}{port}",
        key=unquote(parts.username),
        secret=unquote(parts.password),
        bucket=bucket,
        prefix=f"{prefix.strip('/')}/" if prefix.strip("/") else "",
        region=region,
    )


@lru_cache(maxsize=8)
def _client(at: Address, process: int, anybody: bool = False) -> Any:
    """One for each process; it may be used from every thread."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    session = boto3.session.Session(aws_access_key_id=at.key, aws_secret_access_key=at.secret)
    config = Config(
        region_name=at.region,
        signature_version=UNSIGNED if anybody else "s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=SECONDS,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=32,
        request_checksum_calculation="when_required",  # what not every S3 knows; MD5 goes along
        response_checksum_validation="when_required",
    )
    return session.client("s3", endpoint_url=at.endpoint, config=config)


@contextmanager
def _asked() -> Iterator[tuple[Any, Address]]:
    """The client, and its answers as errors of ours.

    Raises:
        FileNotFoundError: there is no such object.
        Unreachable: anything else that is no answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    at = address()
    try:
        client = _client(at, os.getpid())
    except ValueError:  # no name of a machine
        raise Unreachable("url") from None
    try:
        yield client, at
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _NOT_THERE:
            raise FileNotFoundError(code) from None
        raise Unreachable(_why(code), code) from None
    except BotoCoreError as error:
        raise Unreachable("line", type(error).__name__) from None


def _why(code: str) -> str:
    if code in _NOT_LET:
        return "let"
    return "bucket" if code in _NO_BUCKET else "line"


def _name(at: Address, file_id: UUID) -> str:
    return f"{at.prefix}{file_id.hex[-2:]}/{file_id.hex}"


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


def put(file_id: UUID, parts: Iterator[bytes]) -> tuple[int, str]:
    """Put bytes into their place; their size and their hash once the bucket keeps them.

    Raises:
        Unreachable: it does not; nothing is left of them.
    """
    size, digest = 0, sha256()
    with _asked() as (client, at):
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
        with _asked() as (client, at):
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
        with _asked() as (client, _):
            said = client.get_object(
                **self._place, Range=f"bytes={self._at}-{end - 1}", IfMatch=self._tag
            )
            self._held = said["Body"].read()
        self._held_at = self._at
        if not self._held:
            raise Unreachable("line", "nothing came")


def has(file_id: UUID) -> bool:
    """Whether it is there.

    Raises:
        Unreachable: the bucket does not answer.
    """
    try:
        with _asked() as (client, at):
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
    for name, version in list(_versions(file_id)):
        _delete(name, version)
    if next(_versions(file_id), None) is not None:
        raise Unreachable("let", "versions are kept")


def _delete(name: str, version: str) -> None:
    with suppress(FileNotFoundError), _asked() as (client, at):
        wanted = {"VersionId": version} if version else {}
        client.delete_object(Bucket=at.bucket, Key=name, **wanted)


def _versions(file_id: UUID) -> Iterator[tuple[str, str]]:
    with _asked() as (_, at):
        name = _name(at, file_id)
    for found, version, _ in _listed(name):
        if found == name:
            yield found, version


def _listed(prefix: str) -> Iterator[tuple[str, str, datetime]]:
    """Every object below, in all versions: name, version, and when it was written."""
    with _asked() as (client, at):
        try:
            pages = client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=at.bucket, Prefix=prefix):
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    yield one["Key"], one["VersionId"], one["LastModified"]
            return
        except client.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _NOT_KNOWN:
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
    with _asked() as (_, at):
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
    with _asked() as (_, at):
        prefix = at.prefix
    for name, version, _ in list(_listed(prefix)):
        _delete(name, version)


# ── Whether all is well ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Look:
    """How a bucket answers."""

    public: bool  # whoever comes without a key may look into it
    sealed_line: bool


def look() -> Look:
    """See that the bucket lets us in, and nobody else. Changes nothing.

    Raises:
        Unreachable: the address is none, nobody answers, or it does not let us in.
    """
    try:
        with _asked() as (client, at):
            client.list_objects_v2(Bucket=at.bucket, Prefix=at.prefix, MaxKeys=1)
    except FileNotFoundError:
        raise Unreachable("bucket") from None
    return Look(public=_is_public(at), sealed_line=at.sealed_line)


def _is_public(at: Address) -> bool:
    """Whether somebody without a key is let in, or the bucket says of itself that it is open."""
    with suppress(OSError), _asked() as (client, _):
        said = client.get_bucket_policy_status(Bucket=at.bucket)
        if said.get("PolicyStatus", {}).get("IsPublic"):
            return True
    with suppress(OSError), _asked() as (client, _):
        for one in client.get_bucket_acl(Bucket=at.bucket).get("Grants", ()):
            if str(one.get("Grantee", {}).get("URI", "")).endswith("/global/AllUsers"):
                return True
    with suppress(OSError), _asked():
        _client(at, os.getpid(), True).list_objects_v2(Bucket=at.bucket, MaxKeys=1)
        return True
    return False
