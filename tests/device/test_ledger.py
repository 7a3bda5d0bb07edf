"""Keeping the ledger: items, lending, retiring, checking at an interval, what is decided, stock."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest

from renkei.communication.reading import read_timeline
from renkei.device import enrolling, services
from renkei.device.browser import Guess, guess
from renkei.device.disclosures import see_device, see_ledger, see_stock
from renkei.device.ledger import months_later
from renkei.device.models import Device, Listing
from renkei.device.waiting import waiting_for
from renkei.group.home import see_home
from renkei.incident.models import Incident
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, SignedOut
from renkei.people.models import Session
from renkei.policy.loading import load
from renkei.web.device_paper import BOM, ledger_csv, ledger_paper
from tests.cast import Cast, device_of, set_parameters
from tests.device.test_enrolling import ALL, reads

TABLET = Guess("tablet")


def still_signed_in() -> None:
    later = clock.now() + timedelta(hours=1)
    Session.objects.update(until=later, idle_until=later)


def confirm(cast: Cast, name: str = "nurse", **items: bool) -> None:
    said = {**ALL, **{name.replace("_", "."): value for name, value in items.items()}}
    enrolling.confirm(cast[name], device_of(cast, "clinic"), confirmed=said, seen=TABLET)


@pytest.mark.clause("A14.6", "A15.1", "A15.2", "A15.3", "A15.4")
def test_a_device_is_checked_at_an_interval_and_closes_when_it_is_overdue(
    cast: Cast, travel: Any
) -> None:
    confirm(cast)
    device = Device.objects.get(pk=device_of(cast, "clinic"))
    assert {one: device.items[one]["state"] for one in ALL} == dict.fromkeys(ALL, "set")
    assert device.items["A15.3"]["on"] == clock.today().isoformat()
    assert reads(cast, cast["nurse"])
    last = months_later(clock.today(), 3)
    assert "check" not in tasks(cast, "nurse")
    travel(timedelta(days=(last - clock.today()).days - 10))
    keep_password(cast)
    still_signed_in()
    assert "check" in tasks(cast, "nurse")  # reminded fourteen days before
    travel(timedelta(days=12))
    keep_password(cast)
    still_signed_in()
    assert not reads(cast, cast["nurse"])
    assert see_home(cast["nurse"], None).shell.me.device == "shut"
    confirm(cast)
    assert reads(cast, cast["nurse"])
    assert "check" not in tasks(cast, "nurse")


def keep_password(cast: Cast) -> None:
    from renkei.people.models import Account

    Account.objects.update(password_changed_at=clock.now())


def tasks(cast: Cast, name: str) -> list[str]:
    return [one for one, _ in waiting_for(load(cast[name], "region").who)]


@pytest.mark.clause("A14.6", "A15.1", "A15.2", "A15.3", "A15.4")
@pytest.mark.parametrize("item", ["A15_1", "A15_2", "A15_3", "A15_4"])
def test_what_is_not_so_is_not_confirmed(cast: Cast, item: str) -> None:
    before = Device.objects.get(pk=device_of(cast, "clinic")).confirmed_at
    with pytest.raises(Problem):
        confirm(cast, **{item: False})
    assert Device.objects.get(pk=device_of(cast, "clinic")).confirmed_at == before


@pytest.mark.clause("A14.6", "A15.1", "A15.2", "A15.3", "A15.4")
def test_a_device_is_checked_on_itself_alone(cast: Cast) -> None:
    for name in ("manager", "administrator_same", "stranger"):
        with pytest.raises(Refused):
            confirm(cast, name)


@pytest.mark.clause("A14.6")
def test_the_interval_is_the_policys(cast: Cast, travel: Any) -> None:
    set_parameters(cast, device_confirmation_months=1)
    confirm(cast)
    travel(timedelta(days=32))
    still_signed_in()
    assert not reads(cast, cast["nurse"])


def test_a_month_later_is_the_same_day_or_the_last_one() -> None:
    assert months_later(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert months_later(date(2027, 11, 30), 3) == date(2028, 2, 29)
    assert months_later(date(2026, 1, 15), 12) == date(2027, 1, 15)


@pytest.mark.clause("A15.6", "A15.7", "A15.8")
def test_what_was_decided_on_wipe_line_and_mdm_stands_there_with_day_and_by_whom(
    cast: Cast,
) -> None:
    admin, device = cast["administrator_other"], device_of(cast, "clinic")
    decided = {"A15.6": "set", "A15.7": "not_set", "A15.8": "not_applicable"}
    services.change_device(
        admin,
        device,
        facts=services.Facts(number="T-01"),
        note={"carrier": "0120000113", "serial": "SN-1"},
        users=[],
        decided={**decided, "A15.1": "set", "A14.6": "set"},
    )
    found = Device.objects.get(pk=device)
    assert {one: found.items[one]["state"] for one in decided} == decided
    assert "A15.1" not in found.items and "A14.6" not in found.items  # these are the person's
    assert found.items["A15.6"]["on"] == clock.today().isoformat()
    assert found.items["A15.6"]["by"] == cast.account("administrator_other").hex
    assert "0120000113" not in repr(Device.objects.filter(pk=device).values()[0])
    assert see_device(admin, device).note["carrier"] == "0120000113"
    with pytest.raises(Refused):
        services.change_device(
            cast["administrator_same"], device, facts=services.Facts(), note={}, users=[],
            decided={"A15.6": "not_set"},
        )  # fmt: skip


@pytest.mark.clause("A8.2")
def test_lent_taken_back_and_out_of_use_with_the_day_of_erasure(cast: Cast) -> None:
    admin, device = cast["administrator_other"], device_of(cast, "clinic")
    services.lend(admin, device, to=cast.account("nurse"))
    assert reads(cast, cast["nurse"])
    with pytest.raises(Problem):
        services.lend(admin, device, to=cast.account("physician"))
    services.give_back(admin, device)
    with pytest.raises(Problem):
        services.lend(admin, device, to=cast.account("manager"))  # works elsewhere
    with pytest.raises(Problem):
        services.retire(admin, device, erased_on=clock.today() + timedelta(days=1))
    another = services.add_device(
        admin, cast.organizations["clinic"], facts=services.Facts(), note={}
    )[0]
    services.retire(admin, another.id, erased_on=clock.today())
    assert Device.objects.get(pk=another.id).erased_on == clock.today()
    history = [one.did for one in see_device(admin, device).history if one.outcome == "done"]
    assert history[:2] == ["given_back", "lent"]


def test_two_devices_of_an_organization_never_have_one_number(cast: Cast) -> None:
    admin, home = cast["administrator_other"], cast.organizations["clinic"]
    with pytest.raises(Problem):
        services.add_device(admin, home, facts=services.Facts(number="T-01"), note={})
    made = [
        services.add_device(admin, home, facts=services.Facts(), note={})[0].number
        for _ in range(2)
    ]
    assert made == ["T-02", "T-03"]


@pytest.mark.clause("A8.2")
def test_a_lost_device_is_blocked_at_once_and_comes_back_only_by_a_new_link(cast: Cast) -> None:
    admin, device = cast["administrator_other"], device_of(cast, "clinic")
    boss = Session.objects.get(pk=admin.session)
    services.lose(admin, device)
    assert not Session.objects.filter(device_id=device).exists()
    assert Incident.objects.get(device_id=device).kind == "lost_device"
    assert not Listing.objects.filter(device=device, usable_until__gt=clock.now()).exists()
    boss.device_id = device_of(cast, "station")  # any listed one will not do: it is another's
    boss.save()
    with pytest.raises(Refused):
        services.bring_back(admin, device)
    Listing.objects.create(
        device_id=boss.device_id, organization_id=cast.organizations["clinic"],
        usable_until=clock.now() + timedelta(days=1), accepted_at=clock.now(),
    )  # fmt: skip
    assert services.bring_back(admin, device)
    found = Device.objects.get(pk=device)
    assert (found.state, found.confirmed_at) == ("in_use", None)
    assert not Listing.objects.filter(device=device, usable_until__gt=clock.now()).exists()


def test_a_browser_taken_off_is_out_and_the_others_stay(cast: Cast) -> None:
    from renkei.device import keys

    device = device_of(cast, "clinic")
    key, _ = keys.make_key(device, "Chrome", clock.now())
    Session.objects.filter(pk=cast["nurse"].session).update(device_key_id=key.id)
    services.end_key(cast["administrator_other"], device, key=key.id)
    with pytest.raises(SignedOut):
        read_timeline(cast["nurse"], cast.group)
    assert reads(cast, cast["physician"])
    with pytest.raises(Problem):
        services.end_key(cast["administrator_other"], device, key=key.id)


@pytest.mark.clause("A8.2")
def test_at_the_stock_taking_what_was_seen_is_written_down(cast: Cast) -> None:
    admin, home = cast["administrator_other"], cast.organizations["clinic"]
    here = device_of(cast, "clinic")
    count = services.take_stock(admin, home, here=[here, device_of(cast, "station")])
    assert count == 1
    assert [one.seen_on for one in see_stock(admin, home)] == [clock.today()]
    with pytest.raises(Refused):
        services.take_stock(cast["nurse"], home, here=[here])


def test_the_list_opens_in_a_spreadsheet_and_runs_nothing(cast: Cast) -> None:
    admin, home = cast["administrator_other"], cast.organizations["clinic"]
    services.add_device(
        admin, home, facts=services.Facts(number='=HYPERLINK("x")', maker="@SUM", model="-1"),
        note={},
    )  # fmt: skip
    written = ledger_csv(see_ledger(admin, home))
    assert written.startswith(BOM)
    rows = list(csv.reader(io.StringIO(written.removeprefix(BOM))))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not any(cell.startswith(("=", "@", "-", "+")) for row in rows[1:] for cell in row)


def test_the_stock_taking_list_is_a_pdf(cast: Cast) -> None:
    admin, home = cast["administrator_other"], cast.organizations["clinic"]
    services.add_device(admin, home, facts=services.Facts(number="#let x = [*"), note={})
    assert ledger_paper(see_ledger(admin, home)).startswith(b"%PDF-")


IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 {}Safari/537.36"
)
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"
)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"User-Agent": IPHONE}, Guess("phone", "Apple", "iPhone", "iOS", "18.1", "Safari")),
        (
            {
                "User-Agent": ANDROID.format("Mobile "),
                "Sec-CH-UA-Model": '"Pixel 8"',
                "Sec-CH-UA-Platform-Version": '"15.0.0"',
            },
            Guess("phone", "", "Pixel 8", "Android", "15", "Chrome"),
        ),
        ({"User-Agent": ANDROID.format("")}, Guess("tablet", "", "", "Android", "10", "Chrome")),
        (
            {"User-Agent": WINDOWS, "Sec-CH-UA-Platform-Version": '"15.0.0"'},
            Guess("computer", "", "", "Windows", "11", "Edge"),
        ),
        ({"User-Agent": "'; DROP TABLE"}, Guess()),
        ({}, Guess()),
    ],
)
def test_half_of_the_ledger_fills_itself_from_what_the_browser_says(
    headers: dict[str, str], expected: Guess
) -> None:
    assert guess(headers) == expected
