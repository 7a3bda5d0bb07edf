"""An organization's people are gone through on one screen by its administrators."""

from datetime import timedelta

import pytest

from renkei.audit.models import AuditEvent
from renkei.device.models import Device
from renkei.incident import stops
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.models import Account, PractitionerRole
from renkei.review import accounts, records
from renkei.review.models import Review, Reviewed
from tests.cast import Cast, device_of, loading, make_account, make_role, set_parameters
from tests.review.world import review_staff
from tests.web.test_routes import browser

OTHERS = ("manager", "nurse", "stranger", "administrator_other", "sole", "operator", "family")


def marks_of(cast: Cast, name: str) -> list[str]:
    desk = accounts.see_desk(cast["administrator_same"], cast.organizations["station"])
    return next([m.word for m in one.marks] for one in desk.places if one.role == cast.role(name))


def in_order(cast: Cast) -> None:
    """Everybody has signed in today and has a device; administrators have a second factor."""
    from allauth.mfa.models import Authenticator

    Account.objects.update(last_login=clock.now())
    device = Device.objects.get(pk=device_of(cast))
    for name in ("manager", "administrator_same", "self_inviting"):
        device.users.add(cast.account(name))
        Authenticator.objects.create(user_id=cast.account(name), type="totp", data={})


@pytest.mark.clause("N1.2")
@pytest.mark.parametrize("name", OTHERS)
def test_nobody_else_goes_through_the_people(cast: Cast, name: str) -> None:
    place = cast.organizations["station"]
    desk = accounts.see_desk(cast["administrator_same"], place)
    kept = {one.role: "keep" for one in desk.places}
    with pytest.raises(Refused):
        accounts.see_desk(cast[name], place)
    with pytest.raises(Refused):
        accounts.review_accounts(cast[name], place, seen=desk.seen, decisions=kept)
    with pytest.raises(Refused):
        records.see_account_review(cast[name], place, number=1)
    assert not Review.objects.exists()


@pytest.mark.clause("N1.2")
def test_everybody_is_decided_about_once_and_it_stands_in_the_record(cast: Cast) -> None:
    assert review_staff(cast, manager="leaves") == 1
    record = records.see_account_review(
        cast["administrator_same"], cast.organizations["station"], number=1
    )
    said = {one.face.account: one.result for one in record.lines}
    assert said == {
        cast.account("manager"): "leaves",
        cast.account("administrator_same"): "kept",
        cast.account("self_inviting"): "kept",
    }
    assert record.by.account == cast.account("administrator_same")
    line = AuditEvent.objects.get(action="staff.review", outcome="done")
    assert line.stream == f"organization:{cast.organizations['station'].hex}"
    assert PractitionerRole.objects.get(pk=cast.role("manager")).ended_at is None


@pytest.mark.clause("N1.2")
def test_nobody_is_left_out_and_nobody_elses_people_are_decided_about(cast: Cast) -> None:
    actor, place = cast["administrator_same"], cast.organizations["station"]
    desk = accounts.see_desk(actor, place)
    kept = {one.role: "keep" for one in desk.places}
    stranger = kept | {cast.role("nurse"): "leaves"}
    for wrong in ({}, dict(list(kept.items())[1:]), stranger, kept | {cast.role("manager"): "x"}):
        with pytest.raises(Problem, match="everybody"):
            accounts.review_accounts(actor, place, seen=desk.seen, decisions=wrong)
    with pytest.raises(Problem, match="Another administrator"):
        review_staff(cast, administrator_same="leaves")
    assert not Reviewed.objects.exists()


@pytest.mark.clause("N1.2")
def test_who_decided_about_other_people_than_there_are_looks_again(cast: Cast) -> None:
    actor, place = cast["administrator_same"], cast.organizations["station"]
    desk = accounts.see_desk(actor, place)
    kept = {one.role: "keep" for one in desk.places}
    with loading():
        make_role(make_account(cast.region, "new@example.org"), place)
    with pytest.raises(Problem, match="changed meanwhile"):
        accounts.review_accounts(actor, place, seen=desk.seen, decisions=kept)
    desk = accounts.see_desk(actor, place)
    stops.restrict(actor, cast.role("manager"), word="suspended", reason="調べる間")
    kept = {one.role: "keep" for one in desk.places}
    with pytest.raises(Problem, match="changed meanwhile"):
        accounts.review_accounts(actor, place, seen=desk.seen, decisions=kept)


@pytest.mark.clause("N1.2")
def test_what_stands_out_about_an_account_is_said(cast: Cast) -> None:
    in_order(cast)
    assert marks_of(cast, "manager") == marks_of(cast, "self_inviting") == []
    one = Account.objects.filter(pk=cast.account("manager"))
    one.update(last_login=clock.now() - timedelta(days=61))
    assert marks_of(cast, "manager") == ["absent"]
    one.update(last_login=None)
    assert marks_of(cast, "manager") == ["never"]
    one.update(last_login=clock.now())
    role = PractitionerRole.objects.filter(pk=cast.role("manager"))
    role.update(pledged_on=None, trained_on=clock.today() - timedelta(days=900))
    assert marks_of(cast, "manager") == ["pledge", "training"]
    role.update(pledged_on=clock.today(), trained_on=clock.today())
    Device.objects.get(pk=device_of(cast)).users.clear()
    assert marks_of(cast, "manager") == ["device"]
    set_parameters(cast, devices_in_ledger=False)
    assert marks_of(cast, "manager") == []


@pytest.mark.clause("N1.2")
def test_a_missing_second_step_stands_out_where_it_is_needed_alone(cast: Cast) -> None:
    from allauth.mfa.models import Authenticator

    in_order(cast)
    Authenticator.objects.all().delete()
    assert marks_of(cast, "self_inviting") == ["factor"]  # an administrator
    assert marks_of(cast, "manager") == []
    set_parameters(cast, second_factor="everybody")
    assert marks_of(cast, "manager") == ["factor"]


@pytest.mark.clause("N1.2")
def test_the_page_keeps_all_unmarked_at_one_tap_and_gives_a_paper(cast: Cast) -> None:
    in_order(cast)
    client = browser(cast, "administrator_same")
    page = client.post("/staff/review", {"do": "keep"}).content.decode()
    assert page.count(" checked") == 3 and not Review.objects.exists()
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    kept = {
        f"what-{cast.role(name).hex}": "keep"
        for name in ("manager", "administrator_same", "self_inviting")
    }
    assert client.post("/staff/review", {**kept, "seen": "x"}).status_code == 422
    assert client.post("/staff/review", {**kept, "seen": seen}).status_code == 303
    assert "/staff/reviews/1.pdf" in client.get("/staff/review").content.decode()
    assert client.get("/staff/reviews/1.pdf").content.startswith(b"%PDF")
    with pytest.raises(Unknown):
        records.see_account_review(
            cast["administrator_other"], cast.organizations["clinic"], number=1
        )
