"""What the tests of disaster use do again and again."""

from datetime import timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator

from renkei.kernel import clock
from renkei.people.attempts import Place
from renkei.people.cards import make_card
from renkei.people.models import CardCode, Session
from renkei.region.declaring import declare_disaster
from renkei.safety.emergency import Browser, enter_disaster, spend_card
from renkei.safety.models import EmergencyUse
from tests.cast import Cast

PHONE = Browser("Safari, iPhone", "a-son's-phone")


def declare(
    cast: Cast,
    *,
    drill: bool = False,
    area: list[UUID] | None = None,
    lasting: timedelta | None = None,
    by: str = "operator",
) -> UUID:
    if lasting is None:
        lasting = timedelta(hours=20 if drill else 7 * 24)
    return declare_disaster(
        cast[by], None, drill=drill, word="storm", note="川の水", area=area,
        until=clock.now() + lasting,
    )  # fmt: skip


def had_an_app(cast: Cast, name: str, days_ago: int = 30) -> None:
    """Set up a second factor then."""
    app = Authenticator.objects.create(user_id=cast.account(name), type="totp", data={})
    Authenticator.objects.filter(pk=app.pk).update(
        created_at=clock.now() - timedelta(days=days_ago)
    )


def elsewhere(cast: Cast, name: str, factor: str = "") -> None:
    """Works on a device that nobody listed; showed a second factor that was there before."""
    if factor and not Authenticator.objects.filter(user_id=cast.account(name)).exists():
        had_an_app(cast, name)
    Session.objects.filter(pk=cast[name].session).update(device_id=None, second_factor=factor)


def enter(cast: Cast, name: str, reason: str = "家の電話が水に浸かった") -> EmergencyUse:
    return enter_disaster(cast[name], None, reason=reason, spent=None, browser=PHONE)


def card(cast: Cast, name: str) -> list[str]:
    """The numbers of a card printed a month ago."""
    numbers = make_card(cast[name], None)
    CardCode.objects.filter(account=cast.account(name)).update(
        made_at=clock.now() - timedelta(days=30)
    )
    return numbers


def enter_by_card(cast: Cast, name: str, number: str) -> EmergencyUse:
    account = cast.account(name)
    spent = spend_card(account, number, Place(f"card {account.hex}"))
    return enter_disaster(cast[name], None, reason="避難所から", spent=spent, browser=PHONE)
