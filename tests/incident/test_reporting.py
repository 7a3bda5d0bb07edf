"""A lost device is reported anywhere and blocked first; who is unknown is rung first (N3.10)."""

from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.core import signing

from renkei.audit.models import AuditEvent
from renkei.communication.live_backend import LiveBackend
from renkei.communication.reading import read_timeline
from renkei.device.models import Device, DeviceKey, Listing
from renkei.incident import handling, reporting
from renkei.incident.case import see_incident
from renkei.incident.models import Clearing, Incident
from renkei.incident.opening import Report, open_incident
from renkei.incident.reporting import REPORT_PAGE
from renkei.incident.stopping import has_to_forget
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, SignedOut
from renkei.people.models import Account, CardCode, Session
from renkei.people.sessions import stored_key
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Actor
from renkei.policy.use_case import Change
from tests.cast import Cast, sign_in
from tests.incident.world import PHONE, card, own_device, told


def email(cast: Cast, name: str) -> str:
    return cast.people[name].email


def blocks(cast: Cast, name: str, token: str, device: object) -> None:
    reporting.block_reported(REPORT_PAGE, None, token=token, device=device)


@pytest.mark.clause("N3.10", "A15.6")
def test_with_a_code_the_chosen_device_is_dead_at_once(cast: Cast) -> None:
    device = own_device(cast, "nurse")
    key = DeviceKey.objects.create(device_id=device, secret="a" * 64, made_at=clock.now())
    code = card(cast, "nurse")[0]
    token = reporting.show_code(REPORT_PAGE, None, email=email(cast, "nurse"), code=code)
    shown = reporting.see_reported(REPORT_PAGE, None, token)
    assert [(one.number, one.type) for one in shown.devices] == [("T-77", "tablet")]
    read_timeline(cast["nurse"], cast.group)  # until now it opens
    blocks(cast, "nurse", token, device)
    for reads in (lambda: read_timeline(cast["nurse"], cast.group),
                  lambda: load(cast["nurse"], "region")):  # fmt: skip
        with pytest.raises(SignedOut):
            reads()
    assert LiveBackend().admit(f"renkei={cast.people['nurse'].cookie}") is None
    assert has_to_forget(cast["nurse"])
    assert Device.objects.get(pk=device).state == "lost"
    assert DeviceKey.objects.get(pk=key.pk).ended_at is not None
    assert not Listing.objects.filter(device=device, usable_until__gt=clock.now()).exists()
    assert reporting.see_reported(REPORT_PAGE, None, token).devices[0].blocked


@pytest.mark.clause("N3.10")
def test_a_new_session_on_the_lost_device_opens_nothing_of_a_patient(cast: Cast) -> None:
    device = own_device(cast, "nurse")
    reporting.report(cast["nurse"], None, kind="lost_device", what="", device=device)
    cookie = sign_in(Account.objects.get(pk=cast.account("nurse")))
    actor = Actor(session=stored_key(cookie))
    Session.objects.filter(pk=actor.session).update(device_id=device)
    with pytest.raises(Refused):
        read_timeline(actor, cast.group)


@pytest.mark.clause("N3.10")
def test_a_code_is_good_once(cast: Cast) -> None:
    own_device(cast, "nurse")
    code = card(cast, "nurse")[0]
    given = {"email": email(cast, "nurse"), "code": code}
    reporting.show_code(REPORT_PAGE, None, **given)
    with pytest.raises(Problem):
        reporting.show_code(REPORT_PAGE, None, **given)
    assert Incident.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("nurse@example.org", "00000-00000"),
        ("nobody@example.org", "00000-00000"),
        ("nurse@example.org", ""),
        ("manager@example.org", None),  # a good number, of somebody else
    ],
)
def test_what_does_not_fit_is_answered_alike_and_shows_and_stops_nothing(
    cast: Cast, address: str, number: str | None
) -> None:
    own_device(cast, "nurse")
    own_device(cast, "manager", "T-78")
    code = card(cast, "nurse")[0] if number is None else number
    with pytest.raises(Problem) as raised:
        reporting.show_code(REPORT_PAGE, None, email=address, code=code)
    assert raised.value.message.startswith("E-mail and card number do not fit.")
    assert raised.value.field == ""
    assert not Incident.objects.exists()
    assert not Clearing.objects.exists()
    assert not CardCode.objects.exclude(used_at=None).exists()
    for name in ("nurse", "manager"):
        load(cast[name], "region")


