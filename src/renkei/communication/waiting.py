"""What waits to go with one's next message, and what has still to be answered about it (A17)."""

from dataclasses import dataclass
from uuid import UUID

from renkei.communication.attachments import Consent, Item, items, last_consent, unanswered
from renkei.communication.models import Attachment
from renkei.group.head import Head, head
from renkei.kernel.errors import Unknown
from renkei.people.models import Organization
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region import issuers

Source = Attachment.Source


@dataclass(frozen=True, slots=True)
class From:
    """An organization a document can come from, and whether it allows its documents here."""

    source: str  # "organization" or "issuer"
    id: UUID
    name: str
    answer: str  # yes · ask · no


@dataclass(frozen=True, slots=True)
class Desk:
    """An attachment on its way, what was answered about it, and what can be answered."""

    head: Head
    item: Item
    alike: list[Item]  # one's others that wait for the same answer
    last: Consent | None  # what was said last time for this patient
    sources: list[From]


@disclosure("attachment.add", on="group")
def see_waiting(standing: Standing) -> tuple[list[Item], Consent | None, bool]:
    """One's own attachments that wait to be posted here.

    With what was said last time for this patient, and whether the group is about one.
    """
    where = standing.where
    assert where is not None and where.group is not None
    mine = items(group=where.group, author=standing.who.account, communication=None)
    return mine, last_consent(where.group), where.patient is not None


@disclosure("attachment.change", on="attachment")
def see_desk(standing: Standing) -> Desk:
    """One of one's own attachments, to answer about it.

    Raises:
        Unknown: it has not come yet.
    """
    attachment, where = standing.what.attachment, standing.where
    assert attachment is not None and where is not None and where.group is not None
    found = items(pk=attachment.id)
    if not found or not found[0].ready:
        raise Unknown("attachment")
    assert standing.who.region is not None
    sources = _sources(standing.who.region, standing.who.organization)
    one = found[0]
    waiting = unanswered(where.group, one.author, one.kind).exclude(pk=one.id).values("pk")
    alike = items(pk__in=waiting)
    return Desk(head(standing), one, alike, last_consent(where.group), sources)


def _sources(region: UUID, own: UUID | None) -> list[From]:
    """Everybody a document can come from: those who take part, then those of the register."""
    here = Organization.objects.filter(region=region, approved_on__isnull=False, left_on=None)
    found = [
        From(Source.ORGANIZATION.value, one.id, one.name, one.documents_policy)
        for one in here.order_by("kana", "pk")
        if one.id != own
    ]
    outside = [
        From(Source.ISSUER.value, one.id, one.name, one.answer) for one in issuers.of_region(region)
    ]
    return found + outside
