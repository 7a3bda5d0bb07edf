"""Everybody who works for an organization or is asked to, as the organization knows them."""

from dataclasses import dataclass
from uuid import UUID

from renkei.kernel import vault
from renkei.people.joining import NewStaff
from renkei.people.models import OperatorRole, Organization, PractitionerRole, Registration
from renkei.policy.use_case import Change
from renkei.policy.who import STOPPED


def organization_of(change: Change) -> Organization:
    """The organization that is changed, its row locked; the change goes into its stream."""
    target = change.standing.what.target_organization
    assert target is not None
    organization = Organization.objects.select_for_update().get(pk=target)
    change.stream = f"organization:{organization.id.hex}"
    change.about("Organization", organization.id)
    return organization


@dataclass(slots=True)
class Known:
    """Somebody who works here, or is asked to: as the organization knows them."""

    one: NewStaff
    role: PractitionerRole | None
    registration: Registration | None
    elsewhere: bool = False  # works for another organization, or for the operator

    @property
    def stopped(self) -> bool:
        """Whether the person is not in office at present."""
        role = self.role
        return role is not None and (
            role.restriction in STOPPED or role.account.suspended_at is not None
        )


Here = dict[str, Known]  # by address


def everybody_in(organization: UUID) -> Here:
    """Everybody who works for the organization or is asked to, by address."""
    roles = list(
        PractitionerRole.objects.filter(organization=organization, ended_at=None).select_related(
            "account"
        )
    )
    asked = list(
        Registration.objects.filter(organization=organization, answer="").select_related("account")
    )
    vault.warm({one.account.key_id for one in roles} | {one.key_id for one in asked})
    accounts = [one.account_id for one in roles]
    others = PractitionerRole.objects.filter(account__in=accounts, ended_at=None)
    operators = OperatorRole.objects.filter(account__in=accounts, ended_at=None)
    busy = {
        *others.exclude(organization=organization).values_list("account", flat=True),
        *operators.values_list("account", flat=True),
    }
    found = {one.account.email: _as_known(one, one.account_id in busy) for one in roles}
    for one in asked:
        said = one.unseal("said_sealed")
        wish = NewStaff(
            **said, profession=one.profession, email=one.account.email,
            administrator=one.administrator, pledged_on=one.pledged_on, trained_on=one.trained_on,
        )  # fmt: skip
        found.setdefault(one.account.email, Known(wish, None, one))
    return found


def _as_known(role: PractitionerRole, elsewhere: bool) -> Known:
    profile = role.account.profile
    one = NewStaff(
        name=profile.name,
        kana=profile.kana,
        profession=role.profession,
        email=role.account.email,
        sex=profile.sex,
        administrator=role.administrator,
        pledged_on=role.pledged_on,
        trained_on=role.trained_on,
    )
    return Known(one, role, None, elsewhere)
