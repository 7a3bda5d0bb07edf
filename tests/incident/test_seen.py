"""Who saw what: names before the patient's own organization alone, never a word (N3.11, N2.3)."""

from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from django.db import OperationalError

from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.communication import viewing
from renkei.communication.reading import read_timeline
from renkei.device.models import Listing
from renkei.group.papers import see_paper
from renkei.group.roster import see_members
from renkei.incident.seen import SeenBy, see_choice, see_seen
from renkei.kernel import clock
from renkei.kernel.errors import Refused, Unknown
from renkei.patient.disclosures import see_record
from renkei.people.models import Session
from tests.cast import Cast, post
from tests.communication import attached
from tests.communication.attached import brought
from tests.incident.world import own_device

DAY = timedelta(days=1)


def seen(cast: Cast, by: str, at: str, name: str | None, device: object = None) -> SeenBy:
    return see_seen(
        cast[by],
        cast.organizations[at],
        account=cast.account(name) if name else None,
        device=device,
        since=clock.now() - DAY,
        until=clock.now() + DAY,
    )


@pytest.mark.clause("N3.11")
def test_the_patients_own_organization_sees_what_somebody_read(cast: Cast) -> None:
    post(cast, "manager", "夕方は熱が下がりました。")
    page = read_timeline(cast["nurse"], cast.group)
    found = seen(cast, "administrator_same", "station", "nurse")
    (row,) = found.own
    assert row.identity is not None and row.identity.name == "髙橋 節子"
    assert row.ranges == [(page.first_seq, page.last_seq)]
    assert row.reach == page.last_seq
    assert found.others == [] and found.hidden == 0
    assert "熱が" not in repr(found)


@pytest.mark.clause("N3.11", "A15.5")
def test_what_was_opened_of_photos_and_documents_is_counted(cast: Cast) -> None:
    made = brought(cast["manager"], cast.group)
    attached.post(cast["manager"], cast.group, made)
    for _ in range(2):
        viewing.see_attachment(cast["nurse"], made)
    (row,) = seen(cast, "administrator_same", "station", "nurse").own
    assert row.files == {made.hex} and row.first_at is not None


@pytest.mark.clause("N3.11", "N2.3")
def test_the_persons_own_organization_sees_numbers_and_initials(cast: Cast) -> None:
    read_timeline(cast["nurse"], cast.group)
    found = seen(cast, "administrator_other", "clinic", "nurse")
    (row,) = found.others
    assert row.identity is None and row.initials == "た・せ"
    assert row.entries > 0 and row.organization == "station事業所"
    assert "髙橋" not in repr(found) and "血圧" not in repr(found)


@pytest.mark.clause("N2.3", "N3.11")
@pytest.mark.parametrize("name", ["nurse", "manager", "operator", "family", "administrator_other"])
def test_nobody_else_asks(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        seen(cast, name, "station", "nurse")
    with pytest.raises(Refused):
        see_choice(cast[name], cast.organizations["station"])


def test_of_a_stranger_who_never_came_near_ones_patients_nothing_is_known(cast: Cast) -> None:
    with pytest.raises(Unknown):
        seen(cast, "administrator_other", "clinic", "stranger")


def test_nothing_is_shown_on_a_device_that_nobody_listed(cast: Cast) -> None:
    Session.objects.filter(pk=cast["administrator_same"].session).update(device_id=None)
    with pytest.raises(Refused):
        seen(cast, "administrator_same", "station", "nurse")


@pytest.mark.clause("N3.10")
def test_what_a_device_showed_is_told_from_what_its_user_read_elsewhere(cast: Cast) -> None:
    first = own_device(cast, "nurse", "T-1")
    read_timeline(cast["nurse"], cast.group)
    second = own_device(cast, "nurse", "T-2")
    post(cast, "manager", "もう一つ")
    page = read_timeline(cast["nurse"], cast.group)
    one = seen(cast, "administrator_other", "clinic", None, first)
    two = seen(cast, "administrator_other", "clinic", None, second)
    assert two.others[0].ranges == [(page.last_seq, page.last_seq)]
    assert one.others[0].ranges == [(1, page.last_seq - 1)]
    assert two.device == "T-2"


@pytest.mark.clause("N3.11")
def test_pages_about_a_patient_leave_a_line_once_a_day_and_are_shown(
    cast: Cast, travel: Callable[[timedelta], None]
) -> None:
    for _ in range(2):
        see_paper(cast["nurse"], cast.group)
        see_members(cast["nurse"], cast.group)
        see_record(cast["administrator_same"], cast.patient)
    own = AuditEvent.objects.filter(stream=f"account:{cast.account('nurse').hex}")
    lines = own.filter(detail__contains='"opened"')
    assert [one.entity for one in lines] == [f"Group/{cast.group.hex}"] * 2
    assert {orjson.loads(one.detail)["opened"] for one in lines} == {"basics", "members"}
    (row,) = seen(cast, "administrator_same", "station", "nurse").own
    assert (row.pages, row.entries) == ({"basics", "members"}, 0)
    assert row.first_at is not None
    (row,) = seen(cast, "administrator_same", "station", "administrator_same").own
    assert row.pages == {"record"} and row.identity is not None
    travel(DAY)
    Session.objects.update(until=clock.now() + DAY, idle_until=clock.now() + DAY)
    see_paper(cast["nurse"], cast.group)
    assert lines.all().count() == 3


@pytest.mark.clause("N3.11")
def test_a_page_that_was_refused_was_not_seen_and_one_not_recorded_is_not_shown(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused):
        see_paper(cast["stranger"], cast.group)
    assert not AuditEvent.objects.filter(detail__contains='"opened"').exists()

    def full(**facts: object) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(trail, "record", full)
    for _ in range(2):
        with pytest.raises(OperationalError):
            see_paper(cast["nurse"], cast.group)


def test_a_time_is_a_time(cast: Cast) -> None:
    read_timeline(cast["nurse"], cast.group)
    found = see_seen(
        cast["administrator_same"],
        cast.organizations["station"],
        account=cast.account("nurse"),
        device=None,
        since=clock.now() + DAY,
        until=clock.now() + 2 * DAY,
    )
    assert found.entries == 0


def test_that_one_looked_is_recorded(cast: Cast) -> None:
    seen(cast, "administrator_same", "station", "nurse")
    line = AuditEvent.objects.get(action="views.see")
    assert line.actor == cast.account("administrator_same")
    assert line.entity == f"Account/{cast.account('nurse').hex}"
    assert line.stream == f"account:{cast.account('administrator_same').hex}"


def test_one_asks_about_ones_own_staff_and_who_cares_for_ones_own(cast: Cast) -> None:
    choice = see_choice(cast["administrator_same"], cast.organizations["station"])
    assert {name for _, name in choice.staff} == {
        "manager さん", "administrator_same さん", "self_inviting さん"
    }  # fmt: skip
    assert {name for _, name in choice.guests} == {"nurse さん", "physician さん", "former さん"}
    assert [one for one, _ in choice.devices] == list(
        Listing.objects.filter(organization=cast.organizations["station"]).values_list(
            "device", flat=True
        )
    )
