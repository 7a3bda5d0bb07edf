"""Three sheets of words: which two bring the master key back, and what is said of others."""

import os
from itertools import combinations, permutations

import pytest

from renkei.kernel import custody, master, rotation, vault
from renkei.kernel.custody import (
    OtherSheets,
    SameSheet,
    Sheets,
    UnknownWord,
    WrongChecksum,
    WrongCount,
)
from renkei.kernel.errors import Tampered
from renkei.kernel.models import DataKey

pytestmark = pytest.mark.once

KEY = bytes(range(32))
MADE, WORDS = custody.split(KEY)


@pytest.mark.parametrize("two", list(permutations(WORDS, 2)))
def test_any_two_sheets_in_any_order_bring_the_key_back(two):
    assert custody.together(two, [MADE]) == KEY


def test_one_sheet_is_not_enough_and_says_nothing_about_the_key():
    with pytest.raises(WrongCount):
        custody.together(WORDS[:1], [MADE])
    others = custody.split(os.urandom(32))[1]
    assert {len(one) for one in (*WORDS, *others)} == {custody.WORDS}


def test_the_first_four_letters_of_each_word_are_enough():
    short = [[word[:4].upper() for word in one] for one in WORDS[:2]]
    assert custody.together(short, [MADE]) == KEY


def test_a_word_that_is_on_no_sheet_is_named_by_its_place_alone():
    words = [*WORDS[0][:6], "sakura", *WORDS[0][7:]]
    with pytest.raises(UnknownWord) as found:
        Sheets([MADE]).add(words)
    assert found.value.place == 7
    assert not _said(found.value) & {*WORDS[0], "sakura"}


@pytest.mark.parametrize("place", [0, 3, 4, 5, 20, 32])
def test_another_word_of_the_list_is_found_by_the_checksum(place):
    words = list(WORDS[0])
    words[place] = "academic" if words[place] != "academic" else "acid"
    with pytest.raises(WrongChecksum) as found:
        Sheets([MADE]).add(words)
    assert not _said(found.value) & set(WORDS[0])


def test_two_words_exchanged_are_found_by_the_checksum():
    words = list(WORDS[1])
    words[10], words[11] = words[11], words[10]
    if words != WORDS[1]:
        with pytest.raises(WrongChecksum):
            Sheets([MADE]).add(words)


@pytest.mark.parametrize("words", [[], WORDS[0][:-1], [*WORDS[0], "academic"], WORDS[0] * 2])
def test_a_sheet_has_thirty_three_words(words):
    with pytest.raises(WrongCount):
        Sheets([MADE]).add(words)


def test_the_same_sheet_twice_is_no_second_sheet_and_the_first_stays():
    sheets = Sheets([MADE])
    assert sheets.add(WORDS[2]) == 3
    with pytest.raises(SameSheet):
        sheets.add(WORDS[2])
    assert sheets.add(WORDS[0]) == 1
    assert sheets.key() == KEY


def test_a_sheet_of_another_installation_is_told_at_once():
    _, others = custody.split(os.urandom(32))
    sheets = Sheets([MADE])
    with pytest.raises(OtherSheets):
        sheets.add(others[0])
    sheets.add(WORDS[0])
    with pytest.raises(OtherSheets):
        sheets.add(others[1])


def test_without_the_note_sheets_of_two_sets_do_not_go_together():
    _, others = custody.split(KEY)  # even of the same key
    sheets = Sheets([])
    sheets.add(WORDS[0])
    with pytest.raises(OtherSheets):
        sheets.add(others[1])
    sheets.add(WORDS[1])
    assert sheets.key() == KEY


def test_sheets_that_make_another_key_than_the_noted_one_are_refused():
    lying = custody.SheetSet("0" * 16, MADE.identifier, MADE.made_on)
    with pytest.raises(OtherSheets):
        custody.together(WORDS[:2], [lying])


def test_nothing_that_is_printed_of_them_says_a_word():
    sheets = Sheets([MADE])
    sheets.add(WORDS[0])
    assert not set(repr(sheets).strip("<>").split()) & set(WORDS[0])
    assert KEY.hex() not in repr(MADE)


def test_every_sheet_differs_and_so_does_every_set():
    again = custody.split(KEY)[1]
    assert all(one != other for one, other in combinations([*WORDS, *again], 2))


def _said(error):
    chain, said = error, ""
    while chain is not None:
        said += f" {chain!r} {chain}"
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    return {word.strip("'\".,():") for word in said.lower().split()}


def test_a_data_key_put_in_the_place_of_a_master_key_is_not_taken_for_one(committed):
    """Whoever can write into the key store must not choose what new keys are wrapped with."""
    vault.make_key("test")
    master.bring(master.read())
    assert DataKey.objects.update(purpose=master.NEXT) > 0
    with pytest.raises(Tampered):
        master.masters_now()


def test_a_master_key_handed_over_is_taken_over_and_kept(committed):
    old, new = master.read()[0], os.urandom(32)
    custody.begin(custody.split(old)[0])
    master.bring([old])
    key = vault.make_key("test")
    sealed = vault.seal(key, b"words", about="x")
    rotation._put_under(old, master.NEXT, new)
    assert master.masters_now().current == master.fingerprint(new)
    DataKey.objects.filter(purpose=master.NEXT).delete()
    assert master.masters_now().current == master.fingerprint(new)
    assert vault.unseal(key, sealed, about="x") == b"words"
