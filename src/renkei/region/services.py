"""What the operator does for the whole region."""

from datetime import date

from django.utils.translation import gettext_noop

from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.policy.use_case import Change, use_case
from renkei.region.models import Notice, PolicyVersion, Region


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
def publish_notice(change: Change, *, title: str, body: str, acknowledge: bool) -> Notice:
    """Tell everyone in the region something, on their home page.

    Raises:
        Problem: title or text is missing or too long.
    """
    title, body = clean_text(title).strip(), clean_text(body).strip()
    if not title or len(title) > 100:
        raise Problem(gettext_noop("Please give a title of up to 100 characters."), field="title")
    if not body or len(body) > 5_000:
        raise Problem(gettext_noop("Please write up to 5,000 characters."), field="body")
    region = Region.objects.get(pk=change.region)
    notice = Notice(
        id=uuid7(),
        key_id=region.key_id,
        region=region,
        acknowledge=acknowledge,
        published_at=change.now,
    )
    notice.seal("content", {"title": title, "body": body})
    notice.save(force_insert=True)
    change.stream = f"region:{region.id.hex}"
    change.about("Notice", notice.id, acknowledge=acknowledge)
    return notice
