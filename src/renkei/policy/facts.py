"""Yes/no questions about a standing. Each says one thing; rules combine them.

A fact names the parts of the standing it looks at, so that a rule over something its kind does
not load is found at import and not by a patient.
"""

from collections.abc import Callable
from dataclasses import dataclass

from renkei.policy.standing import Joined, Standing, Where


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement that is true or false of a standing.

    One of several that all have to hold keeps them in a row (``each``), in the order in which they
    were written, each of them once: a rule of twenty is asked in one loop.
    """

    name: str
    holds: Callable[[Standing], bool]
    needs: frozenset[str]
    each: tuple[Callable[[Standing], bool], ...] = ()

    def __call__(self, standing: Standing) -> bool:
        """Whether it is true."""
        return self.holds(standing)

    def __and__(self, other: "Fact") -> "Fact":
        each = tuple(dict.fromkeys((self.each or (self.holds,)) + (other.each or (other.holds,))))

        def holds(standing: Standing) -> bool:
            for one in each:  # noqa: SIM110 - a generator would cost as much again
                if not one(standing):
                    return False
            return True

        return Fact(f"{self.name} & {other.name}", holds, self.needs | other.needs, each)

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
    """A person with a session, not suspended, in the browser in which it began (A8.2)."""
    return standing.who.account is not None and standing.who.active and standing.who.proved


@fact("who")
def carried_off(standing: Standing) -> bool:
    """The session began on a device of the ledger, and this browser is not on it: a copy."""
    return standing.who.account is not None and not standing.who.proved


@fact("who")
def acknowledged(standing: Standing) -> bool:
    """Has confirmed the edition of the policy that is in force (A2)."""
    return standing.who.acknowledged


@fact("who")
def password_fresh(standing: Standing) -> bool:
    """The password is not older than the policy allows (A14.3)."""
    return standing.who.password_fresh


@fact("who")
def factor_in_order(standing: Standing) -> bool:
    """A second factor was shown in this session, or the policy does not ask for one (A14.3)."""
    return standing.who.factor_in_order


@fact("who")
def by_card(standing: Standing) -> bool:
    """Got in by a number of the disaster card: enough to help, too little to hand out IDs (A20)."""
    return standing.who.second_factor == "card"


@fact("who")
def on_listed_device(standing: Standing) -> bool:
    """Works on a device that the organization acted for lets its people use (A8.2, A15).

    Or the policy asks for none, or a declared disaster lifts it (A20).
    """
    return standing.who.anywhere or standing.who.device_fits


@fact("who")
def works_from_ledger(standing: Standing) -> bool:
    """Works on a listed device, or the policy asks for none; a disaster does not lift it.

    Else whoever came in under a disaster could list a device that stays when it is over.
    """
    who = standing.who
    return who.device_fits or (who.anywhere and who.emergency is None)


@fact("who")
def restricted(standing: Standing) -> bool:
    """May only read, by decision of the organization acted for (N2.2)."""
    return standing.who.read_only


@fact("who")
def works_here(standing: Standing) -> bool:
    """Acts for an organization that takes part, in a role that has not ended."""
    return standing.who.organization is not None


@fact("who")
def administers(standing: Standing) -> bool:
    """Acts as an administrator (連携管理者)."""
    return standing.who.administrator


@fact("who")
def organization_approved(standing: Standing) -> bool:
    """The operator approved the organization acted for (A3)."""
    return standing.who.joined.approved


@fact("who")
def organization_pledged(standing: Standing) -> bool:
    """The organization acted for gave its pledge, form 2 (A3)."""
    return standing.who.joined.organization_pledged


@fact("who")
def pledged(standing: Standing) -> bool:
    """Gave the own pledge, form 3, to the organization acted for (A9)."""
    return standing.who.joined.pledged


@fact("who")
def trained(standing: Standing) -> bool:
    """Was trained before use: the organization acted for, or the person if each has to be (A9)."""
    return standing.who.joined.trained


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
def of_family(standing: Standing) -> bool:
    """Has the account of a patient or relative, who works for nobody (A11.5)."""
    return standing.who.family


@fact("who")
def is_host(standing: Standing) -> bool:
    """Is the machine itself, on behalf of the host who runs it: copies, keys, moving house."""
    return standing.who.system == "host"


@fact("who")
def is_loader(standing: Standing) -> bool:
    """Is the loader, which takes over a region from paper."""
    return standing.who.system == "loader"


@fact("who")
def is_applicant(standing: Standing) -> bool:
    """Is the page on which an organization applies, which nobody has signed in to (A3).

    It knows nobody; what it shows or changes hangs on the secret of the application's link.
    """
    return standing.who.system == "applicant"


@fact("who")
def is_report_page(standing: Standing) -> bool:
    """Is the page on which anybody reports a loss without signing in (N3.10).

    It knows nobody; what it may show or stop hangs on a code that was shown to it.
    """
    return standing.who.system == "report"


@fact("who")
def holds_link(standing: Standing) -> bool:
    """Comes with a one-time link; whether it is a good one the use case proves (A14.1)."""
    return standing.who.system == "link"


# ── Patient and consent ──────────────────────────────────────────────────────────────────────────


@fact("who", "patient")
def acts_for_managing_organization(standing: Standing) -> bool:
    """Acts for the organization that manages the patient (A4)."""
    where, own = standing.where, standing.who.organization
    return (
        where is not None and where.kind != "free" and own is not None and own == where.organization
    )


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


@fact("patient")
def consent_for_family(standing: Standing) -> bool:
    """The patient agreed that the family is told about the care: purpose 4 (A11.5)."""
    consent = standing.where.consent if standing.where else None
    return consent is not None and "4" not in consent.declined.split(",")


# ── Group ────────────────────────────────────────────────────────────────────────────────────────


@fact("group")
def group_open(standing: Standing) -> bool:
    """The group has neither been ended nor archived."""
    return standing.where is not None and standing.where.open


@fact("group")
def group_archived(standing: Standing) -> bool:
    """The group is in the archive: read and not written, until it is brought back (A11.6)."""
    return standing.where is not None and standing.where.archived


@fact("group")
def is_reviewed(standing: Standing) -> bool:
    """Its members are gone through at an interval: it is about a patient, and open (N1.2).

    Its list-shaped twin is ``review.due.REVIEWED``, which asks for none after a death.
    """
    where = standing.where
    return where is not None and where.open and where.kind in ("patient", "family")


@fact("group")
def network_group(standing: Standing) -> bool:
    """It is the region's network group, which is about no patient (A18)."""
    return standing.where is not None and standing.where.kind == "network"


