"""What a person has to see to about themselves: who asks for them, what is missing of them."""

from collections.abc import Iterator

from renkei.enrollment.own_rules import waits_for_confirmation
from renkei.group.to_do import password
from renkei.group.to_do.task import Task
from renkei.kernel.database import as_uuid, id_of, rows
from renkei.people.cards import has_card
from renkei.people.faces import Face, open_profile
from renkei.people.joining import asked_of
from renkei.people.models import PractitionerRole
from renkei.policy.standing import Standing, Who

_ASKED_OF_ONE = """
    SELECT 'wishes', q.group_id, COUNT(*) FROM group_joinrequest q
    JOIN group_group g ON g.id = q.group_id AND g.closed_at IS NULL
    JOIN group_member m ON m.group_id = g.id AND m.account_id = %s AND m.manager
      AND m.ended_at IS NULL
    WHERE q.state = 'open' GROUP BY q.group_id
    UNION ALL
    SELECT 'connections', NULL, COUNT(*) FROM group_connection c
    WHERE c.asked_id = %s AND c.state = 'asked' AND NOT EXISTS (
      SELECT 1 FROM group_block b WHERE b.by_id = %s AND b.of_id = c.asker_id
        AND b.lifted_at IS NULL)"""
_PROFILE = "SELECT key_id, profile_sealed FROM people_account WHERE id = %s"
_RETURNED = """
    SELECT 1 FROM notification_preference WHERE account_id = %s AND returned_at IS NOT NULL"""


def work(standing: Standing) -> Iterator[Task]:
    """Who says that one works for them, form 3 to sign (A9), a name that somebody corrected."""
    who = standing.who
    assert who.account is not None
    for one in asked_of(standing):
        kind = "two_addresses" if who.family else "registered"  # one works with another ID (A11.5)
        yield Task(kind, one.id, organization=one.organization, what=one.profession)
    if who.role is not None and who.organization is not None and not who.joined.pledged:
        role = PractitionerRole.objects.select_related("organization").get(pk=who.role)
        yield Task("pledge", role.id, organization=role.organization.name)
    ((key, sealed),) = rows(_PROFILE, [who.account.hex])
    if open_profile(who.account, id_of(key), sealed).get("corrected"):
        yield Task("renamed")


def colleagues(who: Who) -> Iterator[Task]:
    """Who asks to be let into a free group (A12.3), or to be connected (A13.1)."""
    if who.account is None or who.organization is None:
        return
    for kind, group, count in rows(_ASKED_OF_ONE, [who.account.hex] * 3):
        if count:
            yield Task(kind, as_uuid(group), count=count)


def account(standing: Standing, me: Face) -> Iterator[Task]:
    """The password that ends soon (A14.3), own rules to read (A22), a card (A20), face (N3.5)."""
    yield from password.warning(standing)
    if waits_for_confirmation(standing):
        yield Task("rules")
    if rows(_RETURNED, [me.account.hex]):
        yield Task("returned")
    if standing.who.family:
        return
    if not has_card(me.account):
        yield Task("card")
    if not me.kana:
        yield Task("kana")
    if not me.photo:
        yield Task("photo")