def test_wrong_codes_leave_one_line_a_minute_in_a_chain_of_their_own(cast: Cast) -> None:
    for _ in range(5):
        with pytest.raises(Problem):
            reporting.show_code(REPORT_PAGE, None, email="nurse@example.org", code="1" * 10)
    lines = AuditEvent.objects.filter(action="incident.receive")
    assert [(one.stream, one.outcome) for one in lines] == [("system:report", "failed")]


def test_a_code_opens_ones_own_devices_alone(cast: Cast) -> None:
    own_device(cast, "nurse")
    theirs = own_device(cast, "manager", "T-78")
    code = card(cast, "nurse")[0]
    token = reporting.show_code(REPORT_PAGE, None, email=email(cast, "nurse"), code=code)
    for device in (theirs, uuid4()):
        with pytest.raises(Problem):
            blocks(cast, "nurse", token, device)
    with pytest.raises(Problem):
        reporting.report(cast["nurse"], None, **told(device=theirs))
    assert Device.objects.get(pk=theirs).state == "in_use"
    read_timeline(cast["manager"], cast.group)


def test_what_a_code_opened_closes_again(cast: Cast) -> None:
    device = own_device(cast, "nurse")
    code = card(cast, "nurse")[0]
    token = reporting.show_code(REPORT_PAGE, None, email=email(cast, "nurse"), code=code)
    for forged in ("", "x", token[:-1], token + "x"):
        with pytest.raises(Problem):
            blocks(cast, "nurse", forged, device)
    late = signing.time.time() + 31 * 60
    with patch.object(signing.time, "time", lambda: late), pytest.raises(Problem):
        blocks(cast, "nurse", token, device)
    assert Device.objects.get(pk=device).state == "in_use"


@pytest.mark.clause("N3.10", "N3.11")
def test_without_a_code_nothing_is_blocked_before_the_call_back(cast: Cast) -> None:
    device = own_device(cast, "nurse")
    reporting.receive(
        REPORT_PAGE,
        None,
        kind="lost_device",
        what="端末をなくしました。",
        report=Report("nurse さん", "診療所", PHONE),
        organization=cast.organizations["clinic"],
    )
    incident = Incident.objects.get()
    assert (incident.way, incident.account_id, incident.device_id) == ("unproved", None, None)
    assert incident.organization_id == cast.organizations["clinic"]
    assert Device.objects.get(pk=device).state == "in_use"
    admin = cast["administrator_other"]
    assert see_incident(admin, incident.id).devices == []
    with pytest.raises(Problem):
        handling.block(admin, incident.id, device=device)
    handling.call_back(admin, incident.id, person=cast.account("nurse"))
    assert device in {one.id for one in see_incident(admin, incident.id).devices}
    handling.block(admin, incident.id, device=device)
    assert Device.objects.get(pk=device).state == "lost"
    with pytest.raises(SignedOut):
        read_timeline(cast["nurse"], cast.group)


def test_a_report_by_nobody_makes_no_organizations_chain_grow(cast: Cast) -> None:
    before = AuditEvent.objects.filter(stream__startswith="organization:").count()
    reporting.receive(
        REPORT_PAGE,
        None,
        kind="misuse",
        what="x",
        report=Report("だれか", "", PHONE),
        organization=cast.organizations["clinic"],
    )
    assert AuditEvent.objects.filter(stream__startswith="organization:").count() == before


