"""What the stories of incidents need besides the cast: a device of one's own, a card."""

from uuid import UUID

from renkei.device.models import Device
from renkei.people.cards import make_card
from renkei.people.models import Session
from tests.cast import Cast, loading, make_device

PHONE = "09011112222"


def own_device(cast: Cast, name: str, number: str = "T-77") -> UUID:
    """A tablet of the person's organization that is theirs, on which they are signed in."""
    organization = cast.people[name].organization
    assert organization is not None
    with loading():
        device = make_device(organization, number)
    Device.objects.get(pk=device).users.add(cast.account(name))
    Session.objects.filter(pk=cast[name].session).update(device_id=device)
    return device


def card(cast: Cast, name: str) -> list[str]:
    """The numbers of the person's disaster card."""
    return make_card(cast[name], None)


def told(what: str = "タブレットをバスに置き忘れました。", **more: object) -> dict[str, object]:
    """What somebody reports."""
    return {"kind": "lost_device", "what": what, **more}
