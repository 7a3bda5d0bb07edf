"""Names are opened once, and only as long as their key stands and for the record they belong to."""

from uuid import uuid4

import pytest

from renkei.kernel import opened as module
from renkei.kernel import vault
from renkei.kernel.errors import Erased, Tampered
from renkei.kernel.opened import opened

PLACE = "test.Thing/{}/name_sealed"


def sealed_name(key, of):
    return vault.seal_json(key, {"name": "髙橋 節子"}, about=PLACE.format(of.hex))


def name(key, sealed, of, place=PLACE):
    return opened(key, sealed, of, place, lambda found: found["name"])


def test_what_was_opened_once_is_not_opened_again(db: None, monkeypatch):
    key, of = vault.make_key("test"), uuid4()
    sealed = sealed_name(key, of)
    assert name(key, sealed, of) == "髙橋 節子"
    monkeypatch.setattr(vault, "unseal_json", None)
    assert name(key, bytes(bytearray(sealed)), of) == "髙橋 節子"


def test_of_another_record_field_or_key_it_is_still_refused(db: None):
    key, of = vault.make_key("test"), uuid4()
    sealed = sealed_name(key, of)
    name(key, sealed, of)
    for others in (
        (key, sealed, uuid4()),
        (vault.make_key("test"), sealed, of),
        (key, sealed, of, "test.Thing/{}/other"),
        (key, sealed[:-1] + bytes([sealed[-1] ^ 1]), of),
    ):
        with pytest.raises(Tampered):
            name(*others)


def test_it_is_gone_with_its_key(db: None):
    key, of = vault.make_key("test"), uuid4()
    sealed = sealed_name(key, of)
    name(key, sealed, of)
    vault.destroy([key])
    with pytest.raises(Erased):
        name(key, sealed, of)
    assert sealed not in module._held


def test_no_more_is_kept_than_there_is_room_for(db: None, monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    key = vault.make_key("test")
    vault.forget_everything()
    for _ in range(5):
        of = uuid4()
        name(key, sealed_name(key, of), of)
    assert len(module._held) == 3
