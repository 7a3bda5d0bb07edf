"""What was completed, and the certificates of it (A9)."""

from dataclasses import dataclass
from datetime import date

from renkei.kernel.errors import Unknown
from renkei.people.faces import open_profile
from renkei.people.models import Account
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region.models import Region
from renkei.training.courses import heads, in_force, region_of_reader
from renkei.training.models import Completion, Edition
from renkei.training.validity import State


def title_of(region: Region, done: Completion) -> str:
    """What the course was called in the edition that was completed."""
    edition = Edition.objects.filter(
        region=region, course=done.course, number=done.edition_number
    ).first()
    if edition is not None:
        return edition.title
    course = in_force(region, done.course)
    return course.title if course else ""


@disclosure("training.take", on="region")
def see_past(standing: Standing) -> list[tuple[State, bool]]:
    """Everything that one has completed, newest first, with whether it still counts."""
    done = Completion.objects.filter(account=standing.who.account).order_by("-on", "-recorded_at")
    region = region_of_reader(standing)
    titles = {one.code: one.title for one in heads(region.id)}
    return [
        (
            State(one.course, titles.get(one.course) or title_of(region, one), False, one.on,
                  one.until, one.number, one.way),
            one.annulled_at is None,
        )
        for one in done
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says."""

    number: str
    name: str  # of the person, or of the organization
    organization: str
    course: str
    on: date
    until: date
    way: str
    annulled: bool


def certificate_of(done: Completion) -> Certificate:
    """The certificate of a completion."""
    name, organization = "", done.organization.name if done.organization else ""
    if done.account is not None:
        account: Account = done.account
        name = open_profile(account.id, account.key_id, account.profile_sealed)["name"]
        roles = account.roles.filter(ended_at=None).select_related("organization")
        organization = "、".join(one.organization.name for one in roles.order_by("started_at"))
    return Certificate(
        number=done.number,
        name=name or organization,
        organization=organization if name else "",
        course=title_of(done.region, done),
        on=done.on,
        until=done.until,
        way=done.way,
        annulled=done.annulled_at is not None,
    )


@disclosure("training.take", on="region")
def see_certificate(standing: Standing, number: str) -> Certificate:
    """One's own certificate.

    Raises:
        Unknown: it is nobody's, somebody else's, or counts no more.
    """
    found = Completion.objects.filter(
        number=number, account=standing.who.account, annulled_at=None
    ).first()
    if found is None:
        raise Unknown("certificate")
    return certificate_of(found)
