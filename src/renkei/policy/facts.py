"""Yes/no questions about a standing. Each says one thing; rules combine them.

A fact names the parts of the standing it looks at, so that a rule over something its kind does
not load is found at import and not by a patient.
"""

from collections.abc import Callable
from dataclasses import dataclass

from renkei.policy.standing import Standing


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement that is true or false of a standing."""

    name: str
    holds: Callable[[Standing], bool]
    needs: frozenset[str]

    def __call__(self, standing: Standing) -> bool:
        """Whether it is true."""
        return self.holds(standing)

    def __and__(self, other: "Fact") -> "Fact":
        return Fact(
            f"{self.name} & {other.name}",
            lambda standing: self.holds(standing) and other.holds(standing),
            self.needs | other.needs,
        )

    def __or__(self, other: "Fact") -> "Fact":
        return Fact(
            f"({self.name} | {other.name})",
            lambda standing: self.holds(standing) or other.holds(standing),
            self.needs | other.needs,
        )

    def __invert__(self) -> "Fact":
        return Fact(f"~{self.name}", lambda standing: not self.holds(standing), self.needs)


def fact(*needs: str) -> Callable[[Callable[[Standing], bool]], Fact]:
    """Make a fact of a function that looks at the named parts of a standing."""

    def make(function: Callable[[Standing], bool]) -> Fact:
        return Fact(function.__name__, function, frozenset(needs))

    return make


# ── Who ──────────────────────────────────────────────────────────────────────────────────────────


@fact("who")
def signed_in(standing: Standing) -> bool:
    """A person with a session, not suspended."""
    return standing.who.account is not None and standing.who.active


@fact("who")
def acknowledged(standing: Standing) -> bool:
    """Has confirmed the edition of the policy that is in force (A2)."""
    return standing.who.acknowledged


@fact("who")
def password_fresh(standing: Standing) -> bool:
    """The password is not older than the policy allows (A14.3)."""
    return standing.who.password_fresh


@fact("who")
def works_here(standing: Standing) -> bool:
    """Acts for an organization that takes part, in a role that has not ended."""
    return standing.who.organization is not None


@fact("who")
def administers(standing: Standing) -> bool:
    """Acts as an administrator (連携管理者)."""
    return standing.who.administrator


PHYSICIANS = ("医師", "歯科医師")


@fact("who")
def physician(standing: Standing) -> bool:
    """Is a physician or dentist."""
    return standing.who.profession in PHYSICIANS


@fact("who")
def operates(standing: Standing) -> bool:
    """Works for the region's operator (運営事務局)."""
    return standing.who.operator


@fact("who")
def is_loader(standing: Standing) -> bool:
    """Is the loader, which takes over a region from paper."""
    return standing.who.system == "loader"


# ── Patient and consent ──────────────────────────────────────────────────────────────────────────


@fact("who", "patient")
def acts_for_managing_organization(standing: Standing) -> bool:
    """Acts for the organization that manages the patient (A4)."""
    where = standing.where
    return where is not None and standing.who.organization == where.organization


@fact("patient")
def consent_for_sharing(standing: Standing) -> bool:
    """The patient agreed to sharing, and the papers are in order (A6).

    Consent is recorded and purpose 2 not declined, it is recorded who keeps the original, and
    that the patient has a copy; or one of the two exemptions is recorded.
    """
    consent = standing.where.consent if standing.where else None
    if consent is None:
        return False
    if consent.state in ("exempt_before", "exempt_life"):
        return True
    declined = consent.declined.split(",")
    needed = ("1", "2", "5")  # without these, care by this network is not possible
    return (
        not any(purpose in declined for purpose in needed)
        and consent.original_kept
        and consent.copy_given
    )


# ── Group ────────────────────────────────────────────────────────────────────────────────────────


@fact("group")
def group_open(standing: Standing) -> bool:
    """The group has not been ended."""
    return standing.where is not None and standing.where.open


@fact("group")
def takes_part(standing: Standing) -> bool:
    """Is a member of the group today, in a role that has not ended."""
    where = standing.where
    return where is not None and where.member is not None and where.member.in_office


@fact("group")
def member_for_managing_organization(standing: Standing) -> bool:
    """Is a member of the group on behalf of its managing organization."""
    where = standing.where
    return (
        where is not None
        and where.member is not None
        and where.member.organization == where.organization
    )


@fact("group")
def is_manager(standing: Standing) -> bool:
    """Is a manager of the group (グループ管理者)."""
    where = standing.where
    return where is not None and where.member is not None and where.member.manager


# ── Message ──────────────────────────────────────────────────────────────────────────────────────


@fact("who", "message")
def wrote_it(standing: Standing) -> bool:
    """Is the author of the message."""
    message = standing.what.message
    return message is not None and message.sender == standing.who.account


@fact("message")
def is_message(standing: Standing) -> bool:
    """It is something a person said, and it has not been withdrawn."""
    message = standing.what.message
    return message is not None and not message.event and not message.withdrawn


# ── Colleague and invitation ─────────────────────────────────────────────────────────────────────


@fact("who", "colleague")
def is_oneself(standing: Standing) -> bool:
    """The person in question is the one who asks."""
    colleague = standing.what.colleague
    return colleague is not None and colleague.account == standing.who.account


@fact("colleague")
def colleague_in_office(standing: Standing) -> bool:
    """The person in question works for their organization today; neither is suspended."""
    return standing.what.colleague is not None and standing.what.colleague.in_office


@fact("patient", "colleague")
def colleague_of_managing_organization(standing: Standing) -> bool:
    """The person in question works for the organization that manages the patient."""
    where, colleague = standing.where, standing.what.colleague
    return (
        where is not None and colleague is not None and colleague.organization == where.organization
    )


@fact("colleague")
def colleague_physician(standing: Standing) -> bool:
    """The person in question is a physician or dentist."""
    colleague = standing.what.colleague
    return colleague is not None and colleague.profession in PHYSICIANS


@fact("who", "colleague")
def administers_colleague(standing: Standing) -> bool:
    """Is an administrator of the organization of the person in question."""
    colleague = standing.what.colleague
    return (
        colleague is not None
        and standing.who.administrator
        and colleague.organization == standing.who.organization
    )


@fact("colleague")
def colleague_is_sole_administrator(standing: Standing) -> bool:
    """The person in question is the only administrator of their organization."""
    colleague = standing.what.colleague
    return colleague is not None and colleague.administrator and colleague.administrators == 1


@fact("invitation")
def invitation_open(standing: Standing) -> bool:
    """The invitation waits for an answer and has not expired."""
    return standing.what.invitation is not None and standing.what.invitation.open


@fact("who", "invitation")
def invited_them(standing: Standing) -> bool:
    """Is the one who sent the invitation."""
    invitation = standing.what.invitation
    return invitation is not None and invitation.invited_by == standing.who.account


@fact("invitation", "patient", "colleague")
def invited_by_another_organization(standing: Standing) -> bool:
    """The invitation came from another organization than the invited person's."""
    where, colleague = standing.where, standing.what.colleague
    return (
        where is not None and colleague is not None and where.organization != colleague.organization
    )


# ── Organization, region ─────────────────────────────────────────────────────────────────────────


@fact("who", "organization")
def acts_for_this_organization(standing: Standing) -> bool:
    """Acts for the organization in question."""
    target = standing.what.target_organization
    return target is not None and target == standing.who.organization
