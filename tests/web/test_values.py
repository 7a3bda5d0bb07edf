"""What a page makes of what anybody can write into an address or a form."""

from datetime import date
from uuid import UUID

import pytest

from renkei.web.values import (
    UNKNOWN,
    day_or_none,
    id_or_none,
    id_or_unknown,
    ids_in,
    number_or_none,
)

pytestmark = pytest.mark.once

ONE, OTHER = UUID(int=1), UUID(int=2)
NONSENSE = ("", None, "1", "x" * 32, "../../etc", "None")


@pytest.mark.parametrize("text", NONSENSE)
def test_what_is_no_id_is_none_or_the_id_of_nothing(text):
    assert id_or_none(text) is None
    assert id_or_unknown(text) == UNKNOWN


def test_an_id_is_read_with_its_hyphens_or_without():
    assert id_or_none(str(ONE)) == id_or_none(ONE.hex) == id_or_unknown(ONE.hex) == ONE


def test_of_many_ids_each_comes_once_in_its_order_and_nonsense_is_left_out():
    assert ids_in([OTHER.hex, "x", "", ONE.hex, str(OTHER)]) == [OTHER, ONE]


@pytest.mark.parametrize("text", ["", None, "-1", "+1", "1.5", "１２", "²", " 1", "9" * 16])
def test_what_is_no_plain_number_is_none(text):
    assert number_or_none(text) is None


def test_a_number_is_read():
    assert (number_or_none("0"), number_or_none("042"), number_or_none("9" * 15)) == (
        0, 42, 10**15 - 1,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", None, "today", "2026-02-30", "1999-12-31", "2100-01-01"])
def test_what_is_no_day_of_this_century_is_none(text):
    assert day_or_none(text) is None


def test_a_day_is_read():
    assert day_or_none("2026-08-30") == date(2026, 8, 30)
