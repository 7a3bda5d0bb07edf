"""What is recorded for the whole installation, and by whom."""

import pytest

from renkei.audit.models import AuditEvent
from renkei.kernel.errors import Refused
from renkei.policy.standing import HOST, Actor
from renkei.region.services import KeyChange, record_key_change
from tests.cast import Cast

FACTS = {"what": KeyChange.ROTATED, "master": "0123456789abcdef", "keys": 7}


def test_the_host_records_what_became_of_the_master_key(cast: Cast) -> None:
    record_key_change(HOST, None, **FACTS)
    line = AuditEvent.objects.get(action="keys.change")
    assert (line.stream, line.entity) == ("system:host", "MasterKey/0123456789abcdef")
    assert line.detail == '{"keys":7,"what":"rotated"}'


@pytest.mark.parametrize("name", ["operator", "manager", "administrator_same"])
def test_nobody_signed_in_can_record_it(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        record_key_change(cast[name], None, **FACTS)


def test_nor_can_another_part_of_the_system(cast: Cast) -> None:
    with pytest.raises(Refused):
        record_key_change(Actor(system="loader"), None, **FACTS)
