"""Taking a region over from paper: all of it, or nothing; on record, and claiming no approval."""

import re
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from django.conf import settings
from django.contrib.auth import get_user
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory

from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.audit.trail import Break
from renkei.communication import log, proof
from renkei.communication.models import Communication
from renkei.enrollment import demonstration, loader
from renkei.enrollment.cast import people, people_to_try
from renkei.enrollment.loader import NotEmpty, NotTaken, load_region
from renkei.group.models import Group, Invitation, Member
from renkei.kernel.database import execute
from renkei.kernel.errors import Problem
from renkei.kernel.models import DataKey
from renkei.patient.models import Patient
from renkei.people.models import Account, OperatorRole, Organization, PractitionerRole
from renkei.people.passwords import LettersAndDigits, LongEnough
from renkei.people.sessions import SessionStore, stored_key
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Actor
from renkei.region.folder import Fault, read_folder
from renkei.region.models import PolicyVersion, Region
from renkei.region.wording import TEXTS, fill, policy_text
from tests.commands import HOSHI

pytestmark = [
    pytest.mark.django_db(databases=["default", "keys"]),
    pytest.mark.usefixtures("empty"),
]


def silent(part, done, total):
    pass


@pytest.fixture(scope="module")
def folder(empty):
    return read_folder(HOSHI)


@pytest.fixture
def hoshi(folder, db):
    return load_region(folder, demo=False, progress=silent)


@pytest.fixture
def demo(folder, db):
    loaded = load_region(folder, demo=True, progress=silent)
    demonstration.admit(loaded.region)
    return loaded.region


def patient(name):
    return next(one for one in Patient.objects.all() if one.identity.name == name)


def test_the_whole_folder_is_taken_over(hoshi):
    counted = (hoshi.organizations, hoshi.people, hoshi.patients, hoshi.groups, hoshi.messages)
    assert counted == (3, 8, 3, 3, 20)
    assert Organization.objects.count() == 3
    assert Account.objects.count() == 8
    assert PractitionerRole.objects.count() == 8
    assert OperatorRole.objects.count() == 1
    assert Member.objects.exclude(group__kind="network").count() == 8
    assert Member.objects.filter(group__kind="network").count() == 8  # everybody, once
    assert Communication.objects.count() == 20


def test_one_address_is_one_person_with_several_roles(hoshi):
    nurse = Account.objects.get(email="rin@hoshi.example")
    assert nurse.profile.name == "月野 輪"
    assert {role.organization.code for role in nurse.roles.all()} == {"H1", "H2"}


def test_optional_columns_have_their_defaults(hoshi):
    clinic, station, pharmacy = Organization.objects.order_by("code")
    assert (clinic.listed, clinic.documents_policy) == (True, "yes")
    assert (station.listed, station.documents_policy) == (True, "ask")
    assert (pharmacy.listed, pharmacy.documents_policy) == (False, "no")


def test_messages_stand_in_the_log_as_they_were_said(hoshi, folder):
    group = Group.objects.get(patient=patient("天川 ハル"))
    said = list(group.communications.order_by("seq"))
    lines = [line for line in folder.messages if line.patient == "P1"]
    assert [one.seq for one in said] == list(range(1, len(lines) + 1))
    assert group.last_seq == len(lines)
    for one, line in zip(said, lines, strict=True):
        assert log.unseal(group.key_id, one.id, one.version, one.text) == line.text
        assert one.sent_at == line.at
        assert (one.sender.email, one.role.account_id) == (line.author, one.sender_id)


def test_memberships_come_from_paper_and_nobody_approved_or_accepted(hoshi):
    for member in Member.objects.exclude(group__kind="network").select_related("group"):
        assert member.origin == Member.Origin.PAPER
        assert member.appointed_by is None
        assert member.read_seq == member.group.last_seq
    assert not Invitation.objects.exists()
    lines = AuditEvent.objects.all()
    assert not lines.filter(action__startswith="invitation").exists()
    assert not lines.exclude(actor=None).exists()


