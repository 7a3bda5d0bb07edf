"""The words of an emergency, as they stand in their files."""

from pathlib import Path

import pytest

from renkei.communication import guard
from renkei.communication.guard.expressions import KINDS, found_in
from renkei.communication.guard.signs import ENOUGH, Sign, heaviest
from renkei.communication.guard.words import WHY
from renkei.region.vitals import SIGNS

FILES = Path(guard.__file__).parent / "emergencies"
pytestmark = pytest.mark.once


def test_each_file_is_read_and_each_kind_has_a_sentence_that_says_why():
    assert {file.stem for file in FILES.glob("*.txt")} == set(KINDS)
    assert set(KINDS) <= set(WHY)


def test_what_goes_on_in_further_lines_is_one_expression():
    for text in ("救急車を呼びました", "救急車が到着"):
        assert next(found.expression.kind for found in found_in(text)) == "calling", text


def test_a_remark_is_no_expression():
    assert not list(found_in("# Violent pain."))


def headings():
    for file in sorted((FILES / "signs").glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                yield line.strip("[]")


def test_each_sign_is_a_sign_of_one_thing_and_of_no_value():
    names = list(headings())
    assert len(names) == len(set(names))
    assert not set(names) & set(SIGNS)


def test_a_name_stands_for_its_alternatives():
    found = [one for one in found_in("洗面器が真っ赤") if one.expression.about == "blood"]
    assert found and "<" not in found[0].expression.pattern.pattern


def test_signs_of_several_things_weigh_together_and_of_one_thing_little_more():
    pale, cold, grey = Sign(0, 2, "colour", 2), Sign(3, 5, "sweat", 1), Sign(6, 8, "colour", 1)
    assert ENOUGH == 3
    assert heaviest([pale, cold]) == [pale, cold]
    assert heaviest([pale, grey]) == [pale, grey]  # said twice: one more
    assert not heaviest([pale])
    assert not heaviest([cold, grey])


def test_what_is_seen_once_counts_once():
    assert not heaviest([Sign(0, 4, "pulse-lost", 2), Sign(2, 6, "colour", 2)])


def test_signs_far_from_one_another_are_no_emergency():
    assert not heaviest([Sign(0, 2, "colour", 2), Sign(90, 92, "sweat", 2)])
