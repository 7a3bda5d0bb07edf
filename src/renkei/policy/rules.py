"""Who may do what: the whole policy on one page.

Read a line as "to do this, all of that must be true". Nothing else in the code decides about
access, and nobody stands above it: there is no superuser here. Rules are facts; facts are in
``facts.py``; what a standing is stands in ``standing.py``.
"""

from renkei.policy.facts import (
    Fact,
    acknowledged,
    acts_for_managing_organization,
    acts_for_this_organization,
    administers,
    administers_colleague,
    colleague_in_office,
    colleague_is_sole_administrator,
    colleague_of_managing_organization,
    colleague_physician,
    consent_for_sharing,
    group_open,
    invitation_open,
    invited_by_another_organization,
    invited_them,
    is_loader,
    is_manager,
    is_message,
    is_oneself,
    member_for_managing_organization,
    operates,
    password_fresh,
    physician,
    signed_in,
    takes_part,
    works_here,
    wrote_it,
)
from renkei.policy.standing import LOADS, Standing

ready = signed_in & acknowledged & password_fresh
manages_patients = ready & acts_for_managing_organization & (administers | physician)
administers_group = ready & acts_for_managing_organization & administers
reads = ready & takes_part & (consent_for_sharing | member_for_managing_organization)
manages_group = ready & takes_part & is_manager & member_for_managing_organization
manages_members = manages_group | administers_group  # administrators manage without reading
may_invite = (
    manages_members
    & group_open
    & colleague_in_office
    & ~is_oneself
    & (consent_for_sharing | colleague_of_managing_organization)
)
# Put in charge is somebody of the managing organization, or a physician to whom it delegates.
may_take_charge = colleague_of_managing_organization | colleague_physician
may_approve = (
    ready
    & administers_colleague
    & ~invited_them
    & (~is_oneself | (colleague_is_sole_administrator & invited_by_another_organization))
)

# fmt: off
RULES: dict[str, Fact] = {
    # the region and oneself
    "policy.confirm":            signed_in,
    "password.change":           signed_in,
    "session.end":               signed_in,
    "home.see":                  ready,
    "profile.change":            ready,
    "role.choose":               ready,
    "people.see":                ready & (works_here | operates),
    "notice.confirm":            ready,
    "notice.publish":            ready & operates,
    "region.load":               is_loader,
    # an organization and its patients
    "organization.see":          ready & acts_for_this_organization & administers,
    "patient.register":          ready & acts_for_this_organization & works_here
                                 & (administers | physician),
    "patient.see":               manages_patients,
    "patient.change":            manages_patients,
    "consent.record":            manages_patients,
    "consent.withdraw":          manages_patients,
    # a group and who is in it
    "group.open":                manages_patients,
    "group.see":                 reads,
    "group.manage":              manages_members,
    "group.change_basics":       reads & group_open
                                 & (member_for_managing_organization | is_manager),
    "group.invite":              may_invite,
    "group.invite_manager":      may_invite & may_take_charge,
    "group.leave":               ready & takes_part,
    "group.close":               manages_members & group_open,
    "member.release":            (manages_members | (ready & administers_colleague)) & ~is_oneself,
    "member.appoint":            manages_members & group_open & colleague_in_office
                                 & may_take_charge,
    "member.dismiss":            manages_members & group_open,
    "invitation.see":            (ready & is_oneself) | (ready & administers_colleague)
                                 | manages_members,
    "invitation.approve":        may_approve & invitation_open & group_open & colleague_in_office,
    "invitation.refuse":         may_approve & invitation_open,
    "invitation.accept":         ready & is_oneself & invitation_open & group_open
                                 & colleague_in_office,
    "invitation.decline":        ready & is_oneself & invitation_open,
    "invitation.take_back":      manages_members & invitation_open,
    # what is said
    "communication.send":        reads & group_open,
    "communication.draft":       reads & group_open,
    "communication.understand":  reads & is_message & ~wrote_it,
    "communication.correct":     reads & group_open & is_message & wrote_it,
    "communication.withdraw":    reads & is_message & wrote_it,
}
# fmt: on


def may(standing: Standing, permission: str) -> bool:
    """Say whether the policy allows it; KeyError if there is no such rule. Needs no database."""
    return RULES[permission](standing)


class Can:
    """What a standing allows, asked by name: ``"group.manage" in can``.

    A page asks for two or three of the permissions, so each is judged when it is asked for.
    """

    __slots__ = ("_kind", "_standing")

    def __init__(self, standing: Standing, kind: str) -> None:
        self._standing = standing
        self._kind = kind

    def __contains__(self, permission: str) -> bool:
        """Whether it is allowed; False for what the kind does not load enough to judge."""
        return RULES[permission].needs <= LOADS[self._kind] and may(self._standing, permission)


def closed_gate(standing: Standing) -> str:
    """What the person has to do before anything else: "acknowledge", "password" or nothing."""
    if signed_in(standing) and not acknowledged(standing):
        return "acknowledge"
    if signed_in(standing) and not password_fresh(standing):
        return "password"
    return ""


def check_loaded(permission: str, kind: str) -> None:
    """Refuse, at import, a rule over facts that this kind of thing does not load.

    Raises:
        TypeError: the rule looks at something that will not be there.
    """
    missing = RULES[permission].needs - LOADS[kind]
    if missing:
        raise TypeError(f"{permission} on {kind} needs {', '.join(sorted(missing))}")
