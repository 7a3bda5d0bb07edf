"""Patient data opens only on a device that one's organization lets one use (A8.2, A15, A20)."""

from datetime import timedelta

import pytest

from renkei.audit.models import AuditEvent
from renkei.communication.reading import read_timeline
from renkei.device.models import Listing
from renkei.group.home import see_home
from renkei.kernel import clock
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Refused
from renkei.patient.disclosures import see_patients
from renkei.people.models import PractitionerRole, Session
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.region.models import DisasterUse, PolicyVersion, Region
from tests.cast import Cast, accept_device, post, visible


def on_device(cast: Cast, name: str, device: object) -> None:
    Session.objects.filter(pk=cast[name].session).update(device_id=device)


def is_closed(cast: Cast, name: str) -> None:
    """Neither the group nor any patient's name, on any page."""
    assert visible(cast[name]) == []
    with pytest.raises(Refused):
        read_timeline(cast[name], cast.group)
    assert "髙橋" not in repr(see_home(cast[name], None))
    assert "髙橋" not in repr(see_patients(cast[name], None))


@pytest.mark.parametrize("name", ["nurse", "physician", "manager", "administrator_same"])
def test_no_patient_data_opens_on_a_device_that_nobody_listed(cast: Cast, name: str) -> None:
    on_device(cast, name, None)
    is_closed(cast, name)
    on_device(cast, name, uuid7())
    is_closed(cast, name)


def test_nor_on_the_device_of_another_organization(cast: Cast) -> None:
    device = Listing.objects.get(organization=cast.organizations["clinic"]).device_id
    on_device(cast, "manager", device)
    is_closed(cast, "manager")
    accept_device(cast["manager"], cast.organizations["station"])
    assert visible(cast["manager"]) == [cast.group]


def test_nor_when_its_time_is_over(cast: Cast) -> None:
    Listing.objects.update(usable_until=clock.now() - timedelta(seconds=1))
    for name in ("nurse", "manager", "administrator_same"):
        is_closed(cast, name)


def test_the_stream_asks_again_when_the_time_of_the_device_is_over(cast: Cast) -> None:
    soon = clock.now() + timedelta(minutes=5)
    Listing.objects.update(usable_until=soon)
    assert load(cast["nurse"], "region").who.until == clock.to_us(soon)


def test_a_region_may_do_without_the_ledger(cast: Cast) -> None:
    edition = PolicyVersion.objects.create(
        region_id=cast.region,
        number=2,
        effective_on=clock.today(),
        text="",
        parameters={"devices_in_ledger": False},
        made_at=clock.now(),
    )
    Region.objects.update(policy=edition)
    on_device(cast, "nurse", None)
    assert load(cast["nurse"], "region").who.anywhere


def disaster(cast: Cast, **facts: object) -> DisasterUse:
    region = Region.objects.get(pk=cast.region)
    return DisasterUse.objects.create(
        **{
            "key_id": region.key_id,
            "region": region,
            "reason": b"",
            "declared_by": cast.account("operator"),
            "declared_at": clock.now(),
            "until": clock.now() + timedelta(days=1),
            **facts,
        }
    )


@pytest.mark.parametrize("name", ["nurse", "stranger"])
def test_a_disaster_lifts_the_ledger_and_nothing_else(cast: Cast, name: str) -> None:
    declared = disaster(cast)
    Session.objects.filter(pk=cast[name].session).update(device_id=None, emergency_id=declared.id)
    assert visible(cast[name]) == ([cast.group] if name == "nurse" else [])


@pytest.mark.parametrize("facts", [{"ended_at": clock.now()}, {"until": clock.now()}])
def test_a_disaster_that_is_over_lifts_nothing(cast: Cast, facts: dict[str, object]) -> None:
    declared = disaster(cast, **facts)
    Session.objects.filter(pk=cast["nurse"].session).update(
        device_id=None, emergency_id=declared.id
    )
    is_closed(cast, "nurse")


def test_what_is_done_under_a_disaster_is_marked_in_the_trail(cast: Cast) -> None:
    declared = disaster(cast)
    Session.objects.filter(pk=cast["nurse"].session).update(
        device_id=None, emergency_id=declared.id
    )
    post(cast, "nurse")
    line = AuditEvent.objects.get(action="communication.send", detail__contains="disaster")
    assert declared.id.hex in line.detail


@pytest.mark.parametrize(
    ("restriction", "reads", "writes"),
    [
        ("", True, True),
        ("read_only", True, False),
        ("suspended", False, False),
        ("banned", False, False),
    ],
)
def test_an_organization_can_keep_its_own_from_writing_or_from_everything(
    cast: Cast, restriction: str, reads: bool, writes: bool
) -> None:
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(restriction=restriction)
    standing = load(cast["nurse"], "group", cast.group)
    assert may(standing, "group.see") is reads
    assert may(standing, "communication.send") is writes
    assert (cast.group in visible(cast["nurse"])) is reads
    PractitionerRole.objects.filter(pk=cast.role("manager")).update(restriction=restriction)
    standing = load(cast["manager"], "group", cast.group)
    assert may(standing, "group.manage") is writes