def test_consent_is_recorded_with_its_original_at_the_managing_organization(hoshi):
    consent = patient("織部 姫").consents.get()
    assert (consent.state, consent.declined, str(consent.signed_on)) == ("given", "", "2026-04-03")
    assert consent.original_kept_by.code == "H2"
    assert str(consent.copy_given_on) == "2026-04-04"
    assert (consent.signature.signer, consent.signature.relationship) == ("織部 彦", "配偶者")
    assert not consent.signature.wish_confirmed
    assert not patient("𠮷田 銀").consents.exists()


def test_basics_name_the_physician_the_nurses_and_whom_to_ring(hoshi):
    basics = patient("天川 ハル").basics
    assert basics.insurer_number == "0000012345"
    assert (basics.physician_name, basics.physician_phone) == ("髙橋 昴", "0000-00-1001")
    assert basics.nurse_station == "銀河訪問看護ステーション"
    assert basics.nurse_phone == "0000-00-2001"
    first = patient("天川 ハル").related_persons.get()
    assert (first.person.name, first.person.relationship) == ("天川 夏樹", "長男")
    assert first.person.phones == ["0000-00-4002"]
    assert first.emergency_contact and first.calling_order == 1


def test_a_patient_without_such_people_has_none(hoshi):
    basics = patient("𠮷田 銀").basics
    assert (basics.physician_name, basics.nurse_station) == ("", "")
    assert not patient("𠮷田 銀").related_persons.exists()


def test_the_policy_is_filled_in_and_keeps_its_anchors(hoshi):
    policy = PolicyVersion.objects.get()
    assert Region.objects.get().policy == policy
    assert "{{" not in policy.text
    assert policy.parameters == {"idle_minutes_pc": 10, "second_factor": "nobody"}
    assert "10分の間操作がないときは" in policy.text
    assert "定めた者: 星ヶ原在宅連携室" in policy.text
    assert "施行日: 令和8年4月1日" in policy.text
    source = (TEXTS / "policy.ja.md").read_text()
    anchors = re.compile("<!-- clause: .*? -->")
    assert anchors.findall(policy.text) == anchors.findall(source)


def test_a_word_that_nobody_gives_is_an_error():
    with pytest.raises(KeyError):
        fill("{{ region.moon }}", {"region": {"name": "星ヶ原"}})


def test_policy_text_uses_the_defaults_of_the_parameters(folder):
    line = folder.region
    text = policy_text(
        region_name=line.name,
        operator_name=line.operator,
        operator_phone=line.phone,
        number=3,
        effective_on=line.policy_effective,
        parameters={},
    )
    assert "15分の間操作がないときは" in text
    assert "- 版: 第3版" in text


# ── On record ────────────────────────────────────────────────────────────────────────────────────


def test_every_line_says_from_which_record_it_was_taken_over(hoshi):
    lines = [orjson.loads(line.detail)["taken_over"] for line in AuditEvent.objects.all()]
    assert Counter(line["file"] for line in lines) == {
        "region.toml": 4,  # the region, its network, an operator's account and role
        "organizations.csv": 3,
        "staff.csv": 15,  # 7 accounts, 8 roles
        "patients.csv": 7,  # 3 patients, 2 relatives, 2 consents
        "teams.csv": 3,
        "messages.jsonl": 20,
    }


def test_the_line_of_a_message_holds_place_and_hash_of_its_record(hoshi):
    records = (HOSHI / "messages.jsonl").read_bytes().splitlines()
    for line in AuditEvent.objects.filter(entity__startswith="Communication/"):
        source = orjson.loads(line.detail)["taken_over"]
        assert source["sha256"] == sha256(records[source["line"] - 1]).hexdigest()


