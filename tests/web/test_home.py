"""ホーム: what there is to do, for whom; and the pages around oneself."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image

from renkei.communication.tasks import make_task
from renkei.enrollment.noticeboard import open_notice
from renkei.group.home import see_home
from renkei.kernel import clock
from renkei.kernel.errors import Refused
from renkei.patient.models import Basics, Consent
from renkei.patient.services import register_patient
from renkei.people.models import Account, PractitionerRole
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.region.services import publish_notice
from tests.cast import LOADER, identity, loading, make_role, post, put_invitation


def client(cast, name):
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return browser


def tasks(cast, name):
    return [(task.kind, task.id) for task in see_home(cast[name], None).tasks]


def of_kind(cast, name, kind):
    return {thing for one, thing in tasks(cast, name) if one == kind}


@pytest.mark.clause("N3.2")
def test_an_invitation_is_to_be_answered_by_the_invited_person_only(cast):
    asked = {name: of_kind(cast, name, "answer") for name in cast if name != "nobody"}
    expected = {name: {invitation} for name, invitation in cast.invitations.items()}
    assert {name: ids for name, ids in asked.items() if ids} == expected


@pytest.mark.clause("A8.4")
def test_an_approval_stands_on_the_page_of_whoever_may_give_it(cast):
    put_invitation(cast, "stranger", "manager")
    for name in cast:
        if name == "nobody":
            continue
        listed = of_kind(cast, name, "approve")
        allowed = {
            one
            for one in cast.invitations.values()
            if may(load(cast[name], "invitation", one), "invitation.approve")
        }
        assert listed == allowed, name


def test_a_missing_consent_is_seen_by_the_administrator_and_not_by_others(cast):
    with loading():
        patient = register_patient(
            LOADER, cast.organizations["station"], identity=identity(), basics=Basics()
        )
    assert of_kind(cast, "administrator_same", "consent") == {patient.id}
    assert not of_kind(cast, "administrator_other", "consent")
    assert not of_kind(cast, "stranger", "consent")
    assert not of_kind(cast, "operator", "consent")


def test_a_copy_not_handed_over_is_to_do_for_the_manager_who_may_only_ask(cast):
    Consent.objects.filter(patient=cast.patient).update(copy_given_on=None)
    [task] = [one for one in see_home(cast["manager"], None).tasks if one.kind == "copy"]
    assert (task.mine, task.id) == (False, cast.group)
    assert of_kind(cast, "administrator_same", "copy") == {cast.patient}


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize(("days", "told"), [(45, False), (47, True), (59, True)])
def test_the_end_of_a_password_is_told_two_weeks_before(cast, days, told):
    Account.objects.filter(pk=cast.account("nurse")).update(
        password_changed_at=clock.now() - timedelta(days=days)
    )
    assert bool([kind for kind, _ in tasks(cast, "nurse") if kind == "password"]) == told


def test_unread_groups_come_with_their_newest_words(cast):
    home = see_home(cast["manager"], None)
    [(line, newest)] = home.unread
    assert line.id == cast.group
    assert newest.text.startswith("朝の血圧")
    assert not see_home(cast["stranger"], None).unread


def test_a_page_shows_it_and_no_stranger_reads_a_patients_name(cast):
    shown = client(cast, "manager").get("/home").content.decode()
    assert "髙橋 節子" in shown
    assert "朝の血圧は130/80でした。" in shown
    for name in ("stranger", "former", "administrator_other", "operator", "family"):
        assert "髙橋" not in client(cast, name).get("/home").content.decode(), name


@pytest.mark.clause("N3.8")
def test_a_task_says_what_to_do_and_the_patients_name_keeps_together(cast):
    first, second = "シーツの下のクッションを見る", "体重計を借りる"
    for text in (first, second):
        message = post(cast, "nurse", "お願いします")
        due = clock.today() + timedelta(days=2) if text == first else None
        make_task(cast["nurse"], message, text=text, account=cast.account("manager"), due=due)
    page = client(cast, "manager").get("/home").content.decode()
    assert f">{first}<" in page and second not in page
    assert '<span class="together">髙橋 節子 さん</span>' in page
    assert "ほか1件" in page


def test_initials_stand_for_names_where_the_person_wants_it(cast):
    browser = client(cast, "manager")
    chosen = {"text_size": "largest", "contrast": "more", "language": "ja", "initials_only": "on"}
    assert browser.post("/me/appearance", chosen).cookies["look"].value == "ja.largest.more"
    page = browser.get("/home").content.decode()
    assert "髙橋" not in page
    assert "た・せ" in page
    assert 'data-text="largest" data-contrast="more"' in page


def test_a_notice_waits_on_top_until_it_is_confirmed(cast):
    first = publish_notice(
        cast["operator"], None, title="研修", body="来てください", acknowledge=True
    )
    publish_notice(cast["operator"], None, title="年末", body="休みます", acknowledge=False)
    browser = client(cast, "nurse")
    waiting = see_home(cast["nurse"], None).notices
    assert [one.title for one in waiting] == ["研修", "年末"]
    assert browser.post(f"/notices/{first.id}/confirm")["Location"] == "/home"
    assert not open_notice(cast["nurse"], None, first.id).waiting
    assert open_notice(cast["manager"], None, first.id).waiting


def test_only_the_operator_writes_notices(cast):
    assert client(cast, "operator").get("/notices/new").status_code == 200
    assert client(cast, "manager").get("/notices/new").status_code == 403
    with pytest.raises(Refused):
        publish_notice(cast["manager"], None, title="x", body="y", acknowledge=False)


def picture(size=(600, 400)):
    written = BytesIO()
    Image.new("RGB", size, (20, 90, 99)).save(written, "PNG")
    written.seek(0)
    written.name = "face.png"
    return written


@pytest.mark.clause("N3.5")
def test_a_photo_is_shown_small_and_asked_for_again(cast):
    browser = client(cast, "nurse")
    assert browser.post("/me/photo", {"photo": picture()})["Location"] == "/me"
    address = f"/people/{cast.account('nurse')}/photo"
    answer = client(cast, "manager").get(address)
    assert Image.open(BytesIO(answer.content)).size == (256, 256)
    assert answer["Cache-Control"] == "private, max-age=0, must-revalidate"
    again = client(cast, "manager").get(address, headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    assert Client(HTTP_HOST="localhost").get(address).status_code == 302


def test_what_is_no_photo_is_refused_with_a_sentence(cast):
    written = BytesIO(b"%PDF-1.7")
    written.name = "face.png"
    answer = client(cast, "nurse").post("/me/photo", {"photo": written})
    assert answer.status_code == 422
    assert "写真を選んでください" in answer.content.decode()


def test_one_writes_for_another_of_ones_own_organizations_only(cast):
    with loading():
        second = make_role(
            Account.objects.get(pk=cast.account("nurse")), cast.organizations["helpers"]
        )
    browser = client(cast, "nurse")
    assert browser.post("/me/role", {"role": str(second.id)})["Location"] == "/me"
    assert load(cast["nurse"], "region").who.role == second.id
    theirs = PractitionerRole.objects.get(pk=cast.role("manager"))
    assert browser.post("/me/role", {"role": str(theirs.id)}).status_code == 422
    assert browser.post("/me/role", {"role": "nonsense"}).status_code == 422