@fact("group")
def patient_group(standing: Standing) -> bool:
    """It is the professionals' group about one patient (A11.1)."""
    return standing.where is not None and standing.where.kind == "patient"


@fact("group")
def family_group(standing: Standing) -> bool:
    """It is the group in which the patient or relatives take part (A11.5)."""
    return standing.where is not None and standing.where.kind == "family"


@fact("group")
def free_group(standing: Standing) -> bool:
    """It is for exchange among professionals, and about no patient (A12.1)."""
    return standing.where is not None and standing.where.kind == "free"


@fact("group")
def open_to_join(standing: Standing) -> bool:
    """Whoever has read the purpose of the free group joins it (A12.4)."""
    return standing.where is not None and standing.where.entry == "open"


@fact("group")
def open_on_request(standing: Standing) -> bool:
    """A manager of the free group lets in who asks (A12.4)."""
    return standing.where is not None and standing.where.entry == "request"


@fact("group")
def asked_to_be_listed(standing: Standing) -> bool:
    """The free group stands on the public page, or its manager asked for it (A19.2)."""
    return standing.where is not None and standing.where.listing != ""


@fact("group")
def is_member(standing: Standing) -> bool:
    """Has a place in the group today, whether or not the role behind it is in office."""
    return standing.where is not None and standing.where.member is not None


@fact("group")
def direct_group(standing: Standing) -> bool:
    """It is between two people who are connected, and about no patient (A13.1)."""
    return standing.where is not None and standing.where.kind == "direct"


@fact("group")
def family_member(standing: Standing) -> bool:
    """Takes part as the patient or a relative, and not by any work (A11.5)."""
    where = standing.where
    return where is not None and where.member is not None and where.member.relation != ""


@fact("group")
def managers_gone(standing: Standing) -> bool:
    """It is a free group in which no manager is in office any more (A5.1)."""
    where = standing.where
    return where is not None and where.kind == "free" and not where.attended


