"""Who can be meant by a message: what the writing box and a correction offer."""

from dataclasses import dataclass

from renkei.communication.mentions import Meant, Offer, mentions_of, offers
from renkei.group.head import Head, head
from renkei.people.faces import name_by
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class Whom:
    """Who can be meant by a message in a group, and who is meant by one that is corrected."""

    head: Head
    offers: list[Offer]
    chosen: list[str]


@disclosure("communication.send", on="group")
def see_whom(standing: Standing) -> Whom:
    """Who can be meant by a message in this group: its members, their roles, everybody."""
    top = head(standing)
    return Whom(top, offers(top.members, top.kind, top.me), [])


@disclosure("communication.correct", on="communication")
def see_meant(standing: Standing) -> Whom:
    """The same for a correction, with who is meant now; they stay on offer when they have left."""
    message = standing.what.message
    assert message is not None
    top = head(standing)
    offered = offers(top.members, top.kind, top.me)
    now = mentions_of([message.id]).get(message.id, [])
    known = {one.token for one in offered}
    gone = {one.token: one for one in now if one.token not in known}
    offered += [Offer(token, _still(one), "", "") for token, one in gone.items()]
    return Whom(top, offered, list(dict.fromkeys(one.token for one in now)))


def _still(one: Meant) -> str:
    return one.word or name_by(one.account)
