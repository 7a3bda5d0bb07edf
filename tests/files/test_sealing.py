"""Sealed files: what was written is read, in part or whole; what was changed is not."""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from renkei.files import sealing, store
from renkei.files.models import File
from renkei.files.sealing import HEAD, PIECE
from renkei.kernel import clock, vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Erased, Tampered
from renkei.kernel.models import DataKey

pytestmark = pytest.mark.once

SEALED = PIECE + 16


@pytest.fixture(autouse=True)
def _own_folder(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "folder", lambda: tmp_path / "files")


@pytest.fixture
def key(db: None) -> UUID:
    return vault.make_key("test")


def content(size: int) -> bytes:
    return os.urandom(size)


def read(file: File, start: int = 0, end: int | None = None) -> bytes:
    return b"".join(store.read(file, start, end))


def raw(file: File) -> bytes:
    return store.path_of(file.id).read_bytes()


def put(file: File, sealed: bytes) -> File:
    """Other bytes on disk, and sizes in the row that go with them, as a thorough forger would."""
    store.path_of(file.id).write_bytes(sealed)
    file.sealed_size, file.size = len(sealed), sealing.plain_size(len(sealed))
    return file


@pytest.mark.parametrize(
    "size", [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 5_000_000]
)  # fmt: skip
def test_what_was_written_is_read(key: UUID, size: int) -> None:
    plain = content(size)
    file = store.write(key, [plain])
    assert file.size == size
    assert file.sealed_size == sealing.sealed_size(size) == len(raw(file))
    assert read(file) == plain
    assert store.check(file) == ""


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_000])
def test_sizes_lead_to_and_fro(size: int) -> None:
    assert sealing.plain_size(sealing.sealed_size(size)) == size


def in_parts(plain: bytes) -> list[bytes]:
    return [plain[at : at + 7_777] for at in range(0, len(plain), 7_777)]


@pytest.mark.parametrize("given", [io.BytesIO, in_parts, lambda plain: iter([b"", plain, b""])])
def test_streams_and_parts_of_any_size_are_taken(
    key: UUID, given: Callable[[bytes], io.BytesIO | Iterator[bytes]]
) -> None:
    plain = content(200_000)
    assert read(store.write(key, given(plain))) == plain


EDGES = (0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 150_000, 199_999, 200_000, 300_000, None)


def test_every_range_is_what_it_would_be_of_the_whole(key: UUID) -> None:
    plain = content(200_000)
    file = store.write(key, [plain])
    for start in EDGES[:-1]:
        for end in EDGES:
            assert read(file, start or 0, end) == plain[start:end], (start, end)


def test_of_a_range_only_the_pieces_needed_are_opened(key: UUID) -> None:
    plain = content(4 * PIECE)
    file = store.write(key, [plain])
    spoiled = bytearray(raw(file))
    spoiled[HEAD + 5] ^= 1  # the first piece
    put(file, bytes(spoiled))
    assert read(file, 2 * PIECE + 5, 3 * PIECE + 7) == plain[2 * PIECE + 5 : 3 * PIECE + 7]
    with pytest.raises(Tampered):
        read(file, PIECE - 1, PIECE + 1)


def test_two_files_with_the_same_content_have_nothing_in_common(key: UUID) -> None:
    one, two = (raw(store.write(key, [bytes(100)])) for _ in range(2))
    assert one[1:] != two[1:] and one[HEAD:] != two[HEAD:]


def test_nothing_of_the_content_lies_on_the_disk(key: UUID) -> None:
    secret = "褥瘡が仙骨部に三センチ".encode()
    file = store.write(key, [secret * 5_000])
    for path in store.folder().rglob("*"):
        assert path.is_dir() or secret not in path.read_bytes()
        assert "褥瘡" not in path.name
    assert secret[:6] not in raw(file)


@pytest.mark.parametrize("size", [0, 1, 200])
def test_every_single_changed_byte_is_found(key: UUID, size: int) -> None:
    file = store.write(key, [content(size)])
    whole = raw(file)
    for at in range(len(whole)):
        spoiled = bytearray(whole)
        spoiled[at] ^= 1 << (at % 8)
        store.path_of(file.id).write_bytes(spoiled)
        with pytest.raises(Tampered):
            read(file)
        assert store.check(file) == store.CHANGED