@pytest.mark.parametrize("phone", ["", "12", "なし"])
def test_who_is_unknown_has_to_be_reachable(cast: Cast, phone: str) -> None:
    with pytest.raises(Problem):
        reporting.receive(
            REPORT_PAGE, None, kind="leak", what="x", report=Report("だれか", "", phone),
            organization=None,
        )  # fmt: skip


def test_signing_out_everywhere_leaves_the_page_one_is_on(cast: Cast) -> None:
    other = Actor(session=stored_key(sign_in(Account.objects.get(pk=cast.account("nurse")))))
    load(other, "region")
    reporting.report(cast["nurse"], None, kind="lost_device", what="", sessions=True)
    load(cast["nurse"], "region")
    with pytest.raises(SignedOut):
        load(other, "region")
    assert has_to_forget(other) and not has_to_forget(cast["nurse"])


@pytest.mark.clause("N3.10")
def test_one_reports_even_before_a_gate_is_open(cast: Cast) -> None:
    device = own_device(cast, "nurse")
    Account.objects.filter(pk=cast.account("nurse")).update(
        acknowledged=None, password_changed_at=clock.now() - timedelta(days=99)
    )
    reporting.report(cast["nurse"], None, kind="lost_device", what="", device=device)
    assert Device.objects.get(pk=device).state == "lost"


def test_words_of_a_report_are_sealed(cast: Cast) -> None:
    reporting.report(cast["nurse"], None, **told("バス停に忘れた", phone=PHONE))
    incident = Incident.objects.get()
    stored = bytes(incident.report_sealed)
    for words in ("バス停", PHONE):
        assert words.encode() not in stored
        assert not AuditEvent.objects.filter(detail__contains=words).exists()
    assert incident.unseal("report_sealed")["what"] == "バス停に忘れた"


def test_anybodys_use_case_can_open_one(cast: Cast) -> None:
    change = Change(load(cast["nurse"], "region"), clock.now())
    incident = open_incident(
        change,
        kind="unauthorized_access",
        severity="serious",
        account=cast.account("nurse"),
        what="これは私ではない",
        by=cast.account("nurse"),
    )
    assert incident.organization_id == cast.organizations["clinic"]
    line = AuditEvent.objects.get(action="incident.open")
    assert line.entity == f"Incident/{incident.id.hex}"
    assert incident.number == 1
    assert open_incident(change, kind="leak", severity="grave").number == 2


def test_one_that_nobody_belongs_to_is_the_operators(cast: Cast) -> None:
    change = Change(load(cast["operator"], "region"), clock.now())
    incident = open_incident(change, kind="system_fault", severity="minor")
    assert incident.organization_id is None
    for name, sees in (("operator", True), ("administrator_same", False)):
        assert may(load(cast[name], "incident", incident.id), "incident.see") is sees


@pytest.mark.clause("A15.7")
def test_the_carriers_number_is_told_to_who_is_known_and_to_nobody_else(cast: Cast) -> None:
    device = Device.objects.get(pk=own_device(cast, "nurse"))
    device.seal("note_sealed", {"carrier": "ひかり電話 0120-000-000"})
    device.save()
    code = card(cast, "nurse")[0]
    token = reporting.show_code(REPORT_PAGE, None, email=email(cast, "nurse"), code=code)
    shown = reporting.see_reported(REPORT_PAGE, None, token)
    assert shown.devices[0].carrier == "ひかり電話 0120-000-000"
    for name in ("manager", "administrator_same"):
        assert "0120" not in repr(reporting.see_own_devices(cast[name], None))


@pytest.mark.clause("N3.10")
@pytest.mark.parametrize("name", ["nurse", "administrator_same", "operator"])
def test_nobody_reports_in_the_name_of_the_page_for_the_unknown(cast: Cast, name: str) -> None:
    code = card(cast, "nurse")[0]
    with pytest.raises(Refused):
        reporting.show_code(cast[name], None, email=email(cast, "nurse"), code=code)
    assert not CardCode.objects.exclude(used_at=None).exists()