def test_the_line_of_a_group_names_the_record_of_each_member(hoshi, folder):
    line = AuditEvent.objects.get(action="region.load", entity=f"Group/{_group('天川 ハル').hex}")
    source = orjson.loads(line.detail)["taken_over"]
    named = [source["sha256"], *(one["sha256"] for one in source["further"])]
    assert named == [one.raw_sha256 for one in folder.teams if one.patient_code == "P1"]


def _group(name):
    return Group.objects.get(patient=patient(name)).id


def test_no_name_and_no_word_of_a_message_stands_in_the_trail(hoshi):
    trails = "".join(line.detail + line.entity for line in AuditEvent.objects.all())
    assert not re.search("[ぁ-んァ-ヶ一-龠]", trails)


def test_the_trail_and_its_messages_hold(hoshi):
    lines, breaks = trail.verify()
    assert (lines, breaks) == (AuditEvent.objects.count(), [])
    assert proof.verify() == (20, [])


def test_a_changed_message_is_found(hoshi):
    message = Communication.objects.get(group=_group("天川 ハル"), seq=3)
    execute(
        "UPDATE communication_communication SET text = %s WHERE id = %s", [b"x", message.id.hex]
    )
    (found,) = proof.verify()[1]
    assert found == Break(f"group:{message.group_id.hex}", 3, proof.CHANGED)


def test_a_message_that_was_taken_away_is_found(hoshi):
    Communication.objects.get(group=_group("天川 ハル"), seq=3).delete()
    assert [one.why for one in proof.verify()[1]] == [proof.GONE]


def test_a_message_that_nobody_posted_is_found(hoshi):
    message = Communication.objects.get(group=_group("天川 ハル"), seq=3)
    log.append(
        group=message.group_id,
        key=message.key_id,
        last_seq=message.group.last_seq,
        sender=message.sender_id,
        role=message.role_id,
        text="書いていません",
        sent_us=1,
        posted_us=1,
    )
    assert [one.why for one in proof.verify()[1]] == [proof.UNSPOKEN]


# ── All or nothing, and only once ────────────────────────────────────────────────────────────────


def test_only_an_empty_region_can_be_loaded(hoshi, folder):
    with pytest.raises(NotEmpty):
        load_region(folder, demo=False, progress=silent)
    assert Region.objects.count() == 1


def test_a_folder_with_faults_is_never_loaded(folder):
    fault = Fault("staff.csv", 2, "email", "…")
    with pytest.raises(ValueError, match="faults"):
        load_region(replace(folder, faults=[fault]), demo=False, progress=silent)


def test_a_record_that_is_not_accepted_leaves_nothing_behind(folder, monkeypatch):
    def refuse(*arguments, **facts):
        raise Problem("No.")

    monkeypatch.setattr(loader, "take_over_communication", refuse)
    with pytest.raises(NotTaken) as caught:
        load_region(folder, demo=False, progress=silent)
    assert (caught.value.file, caught.value.line) == ("messages.jsonl", 1)
    for table in (Region, Account, Group, AuditEvent, DataKey):
        assert not table.objects.exists()


def test_progress_is_told_for_each_file_to_its_end(folder):
    told = []
    load_region(folder, demo=False, progress=lambda *parts: told.append(parts))
    ended = [(file, total) for file, done, total in told if done == total]
    assert ended == [
        ("organizations.csv", 3),
        ("staff.csv", 8),
        ("patients.csv", 3),
        ("messages.jsonl", 20),
    ]


# ── Invented people ──────────────────────────────────────────────────────────────────────────────


def test_nobody_has_a_password_after_loading(hoshi):
    assert not any(account.has_usable_password() for account in Account.objects.all())
    assert not demonstration.is_here()


def test_invented_people_share_one_password_that_the_policy_accepts(demo):
    assert {account.demo for account in Account.objects.all()} == {True}
    assert Account.objects.values("password").distinct().count() == 1
    assert Account.objects.first().check_password(demonstration.PASSWORD)
    for judge in (LongEnough(), LettersAndDigits()):
        judge.validate(demonstration.PASSWORD)


