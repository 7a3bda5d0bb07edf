"""What one sees of the device in one's hand; nothing of other people's devices."""

from dataclasses import dataclass
from uuid import UUID

from renkei.device.disclosures import Row, all_of, rows_of
from renkei.device.models import Device
from renkei.kernel import clock
from renkei.people.models import PractitionerRole
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class Own:
    """The device in one's hand, and the organizations for which one would use it."""

    device: Row | None  # None: nobody listed it
    needed: bool  # the policy asks for one
    fits: bool  # patient data opens on it, for the organization one acts for
    emergency: bool  # a disaster lifts it
    organizations: list[tuple[UUID, str, str]]  # id, name, "open" · "asked" · "closed" · ""
    acting_for: UUID | None
    others: list[Row]  # one's own devices elsewhere
    links: bool  # a code for another browser may be shown
    browsers: int


@disclosure("device.own", on="region")
def see_own_device(standing: Standing) -> Own:
    """What one's browser is in the ledger; nothing of other people's devices."""
    return _own(standing)


def _own(standing: Standing) -> Own:
    who = standing.who
    assert who.account is not None
    roles = PractitionerRole.objects.filter(account=who.account, ended_at=None)
    here = all_of(Device.objects.filter(pk=who.device)) if who.device else []
    theirs = Device.objects.filter(users=who.account)
    if who.device is not None:
        theirs = theirs.exclude(pk=who.device)
    listings = {one.organization_id: one for one in here[0].listings.all()} if here else {}
    now = clock.now()

    def state(organization: UUID) -> str:
        listing = listings.get(organization)
        if listing is None:
            return ""
        if listing.accepted_at is None:
            return "asked"
        return "open" if listing.usable_until > now else "closed"

    rows = rows_of(here, who.organization)
    return Own(
        device=rows[0] if rows else None,
        needed=not who.anywhere,
        fits=who.device_fits,
        emergency=who.emergency is not None,
        organizations=[
            (one.organization_id, one.organization.name, state(one.organization_id))
            for one in roles.select_related("organization").order_by("started_at")
        ],
        acting_for=who.organization,
        others=rows_of(all_of(theirs.exclude(state=Device.State.RETIRED)), who.organization),
        links=bool(here) and here[0].state in Device.OPENS and who.device_fits,
        browsers=rows[0].browsers if rows else 0,
    )


@disclosure("device.ask", on="region")
def see_asking(standing: Standing) -> Own:
    """The same, for who asks for the device."""
    return _own(standing)


@disclosure("device.enroll", on="region")
def see_enrolling(standing: Standing) -> Own:
    """The same, for who comes with a link or a code."""
    return _own(standing)


@disclosure("device.link", on="device")
def see_linking(standing: Standing) -> None:
    """That another browser may be let in from here; nothing is shown yet."""


@disclosure("device.confirm", on="device")
def see_confirming(standing: Standing) -> Row:
    """The device one works on, to be checked."""
    listed = standing.what.device
    assert listed is not None
    return rows_of(all_of(Device.objects.filter(pk=listed.id)), standing.who.organization)[0]
