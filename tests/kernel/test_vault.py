"""Sealing: what opens, what does not, and what happens to the keys."""

import os
import stat
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from renkei.communication.models import Communication
from renkei.communication.reading import read_timeline
from renkei.kernel import clock, master, vault
from renkei.kernel.errors import Erased, Tampered
from renkei.kernel.models import DataKey
from renkei.patient.models import Patient
from renkei.people.models import Account
from tests.cast import Cast, post


def test_what_is_sealed_opens_in_its_own_place_alone(db: None) -> None:
    key = vault.make_key("test")
    sealed = vault.seal(key, b"secret", about="a/1/text")
    assert b"secret" not in sealed
    assert vault.unseal(key, sealed, about="a/1/text") == b"secret"
    with pytest.raises(Tampered):
        vault.unseal(key, sealed, about="a/2/text")
    with pytest.raises(Tampered):
        vault.unseal(vault.make_key("other"), sealed, about="a/1/text")


@pytest.mark.parametrize("place", [0, 1, 12, 13, -1])
def test_one_changed_bit_does_not_open(db: None, place: int) -> None:
    key = vault.make_key("test")
    sealed = bytearray(vault.seal(key, b"secret", about="x"))
    sealed[place] ^= 1
    with pytest.raises(Tampered):
        vault.unseal(key, bytes(sealed), about="x")


@pytest.mark.parametrize("short", [b"", b"\x01", b"\x01" + bytes(11), b"\x01" + bytes(27)])
def test_what_was_cut_off_does_not_open(db: None, short: bytes) -> None:
    with pytest.raises(Tampered):
        vault.unseal(vault.make_key("test"), short, about="x")


def test_two_seals_of_the_same_are_not_the_same(db: None) -> None:
    key = vault.make_key("test")
    assert vault.seal(key, b"x", about="x") != vault.seal(key, b"x", about="x")


def test_a_message_moved_to_another_row_is_never_shown(cast: Cast) -> None:
    other = post(cast, "nurse", "別の言葉")
    moved = Communication.objects.get(pk=other).text
    Communication.objects.filter(pk=cast.message).update(text=moved)
    shown = {entry.id: entry for entry in read_timeline(cast["manager"], cast.group).entries}
    assert shown[cast.message].damaged
    assert "別の言葉" not in shown[cast.message].text
    assert shown[other].text == "別の言葉"


def test_who_somebody_is_cannot_be_moved_to_another(cast: Cast) -> None:
    nurse = Account.objects.get(pk=cast.account("nurse"))
    Account.objects.filter(pk=cast.account("manager")).update(profile_sealed=nurse.profile_sealed)
    with pytest.raises(Tampered):
        _ = Account.objects.get(pk=cast.account("manager")).profile


def test_a_destroyed_key_erases_what_was_sealed_with_it(cast: Cast) -> None:
    patient = Patient.objects.get(pk=cast.patient)
    DataKey.objects.filter(pk=patient.key_id).update(wrapped=None, destroyed_at=clock.now())
    vault.forget_everything()
    with pytest.raises(Erased):
        _ = patient.identity
    DataKey.objects.filter(pk=patient.key_id).delete()
    with pytest.raises(Erased):
        _ = patient.identity


def test_a_key_whose_stored_bytes_were_changed_is_not_used(cast: Cast) -> None:
    key = DataKey.objects.get(pk=Patient.objects.get(pk=cast.patient).key_id)
    other = DataKey.objects.exclude(pk=key.pk).first()
    assert other is not None
    DataKey.objects.filter(pk=key.pk).update(wrapped=other.wrapped)
    vault.forget_everything()
    with pytest.raises(Tampered):
        _ = Patient.objects.get(pk=cast.patient).identity


def test_keys_of_a_block_that_fails_are_not_kept(db: None) -> None:
    before = DataKey.objects.count()
    with pytest.raises(ZeroDivisionError), vault.making_keys():
        vault.make_key("test")
        raise ZeroDivisionError
    assert DataKey.objects.count() == before


