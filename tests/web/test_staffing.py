"""The pages of an organization's people: what is typed stays, nothing before it is seen."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from renkei.enrollment.models import Leaving, Pledge
from renkei.kernel import clock
from renkei.people.models import (
    Account,
    AdministratorChange,
    OneTimeLink,
    PractitionerRole,
    Registration,
)
from tests.cast import Cast

HANA = {
    "name": "佐藤　花", "kana": "サトウ ハナ", "profession": "看護師",
    "email": "ＨＡＮＡ@Hoshimi.example", "sex": "",
}  # fmt: skip


def browser(cast: Cast, name: str, **options: bool) -> Client:
    client = Client(**options)
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


@pytest.fixture
def office(cast: Cast) -> Client:
    return browser(cast, "administrator_same")


def begun(cast: Cast) -> None:
    Account.objects.update(last_login=clock.now())


# ── Coming ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.5", "A8.3")
def test_one_person_is_added_and_the_link_is_the_next_step(cast: Cast, office: Client) -> None:
    response = office.post("/staff/new", HANA)
    assert response.status_code == 303
    role = PractitionerRole.objects.get(account__email="hana@hoshimi.example")
    assert response.headers["Location"] == f"/staff/{role.id}"
    shown = office.get(f"/staff/{role.id}").content.decode()
    assert "佐藤 花" in shown and f"/staff/{role.id}/access" in shown
    paper = office.post(f"/staff/{role.id}/access", {"way": "paper", "word": "さくらもち七"})
    assert paper.status_code == 200 and "佐藤 花" in paper.content.decode()
    assert OneTimeLink.objects.filter(account=role.account_id, purpose="first").exists()


def test_what_is_wrong_is_said_and_what_was_typed_stays(cast: Cast, office: Client) -> None:
    response = office.post("/staff/new", HANA | {"kana": "佐藤", "email": "hana@@"})
    shown = response.content.decode()
    assert response.status_code == 422
    assert 'value="佐藤' in shown and 'value="hana@@"' in shown
    desk = office.post("/staff/new", HANA | {"email": "info@hoshimi.example"})
    assert desk.status_code == 422 and "one_person" in desk.content.decode()


def test_a_forged_form_does_nothing(cast: Cast) -> None:
    strict = browser(cast, "administrator_same", enforce_csrf_checks=True)
    assert strict.post("/staff/new", HANA).status_code == 403
    assert strict.post("/staff/import", {"text": "x"}).status_code == 403
    assert strict.post(f"/staff/{cast.role('manager')}/leave", {"do": "now"}).status_code == 403
    assert not Account.objects.filter(email="hana@hoshimi.example").exists()


@pytest.mark.clause("A8.5", "A14.2")
def test_who_has_an_account_looks_like_anybody_new_until_they_answer(
    cast: Cast, office: Client
) -> None:
    wish = HANA | {"email": "nurse@example.org", "one_person": "on"}
    new = office.post("/staff/new", HANA)
    pages = [office.get(new.headers["Location"]).content.decode()]
    known = office.post("/staff/new", wish)
    pages.append(office.get(known.headers["Location"]).content.decode())
    assert (new.status_code, known.status_code) == (303, 303)
    bare = [
        one.replace(place.headers["Location"].split("/")[2], "ID")
        for one, place in zip(pages, (new, known), strict=True)
    ]
    texts = [
        one.partition("<main")[2]
        .replace("hana@hoshimi", "X")
        .replace("nurse@example.org", "X.example")
        for one in bare
    ]
    assert _without_token(texts[0]) == _without_token(texts[1])
    assert "nurse さん" not in pages[1]
    registration = Registration.objects.get()
    paper = office.post(
        f"/staff/{registration.id}/access",
        {"way": "paper", "word": "さくらもち七", "one_person": "on"},
    )
    assert paper.status_code == 200 and "佐藤 花" in paper.content.decode()
    nurse = browser(cast, "nurse")
    assert f"/registrations/{registration.id}" in nurse.get("/home").content.decode()
    assert nurse.post(f"/registrations/{registration.id}", {"answer": "right"}).status_code == 303
    assert f"/registrations/{registration.id}" not in nurse.get("/home").content.decode()
    assert PractitionerRole.objects.filter(
        account=cast.account("nurse"), organization=cast.organizations["station"]
    ).exists()


def _without_token(page: str) -> str:
    import re

    page = re.sub(r'value="[A-Za-z0-9]{40,}"', "", page)
    return re.sub(r'data-tone="\d"', "", page)


def test_who_never_came_in_is_taken_off_the_list(cast: Cast, office: Client) -> None:
    for wish in (HANA, HANA | {"email": "nurse@example.org", "one_person": "on"}):
        place = office.post("/staff/new", wish).headers["Location"]
        assert office.post(f"{place}/remove").headers["Location"] == "/staff"
    assert PractitionerRole.objects.get(account__email="hana@hoshimi.example").ended_at is not None
    assert Registration.objects.get().answer == "taken_back"
    there = office.post(f"/staff/{cast.role('manager')}/remove")
    assert there.headers["Location"].endswith("/leave")  # not so for who has come in


# ── A roster ─────────────────────────────────────────────────────────────────────────────────────

TEXT = "氏名\tかな\t職種\tメール\n佐藤 花\tさとう はな\t看護師\thana@hoshimi.example\n"


def hidden(page: str) -> dict[str, str]:
    import html
    import re

    seen = re.search(r'name="seen" value="(\w+)"', page)
    roster = re.search(r'<textarea name="roster" hidden>\n(.*?)</textarea>', page, re.S)
    assert seen and roster
    return {"seen": seen[1], "roster": html.unescape(roster[1])}


@pytest.mark.clause("A8.5")
@pytest.mark.parametrize("way", ["paste", "file"])
def test_a_roster_is_shown_and_then_taken_in(cast: Cast, office: Client, way: str) -> None:
    sent = (
        {"text": TEXT}
        if way == "paste"
        else {"file": SimpleUploadedFile("list.csv", TEXT.encode("cp932"))}
    )
    shown = office.post("/staff/import", sent)
    assert shown.status_code == 200 and "佐藤 花" in shown.content.decode()
    assert not Account.objects.filter(email="hana@hoshimi.example").exists()
    again = hidden(shown.content.decode())
    assert office.post("/staff/import", again).headers["Location"] == "/staff"
    assert (
        PractitionerRole.objects.get(account__email="hana@hoshimi.example").profession == "看護師"
    )
    late = office.post("/staff/import", again)  # sent twice: looked at anew, nothing done
    assert late.status_code == 422
    assert PractitionerRole.objects.filter(account__email="hana@hoshimi.example").count() == 1


def test_every_fault_is_named_and_the_text_stays(cast: Cast, office: Client) -> None:
    text = TEXT + "\tx\t宇宙飛行士\thana@@\n"
    shown = office.post("/staff/import", {"text": text})
    page = shown.content.decode()
    assert shown.status_code == 422 and "宇宙飛行士" in page and 'name="seen"' not in page
    assert "hana@@" in page.partition('name="text"')[2]
    assert 'data-tone="attend"><b>1</b>' in page  # the line counts among those not taken in
    assert office.post("/staff/import", {}).status_code == 422
    assert office.post("/staff/import", {"seen": "x", "roster": text}).status_code == 422
    assert not Account.objects.filter(email="hana@hoshimi.example").exists()


def test_names_that_are_formulas_stay_text_in_the_file(cast: Cast, office: Client) -> None:
    office.post("/staff/new", HANA | {"name": "=HYPERLINK(1)"})
    data = office.get("/staff?csv=1").content
    assert data.startswith(b"\xef\xbb\xbf")
    assert "'=HYPERLINK(1)" in data.decode("utf-8-sig")


def test_the_list_is_narrowed_by_what_is_missing(cast: Cast, office: Client) -> None:
    PractitionerRole.objects.filter(pk=cast.role("self_inviting")).update(pledged_on=None)
    shown = office.get("/staff?state=pledge").content.decode()
    assert f"/staff/{cast.role('manager')}" not in shown
    assert f"/staff/{cast.role('self_inviting')}" in shown


# ── Changing and leaving ─────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A7")
def test_administrators_are_named_and_the_operator_notes_it(cast: Cast, office: Client) -> None:
    role = cast.role("manager")
    assert office.post(f"/staff/{role}/administrator", {"become": "1"}).status_code == 303
    operator = browser(cast, "operator")
    assert "/administrators" in operator.get("/home").content.decode()
    entry = AdministratorChange.objects.get()
    assert str(entry.id) in operator.get("/administrators").content.decode()
    assert operator.post(f"/administrators/changes/{entry.id}/noted").status_code == 303
    assert str(entry.id) not in operator.get("/administrators").content.decode()
    own = browser(cast, "sole")
    refused = own.post(f"/staff/{cast.role('sole')}/administrator", {"become": "0"})
    assert refused.status_code == 422
    assert PractitionerRole.objects.get(pk=cast.role("sole")).administrator


@pytest.mark.clause("A7")
def test_the_operator_sees_whose_administrators_have_been_away(cast: Cast) -> None:
    operator = browser(cast, "operator")
    Account.objects.update(last_login=clock.now())
    shown = operator.get("/administrators").content.decode().partition("<main")[2]
    assert shown.count("tel:") == 1  # the one that has no administrator at all
    Account.objects.filter(pk=cast.account("sole")).update(
        last_login=clock.now() - timedelta(days=31)
    )
    shown = operator.get("/administrators").content.decode().partition("<main")[2]
    assert shown.count("tel:") == 2 and "pharmacy事業所" in shown.partition("</ul>")[0]


@pytest.mark.clause("A9", "F2", "P3")
def test_a_pledge_is_signed_on_the_screen_or_recorded_from_paper(
    cast: Cast, office: Client
) -> None:
    manager = browser(cast, "manager")
    role = cast.role("manager")
    PractitionerRole.objects.filter(pk=role).update(pledged_on=None)
    assert manager.get(f"/groups/{cast.group}").status_code == 403
    assert f"/pledge/{role}" in manager.get("/home").content.decode()
    page = manager.get(f"/pledge/{role}").content.decode()
    assert "第5条" in page
    wrong = manager.post(f"/pledge/{role}", {"name": "別人", "address": "", "number": "0"})
    assert wrong.status_code == 422 and 'value="別人"' in wrong.content.decode()
    assert office.get(f"/pledge/{role}").status_code == 403
    sent = {"name": "managerさん", "address": "", "number": "0"}
    assert manager.post(f"/pledge/{role}", sent).status_code == 303
    assert f"/pledge/{role}" not in manager.get("/home").content.decode()
    assert manager.get(f"/groups/{cast.group}").status_code == 200
    paper = {"way": "paper", "signed_on": "令和8年4月1日"}
    assert office.post(f"/staff/{role}/pledge", paper).status_code == 303
    assert [one.way for one in Pledge.objects.order_by("recorded_at")] == ["screen", "paper"]
    assert office.post(f"/staff/{role}/pledge", {"way": "held"}).status_code == 422


@pytest.mark.clause("A8.5", "N1.2", "N3.7")
def test_leaving_from_the_page_to_the_receipt(cast: Cast, office: Client) -> None:
    role = cast.role("manager")
    manager = browser(cast, "manager")
    before = office.get(f"/staff/{role}/leave").content.decode()
    assert "髙橋 節子" in before
    assert office.get(f"/staff/{role}/leave.pdf").status_code == 404
    assert office.post(f"/staff/{role}/leave", {"do": "now"}).status_code == 422
    assert office.post(f"/staff/{role}/leave", {"do": "later"}).status_code == 422
    assert manager.get(f"/groups/{cast.group}").status_code == 200
    sent = {"do": "now", "told": "in_person", "papers": "on"}
    assert office.post(f"/staff/{role}/leave", sent).status_code == 303
    after = office.get(f"/staff/{role}/leave").content.decode()
    assert "髙橋 節子" in after and f"/staff/{role}/leave.pdf" in after
    assert manager.get(f"/groups/{cast.group}").status_code in (302, 401)
    receipt = office.get(f"/staff/{role}/leave.pdf")
    assert receipt.headers["Content-Type"] == "application/pdf"
    assert receipt.content.startswith(b"%PDF")


@pytest.mark.clause("A8.5")
def test_a_day_ahead_is_set_taken_back_and_finished_when_it_is_over(
    cast: Cast, office: Client
) -> None:
    role = cast.role("manager")
    day = (clock.today() + timedelta(days=3)).isoformat()
    assert office.post(f"/staff/{role}/leave", {"do": "later", "last_day": day}).status_code == 303
    assert office.post(f"/staff/{role}/leave", {"do": "stay"}).status_code == 303
    assert PractitionerRole.objects.get(pk=role).until is None
    office.post(f"/staff/{role}/leave", {"do": "later", "last_day": day})
    over = clock.now() - timedelta(minutes=1)
    PractitionerRole.objects.filter(pk=role).update(until=over)
    Leaving.objects.update(ends_at=over)
    assert "state=leaving" in office.get("/home").content.decode()
    assert str(role) in office.get("/staff?state=leaving").content.decode()
    sent = {"do": "now", "told": "phone"}
    assert office.post(f"/staff/{role}/leave", sent).status_code == 303
    assert "state=leaving" not in office.get("/home").content.decode()


def test_a_corrected_name_is_told_until_the_person_has_saved_it(cast: Cast, office: Client) -> None:
    manager, role = browser(cast, "manager"), cast.role("manager")
    sent = {"name": "万波 稔", "kana": "マンナミ ミノル"}
    assert office.post(f"/staff/{role}/name", sent).status_code == 303
    told = "連携管理者がお名前を直しました", "Your name was corrected"
    assert any(one in manager.get("/home").content.decode() for one in told)
    assert manager.get("/me").content.decode().count("万波 稔") >= 1
    manager.post("/me", {"name": "万波 稔", "kana": "まんなみ みのる", "phone": ""})
    assert not any(one in manager.get("/home").content.decode() for one in told)
    assert office.post(f"/staff/{role}/name", {"name": "", "kana": "x"}).status_code == 422


def test_another_organizations_people_are_not_there(cast: Cast, office: Client) -> None:
    role = cast.role("nurse")
    for address in ("", "/leave", "/leave.pdf"):
        assert office.get(f"/staff/{role}{address}").status_code == 403
    for address in ("profession", "name", "administrator", "pledge", "remove", "leave"):
        response = office.post(
            f"/staff/{role}/{address}",
            {"profession": "医師", "name": "x", "kana": "あ", "become": "1", "way": "held",
             "signed_on": "2026-04-01", "do": "now", "told": "phone"},
        )  # fmt: skip
        assert response.status_code == 403, address


def test_several_pledges_are_recorded_at_once_but_never_ones_own(
    cast: Cast, office: Client
) -> None:
    people = ["manager", "self_inviting", "administrator_same", "nurse"]
    roles = {name: cast.role(name) for name in people}
    PractitionerRole.objects.update(pledged_on=None)
    sent = {"do": "pledge", "way": "paper", "person": [str(one) for one in roles.values()]}
    assert office.post("/staff/bulk", sent).status_code == 422
    page = office.post("/staff/bulk", sent | {"signed_on": "2026-04-01"}).content.decode()
    pledged = set(PractitionerRole.objects.exclude(pledged_on=None).values_list("pk", flat=True))
    assert pledged == {roles["manager"], roles["self_inviting"]}
    assert "administrator_same さん" in page.partition('<p class="note" role="status"')[2][:900]


@pytest.mark.clause("A8.3")
def test_first_links_go_out_by_mail_to_all_who_never_came(
    cast: Cast, office: Client, settings: Any, mailoutbox: list[Any]
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    places = [
        office.post("/staff/new", wish).headers["Location"].split("/")[2]
        for wish in (HANA, HANA | {"email": "stranger@example.org"})
    ]
    sent = {"do": "links", "person": [*places, str(cast.role("manager"))]}
    page = office.post("/staff/bulk", sent).content.decode()
    assert sorted(one.to[0] for one in mailoutbox) == [
        "hana@hoshimi.example", "stranger@example.org",
    ]  # fmt: skip
    assert "manager さん" in page.partition('<p class="note" role="status"')[2][:900]
