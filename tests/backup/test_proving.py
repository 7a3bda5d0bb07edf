"""Whether the keys that were brought back open."""

from renkei.backup import proving
from renkei.kernel import vault
from renkei.kernel.models import DataKey


def test_a_damaged_key_is_not_counted_among_those_that_open(committed):
    key = vault.make_key("group")
    before = proving.prove()
    DataKey.objects.filter(pk=key).update(wrapped=bytes(60))
    after = proving.prove()
    assert (after.keys, after.faults) == (before.keys - 1, before.faults)
