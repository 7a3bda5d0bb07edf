"""Every part of a proof can be named, also when it could not be read at all."""

import pytest

from renkei.audit.trail import Break
from renkei.config import verification
from renkei.config.places import PARTS, place


@pytest.mark.parametrize("part", verification.PARTS)
def test_a_part_that_cannot_be_read_is_named_as_a_whole(part: str) -> None:
    assert place(part, Break(part, 0, verification.UNREADABLE)) == PARTS[part]
