"""Sealing what leaves the machine to a key that does not lie on it, in the age format.

A recipient (``age1…``) can only seal; the identity (``AGE-SECRET-KEY-1…``) that opens it again is
kept by people, away from the machine. Whoever has an identity can open a file with any program
that speaks age.

Source: age-encryption.org/v1.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import BinaryIO, TypeVar, cast

import pyrage
from pyrage.x25519 import Identity as Identity
from pyrage.x25519 import Recipient as Recipient

Key = TypeVar("Key")


class Unreadable(Exception):
    """The file is damaged, cut off, no age file at all, or sealed to another key."""


def make_identity() -> Identity:
    """A new key pair: ``str`` of it is the secret, ``to_public()`` the recipient."""
    return Identity.generate()


def recipients(text: str) -> list[Recipient]:
    """The recipients in a text, parted by lines, commas or spaces; ``#`` begins a comment line.

    Raises:
        ValueError: there is none, or one of them is no recipient.
    """
    return _keys(text, Recipient.from_str, "recipient")


def identities(text: str) -> list[Identity]:
    """The identities in the text of a key file, written as the recipients are.

    Raises:
        ValueError: there is none, or one of them is no identity; never says what stood there.
    """
    return _keys(text, Identity.from_str, "identity")


def _keys(text: str, parse: Callable[[str], Key], kind: str) -> list[Key]:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    try:
        found = [parse(word) for line in lines for word in line.replace(",", " ").split()]
    except (pyrage.RecipientError, pyrage.IdentityError):
        raise ValueError(f"not an age {kind}") from None
    if not found:
        raise ValueError(f"no age {kind}")
    return found


@contextmanager
def sealing(path: Path, to: Sequence[Recipient]) -> Iterator[BinaryIO]:
    """A stream to write into; at the end of the block all of it stands sealed in ``path``, durably.

    It can be read by its owner alone, whatever the umask. If the block fails, there is no such file
    afterwards.

    Raises:
        FileExistsError: something stands there already.
        OSError: it could not be written.
    """
    with open(path, "xb", opener=_for_the_owner) as file:
        try:
            kept = _Kept(file)
            with (
                kept.raised_again(),
                _piped(lambda source: pyrage.encrypt_io(source, kept, list(to)), "wb") as sink,
            ):
                yield sink
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink()
            raise


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def opening(path: Path, held: Sequence[Identity]) -> Iterator[BinaryIO]:
    """What was sealed in ``path``, as a stream.

    Each piece that is read has been verified; that it is all there shows at the end of the stream,
    so use nothing of it before the block has ended without an error. Reading only part is none.

    Raises:
        Unreadable: damaged, cut off, no age file, or sealed to another key.
        OSError: it could not be read.
    """
    with path.open("rb") as file:
        try:
            with _piped(lambda sink: pyrage.decrypt_io(file, sink, list(held)), "rb") as source:
                yield source
        except pyrage.DecryptError as error:
            raise Unreadable(path.name) from error
        except OSError as error:
            if error.errno is None:  # how pyrage says that a piece does not verify
                raise Unreadable(path.name) from error
            raise


class _Kept:
    """A file to write into that keeps the error of the disk, of which pyrage leaves only words."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self._error = error
            raise

    def flush(self) -> None:
        self._file.flush()

    @contextmanager
    def raised_again(self) -> Iterator[None]:
        """Raise the disk's own error instead of what became of it."""
        try:
            yield
        except pyrage.EncryptError as error:
            raise (self._error or error) from error


@contextmanager
def _piped(work: Callable[[BinaryIO], None], mode: str) -> Iterator[BinaryIO]:
    """Our end of a pipe while ``work`` has the other in a thread; its error is raised here."""
    reading, writing = os.pipe()
    theirs, ours = (writing, reading) if mode == "rb" else (reading, writing)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with os.fdopen(theirs, "wb" if mode == "rb" else "rb") as end:
                work(end)
        except BrokenPipeError:
            pass  # read only in part, on purpose
        except BaseException as error:
            failed.append(error)

    thread = Thread(target=run, name="age", daemon=True)
    thread.start()
    try:
        with suppress(BrokenPipeError), os.fdopen(ours, mode) as end:
            yield cast(BinaryIO, end)
    finally:
        thread.join()
        if failed:
            raise failed[0]
