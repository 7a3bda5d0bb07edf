"""Files: their content in clear inside the export, and sealed again to the very same bytes.

The trail commits to the hash of the sealed bytes. A file is sealed under a key of its own with
counted nonces, so that key and the nonce it was sealed with itself are all that is kept beside it.
"""

from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.utils.translation import gettext_noop

from renkei.files import sealing, store
from renkei.files.models import File
from renkei.kernel.errors import Problem, Tampered
from renkei.moving import archive
from renkei.moving.archive import PIECE, Member, Writer
from renkei.moving.columns import read_id
from renkei.moving.held import Faulty, HeldKeys
from renkei.moving.manifest import Fault, Manifest

FILE = "files.File"
CONTENT = "content"  # what stands for a column in a fault

Progress = Callable[[str, int, int], None]
Pieces = Iterator[bytes]

UNKNOWN_FILE = gettext_noop("%(member)s: the file holds nothing that says what this is.")
OTHER_FILE = gettext_noop("%(member)s is not the file that its record speaks of.")
NOT_ALL_FILES = gettext_noop("A file is missing of which the export speaks.")


class Outgoing:
    """The files of an export."""

    def __init__(
        self, writer: Writer, held: HeldKeys, faults: list[Fault], progress: Progress
    ) -> None:
        self._writer = writer
        self._held = held
        self._faults = faults
        self._progress = progress

    def write(self) -> int:
        """The index of all files, then each; how many there are."""
        index = {file.id: self._indexed(file) for file in self._all()}
        lines = (orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in index.values())
        self._writer.add_lines(archive.FILES, lines)
        for done, file in enumerate(self._all()):
            self._progress("files", done, len(index))
            self._write(file, index[file.id])
        self._progress("files", len(index), len(index))
        return len(index)

    def _all(self) -> Iterator[File]:
        return File.objects.order_by("pk").iterator(chunk_size=1000)

    def _indexed(self, file: File) -> dict[str, Any]:
        """What is needed to seal the file again: its key, or that and why there is none."""
        said: dict[str, Any] = {"id": str(file.id)}
        try:
            with store.sealed_bytes(file.id) as source:
                head = source.read(sealing.HEAD)
            key = head[1:]
            about = sealing.about(file.id)
            said["key"] = self._held.opened(file.key_id, key, about, "bytes")
            self._check(file, erased="erased" in said["key"])
        except Tampered as error:
            why = error.why if isinstance(error, Faulty) else "tampered"
            why = "missing" if isinstance(error, store.Missing) else why
            self._faults.append(Fault(FILE, str(file.id), CONTENT, why))
            said = {"id": str(file.id), "fault": why}
        return said

    def _check(self, file: File, erased: bool) -> None:
        """See before the first byte that all of the file is as it was sealed."""
        if store.check(file):
            raise Tampered(f"file {file.id}")
        if not erased:
            with store.sealed_bytes(file.id) as source:
                for _ in self._opened(file, source):
                    pass

    def _opened(self, file: File, source: Any) -> Pieces:
        unseal = self._held.unseal
        opened = sealing.Opened(file.key_id, file.id, source, size=file.size, unseal=unseal)
        return opened.read(0, file.size)

    def _write(self, file: File, said: dict[str, Any]) -> None:
        if said.get("fault") == "missing":
            return
        name = f"{archive.FILES}/{file.id}"
        with store.sealed_bytes(file.id) as source:
            if "fault" in said or "erased" in said["key"]:
                size = source.seek(0, 2)
                source.seek(0)
                self._writer.add_stream(name, size, iter(partial(source.read, PIECE), b""))
            else:
                self._writer.add_stream(name, file.size, self._opened(file, source))


class Incoming:
    """The files of an import."""

    def __init__(self, manifest: Manifest, held: HeldKeys, progress: Progress) -> None:
        self._manifest = manifest
        self._held = held
        self._progress = progress
        self._index: dict[UUID, dict[str, Any]] = {}
        self._done: set[UUID] = set()

    def take_index(self, content: bytes) -> None:
        """Take in what says how each file is sealed again.

        Raises:
            Problem: something in it cannot be.
        """
        for line, said in archive.lines(content):
            try:
                file_id = read_id(said.pop("id"))
                known = file_id not in self._index and len(said) == 1
                if not known or ("fault" in said and not self._is_listed(file_id, said["fault"])):
                    raise ValueError
            except (ValueError, KeyError) as error:
                raise Problem(archive.NOT_A_LINE, line=line) from error
            self._index[file_id] = said
            if said.get("fault") == "missing":
                self._done.add(file_id)

    def _is_listed(self, file_id: UUID, why: object) -> bool:
        found = {"table": FILE, "id": str(file_id), "column": CONTENT, "why": why}
        return found in self._manifest.faults

    def take(self, member: Member) -> None:
        """Seal one file as it was, and put it into its place.

        Raises:
            Problem: it is not the file that its record speaks of.
        """
        file_id = UUID(member.name.rpartition("/")[2])
        said = self._index.get(file_id)
        file = File.objects.filter(pk=file_id).first()
        if said is None or file is None or file_id in self._done:
            raise Problem(UNKNOWN_FILE, member=member.name)
        try:
            self._put(file, said, member.pieces())
        except (Tampered, ValueError, TypeError, KeyError) as error:
            raise Problem(OTHER_FILE, member=member.name) from error
        self._done.add(file_id)
        self._progress("files", len(self._done), self._manifest.files)

    def _put(self, file: File, said: dict[str, Any], content: Pieces) -> None:
        if "fault" in said:
            store.put_back_damaged(file, content)
            return
        key = said["key"]
        sealed_key = self._held.resealed(file.key_id, key, sealing.about(file.id), "bytes")
        if "sealed" not in key:
            plain = b64decode(key["value"])
            content = sealing.seal_with(plain, sealed_key, file.id, content)
        store.put_back(file, content)

    def end(self) -> None:
        """See that every file is there.

        Raises:
            Problem: one is missing.
        """
        here = set(File.objects.values_list("pk", flat=True))
        if not here == self._done == set(self._index) or len(here) != self._manifest.files:
            raise Problem(NOT_ALL_FILES)