@dataclass(frozen=True)
class Parts:
    """A sealed file taken apart: its beginning and its pieces."""

    head: bytes
    pieces: list[bytes]

    def order(self, *numbers: int) -> bytes:
        return self.head + b"".join(self.pieces[number] for number in numbers)


def apart(file: File) -> Parts:
    whole = raw(file)
    return Parts(whole[:HEAD], [whole[at : at + SEALED] for at in range(HEAD, len(whole), SEALED)])


@pytest.mark.parametrize(
    "order", [(1, 0, 2), (0, 2, 1), (0, 2), (1, 2), (2,), (0, 1), (0,), (0, 1, 1, 2), (0, 0, 1, 2),
              (0, 1, 2, 2), (0, 1, 2, 0), ()],
)  # fmt: skip
@pytest.mark.parametrize("rest", [100, PIECE])
def test_pieces_swapped_dropped_repeated_or_cut_off_are_found(
    key: UUID, order: tuple[int, ...], rest: int
) -> None:
    file = store.write(key, [content(2 * PIECE + rest)])
    other = apart(file).order(*order)
    honest = File(**{name: getattr(file, name) for name in ("id", "key_id", "size", "sealed_size")})
    put(file, other)
    with pytest.raises(Tampered):
        read(file)  # the sizes in the row were made to fit
    with pytest.raises(Tampered):
        read(honest)


@pytest.mark.parametrize("left", [0, 1, HEAD - 1, HEAD, HEAD + 15, HEAD + 16, SEALED, -1])
def test_a_file_cut_off_anywhere_is_found(key: UUID, left: int) -> None:
    file = store.write(key, [content(PIECE + 100)])
    store.path_of(file.id).write_bytes(raw(file)[:left])
    with pytest.raises(Tampered):
        read(file)
    assert store.check(file) == store.OTHER_SIZE


def test_bytes_put_behind_the_end_are_found(key: UUID) -> None:
    file = store.write(key, [content(100)])
    store.path_of(file.id).write_bytes(raw(file) + b"x")
    with pytest.raises(Tampered):
        read(file)
    assert store.check(file) == store.OTHER_SIZE


def test_a_row_that_says_another_size_than_was_sealed_is_found(key: UUID) -> None:
    file = store.write(key, [content(100)])
    file.size = 90
    with pytest.raises(Tampered):
        read(file)


def test_a_file_does_not_open_as_another(key: UUID) -> None:
    one, two = (store.write(key, [content(PIECE + 50)]) for _ in range(2))
    first, second = apart(one), apart(two)
    for mixed in (raw(one), second.head + b"".join(first.pieces),
                  second.order(0) + first.pieces[1]):  # fmt: skip
        put(two, mixed)
        with pytest.raises(Tampered):
            read(two)


def test_a_file_does_not_open_with_another_key(key: UUID) -> None:
    file = store.write(key, [content(100)])
    file.key_id = vault.make_key("other")
    with pytest.raises(Tampered):
        read(file)


def test_a_destroyed_key_erases_its_files_and_no_others(key: UUID) -> None:
    other = vault.make_key("other")
    lost, kept = store.write(key, [b"lost"]), store.write(other, [b"kept"])
    DataKey.objects.filter(pk=key).update(wrapped=None, destroyed_at=clock.now())
    vault.forget_everything()
    with pytest.raises(Erased):
        store.read(lost)
    assert store.check(lost) == ""  # the bytes are still those that were written
    assert read(kept) == b"kept"
    with pytest.raises(Erased):
        store.write(key, [b"never"])


def test_what_is_wrong_from_the_first_shows_before_anything_is_given_out(key: UUID) -> None:
    file = File(id=uuid7(), key_id=key, size=4, sealed_size=sealing.sealed_size(4), sha256="")
    with pytest.raises(store.Missing):
        store.read(file)
    made = store.write(key, [content(10)])
    made.key_id = uuid4()
    with pytest.raises(Erased):
        store.read(made)


def test_what_is_given_before_damage_shows_is_as_it_was(key: UUID) -> None:
    plain = content(3 * PIECE)
    file = store.write(key, [plain])
    spoiled = bytearray(raw(file))
    spoiled[-1] ^= 1
    put(file, bytes(spoiled))
    parts = store.read(file)
    assert next(parts) + next(parts) == plain[: 2 * PIECE]
    with pytest.raises(Tampered):
        next(parts)
