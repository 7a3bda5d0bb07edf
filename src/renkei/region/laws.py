"""Laws and guidelines with the edition that is followed (A2): one list, for pages and policy."""

import re
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.kernel.database import as_day, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.edition import served_region
from renkei.region.models import Law
from renkei.region.wording import LAWS, Edition

GUIDELINES = ("security", "privacy")  # the policy's own text names their editions (article 2)


def laws_of(region: UUID) -> list[Edition]:
    """What is followed in a region: the defaults, changed and completed by what it has set."""
    lines = rows(
        "SELECT key, title, edition, address, checked_on, removed FROM region_law"
        " WHERE region_id = %s ORDER BY made_at, id",
        [region.hex],
    )
    found = {one.key: one for one in LAWS}
    for key, title, edition, address, checked, removed in lines:
        if removed:
            found.pop(key, None)
        else:
            found[key] = Edition(key, title, edition, address, as_day(checked))
    return list(found.values())


def public_laws() -> list[Edition]:
    """The list of the region this server serves, for everybody."""
    region = served_region()
    return laws_of(region) if region else list(LAWS)


@disclosure("law.keep", on="region")
def see_law(standing: Standing, key: str) -> Edition:
    """One line of the list, before it is changed.

    Raises:
        Unknown: there is no such line.
    """
    assert standing.who.region is not None
    found = next((one for one in laws_of(standing.who.region) if one.key == key), None)
    if found is None:
        raise Unknown("law")
    return found


@disclosure("law.keep", on="region")
def before_adding(standing: Standing) -> None:
    """Nothing is shown; but the rule has been asked before the form is."""


@use_case("law.keep", on="region")
def keep_law(
    change: Change, *, key: str, title: str, edition: str, address: str, checked_on: date
) -> None:
    """Set what is followed, or that it was checked; an empty key adds a line.

    Raises:
        Problem: a guideline without its edition, an address that is no web page.
        Unknown: there is no such line.
    """
    known = {one.key for one in laws_of(change.region)}
    if key and key not in known:
        raise Unknown("law")
    if not title:
        raise Problem(gettext_noop("Please write this."), field="title")
    if key in GUIDELINES and not edition:
        raise Problem(
            gettext_noop("The policy names this edition; it cannot be empty."), field="edition"
        )
    if address and not re.match(r"https?://[^\s/]+\.[^\s]+$", address):
        raise Problem(
            gettext_noop("Please write a web address that begins with https://."), field="address"
        )
    line = Law(
        id=uuid7(),
        region_id=change.region,
        key=key or uuid7().hex,
        title=title,
        edition=edition,
        address=address,
        checked_on=checked_on,
        made_by=change.account,
        made_at=change.now,
    )
    line.save(force_insert=True)
    _about(change, line)


@use_case("law.remove", on="region")
def remove_law(change: Change, *, key: str) -> None:
    """Take a line off the list; the two guidelines stay.

    Raises:
        Problem: the policy's own text names it.
        Unknown: there is no such line.
    """
    line = next((one for one in laws_of(change.region) if one.key == key), None)
    if line is None:
        raise Unknown("law")
    if key in GUIDELINES:
        raise Problem(gettext_noop("The policy itself names this guideline; it stays."))
    removed = Law(
        id=uuid7(),
        region_id=change.region,
        key=key,
        title=line.title,
        edition=line.edition,
        address=line.address,
        checked_on=line.checked_on,
        removed=True,
        made_by=change.account,
        made_at=change.now,
    )
    removed.save(force_insert=True)
    _about(change, removed)


def _about(change: Change, line: Law) -> None:
    change.stream = f"region:{change.region.hex}"
    change.about("Law", line.id, removed=line.removed)
