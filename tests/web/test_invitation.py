"""Members and invitations on the screen: initials until one is in, and one's own part only."""

import pytest

from renkei.group.admission import decline_invitation
from renkei.group.models import Invitation, Member
from tests.cast import Cast, group_about
from tests.web.test_patient import client

SECRETS = ("髙橋", "節子", "たかはし", "せつこ", "1942", "昭和17年")


def told(html: str) -> set[str]:
    return {one for one in SECRETS if one in html}


@pytest.mark.clause("N3.2")
def test_before_joining_one_sees_initials_and_never_who_the_patient_is(cast: Cast) -> None:
    for name, invitation in (
        ("invited", "invited"),
        ("administrator_other", "invited"),
        ("sole", "sole"),
    ):
        answer = client(cast, name).get(f"/invitations/{cast.invitations[invitation]}")
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "た・せ" in page
        assert "stationの事業所" in page or "station事業所" in page
        assert told(page) == set(), name


def test_an_invitation_is_nobody_elses_business(cast: Cast) -> None:
    for name in ("stranger", "family", "operator", "nurse"):
        answer = client(cast, name).get(f"/invitations/{cast.invitations['invited']}")
        assert answer.status_code == 403, name


@pytest.mark.clause("A8.4", "N3.2")
def test_accepting_and_approving_together_open_the_group(cast: Cast) -> None:
    where = f"/invitations/{cast.invitations['invited']}"
    invited, administrator = client(cast, "invited"), client(cast, "administrator_other")
    assert invited.post(where + "/accept").status_code == 303
    assert invited.get(f"/groups/{cast.group}/members").status_code == 403
    assert "承認待ち" in invited.get(where).content.decode()
    assert administrator.post(where + "/approve").status_code == 303
    assert invited.get(f"/groups/{cast.group}/members").status_code == 200
    assert administrator.get(f"/groups/{cast.group}/members").status_code == 403


@pytest.mark.clause("A8.4")
def test_who_invited_themselves_is_told_that_another_approves(cast: Cast) -> None:
    browser = client(cast, "self_inviting")
    where = f"/invitations/{cast.invitations['self_inviting']}"
    page = browser.get(where).content.decode()
    assert "ほかの連携管理者が行います" in page
    assert f"{where}/approve" not in page
    assert browser.post(where + "/approve").status_code == 403


@pytest.mark.clause("N3.2")
def test_declining_takes_a_reason_to_choose_or_to_write(cast: Cast) -> None:
    browser, where = client(cast, "invited"), f"/invitations/{cast.invitations['invited']}"
    assert browser.post(where + "/decline", {}).status_code == 422
    empty = browser.post(where + "/decline", {"choice": "other", "words": ""})
    assert empty.status_code == 422
    assert browser.post(where + "/decline", {"choice": "not_involved"}).status_code == 303
    page = client(cast, "manager").get(where).content.decode()
    assert "この方の支援に関わっていません" in page


@pytest.mark.clause("A11.4")
def test_several_are_invited_at_once_and_what_is_missing_is_said_for_each(cast: Cast) -> None:
    browser, where = client(cast, "manager"), f"/groups/{cast.group}/invite"
    first, second = cast.role("stranger").hex, cast.role("administrator_other").hex
    words = {"person": [first, second], f"role-{first}": "入浴の介助", f"role-{second}": ""}
    answer = browser.post(where, words)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "stranger さん" in page
    assert "支援での役割を、50字以内で書いてください" in page
    asked = Invitation.objects.filter(group=cast.group, state="open")
    assert asked.filter(account=cast.account("stranger")).count() == 1
    assert not asked.filter(account=cast.account("administrator_other")).exists()


@pytest.mark.clause("A6")
def test_without_consent_the_page_says_why_and_where_to_record_it(cast: Cast) -> None:
    patient, group = group_about(cast, "station", {"manager": True}, consented=False)
    page = client(cast, "administrator_same").get(f"/groups/{group}/invite").content.decode()
    assert "自分の事業所の人だけを招けます" in page
    assert f"/patients/{patient}/consent" in page
    assert cast.role("nurse").hex not in page


@pytest.mark.clause("A8.4", "N3.9")
def test_administrators_manage_without_reading(cast: Cast) -> None:
    browser = client(cast, "administrator_same")
    page = browser.get(f"/groups/{cast.group}/manage").content.decode()
    assert "nurse さん" in page
    assert "130/80" not in page
    for tab in ("members", "files", "basics"):
        assert browser.get(f"/groups/{cast.group}/{tab}").status_code == 403, tab


def test_leaving_and_releasing_take_a_reason_and_keep_the_page_without_one(cast: Cast) -> None:
    nurse = client(cast, "nurse")
    assert nurse.post(f"/groups/{cast.group}/leave", {"reason": " "}).status_code == 422
    assert nurse.post(f"/groups/{cast.group}/leave", {"reason": "担当替え"}).status_code == 303
    assert nurse.get(f"/groups/{cast.group}/members").status_code == 403
    manager = client(cast, "manager")
    address = f"/members/{cast.members['physician']}/release"
    assert manager.post(address, {"reason": ""}).status_code == 422
    assert manager.post(address, {"reason": "契約の終わり"}).status_code == 303
    assert Member.objects.get(pk=cast.members["physician"]).ended_at is not None


@pytest.mark.clause("A11.2")
def test_the_last_manager_is_not_taken_away_and_the_page_says_so(cast: Cast) -> None:
    browser = client(cast, "administrator_same")
    address = "/members/{}/manager".format
    assert browser.post(address(cast.members["physician"]), {"manager": "0"}).status_code == 303
    last = browser.post(address(cast.members["manager"]), {"manager": "0"})
    assert last.status_code == 422
    assert "最後のグループ管理者" in last.content.decode()


def test_an_administrator_who_releases_their_own_staff_learns_no_name(cast: Cast) -> None:
    answer = client(cast, "administrator_other").get(f"/members/{cast.members['nurse']}/release")
    assert answer.status_code == 200
    assert told(answer.content.decode()) == set()


@pytest.mark.clause("A5.1")
def test_an_ended_group_is_read_and_no_longer_joined(cast: Cast) -> None:
    browser = client(cast, "manager")
    assert browser.post(f"/groups/{cast.group}/close", {"reason": ""}).status_code == 422
    assert browser.post(f"/groups/{cast.group}/close", {"reason": "入所"}).status_code == 303
    assert browser.get(f"/groups/{cast.group}/files").status_code == 200
    page = browser.get(f"/groups/{cast.group}/members").content.decode()
    assert f"/groups/{cast.group}/invite" not in page


@pytest.mark.clause("N3.2", "N1.1")
def test_who_has_declined_learns_nothing_more_of_who_takes_part(cast: Cast) -> None:
    where = f"/invitations/{cast.invitations['invited']}"
    invited = client(cast, "invited")
    assert "nurse さん" in invited.get(where).content.decode()
    decline_invitation(cast["invited"], cast.invitations["invited"], reason="担当していません")
    after = invited.get(where).content.decode()
    assert "nurse さん" not in after
    assert told(after) == set()
