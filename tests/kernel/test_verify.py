"""A damaged row of the key store is found and named, and so is a master key that is wrong."""

import os

import pytest
from django.test import Client

from renkei.kernel import clock, custody, master, vault
from renkei.kernel.errors import Tampered
from renkei.kernel.models import DataKey


def some_key():
    return DataKey.objects.get(pk=vault.make_key("test"))


def test_all_is_well_and_destroyed_keys_are_counted(committed):
    vault.destroy([some_key().pk])
    assert vault.verify() == (DataKey.objects.count(), [])


def _changed(key):
    key.wrapped = bytes(key.wrapped)[:-1] + bytes([bytes(key.wrapped)[-1] ^ 1])


def _cut(key):
    key.wrapped = bytes(key.wrapped)[:5]


def _emptied(key):
    key.wrapped = b""


def _another_keys(key):
    key.wrapped = some_key().wrapped


def _of_another_master(key):
    key.master = "0" * 16


def _gone(key):
    key.wrapped = None


def _destroyed_in_name_only(key):
    key.destroyed_at = clock.now()


SPOILT = {
    _changed: vault.DAMAGED,
    _cut: vault.DAMAGED,
    _emptied: vault.DAMAGED,
    _another_keys: vault.DAMAGED,
    _of_another_master: vault.NO_MASTER,
    _gone: vault.HALF_GONE,
    _destroyed_in_name_only: vault.HALF_GONE,
}


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda one: one.__name__)
def test_what_does_not_fit_is_named_with_the_reason(committed, spoil):
    key = some_key()
    spoil(key)
    key.save()
    assert vault.verify() == (DataKey.objects.count(), [(key.pk, SPOILT[spoil])])


def test_without_the_master_key_it_says_so_instead_of_naming_every_key(committed):
    vault.master_key_file().unlink()
    vault.forget_everything()
    with pytest.raises(vault.MasterKeyMissing):
        vault.verify()


def test_with_another_master_key_every_key_is_named(committed):
    master.write([os.urandom(32)])
    vault.forget_everything()
    count, found = vault.verify()
    assert {why for _, why in found} == {vault.NO_MASTER}
    assert len(found) == count


def test_an_empty_key_store_is_well_and_makes_no_master_key(committed):
    DataKey.objects.all().delete()
    vault.master_key_file().unlink()
    vault.forget_everything()
    assert vault.verify() == (0, [])
    vault.check()
    assert vault.is_open()
    assert not vault.master_key_file().exists()


def test_what_is_asked_at_the_start_passes_over_one_damaged_key_and_not_over_all(committed):
    DataKey.objects.filter(pk=DataKey.objects.order_by("pk")[0].pk).update(wrapped=b"x" * 60)
    vault.check()
    DataKey.objects.update(wrapped=b"x" * 60)
    with pytest.raises(Tampered):
        vault.check()


@pytest.mark.parametrize("how", ["missing", "wrong", "custody"])
def test_readyz_says_no_when_the_key_store_does_not_open(committed, how):
    assert Client().get("/readyz").status_code == 200
    if how == "missing":
        vault.master_key_file().unlink()
    elif how == "wrong":
        master.write([os.urandom(32)])
    else:
        custody.begin(custody.split(master.read()[0])[0])
    vault.forget_everything()
    assert Client().get("/readyz").status_code == 503


def test_a_server_that_runs_when_its_key_goes_into_custody_goes_on(committed):
    vault.masters()
    custody.begin(custody.split(master.read()[0])[0])
    key = vault.make_key("test")
    sealed = vault.seal(key, b"words", about="x")
    vault.forget_everything()
    with pytest.raises(master.InCustody):
        vault.unseal(key, sealed, about="x")
