"""Who is told that there is an incident: by mail and push without content, after the commit.

The home page shows it besides, whether or not mail is sent.
"""

from renkei.incident.models import Incident
from renkei.kernel import clock
from renkei.notification import telling
from renkei.notification.kinds import Kind
from renkei.people.models import Account
from renkei.people.post import operators, tell
from renkei.people.selectors import administrators

SUBJECT = "お知らせがあります"
BODY = (
    "急ぎのお知らせがあります。ログインして、ホームの「やること」をご確認ください。\n"
    "個人の情報を守るため、内容はこのメールには書いていません。\n\n"
    "{origin}/incidents\n\n{operator}　{phone}\n"
)


def tell_of(incident: Incident) -> None:
    """Tell the organization's administrators; the operator too, unless it is minor and theirs."""
    addresses = addresses_of(incident)
    if incident.severity != Incident.Severity.MINOR or not addresses:
        addresses += operators(incident.region)
    if incident.kind == Incident.Kind.MISUSE and incident.account_id:  # not who it accuses
        accused = Account.objects.get(pk=incident.account_id).email
        addresses = [one for one in addresses if one != accused]
    tell(incident.region, addresses, SUBJECT, BODY)
    accounts = Account.objects.filter(email__in=addresses).values_list("pk", flat=True)
    telling.tell(accounts, Kind.INCIDENT)


def addresses_of(incident: Incident) -> list[str]:
    """Where the administrators of the organization it stands with are reached."""
    found = administrators(clock.now()).filter(organization=incident.organization_id)
    return list(found.values_list("account__email", flat=True))
