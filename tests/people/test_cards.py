"""The disaster card: ten numbers, each good once (A20)."""

from functools import partial

import pytest

from renkei.kernel.errors import Refused, SignedOut
from renkei.people.cards import codes_left, has_card, make_card, use_code
from renkei.people.models import CardCode
from renkei.policy.standing import Actor
from tests.cast import NAMES, NOBODY, Cast


def test_a_card_has_ten_numbers_and_each_is_good_once(cast: Cast) -> None:
    numbers = make_card(cast["nurse"], None)
    nurse = cast.account("nurse")
    assert len(set(numbers)) == 10
    for left, number in enumerate(numbers):
        assert codes_left(nurse) == 10 - left
        assert use_code(nurse, number)
        assert not use_code(nurse, number)
    assert not has_card(nurse)


def test_a_number_may_be_typed_as_people_type(cast: Cast) -> None:
    one, two, three, *_ = make_card(cast["nurse"], None)
    wide = str.maketrans("0123456789-", "０１２３４５６７８９－")
    assert use_code(cast.account("nurse"), one.replace("-", " "))
    assert use_code(cast.account("nurse"), two.translate(wide))
    assert use_code(cast.account("nurse"), f" {three}\n")


@pytest.mark.parametrize("typed", ["", "1", "12345-6789", "12345-678901", "abcde-fghij", "%"])
def test_what_is_no_number_is_none(cast: Cast, typed: str) -> None:
    make_card(cast["nurse"], None)
    assert not use_code(cast.account("nurse"), typed)


def test_a_number_is_its_owners_alone(cast: Cast) -> None:
    number = make_card(cast["nurse"], None)[0]
    make_card(cast["physician"], None)
    assert not use_code(cast.account("physician"), number)
    CardCode.objects.filter(account=cast.account("physician")).delete()
    CardCode.objects.filter(account=cast.account("nurse")).update(account=cast.account("physician"))
    assert not use_code(cast.account("physician"), number), "moved in the database, worth nothing"


def test_a_new_card_ends_the_old_one(cast: Cast) -> None:
    old = make_card(cast["nurse"], None)
    new = make_card(cast["nurse"], None)
    assert not any(use_code(cast.account("nurse"), number) for number in old)
    assert use_code(cast.account("nurse"), new[0])


def test_nothing_of_a_number_is_stored(cast: Cast) -> None:
    numbers = make_card(cast["nurse"], None)
    stored = "".join(CardCode.objects.values_list("code", flat=True))
    assert not any(number.replace("-", "") in stored for number in numbers)


def test_everybody_makes_their_own_and_nobody_else_s(cast: Cast) -> None:
    for name in NAMES:
        if name == NOBODY:
            with pytest.raises(SignedOut):
                make_card(cast[name], None)
        elif name == "family":  # it is for who works
            with pytest.raises(Refused):
                make_card(cast[name], None)
        else:
            assert len(make_card(cast[name], None)) == 10
    with pytest.raises(Refused):
        make_card(Actor(system="host"), None)


def test_of_many_who_come_with_one_number_one_gets_in(committed: Cast, at_once) -> None:
    number = make_card(committed["nurse"], None)[0]
    use = partial(use_code, committed.account("nurse"), number)
    assert sorted(at_once(*[use] * 8)) == [False] * 7 + [True]
