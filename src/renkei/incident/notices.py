"""Who is told that there is an incident: by mail and push without content, after the commit.

The home page shows it besides, whether or not mail is sent.
"""

from renkei.incident.models import Incident
from renkei.notification import telling
from renkei.notification.kinds import Kind
from renkei.people.models import Account
from renkei.people.post import operators, tell
from renkei.policy.who import STOPPED

SUBJECT = "お知らせがあります"
BODY = (
    "急ぎのお知らせがあります。ログインして、ホームの「やること」をご確認ください。\n"
    "個人の情報を守るため、内容はこのメールには書いていません。\n\n"
    "{origin}/incidents\n\n{operator}　{phone}\n"
)


def tell_of(incident: Incident) -> None:
    """Tell the organization's administrators; the operator too, unless it is minor and theirs."""
    addresses = administrators(incident)
    if incident.severity != Incident.Severity.MINOR or not addresses:
        addresses += operators(incident.region)
    tell(incident.region, addresses, SUBJECT, BODY)
    accounts = Account.objects.filter(email__in=addresses).values_list("pk", flat=True)
    telling.tell(accounts, Kind.INCIDENT)


def administrators(incident: Incident) -> list[str]:
    """Where the administrators who may see it are reached; not who it accuses."""
    found = Account.objects.filter(
        roles__organization=incident.organization_id,
        roles__administrator=True,
        roles__ended_at=None,
        suspended_at=None,
    ).exclude(roles__restriction__in=STOPPED)
    if incident.kind == Incident.Kind.MISUSE and incident.account_id:
        found = found.exclude(pk=incident.account_id)
    return list(found.values_list("email", flat=True)) if incident.organization_id else []
