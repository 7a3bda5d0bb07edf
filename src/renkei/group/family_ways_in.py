"""How the patient and relatives come into their group, and how they come in again (A11.5).

The agreement on record, the account, and the one-time link to a password of their own.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email
from django.utils.translation import gettext_noop

from renkei.enrollment.models import Paper
from renkei.group.family_sheet import sheet_of
from renkei.group.membership import group_of, say
from renkei.group.models import FamilyAgreement, Group, Member
from renkei.kernel import clock, vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text, fold_kana, is_role_address
from renkei.patient.models import Consent, Patient
from renkei.people.access import Given, Identified, given, issue_link, take_everything
from renkei.people.models import Account, OneTimeLink, Profile
from renkei.policy.use_case import Change, use_case

OWN_ADDRESS: Final = gettext_noop("This person's link can only go by mail, to their own address.")
NOBODY_THERE: Final = gettext_noop("This person takes part no more.")
# One sentence whatever the reason, so that nobody learns whose address it is by asking.
NOT_THIS_ADDRESS: Final = gettext_noop(
    "This address cannot be used here. Everybody needs an address of their own; who works in the"
    " region and is of the family as well needs a private one, other than the one for work."
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """That the patient agreed: who said so for them, how, and when."""

    by: str
    relationship: str  # of ``Consent.RELATIONSHIPS``
    how: str
    agreed_on: date
    sheet: str = ""  # the number of the signed sheet


@dataclass(frozen=True, slots=True)
class Relation:
    """Who is let in: somebody around the patient, or with None the patient; and their address."""

    related_person: UUID | None
    kana: str
    email: str


@use_case("family.invite", on="group")
def invite_family(
    change: Change, *, who: Relation, agreement: Agreement, way: str, word: str = ""
) -> Given | None:
    """Let the patient or a relative take part, with the patient's agreement on record (A11.5).

    Who has an account of the family's kind with another patient comes in with it only if a link
    that went to its address was used. Else whoever made it on paper could have taken the address
    of somebody of another family: what was signed in with ends, and the link goes by mail.

    Returns:
        The one-time link to their password; None for who signs in as before.

    Raises:
        Problem: the person takes part already, the address cannot be used, the link cannot go on
            paper, or something of the agreement is missing.
    """
    group = group_of(change)
    change.about("Group", group.id)
    patient = Patient.objects.select_for_update().get(pk=change.patient)
    name, kana = _called(patient, who)
    _check_agreement(agreement)
    sheet = sheet_of(agreement.sheet, change.patient) if agreement.sheet.strip() else None
    inside = group.members.filter(ended_at=None).exclude(relation="")
    relation = Member.Relation.RELATIVE if who.related_person else Member.Relation.PATIENT
    if inside.filter(relation=relation, related_person=who.related_person).exists():
        raise Problem(gettext_noop("This person is in the group already."), field="who")
    account = _account(change, group, _checked_address(who.email), name, kana)
    if inside.filter(account=account).exists():
        raise Problem(NOT_THIS_ADDRESS, field="email")
    unproved = _is_unproved(account, change.patient)
    if unproved or not account.has_usable_password():
        _refuse_by_hand(change, account, way)
    if unproved:
        take_everything(change, account)
    member = Member(
        id=uuid7(),
        key_id=group.key_id,
        group=group,
        account=account,
        relation=relation,
        related_person_id=who.related_person,
        origin=Member.Origin.FAMILY,
        joined_at=change.now,
        read_seq=group.last_seq,
    )
    member.save(force_insert=True)
    _keep_agreement(change, member, agreement, sheet)
    link = None
    if not account.has_usable_password():
        purpose = (OneTimeLink.Purpose.RESET if unproved else OneTimeLink.Purpose.FIRST).value
        link = given(change, account, issue_link(change, account, purpose, way=way, word=word))
    change.about("Member", member.id, account=account.id.hex, relation=relation.value)
    say(change, group, "family_in", subject=None, text=name)
    change.end_standings(group=group.id, account=account.id)
    return link


def _called(patient: Patient, who: Relation) -> tuple[str, str]:
    """Name and reading of the person, as they stand in the patient's record."""
    if who.related_person is None:
        identity = patient.identity
        return identity.name, identity.kana
    found = patient.related_persons.filter(pk=who.related_person).first()
    if found is None:
        raise Problem(gettext_noop("Please choose one."), field="who")
    kana = fold_kana(" ".join(clean_text(who.kana).split()))[:100] or found.person.kana
    return found.person.name, kana