def test_who_chose_a_password_keeps_it(demo):
    account = Account.objects.get(email="subaru@hoshi.example")
    account.set_password("jibun2026")
    account.save()
    demonstration.admit(demo)
    account.refresh_from_db()
    assert account.check_password("jibun2026")


def test_invented_people_have_something_left_to_read_the_same_each_time(demo):
    left = {
        (member.account.email, member.group.patient.identity.name): member.group.last_seq
        - member.read_seq
        for member in Member.objects.exclude(group__kind="network")
    }
    assert min(left.values()) >= 0 and max(left.values()) > 0
    assert left["hikaru@hikari.example", "天川 ハル"] == 0  # said the last word


def test_the_people_to_try_are_different_people_in_different_parts(demo):
    chosen = people_to_try(demo)
    assert len({person.account.pk for person, _ in chosen}) == len(chosen)
    by_part = {shows: person for person, shows in chosen}
    nurse = by_part["患者グループを管理する看護師"]
    assert nurse.name == "月野 輪" and nurse.manages
    outside = by_part["自事業所でも、参加していないグループの中は見えない連携管理者"]
    assert (outside.name, outside.closed_to_them) == ("宵待 草", 2)
    assert by_part["患者の情報は見えない運営事務局"].name == "北斗 七"


@pytest.fixture
def sessions(demo, tmp_path):
    file = tmp_path / "sessions.json"
    demonstration.write_sessions(demo, "http://localhost:8000", file)
    assert file.stat().st_mode & 0o777 == 0o600
    return orjson.loads(file.read_bytes())


def _cookies(person):
    return dict(part.split("=", 1) for part in person["cookie"].split("; "))


def test_sessions_are_those_of_people_who_signed_in_and_confirmed_the_policy(sessions, demo):
    assert sessions["origin"] == "http://localhost:8000"
    assert len(sessions["people"]) == len(people(demo)) == 8
    for person in sessions["people"]:
        key = _cookies(person)[settings.SESSION_COOKIE_NAME]
        request = RequestFactory().get("/home")
        request.session = SessionStore(key)
        assert get_user(request).email == person["email"]
        assert may(load(Actor(session=stored_key(key)), "region"), "home.see")


def test_a_session_can_post_to_each_of_its_groups(sessions):
    nurse = next(one for one in sessions["people"] if one["email"] == "rin@hoshi.example")
    key = _cookies(nurse)[settings.SESSION_COOKIE_NAME]
    assert {group["manager"] for group in nurse["groups"]} == {True}
    for group in nurse["groups"]:
        standing = load(
            Actor(session=stored_key(key)), "group", Group.objects.get(pk=group["id"]).id
        )
        assert may(standing, "communication.send")


def test_the_token_of_a_session_is_one_that_django_takes(sessions):
    person = sessions["people"][0]
    request = RequestFactory(enforce_csrf_checks=True).post(
        "/anything", headers={"X-CSRFToken": person["csrf_token"]}
    )
    request.COOKIES = _cookies(person)
    check = CsrfViewMiddleware(lambda request: None)
    check.process_request(request)
    assert check.process_view(request, lambda request: None, (), {}) is None


def test_sessions_are_written_anew_over_an_older_file(demo, tmp_path):
    file = tmp_path / "sessions.json"
    file.write_text("old")
    file.chmod(0o644)
    demonstration.write_sessions(demo, "http://localhost:1", file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_read_me_names_the_people_the_demo_shows() -> None:
    readme = (Path(__file__).parents[2] / "examples" / "README.md").read_text()
    staff = (Path(__file__).parents[2] / "examples" / "midorino" / "staff.csv").read_text()
    region = (Path(__file__).parents[2] / "examples" / "midorino" / "region.toml").read_text()
    named = re.findall(r"^\| `([^`]+)`", readme, re.M)
    assert len(named) == 8
    assert all(email in staff or email in region for email in named)
