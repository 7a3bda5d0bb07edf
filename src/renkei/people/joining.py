"""How somebody comes to work for an organization: a new person, or one who has an account (A8.5).

Whoever has an account already keeps it, and nothing of it is shown: the organization's wish waits
as a ``Registration`` until the person has said that it is right. What the organization is told, and
how long that takes, is the same in both cases.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.enrollment.pledging import hold_pledges
from renkei.group.network import take_in_all
from renkei.kernel.database import id_of, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.people.changes import note_administrator
from renkei.people.models import (
    Account,
    OneTimeLink,
    OperatorRole,
    Organization,
    PractitionerRole,
    Profile,
    Registration,
    Session,
)
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, use_case
from renkei.training.completing import trained_since


@dataclass(frozen=True, slots=True)
class NewStaff:
    """Somebody who is to work for an organization, as it writes them down."""

    name: str
    kana: str
    profession: str
    email: str
    sex: str = ""
    administrator: bool = False
    pledged_on: date | None = None
    trained_on: date | None = None


def register(change: Change, organization: Organization, one: NewStaff) -> UUID:
    """Take somebody on inside anybody's use case; nobody of theirs has this address yet.

    Returns:
        The id of the role, or of the registration that waits; they look alike from outside.
    """
    return register_all(change, organization, [one])[0]


def register_all(
    change: Change, organization: Organization, wishes: Sequence[NewStaff]
) -> list[UUID]:
    """The same for people of different addresses, however many, in a few statements."""
    emails = [one.email for one in wishes]
    found = Account.objects.select_for_update().filter(email__in=emails)
    known = {one.email: one for one in found}
    fresh, roles, made = [], [], []
    for one in wishes:
        account = known.get(one.email)
        if account is not None and not _was_never_used(account):
            made.append(_ask(change, organization, account, one).id)
            continue
        if account is None:
            account = _new_account(change, organization, one.email)
            fresh.append(account)
        account.seal("profile_sealed", asdict(Profile(one.name, one.kana, one.sex)))
        if account.email in known:
            account.save(update_fields=["profile_sealed"])
        roles.append(_role(change, account, organization.id, one))
        made.append(roles[-1].id)
    Account.objects.bulk_create(fresh)
    _begin(change, roles)
    return made


def _was_never_used(account: Account) -> bool:
    """Nobody has begun to use it, and nobody counts on it any more: registered by mistake once."""
    return (
        account.last_login is None
        and not account.family
        and not account.has_usable_password()
        and not account.links.exclude(used_at=None).exists()
        and account.suspended_at is None
        and not account.roles.filter(ended_at=None).exists()
        and not account.operator_roles.filter(ended_at=None).exists()
        and not account.registrations.filter(answer="").exists()
    )


def _new_account(change: Change, organization: Organization, email: str) -> Account:
    account = Account(
        id=uuid7(),
        key_id=organization.key_id,
        region_id=organization.region_id,
        email=email,
        made_at=change.now,
    )
    account.set_unusable_password()
    return account


def _role(
    change: Change, account: Account, organization: UUID, one: "NewStaff | Registration"
) -> PractitionerRole:
    return PractitionerRole(
        id=uuid7(),
        account=account,
        organization_id=organization,
        profession=one.profession,
        administrator=one.administrator,
        pledged_on=one.pledged_on,
        started_at=change.now,
    )


def _begin(change: Change, roles: list[PractitionerRole]) -> None:
    """Let people work from now on, with all that follows from it.

    Who has completed the course before use has done so for this organization too (A9).
    """
    known = trained_since([role.account_id for role in roles])
    for role in roles:
        role.trained_on = known.get(role.account_id)
    PractitionerRole.objects.bulk_create(roles)
    take_in_all(change, [role.account for role in roles])
    hold_pledges(change, roles)
    for role in roles:
        if role.administrator:
            note_administrator(change, role, became=True)


def _ask(
    change: Change, organization: Organization, account: Account, one: NewStaff
) -> Registration:
    registration = Registration(
        id=uuid7(),
        key_id=organization.key_id,
        account=account,
        organization=organization,
        profession=one.profession,
        administrator=one.administrator,
        pledged_on=one.pledged_on,
        trained_on=one.trained_on,
        made_by=change.account,
        made_at=change.now,
    )
    registration.seal("said_sealed", said_of(one))
    registration.save(force_insert=True)
    change.end_standings(account=account.id)
    return registration


def said_of(one: NewStaff) -> dict[str, str]:
    """What is sealed of a person who has not answered yet."""
    return {"name": one.name, "kana": one.kana, "sex": one.sex}


# ── What the person says to it ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Asked:
    """An organization that says one works for it."""

    id: UUID
    organization: str
    profession: str
    administrator: bool


_ASKED_OF = """
    SELECT r.id, o.name, r.profession, r.administrator FROM people_registration r
    JOIN people_organization o ON o.id = r.organization_id
    WHERE r.account_id = %s AND r.answer = '' AND o.suspended_at IS NULL ORDER BY r.made_at"""


def asked_of(standing: Standing) -> list[Asked]:
    """Who has registered one; for pages whose own rule has been asked already."""
    assert standing.who.account is not None
    found = rows(_ASKED_OF, [standing.who.account.hex])
    return [Asked(id_of(one[0]), one[1], one[2], bool(one[3])) for one in found]


@use_case("registration.answer", on="region")
def answer_registration(change: Change, *, registration: UUID, right: bool) -> None:
    """Say whether one works for the organization that has registered one (A8.5).

    The answer is worth what the account is worth, which another organization may have made or made
    anew. So nobody becomes an administrator by it, except in an application that the operator has
    looked through; the organization's administrators appoint them, who know whom they see.

    Raises:
        Unknown: nobody asks this person, or no longer.
        Problem: somebody gave access to this account since it was asked.
    """
    found = (
        Registration.objects.select_for_update(of=("self",))
        .select_related("account")
        .filter(pk=registration, account=change.account, answer="")
        .first()
    )
    if found is None:
        raise Unknown("registration")
    if right and _opened_by_others_since(found):
        raise Problem(
            gettext_noop(
                "Somebody gave you access anew after this question was asked. Please have the"
                " organization register you once more."
            )
        )
    found.answer = Registration.Answer.RIGHT if right else Registration.Answer.WRONG
    found.answered_at = change.now
    found.save(update_fields=["answer", "answered_at"])
    change.stream = f"organization:{found.organization_id.hex}"
    change.about("Registration", found.id, answer=found.answer)
    if right and not _works_there(found):
        role = _role(change, found.account, found.organization_id, found)
        role.administrator = found.administrator and _operates(found.made_by)
        _begin(change, [role])
        change.detail["role"] = role.id.hex
        Session.objects.filter(pk=change.standing.who.session, role=None).update(role=role)
    change.end_standings(account=change.account)


def _operates(account: UUID | None) -> bool:
    return OperatorRole.objects.filter(account=account, ended_at=None).exists()


def _opened_by_others_since(found: Registration) -> bool:
    """Whether the account was last opened with a link that another organization made meanwhile."""
    links = found.account.links.filter(used_at__gte=found.made_at)
    last = links.exclude(purpose=OneTimeLink.Purpose.CONFIRM).order_by("-used_at").first()
    return last is not None and not (last.made_by_id is None or _operates(last.made_by_id))


def _works_there(found: Registration) -> bool:
    return PractitionerRole.objects.filter(
        account=found.account, organization=found.organization, ended_at=None
    ).exists()