@fact("group")
def other_gone(standing: Standing) -> bool:
    """The other of the two does not work here any more, or was stopped (A13.1)."""
    where = standing.where
    return where is not None and where.kind == "direct" and not where.attended


@fact("who", "group")
def acts_for_founding_organization(standing: Standing) -> bool:
    """Acts for the organization in which the free group was founded (A5.1)."""
    where, own = standing.where, standing.who.organization
    return (
        where is not None and where.kind == "free" and own is not None and own == where.organization
    )


@fact("group")
def takes_part(standing: Standing) -> bool:
    """Is a member of the group today, in a role that has not ended."""
    where = standing.where
    return where is not None and where.member is not None and where.member.in_office


@fact("who", "group")
def device_fits_group(standing: Standing) -> bool:
    """Works on a device listed by the organization for which they are in the group (A8.2).

    Or the policy asks for none, or a declared disaster lifts it (A20).
    """
    where, who = standing.where, standing.who
    if where is None or where.member is None:
        return False
    lifted = where.member.organization in who.lifted
    return who.anywhere or lifted or where.member.device_fits


@fact("group")
def organization_approved_in_group(standing: Standing) -> bool:
    """The operator approved the organization for which they are in the group (A3)."""
    return "approved" not in _missing_in_group(standing)


@fact("group")
def organization_pledged_in_group(standing: Standing) -> bool:
    """The organization for which they are in the group gave its pledge, form 2 (A3)."""
    return "organization_pledged" not in _missing_in_group(standing)


@fact("group")
def pledged_in_group(standing: Standing) -> bool:
    """Gave the own pledge, form 3, to the organization for which they are in the group (A9)."""
    return "pledged" not in _missing_in_group(standing)


@fact("group")
def trained_in_group(standing: Standing) -> bool:
    """Was trained before use: that organization, or the person if each has to be (A9)."""
    return "trained" not in _missing_in_group(standing)


def _missing_in_group(standing: Standing) -> tuple[str, ...]:
    """What is missing of joining; everything, for who is not in the group."""
    member = standing.where.member if standing.where else None
    return (member.joined if member else Joined()).missing


@fact("group")
def restricted_in_group(standing: Standing) -> bool:
    """May only read in this group, by decision of their organization (N2.2)."""
    where = standing.where
    return where is not None and where.member is not None and where.member.read_only


@fact("group")
def member_for_managing_organization(standing: Standing) -> bool:
    """Is a member of the group on behalf of its managing organization."""
    where = standing.where
    return (
        where is not None
        and where.member is not None
        and where.organization is not None
        and where.member.organization == where.organization
    )


@fact("group")
def is_manager(standing: Standing) -> bool:
    """Is a manager of the group (グループ管理者)."""
    where = standing.where
    return where is not None and where.member is not None and where.member.manager


@fact("group")
def physician_in_group(standing: Standing) -> bool:
    """Is in the group as a physician or dentist: the attending one can manage it (A11.2)."""
    where = standing.where
    return where is not None and where.member is not None and where.member.profession in PHYSICIANS


@fact("group")
def doctor_in_group(standing: Standing) -> bool:
    """Is in the group as a physician (医師): says what is usual for the patient's body."""
    where = standing.where
    return where is not None and where.member is not None and where.member.profession == "医師"


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


@fact("message")
def message_matters(standing: Standing) -> bool:
    """It was marked as important or urgent."""
    message = standing.what.message
    return message is not None and message.importance in ("important", "urgent")


@fact("task")
def task_open(standing: Standing) -> bool:
    """The task is neither done nor withdrawn."""
    task = standing.what.task
    return task is not None and task.open


@fact("who", "task")
def has_task(standing: Standing) -> bool:
    """Is who is to do it."""
    task = standing.what.task
    return task is not None and task.account == standing.who.account


@fact("who", "task")
def made_task(standing: Standing) -> bool:
    """Is who made a task of the message."""
    task = standing.what.task
    return task is not None and task.made_by == standing.who.account


@fact("who", "attachment")
def attached_it(standing: Standing) -> bool:
    """Is who brought the attachment."""
    attachment = standing.what.attachment
    return attachment is not None and attachment.author == standing.who.account


@fact("attachment")
def attachment_posted(standing: Standing) -> bool:
    """It is part of a message."""
    attachment = standing.what.attachment
    return attachment is not None and attachment.posted


