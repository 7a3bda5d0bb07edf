"""What an author answers of what goes along: who agreed (A17.1), whose document it is (A17.2)."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.attachments import (
    NO_PATIENTS,
    PICTURES,
    check_source,
    last_consent,
    unanswered,
)
from renkei.communication.models import Attachment
from renkei.kernel.clock import JAPAN
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.people.models import Organization
from renkei.policy.use_case import Change, use_case
from renkei.region.models import Issuer

WHO: Final = ("patient", "family", "proxy")
HOW: Final = ("words", "paper")
Source = Attachment.Source


@use_case("attachment.change", on="attachment")
def answer_consent(
    change: Change,
    *,
    shows: bool,
    who: str = "",
    how: str = "",
    at: datetime | None = None,
    also: Collection[UUID] = (),
) -> None:
    """Say whether a picture shows the patient, the family or the home, and who agreed (A17.1).

    That nothing is in it is said of each picture by itself, by who has looked at it.

    Args:
        who: of ``WHO``; ``how``: of ``HOW``; ``at``: when they agreed, now if nothing is said.
        also: others that wait here and were agreed to in the same way; each keeps its own answer.

    Raises:
        Problem: something is missing, lies in the future, or does not belong into this group.
    """
    change.silent = True
    found = _mine(change)
    if found.kind not in PICTURES:
        raise Problem(gettext_noop("Please check once more."))
    said = _consent(change, who, how, at or change.now) if shows else None
    for one in (found, *(_alike(change, found, also) if shows else ())):
        one.shows, one.consent = shows, None
        if said:
            one.seal("consent", said)
        one.save(update_fields=["shows", "consent"])


def _consent(change: Change, who: str, how: str, at: datetime) -> dict[str, str]:
    if change.where.patient is None:
        raise Problem(NO_PATIENTS, field="shows")
    if who not in WHO:
        raise Problem(gettext_noop("Please answer who agreed to the photo."), field="who")
    if how not in HOW:
        raise Problem(gettext_noop("Please answer how they agreed."), field="how")
    if at > change.now:
        raise Problem(gettext_noop("This lies in the future."), field="at")
    return {"who": who, "how": how, "at": at.astimezone(JAPAN).isoformat(timespec="minutes")}


@use_case("attachment.change", on="attachment")
def answer_consent_as_before(change: Change) -> None:
    """Say with one tap that it was agreed to just now, by whom and how as the last time (A17.1).

    Raises:
        Problem: nothing was ever said in this group.
    """
    change.silent = True
    found, last = _mine(change), last_consent(change.group)
    if last is None or found.kind not in PICTURES:
        raise Problem(gettext_noop("Please answer who agreed to the photo."), field="who")
    found.shows = True
    at = change.now.astimezone(JAPAN).isoformat(timespec="minutes")
    found.seal("consent", {"who": last.who, "how": last.how, "at": at})
    found.save(update_fields=["shows", "consent"])


@use_case("attachment.change", on="attachment")
def answer_source(
    change: Change,
    *,
    source: str,
    organization: UUID | None = None,
    name: str = "",
    asked: str = "",
    allowed: bool = False,
    also: Collection[UUID] = (),
) -> None:
    """Say whose document it is; whoever does not allow it is respected (A17.2).

    Args:
        source: of ``Attachment.Source``; ``organization``: its id, or that in the register.
        name: of who stands in no register.
        asked: who was asked there, and ``allowed``: that they said yes.
        also: others that wait here and come from there as well; each keeps its own answer.

    Raises:
        Problem: nobody is named, they do not allow it, or have to be asked first.
    """
    change.silent = True
    found = _mine(change)
    if source not in Source.values or not source:
        raise Problem(gettext_noop("Please answer whose document it is."), field="source")
    here = _organization(change, organization) if source == Source.ORGANIZATION else None
    outside = _issuer(change, organization) if source == Source.ISSUER else None
    said = _said(name if source == Source.OUTSIDE else None, asked, allowed=allowed)
    for one in (found, *_alike(change, found, also)):
        one.source, one.source_organization, one.source_issuer = source, here, outside
        one.source_said = None
        if any(said.values()):
            one.seal("source_said", said)
        check_source(one)
        one.save(update_fields=["source", "source_organization", "source_issuer", "source_said"])


def _said(name: str | None, asked: str, *, allowed: bool) -> dict[str, str]:
    """What is written down of who stands in no register, and of who was asked there."""
    said = {"name": clean_text(name or "").strip()[:100], "answer": "", "asked": ""}
    if name is not None and not said["name"]:
        raise Problem(gettext_noop("Please write the name of the organization."), field="name")
    if allowed:
        said |= {"answer": "yes", "asked": clean_text(asked).strip()[:100]}
    return said


def _alike(change: Change, found: Attachment, also: Collection[UUID]) -> list[Attachment]:
    """Those of the others that still wait for the same answer; what was answered stays as it is."""
    waiting = unanswered(change.group, change.account, found.kind).filter(pk__in=also)
    return list(waiting.exclude(pk=found.pk))


def _organization(change: Change, organization: UUID | None) -> Organization:
    here = Organization.objects.filter(region=change.region).exclude(approved_on=None)
    found = here.filter(pk=organization).first() if organization else None
    if found is None:
        raise Problem(gettext_noop("Please choose one."), field="organization")
    return found


def _issuer(change: Change, issuer: UUID | None) -> Issuer:
    here = Issuer.objects.filter(region=change.region, removed_at=None)
    found = here.filter(pk=issuer).first() if issuer else None
    if found is None:
        raise Problem(gettext_noop("Please choose one."), field="organization")
    return found


def _mine(change: Change) -> Attachment:
    attachment = change.standing.what.attachment
    assert attachment is not None
    with_names = Attachment.objects.select_related("source_organization", "source_issuer")
    return with_names.get(pk=attachment.id)
