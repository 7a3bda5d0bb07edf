"""What of reviews waits for a person, as ホーム says it (N1.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from renkei.patient.identity import open_identity
from renkei.patient.models import Identity
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Standing
from renkei.review import due

NAMED: Final = 3  # groups named one by one


@dataclass(frozen=True, slots=True)
class Waits:
    """One line: a group to review, how many more, how many are late, one's own people."""

    kind: str  # review · reviews · reviews_late · account_review · account_review_left
    until: datetime | None = None
    group: UUID | None = None
    identity: Identity | None = None
    of: str = ""  # the kind of the group
    count: int = 0


def waiting_for(standing: Standing, *, manages: bool) -> Iterator[Waits]:
    """Groups that the person manages and has to review; what administrators are told.

    For pages whose own rule has been asked already.
    """
    who = standing.who
    if manages or who.administrator:
        found = due.around(who)
        yield from _own(standing, [one for one in found if one.mine])
        own = [one for one in found if one.organization == who.organization]
        late = sum(one.for_administrator for one in own)
        if late and who.administrator:
            yield Waits("reviews_late", count=late)
    if who.administrator and who.organization is not None:
        asked = due.of_accounts(who.organization)
        if asked is not None and asked.soon:
            yield Waits("account_review", until=asked.at)
        if left := due.to_do(who.organization):
            yield Waits("account_review_left", count=left)


def _own(standing: Standing, asked: list[due.Due]) -> Iterator[Waits]:
    """Those that the person may review, named; the rule itself says which."""
    for one in asked[:NAMED]:
        assert one.patient is not None and one.key is not None
        if may(load(standing.who.actor, "group", one.group), "group.review"):
            identity = open_identity(one.patient, one.key, one.sealed)
            yield Waits("review", until=one.at, group=one.group, identity=identity, of=one.kind)
    if len(asked) > NAMED:
        yield Waits("reviews", count=len(asked) - NAMED)
