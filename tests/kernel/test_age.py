"""What is sealed to a key that lies elsewhere: opened whole, or not at all."""

import errno
import io
from pathlib import Path

import pytest

from renkei.kernel import age

PLAIN = "連携".encode() * 100_000
OURS, OTHERS = age.make_identity(), age.make_identity()


def sealed(path: Path) -> Path:
    with age.sealing(path, [OURS.to_public()]) as sink:
        for start in range(0, len(PLAIN), 7_777):
            sink.write(PLAIN[start : start + 7_777])
    return path


def opened(path: Path, identity: age.Identity = OURS) -> bytes:
    with age.opening(path, [identity]) as source:
        return source.read()


def test_what_was_sealed_opens_with_the_identity_and_says_nothing_without(tmp_path: Path) -> None:
    path = sealed(tmp_path / "a.age")
    assert opened(path) == PLAIN
    assert "連携".encode() not in path.read_bytes()
    with pytest.raises(age.Unreadable):
        opened(path, OTHERS)


@pytest.mark.parametrize("at", [0, 40, 150, 70_000, 300_000, -1])
def test_a_flipped_byte_is_found(tmp_path: Path, at: int) -> None:
    path = sealed(tmp_path / "a.age")
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)
    with pytest.raises(age.Unreadable):
        opened(path)


@pytest.mark.parametrize("left", [0, 10, 200, 65_536, 131_272 + 200, -1])
def test_a_file_cut_off_is_found(tmp_path: Path, left: int) -> None:
    path = sealed(tmp_path / "a.age")
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(age.Unreadable):
        opened(path)


def test_reading_only_the_beginning_is_no_error(tmp_path: Path) -> None:
    path = sealed(tmp_path / "a.age")
    with age.opening(path, [OURS]) as source:
        assert source.read(6) == "連携".encode()


def test_a_writer_that_fails_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a.age"
    with pytest.raises(ZeroDivisionError), age.sealing(path, [OURS.to_public()]) as sink:
        sink.write(PLAIN)
        raise ZeroDivisionError
    assert not path.exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = sealed(tmp_path / "a.age")
    with pytest.raises(FileExistsError), age.sealing(path, [OURS.to_public()]):
        pass
    assert opened(path) == PLAIN


def test_keys_are_read_from_what_people_keep_them_in() -> None:
    text = f"# the office's key\n{OURS!s}\n"
    assert [str(one) for one in age.identities(text)] == [str(OURS)]
    both = f"{OURS.to_public()}, {OTHERS.to_public()}"
    assert len(age.recipients(both)) == 2
    for nothing in ("", "# only words\n"):
        with pytest.raises(ValueError, match="no age"):
            age.identities(nothing)
    with pytest.raises(ValueError, match="not an age identity") as raised:
        age.identities(str(OURS).replace("1", "2"))
    assert str(OURS)[20:] not in repr(raised.value)


def test_what_the_disk_refuses_is_an_error_of_the_disk(tmp_path: Path, monkeypatch) -> None:
    class Full(io.BytesIO):
        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.age"
    path.touch()
    monkeypatch.setattr(age, "open", lambda *_, **__: Full(), raising=False)
    with pytest.raises(OSError) as caught, age.sealing(path, [OURS.to_public()]) as sink:
        sink.write(PLAIN)
    assert caught.value.errno == errno.ENOSPC
