"""The line to the bucket that ``S3_URL`` names: where it is, who comes, what its refusals mean.

``s3://key:secret@host:port/bucket/prefix?region=…&tls=off``: key and secret percent-encoded; region
is ``us-east-1`` unless it is said; without TLS only where nobody else is on the line.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings

SECONDS: Final = 5.0  # until somebody answers
_NOT_THERE: Final = {"404", "NoSuchKey", "NotFound", "NoSuchVersion"}
_NOT_LET: Final = {
    "403", "AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    "InvalidToken", "ExpiredToken", "AuthFailure",
}  # fmt: skip
_NO_BUCKET: Final = {"NoSuchBucket"}


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
    key: str = field(repr=False)
    secret: str = field(repr=False)
    bucket: str
    prefix: str
    region: str

    @property
    def sealed_line(self) -> bool:
        """Whether nobody on the line reads along."""
        return self.endpoint.startswith("https://")


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
def client_of(at: Address, process: int, anybody: bool = False) -> Any:
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
def asked() -> Iterator[tuple[Any, Address]]:
    """The client, and its answers as errors of ours.

    Raises:
        FileNotFoundError: there is no such object.
        Unreachable: anything else that is no answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    at = address()
    try:
        client = client_of(at, os.getpid())
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
        with asked() as (client, at):
            client.list_objects_v2(Bucket=at.bucket, Prefix=at.prefix, MaxKeys=1)
    except FileNotFoundError:
        raise Unreachable("bucket") from None
    return Look(public=_is_public(at), sealed_line=at.sealed_line)


def _is_public(at: Address) -> bool:
    """Whether somebody without a key is let in, or the bucket says of itself that it is open."""
    with suppress(OSError), asked() as (client, _):
        said = client.get_bucket_policy_status(Bucket=at.bucket)
        if said.get("PolicyStatus", {}).get("IsPublic"):
            return True
    with suppress(OSError), asked() as (client, _):
        for one in client.get_bucket_acl(Bucket=at.bucket).get("Grants", ()):
            whom = str(one.get("Grantee", {}).get("URI", ""))
            if whom.endswith(("/global/AllUsers", "/global/AuthenticatedUsers")):
                return True
    with suppress(OSError), asked():
        client_of(at, os.getpid(), True).list_objects_v2(Bucket=at.bucket, MaxKeys=1)
        return True
    return False
