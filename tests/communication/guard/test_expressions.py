"""The words of an emergency, as they stand in their files."""

from pathlib import Path

import pytest

from renkei.communication import guard
from renkei.communication.guard.expressions import KINDS, found_in
from renkei.communication.guard.words import WHY

FILES = Path(guard.__file__).parent / "emergencies"
pytestmark = pytest.mark.once


def test_each_file_is_read_and_each_kind_has_a_sentence_that_says_why():
    assert {file.stem for file in FILES.iterdir()} == {*KINDS, "signs"}
    assert set(KINDS) <= set(WHY)


def test_what_goes_on_in_further_lines_is_one_expression():
    for text in ("救急車を呼びました", "救急車が到着"):
        assert next(found.expression.kind for found in found_in(text)) == "calling", text


def test_a_remark_is_no_expression():
    assert not list(found_in("# Violent pain."))
