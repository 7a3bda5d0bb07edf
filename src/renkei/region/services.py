"""What the operator does for the whole region."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.notification.kinds import Kind
from renkei.notification.recipients import addressed
from renkei.notification.telling import tell
from renkei.policy.use_case import Change, use_case
from renkei.region.audience import EVERYONE, Audience
from renkei.region.models import Notice, PolicyVersion, Region
from renkei.region.notices import write


@use_case("region.load", on="region")
def open_region(
    change: Change,
    *,
    name: str,
    operator_name: str,
    phone: str,
    email: str,
    address: str,
    effective_on: date,
    policy_text: str,
    parameters: dict[str, object],
) -> Region:
    """Open the region with the first edition of its policy."""
    region = Region(
        id=uuid7(),
        key_id=vault.make_key("region"),
        name=name,
        operator_name=operator_name,
        phone=phone,
        email=email,
        address=address,
        opened_at=change.now,
    )
    region.save(force_insert=True)
    policy = PolicyVersion(
        region=region,
        number=1,
        effective_on=effective_on,
        text=policy_text,
        parameters=parameters,
        made_at=change.now,
    )
    policy.save(force_insert=True)
    region.policy = policy
    region.save(update_fields=["policy"])
    change.stream = f"region:{region.id.hex}"
    change.about("Region", region.id, policy=policy.id.hex)
    return region


@use_case("notice.publish", on="region")
def publish_notice(
    change: Change,
    *,
    title: str,
    body: str,
    acknowledge: bool,
    to: Audience = EVERYONE,
    draft: UUID | None = None,
) -> Notice:
    """Tell everyone in the region something, or some of them, on their home page.

    Args:
        draft: the draft that becomes the notice; its words are those given here, which the person
            has looked at.

    Raises:
        Problem: title or text is missing or too long, an organization is none of the region's, or
            the draft is not there any more.
    """
    notice = write(change, draft, title=title, body=body, acknowledge=acknowledge, to=to)
    notice.published_at = change.now
    notice.save()
    if acknowledge:
        tell(addressed(notice.region_id, to, change.now), Kind.NOTICE)
    change.about("Notice", notice.id, acknowledge=acknowledge, everyone=to.everyone)
    return notice


class KeyChange(StrEnum):
    """What happened to the master key."""

    ROTATION_BEGUN = "rotation begun"
    ROTATED = "rotated"
    GIVEN_TO_CUSTODIANS = "given to custodians"
    TAKEN_BACK = "taken back from custodians"


@use_case("keys.change", on="region")
def record_key_change(change: Change, *, what: KeyChange, master: str, keys: int) -> None:
    """Record what the host did with the master key, named by its fingerprint."""
    change.entity = f"MasterKey/{master}"
    change.detail |= {"what": what.value, "keys": keys}
