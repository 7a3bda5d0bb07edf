"""Clauses that are kept by what a screen shows."""

import re

import pytest
from django.conf import settings
from django.test import Client

from renkei.config.routes import LIVE, routes
from renkei.group.shell import see_shell
from renkei.kernel.errors import SignedOut
from renkei.people.models import Organization, Session
from renkei.region.models import PolicyVersion
from tests.cast import NOBODY, PASSWORD, Cast
from tests.policy.test_rules import things


def browser(cast: Cast, name: str) -> Client:
    client = Client(raise_request_exception=False)
    if name != NOBODY:
        client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def addresses(cast: Cast, name: str) -> list[str]:
    parts = {kind: str(thing) for kind, thing in things(cast, name).items()}
    parts |= {"message": parts["communication"], "account": str(cast.account("nurse"))}
    found = []
    for one in routes():
        needed = re.findall(r"<\w+:(\w+)>", one["route"])
        if one["route"] != LIVE["route"] and set(needed) <= set(parts):
            found.append("/" + re.sub(r"<\w+:(\w+)>", lambda part: parts[part[1]], one["route"]))
    return found


@pytest.mark.clause("A1")
@pytest.mark.parametrize("name", ["manager", "administrator_same", "invited", "operator", NOBODY])
def test_the_policy_is_one_tap_away_from_every_page(cast: Cast, name: str) -> None:
    client, without, pages = browser(cast, name), [], 0
    for address in addresses(cast, name):
        if address.startswith("/sign-out") or address == "/offline":  # without a line nothing is
            continue
        response = client.get(address)
        if response.status_code != 200 or "text/html" not in response.headers["Content-Type"]:
            continue
        page = response.content.decode()
        if "<html" not in page:  # a part, for a page that is open
            continue
        pages += 1
        if 'href="/policy"' not in page and address != "/policy":
            without.append(address)
    assert pages >= 5
    assert without == []


@pytest.mark.clause("A1")
def test_the_policy_page_shows_text_edition_and_day_to_everyone(cast: Cast) -> None:
    PolicyVersion.objects.filter(pk=cast.policy).update(
        text="# 題\n\n## 運営の決まり\n\n大切に使います。"
    )
    page = browser(cast, NOBODY).get("/policy").content.decode()
    for words in ("運営の決まり", "大切に使います。", "令和8年4月1日"):
        assert words in page
    assert re.search(r"第\s*1\s*版", page)


@pytest.mark.clause("A14.4")
def test_signing_out_ends_the_session_on_the_server_and_clears_the_browser(cast: Cast) -> None:
    client = browser(cast, "nurse")
    assert client.get("/home").status_code == 200
    response = client.post("/sign-out")
    assert "cache" in response.headers["Clear-Site-Data"]
    assert response.cookies[settings.SESSION_COOKIE_NAME].value == ""
    assert not Session.objects.filter(account=cast.account("nurse")).exists()
    with pytest.raises(SignedOut):
        see_shell(cast["nurse"], None)
    stolen = browser(cast, "nurse").get("/home")
    assert stolen.headers["Location"].startswith("/sign-in")


@pytest.mark.clause("A14.4")
def test_the_back_button_shows_nothing_of_a_patient(cast: Cast) -> None:
    client = browser(cast, "nurse")
    for address in ("/home", f"/groups/{cast.group}", f"/groups/{cast.group}/members"):
        assert client.get(address).headers["Cache-Control"] == "no-store"


@pytest.mark.clause("A14.1")
def test_the_page_for_the_password_changes_ones_own_alone(cast: Cast) -> None:
    from renkei.people.models import Account

    before = dict(Account.objects.values_list("pk", "password"))
    sent = {
        "oldpassword": PASSWORD,
        "password1": "momiji-kawa-77",
        "password2": "momiji-kawa-77",
        "account": str(cast.account("manager")),
        "email": "manager@example.org",
    }
    assert browser(cast, "administrator_same").post("/password/change", sent).status_code == 302
    after = dict(Account.objects.values_list("pk", "password"))
    changed = {pk for pk in after if after[pk] != before[pk]}
    assert changed == {cast.account("administrator_same")}


@pytest.mark.clause("N3.4")
@pytest.mark.parametrize("name", ["manager", "nurse"])
def test_where_one_writes_it_says_what_it_does_not_replace(cast: Cast, name: str) -> None:
    page = browser(cast, name).get(f"/groups/{cast.group}").content.decode()
    assert re.search(r'composer-hint">[^<]*記録[^<]*指示', page)


@pytest.mark.clause("N3.8")
def test_before_sending_one_sees_whose_group_it_is_what_arrives_and_who_reads(cast: Cast) -> None:
    client = browser(cast, "nurse")
    page = client.post(
        f"/groups/{cast.group}/confirm", {"text": "夕方に伺います。"}
    ).content.decode()
    for words in ("髙橋 節子", "夕方に伺います。", "manager さん", "physician さん"):
        assert words in page


@pytest.mark.clause("A19.1")
def test_residents_read_who_takes_part_without_signing_in(cast: Cast) -> None:
    Organization.objects.filter(code="helpers").update(listed=False)
    page = browser(cast, NOBODY).get("/organizations").content.decode()
    assert "station事業所" in page
    assert "helpers事業所" not in page
    for person in cast.people.values():
        assert person.name == NOBODY or f"{person.name} さん" not in page
