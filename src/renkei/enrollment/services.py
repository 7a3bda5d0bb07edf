"""Confirming what has to be read: the policy at first sign-in and at each new edition, notices."""

from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.enrollment.models import Acknowledgement, NoticeAcknowledgement
from renkei.kernel.errors import Problem
from renkei.people.models import Account
from renkei.policy.use_case import Change, use_case
from renkei.region.audience import addressed, audience
from renkei.region.models import Notice, Region
from renkei.region.notices import work_of


@use_case("policy.confirm", on="region")
def confirm_policy(change: Change, *, policy: UUID) -> None:
    """Confirm having read the edition of the policy that is in force (A2, N4.1-N4.7).

    Raises:
        Problem: another edition has come into force since the page was opened.
    """
    region = Region.objects.get(pk=change.region)
    if region.edition != policy:
        raise Problem(gettext_noop("The policy has changed meanwhile. Please read the new one."))
    _, new = Acknowledgement.objects.get_or_create(
        account_id=change.account, policy_id=policy, defaults={"at": change.now}
    )
    Account.objects.filter(pk=change.account).update(acknowledged_id=policy)
    change.silent = not new
    change.about("PolicyVersion", policy)


@use_case("notice.confirm", on="region")
def confirm_notice(change: Change, *, notice: UUID) -> None:
    """Confirm having read a notice of the operator.

    Raises:
        Problem: there is no such notice, or not for this person.
    """
    shown = Notice.objects.filter(
        pk=notice, region_id=change.region, published_at__isnull=False, withdrawn_at=None
    )
    found = shown.values_list("audience", flat=True).first()
    family = change.standing.who.family
    mine = addressed(audience(found), work_of(change.account), family=family)
    if not shown.exists() or not (mine or change.standing.who.operator):
        raise Problem(gettext_noop("This notice is not there any more."))
    _, new = NoticeAcknowledgement.objects.get_or_create(
        account_id=change.account, notice_id=notice, defaults={"at": change.now}
    )
    change.silent = not new
    change.about("Notice", notice)