@fact("attachment")
def attachment_shown(standing: Standing) -> bool:
    """It is ready to be shown, and its message was not taken back."""
    attachment = standing.what.attachment
    return attachment is not None and attachment.ready and not attachment.withdrawn


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


@fact("account")
def colleague_responsible(standing: Standing) -> bool:
    """The person in question is an administrator of any organization, or works for the operator."""
    return standing.what.colleague is not None and standing.what.colleague.responsible


@fact("account")
def colleague_works_elsewhere(standing: Standing) -> bool:
    """The person in question works for another organization, or the operator, as well."""
    return standing.what.colleague is not None and standing.what.colleague.elsewhere


@fact("colleague")
def colleague_is_sole_administrator(standing: Standing) -> bool:
    """The person in question is the only administrator of their organization."""
    colleague = standing.what.colleague
    return colleague is not None and colleague.administrator and colleague.administrators == 1


@fact("colleague")
def one_administrator_there(standing: Standing) -> bool:
    """The organization of the person in question has one administrator alone."""
    return standing.what.colleague is not None and standing.what.colleague.administrators == 1


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


# ── Incidents, and whom one may stop ─────────────────────────────────────────────────────────────


@fact("incident")
def incident_open(standing: Standing) -> bool:
    """The incident has not been closed."""
    return standing.what.incident is not None and standing.what.incident.open


@fact("who", "incident")
def incident_accuses_them(standing: Standing) -> bool:
    """The incident is a report of misuse by the very person who asks."""
    incident = standing.what.incident
    return (
        incident is not None
        and incident.kind == "misuse"
        and incident.account == standing.who.account
    )


@fact("organization", "incident")
def incident_concerns_operator(standing: Standing) -> bool:
    """It is serious or grave, a report of misuse, or no organization of its own sees to it."""
    incident = standing.what.incident
    return incident is not None and (
        incident.severity != "minor"
        or incident.kind == "misuse"
        or standing.what.target_organization is None
    )


@fact("who", "person")
def is_this_person(standing: Standing) -> bool:
    """The account in question is one's own."""
    return standing.what.person is not None and standing.what.person == standing.who.account


# ── Devices and take-outs ────────────────────────────────────────────────────────────────────────


@fact("who", "device")
def works_on_this_device(standing: Standing) -> bool:
    """Works on the device in question at this moment."""
    device = standing.what.device
    return device is not None and device.id == standing.who.device


@fact("device")
def device_is_ones_own(standing: Standing) -> bool:
    """The person who asks is its user, or asked for it."""
    return standing.what.device is not None and standing.what.device.own


@fact("device")
def device_asked_of_own(standing: Standing) -> bool:
    """The organization acted for was asked to let its people use the device."""
    return standing.what.device is not None and standing.what.device.asked_here


@fact("device")
def sole_administrator(standing: Standing) -> bool:
    """The organization acted for has no other administrator to ask."""
    return standing.what.device is not None and standing.what.device.sole_administrator


@fact("device")
def device_waits_for_operator(standing: Standing) -> bool:
    """Nobody of its organization could say yes to it from a device in the ledger.

    It is the first one in use there, or its only administrator asks for it.
    """
    return standing.what.device is not None and standing.what.device.for_operator


@fact("who", "take_out")
def asked_to_take_out(standing: Standing) -> bool:
    """The person who asks is who wants to take it out."""
    taken = standing.what.take_out
    return taken is not None and taken.account == standing.who.account


@fact("take_out")
def take_out_waits_for_operator(standing: Standing) -> bool:
    """Nobody of its organization could decide: who asked is its only administrator, or has none."""
    return standing.what.take_out is not None and standing.what.take_out.for_operator


# ── Papers ───────────────────────────────────────────────────────────────────────────────────────


def _kept_by(standing: Standing, keeper: str) -> bool:
    return standing.what.paper is not None and standing.what.paper.kept_by == keeper


@fact("paper")
def paper_of_operator(standing: Standing) -> bool:
    """The operator files it: an application, an organization's pledge, a notice to it (F1)."""
    return _kept_by(standing, "operator")


@fact("paper")
def paper_of_organization(standing: Standing) -> bool:
    """The organization files it, and nobody else: a pledge of its staff (F2)."""
    return _kept_by(standing, "organization")