def test_the_plain_key_is_nowhere_in_the_key_store(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = bytes(range(32))
    vault.masters()
    with monkeypatch.context() as patched:
        patched.setattr(os, "urandom", lambda count: plain[:count])
        key = vault.make_key("test")
    wrapped = DataKey.objects.get(pk=key).wrapped
    assert wrapped is not None
    assert plain not in bytes(wrapped)


# ── The master key: each test on a data folder of its own ────────────────────────────────────────


def opens(cast: Cast) -> bool:
    return Patient.objects.get(pk=cast.patient).identity.name == "髙橋 節子"


def test_the_master_key_is_made_once_and_for_its_owner_alone(committed: Cast) -> None:
    path = vault.master_key_file()
    assert path.parent == settings.DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    vault.forget_everything()
    assert opens(committed)
    assert path.read_bytes() == before


def test_without_the_master_key_nothing_opens_and_no_new_one_is_made(committed: Cast) -> None:
    vault.master_key_file().unlink()
    vault.forget_everything()
    with pytest.raises(vault.MasterKeyMissing):
        opens(committed)
    with pytest.raises(vault.MasterKeyMissing):
        vault.make_key("test")
    assert not vault.master_key_file().exists()


def test_another_master_key_opens_nothing(committed: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENKEI_MASTER_KEY", b64encode(bytes(32)).decode())
    vault.forget_everything()
    with pytest.raises(vault.MasterKeyMissing):
        opens(committed)


def test_after_a_rotation_everything_opens_and_the_old_master_key_is_gone(committed: Cast) -> None:
    old, masters = vault.master_key_file().read_bytes(), set(master_names())
    assert vault.rotate() == DataKey.objects.count() > 1
    assert opens(committed)
    new = vault.master_key_file().read_bytes()
    assert old.strip() not in new
    assert len(new.split()) == 1
    assert stat.S_IMODE(vault.master_key_file().stat().st_mode) == 0o600
    assert not masters & set(master_names())
    vault.rotate()
    assert opens(committed)


def master_names() -> list[str]:
    return list(DataKey.objects.values_list("master", flat=True))


def test_a_rotation_that_broke_off_is_finished_by_the_next(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrap, count = vault.MasterKeys.wrap, iter(range(1))

    def breaks_off(self: vault.MasterKeys, *args: Any) -> bytes:
        if next(count, None) is None:
            raise KeyboardInterrupt
        return wrap(self, *args)

    with monkeypatch.context() as patched:
        patched.setattr(vault.MasterKeys, "wrap", breaks_off)
        with pytest.raises(KeyboardInterrupt):
            vault.rotate()
    vault.forget_everything()
    assert opens(committed)
    vault.rotate()
    assert opens(committed)
    assert len(set(master_names())) == 1


def test_a_rotation_with_the_key_in_the_environment(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = vault.master_key_file().read_text().strip()
    vault.master_key_file().unlink()
    monkeypatch.setenv("RENKEI_MASTER_KEY", old)
    vault.forget_everything()
    assert opens(committed)
    new = b64encode(os.urandom(32)).decode()
    monkeypatch.setenv("RENKEI_MASTER_KEY", f"{new},{old}")
    vault.rotate()
    monkeypatch.setenv("RENKEI_MASTER_KEY", new)
    vault.forget_everything()
    assert opens(committed)
    assert not vault.master_key_file().exists()


def test_a_server_that_ran_through_a_rotation_loses_nothing(committed: Cast) -> None:
    opens(committed)
    held = master._masters
    vault.rotate()
    master._masters = held  # the server's memory, as it was before another process rotated
    assert opens(committed)
    master._masters = held
    key = vault.make_key("test")
    sealed = vault.seal(key, b"kept", about="x")
    vault.forget_everything()
    assert vault.unseal(key, sealed, about="x") == b"kept"


def test_two_threads_that_need_the_first_master_key_at_once_get_the_same(
    committed: Cast, at_once: Callable[..., list[Any]], tmp_path: Path
) -> None:
    DataKey.objects.all().delete()
    vault.master_key_file().unlink()
    vault.forget_everything()
    found = at_once(*[lambda: vault.masters().current for _ in range(8)])
    assert len(set(found)) == 1
    kept = vault.master_key_file().read_bytes()
    vault.forget_everything()
    assert vault.masters().current == found[0]
    assert vault.master_key_file().read_bytes() == kept
