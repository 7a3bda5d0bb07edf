"""An organization's list of its people: one added, asked, or changed (A8.5, A14.2)."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.enrollment.known import everybody_in, organization_of
from renkei.group.models import Invitation, Member
from renkei.incident.models import Stop
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import is_role_address
from renkei.people.access import issue_link
from renkei.people.changes import role_of
from renkei.people.joining import NewStaff, register
from renkei.people.models import OneTimeLink, PractitionerRole, Registration, Session
from renkei.policy.use_case import Change, use_case

HERE_ALREADY = gettext_noop("Somebody with this address works here already.")
LEAVES = gettext_noop("This person's leaving is set already.")


@use_case("staff.add", on="organization")
def add_person(change: Change, *, one: NewStaff, one_person: bool = False) -> UUID:
    """Take somebody on: a new person, or one who has an account and is asked (A8.5, A14.2).

    Returns:
        What the person's page is found by, whichever of the two it is.

    Raises:
        Problem: somebody here has this address, or it may be a desk's and nobody says otherwise.
    """
    organization = organization_of(change)
    here = everybody_in(organization.id)
    if one.email in here:
        raise Problem(HERE_ALREADY, field="email")
    if is_role_address(one.email) and not one_person:
        raise Problem(
            gettext_noop("Is this address one person's own? Please say so, or write another."),
            field="one_person",
        )
    added = register(change, organization, one)
    change.about("Organization", organization.id, added=added.hex, administrator=one.administrator)
    return added


def _registration(change: Change, registration: UUID) -> Registration:
    found = (
        Registration.objects.select_for_update(of=("self",))
        .select_related("account")
        .filter(pk=registration, organization=organization_of(change), answer="")
        .first()
    )
    if found is None:
        raise Unknown("registration")
    return found


@use_case("staff.add", on="organization")
def take_back_registration(change: Change, *, registration: UUID) -> None:
    """Ask somebody no longer whether they work here.

    Raises:
        Unknown: nobody is asked under this id by this organization.
    """
    found = _registration(change, registration)
    found.answer, found.answered_at = Registration.Answer.TAKEN_BACK, change.now
    found.save(update_fields=["answer", "answered_at"])
    change.about("Registration", found.id, answer=found.answer)
    change.end_standings(account=found.account_id)


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody who has an account is told with a link: it opens nothing."""

    email: str
    name: str
    token: str
    language: str


@use_case("staff.add", on="organization")
def give_note(
    change: Change, *, registration: UUID, way: str, word: str, one_person: bool | None
) -> Note:
    """A link for somebody who is asked: from outside like a first one, and it sets no password.

    Raises:
        Unknown: nobody is asked under this id by this organization.
        Problem: the word is missing, or the address may be a desk's and nobody says otherwise.
    """
    found = _registration(change, registration)
    if is_role_address(found.account.email) and not one_person:
        raise Problem(
            gettext_noop(
                "One ID is one person (article 14). Please have an address of the person's own"
                " registered first."
            ),
            field="one_person",
        )
    said = found.unseal("said_sealed")
    purpose = OneTimeLink.Purpose.CONFIRM
    token = issue_link(change, found.account, purpose.value, way=way, word=word)
    change.about("Registration", found.id)
    return Note(found.account.email, said["name"], token, found.account.language)


@use_case("staff.change", on="staff")
def change_profession(change: Change, *, profession: str) -> UUID:
    """Let somebody work in another profession; what they wrote keeps the one of its time.

    Returns:
        The id of the role that begins.

    Raises:
        Problem: there is no such profession, the person has left, or is about to.
    """
    role = role_of(change)
    if profession not in PractitionerRole.PROFESSIONS:
        raise Problem(gettext_noop("Please choose one."), field="profession")
    if role.profession == profession:
        change.silent = True
        return role.id
    if role.until is not None:
        raise Problem(LEAVES)
    begun = go_on_as(change, role, profession)
    change.detail["begun"] = begun.id.hex
    return begun.id


def go_on_as(change: Change, role: PractitionerRole, profession: str) -> PractitionerRole:
    """End the role and begin another that takes over all that goes on."""
    role.ended_at = change.now
    role.save(update_fields=["ended_at"])
    begun = PractitionerRole(
        id=uuid7(),
        account_id=role.account_id,
        organization_id=role.organization_id,
        profession=profession,
        administrator=role.administrator,
        restriction=role.restriction,
        pledged_on=role.pledged_on,
        trained_on=role.trained_on,
        started_at=change.now,
    )
    begun.save(force_insert=True)
    Member.objects.filter(role=role, ended_at=None).update(role=begun)
    Invitation.objects.filter(role=role, state=Invitation.State.OPEN).update(role=begun)
    Stop.objects.filter(role=role, lifted_at=None).update(role=begun)
    Session.objects.filter(role=role).update(role=begun)
    change.end_standings(account=role.account_id)
    return begun