def _check_agreement(agreement: Agreement) -> None:
    if not agreement.by.strip() or len(agreement.by) > 100:
        raise Problem(gettext_noop("Please write who agreed."), field="by")
    if agreement.relationship not in Consent.RELATIONSHIPS:
        raise Problem(gettext_noop("Please choose the relationship."), field="relationship")
    if agreement.how not in FamilyAgreement.How.values:
        raise Problem(gettext_noop("Please choose one."), field="how")
    if agreement.sheet.strip() and agreement.how != FamilyAgreement.How.PAPER:
        raise Problem(
            gettext_noop("A sheet has a number when it was agreed to on paper."), field="sheet"
        )
    if agreement.agreed_on > clock.today():
        raise Problem(gettext_noop("The date is in the future."), field="agreed_on")


def _checked_address(email: str) -> str:
    cleaned = email.strip().lower()
    try:
        validate_email(cleaned)
        sanitize_address(cleaned, "utf-8")  # else no mail could ever be made for it
    except (ValidationError, ValueError):
        raise Problem(gettext_noop("Please check the e-mail address."), field="email") from None
    if is_role_address(cleaned):
        raise Problem(NOT_THIS_ADDRESS, field="email")
    return cleaned


def _account(change: Change, group: Group, email: str, name: str, kana: str) -> Account:
    """The account of this address: the one they have for another group of a family, or a new one.

    Raises:
        Problem: it belongs to somebody who works here, or to somebody of another name.
    """
    found = Account.objects.select_for_update().filter(email=email).first()
    if found is None:
        account = Account(
            id=uuid7(),
            key_id=vault.make_key("account"),
            region_id=group.region_id,
            email=email,
            family=True,
            made_at=change.now,
        )
        account.set_unusable_password()
        account.seal("profile_sealed", asdict(Profile(name, kana)))
        account.save(force_insert=True)
        return account
    same = "".join(found.profile.name.split()) == "".join(name.split())
    fits = found.family and found.region_id == group.region_id and found.suspended_at is None
    if not (fits and same):
        raise Problem(NOT_THIS_ADDRESS, field="email")
    return found


def _keep_agreement(
    change: Change, member: Member, agreement: Agreement, sheet: Paper | None
) -> None:
    kept = FamilyAgreement(
        id=uuid7(),
        key_id=member.key_id,
        member=member,
        how=agreement.how,
        paper=sheet,
        agreed_on=agreement.agreed_on,
        recorded_by_id=change.account,
        recorded_at=change.now,
    )
    kept.seal("said_sealed", {"by": agreement.by.strip(), "relationship": agreement.relationship})
    kept.save(force_insert=True)
    change.detail |= {"agreed": agreement.agreed_on.isoformat(), "how": agreement.how}
    if sheet is not None:
        change.detail["paper"] = sheet.id.hex


def _is_unproved(account: Account, patient: UUID) -> bool:
    """Whether it was begun with another patient, and not by who reads what its address is sent.

    What counts is the link that was used last: with each the password is set anew.
    """
    elsewhere = account.memberships.exclude(group__patient=patient)
    used = OneTimeLink.objects.filter(account=account, used_at__isnull=False)
    last = used.exclude(purpose=OneTimeLink.Purpose.CONFIRM).order_by("-used_at").first()
    proved = last is not None and last.way == OneTimeLink.Way.MAIL
    return account.has_usable_password() and elsewhere.exists() and not proved


def _refuse_by_hand(change: Change, account: Account, way: str) -> None:
    """Let a link on paper be made only for who takes part with this patient alone.

    Raises:
        Problem: they take, or took, part with another patient as well.
    """
    elsewhere = account.memberships.exclude(group__patient=change.patient)
    if way != OneTimeLink.Way.MAIL and elsewhere.exists():
        raise Problem(OWN_ADDRESS, field="way")


@use_case("family.link", on="member")
def renew_family_access(
    change: Change, *, way: str, word: str = "", identified: Identified
) -> Given:
    """A new one-time link for the patient or a relative; what they signed in with before ends.

    On paper only to who takes part with this patient alone. Else whoever manages one group could
    open another family's with it: then the link goes to the person's own address.

    Raises:
        Problem: it is not somebody of the family, or how they were identified is not said.
    """
    in_question = change.standing.what.member
    assert in_question is not None
    found = Member.objects.filter(pk=in_question).exclude(relation="")
    member = found.first()
    if member is None:
        raise Problem(NOBODY_THERE)
    account = Account.objects.select_for_update().get(pk=member.account_id)
    change.about("Member", member.id, account=account.id.hex)
    if not account.family or account.suspended_at is not None:
        raise Problem(NOBODY_THERE)
    _refuse_by_hand(change, account, way)
    purpose = OneTimeLink.Purpose.FIRST
    if account.has_usable_password():
        purpose = OneTimeLink.Purpose.RESET
        if not identified.checked:
            raise Problem(
                gettext_noop("Please say how you made sure that it is this person."),
                field="checked",
            )
        take_everything(change, account)
    token = issue_link(change, account, purpose.value, way=way, word=word, identified=identified)
    return given(change, account, token)
