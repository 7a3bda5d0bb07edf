"""Signatures by which an installation's own things are recognised."""

import pytest

from renkei.kernel import signing


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, settings) -> None:
    settings.DATA = tmp_path


def test_what_was_signed_here_is_recognised_and_nothing_else(tmp_path) -> None:
    ours, signature = signing.public_key(), signing.sign(b"heads")
    assert signing.is_signed(b"heads", signature, by=ours)
    assert not signing.is_signed(b"Heads", signature, by=ours)
    assert not signing.is_signed(b"heads", signature[::-1], by=ours)
    assert not signing.is_signed(b"heads", "", by=ours)
    assert not signing.is_signed(b"heads", signature, by="no key")
    signing.key_file().unlink()
    assert not signing.is_signed(b"heads", signature, by=signing.public_key())


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path) -> None:
    assert signing.public_key() == signing.public_key()
    assert signing.key_file().stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["signing.key"]
