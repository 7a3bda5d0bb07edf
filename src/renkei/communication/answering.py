"""What an author answers of what goes along: who agreed (A17.1), whose document it is (A17.2)."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.attachments import NO_PATIENTS, check_source, last_consent
from renkei.communication.models import Attachment
from renkei.files.kinds import PICTURE, VIDEO
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
    change: Change, *, shows: bool, who: str = "", how: str = "", at: datetime | None = None
) -> None:
    """Say whether a picture shows the patient, the family or the home, and who agreed (A17.1).

    Args:
        who: of ``WHO``; ``how``: of ``HOW``; ``at``: when they agreed, now if nothing is said.

    Raises:
        Problem: something is missing, lies in the future, or does not belong into this group.
    """
    change.silent = True
    found = _mine(change)
    if found.kind not in (PICTURE, VIDEO):
        raise Problem(gettext_noop("Please check once more."))
    found.shows = shows
    found.consent = None
    if shows:
        if change.where.patient is None:
            raise Problem(NO_PATIENTS, field="shows")
        if who not in WHO:
            raise Problem(gettext_noop("Please answer who agreed to the photo."), field="who")
        if how not in HOW:
            raise Problem(gettext_noop("Please answer how they agreed."), field="how")
        moment = at or change.now
        if moment > change.now:
            raise Problem(gettext_noop("This lies in the future."), field="at")
        said = moment.astimezone(JAPAN).isoformat(timespec="minutes")
        found.seal("consent", {"who": who, "how": how, "at": said})
    found.save(update_fields=["shows", "consent"])


@use_case("attachment.change", on="attachment")
def answer_consent_as_before(change: Change) -> None:
    """Say with one tap that it was agreed to just now, by whom and how as the last time (A17.1).

    Raises:
        Problem: nothing was ever said in this group.
    """
    change.silent = True
    found, last = _mine(change), last_consent(change.group)
    if last is None or found.kind not in (PICTURE, VIDEO):
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
) -> None:
    """Say whose document it is; whoever does not allow it is respected (A17.2).

    Args:
        source: of ``Attachment.Source``; ``organization``: its id, or that in the register.
        name: of who stands in no register.
        asked: who was asked there, and ``allowed``: that they said yes.

    Raises:
        Problem: nobody is named, they do not allow it, or have to be asked first.
    """
    change.silent = True
    found = _mine(change)
    if source not in Source.values or not source:
        raise Problem(gettext_noop("Please answer whose document it is."), field="source")
    found.source, found.source_organization, found.source_issuer = source, None, None
    said = {"name": "", "answer": "", "asked": ""}
    if source == Source.ORGANIZATION:
        found.source_organization = _organization(change, organization)
    elif source == Source.ISSUER:
        found.source_issuer = _issuer(change, organization)
    elif source == Source.OUTSIDE:
        said["name"] = clean_text(name).strip()[:100]
        if not said["name"]:
            raise Problem(gettext_noop("Please write the name of the organization."), field="name")
    if allowed:
        said |= {"answer": "yes", "asked": clean_text(asked).strip()[:100]}
    found.source_said = None
    if any(said.values()):
        found.seal("source_said", said)
    check_source(found)
    found.save(update_fields=["source", "source_organization", "source_issuer", "source_said"])


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