@fact("paper")
def paper_of_patient(standing: Standing) -> bool:
    """Who keeps the patient's record files it: form 4, a request of rights (F3)."""
    return _kept_by(standing, "patient")


# ── Erasing ──────────────────────────────────────────────────────────────────────────────────────


@fact("patient")
def not_to_be_erased(standing: Standing) -> bool:
    """No erasure of it has been confirmed (A11.7)."""
    return standing.where is not None and standing.where.erase_at is None


@fact("who", "erasure")
def asked_to_erase(standing: Standing) -> bool:
    """Is the one who asked for the erasure (A11.7)."""
    erasure = standing.what.erasure
    return erasure is not None and erasure.asked_by == standing.who.account


@fact("who", "erasure")
def works_for_who_erases(standing: Standing) -> bool:
    """Works for the organization that asked, whichever they act for now: is no second person."""
    return standing.what.erasure is not None and standing.what.erasure.interested


# ── Hand-over ────────────────────────────────────────────────────────────────────────────────────


@fact("hand_over")
def hand_over_open(standing: Standing) -> bool:
    """The hand-over waits for an answer, and the patient is still the proposer's (A4)."""
    return standing.what.hand_over is not None and standing.what.hand_over.open


# ── Disaster use ─────────────────────────────────────────────────────────────────────────────────


@fact("who", "disaster")
def set_it(standing: Standing) -> bool:
    """Is the one who declared the disaster use, or changed it last (A20)."""
    disaster = standing.what.disaster
    return disaster is not None and disaster.set_by == standing.who.account


# ── The next edition of the policy ───────────────────────────────────────────────────────────────


@fact("who", "draft")
def wrote_draft(standing: Standing) -> bool:
    """Is the one who wrote the draft, or changed it last."""
    draft = standing.what.draft
    return draft is not None and draft.set_by == standing.who.account


@fact("draft")
def sole_operator(standing: Standing) -> bool:
    """The operator has no second person who could look at it."""
    return standing.what.draft is not None and standing.what.draft.operators == 1


# ── Reuse ────────────────────────────────────────────────────────────────────────────────────────


def agreed_to_reuse(where: Where | None, purpose: str) -> bool:
    """Whether the patient lets what is written about them be used so (A16.b, A16.d).

    Explaining to the family asks for purpose 4 of form 4. Outside care purpose 8 has to be agreed
    to on form 4 itself: an exemption from it is no answer to that.
    """
    if where is None or where.patient is None or purpose in ("record", "colleagues"):
        return True
    consent = where.consent
    if consent is None:
        return False
    declined = consent.declined.split(",")
    if purpose == "family":
        return "4" not in declined
    return consent.state == "given" and "8" not in declined


@fact("patient", "reuse")
def purpose_agreed(standing: Standing) -> bool:
    """The patient has not declined the purpose of the request (A16.d)."""
    reuse = standing.what.reuse
    return reuse is not None and agreed_to_reuse(standing.where, reuse.purpose)


@fact("who", "reuse")
def asked_to_reuse(standing: Standing) -> bool:
    """Is the one who asks to use it."""
    reuse = standing.what.reuse
    return reuse is not None and reuse.asked_by == standing.who.account


@fact("who", "reuse")
def wrote_what_is_reused(standing: Standing) -> bool:
    """Wrote something of what is asked for (A16.b)."""
    return standing.what.reuse is not None and standing.what.reuse.wrote


@fact("reuse")
def outside_care(standing: Standing) -> bool:
    """It is asked for a study meeting, a conference or another purpose outside care (A16.d)."""
    return standing.what.reuse is not None and standing.what.reuse.purpose == "outside"


@fact("reuse")
def came_from_another_organization(standing: Standing) -> bool:
    """All that is asked for are documents that came from another organization (A16.c)."""
    return standing.what.reuse is not None and standing.what.reuse.from_elsewhere


@fact("reuse")
def reuse_waits(standing: Standing) -> bool:
    """The request was neither refused nor taken back, and its day has not passed."""
    reuse = standing.what.reuse
    return reuse is not None and reuse.in_time and reuse.state in ("waiting", "permitted")


@fact("reuse")
def reuse_permitted(standing: Standing) -> bool:
    """Its author said yes, outside care the group's manager too, and its day has not passed."""
    reuse = standing.what.reuse
    return reuse is not None and reuse.in_time and reuse.permitted and reuse.state == "permitted"
