"""Disaster use through its pages: signing in by the card, the band, the board on a bad line."""

import csv
import io
import re

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from renkei.people.models import Session
from renkei.region.declaring import end_disaster
from renkei.region.models import DisasterUse
from renkei.safety.models import EmergencyUse, PlaceReport, SafetyReport, StaffReport
from renkei.web import emergency
from tests.cast import Cast, group_about
from tests.safety.unlisted import card, declare, elsewhere, had_an_app
from tests.web.test_second_step import session_of, set_up_app, sign_in


@pytest.fixture(autouse=True)
def _nothing_tried() -> None:
    cache.clear()


def browser(cast: Cast, name: str = "") -> Client:
    client = Client(HTTP_HOST="localhost", HTTP_USER_AGENT="Mozilla/5.0 (iPhone) Safari/604.1")
    if name:
        client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def shown(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


# ── Declaring ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A20")
def test_from_the_operators_home_page_it_takes_two_taps(cast: Cast) -> None:
    operator = browser(cast, "operator")
    assert 'href="/disasters/declare"' in shown(operator, "/home")  # the first
    page = shown(operator, "/disasters/declare")
    assert '<button class="btn btn--primary btn--big btn--wide" name="word" value="storm">' in page
    chosen = re.search(r'<option value="(\d+)" selected>', page)
    assert chosen is not None
    sent = {"word": "storm", "note": "", "lasting": chosen[1]}  # the second, nothing typed
    assert operator.post("/disasters/declare", sent).status_code == 302
    disaster = DisasterUse.objects.get(ended_at=None, published_at=None)
    assert not disaster.drill and disaster.area is None
    assert (disaster.until - disaster.declared_at).total_seconds() > 6.99 * 86400


def test_a_drill_is_marked_on_every_page(cast: Cast) -> None:
    operator = browser(cast, "operator")
    operator.post("/disasters/declare", {"drill": "1", "word": "earthquake", "lasting": "3"})
    assert DisasterUse.objects.get(ended_at=None, published_at=None).drill
    nurse = browser(cast, "nurse")
    group = f"/groups/{cast.group}"
    board = ("/safety", "/safety/text", "/safety/organizations", f"/safety/patients/{cast.group}")
    for address in ("/home", group, *board, "/disaster", "/menu", "/emergency"):
        assert "訓練" in shown(nurse, address) or "Drill" in shown(nurse, address), address


@pytest.mark.clause("A20")
def test_everybody_has_the_band_on_every_page_and_nobody_once_it_is_over(cast: Cast) -> None:
    declared = declare(cast, area=[cast.organizations["clinic"]])
    places = ("/home", "/groups", "/me", "/menu", "/patients")
    for name in ("nurse", "manager", "operator", "family"):
        for address in places[: -1 if name == "family" else None]:  # a relative keeps no record
            assert 'data-tone="disaster"' in shown(browser(cast, name), address), (name, address)
    assert 'data-tone="disaster"' in shown(browser(cast), "/sign-in")
    inside, outside = (shown(browser(cast, name), "/home") for name in ("nurse", "manager"))
    assert (
        re.search(r"banner.*?</div>", inside, re.S)[0]
        != re.search(r"banner.*?</div>", outside, re.S)[0]
    )  # type: ignore[index]
    end_disaster(cast["operator"], declared)
    assert 'data-tone="disaster"' not in shown(browser(cast, "nurse"), "/home")


# ── Signing in ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A20")
def test_by_password_and_card_on_an_unlisted_phone(cast: Cast) -> None:
    numbers = card(cast, "nurse")
    declare(cast)
    phone = browser(cast)
    sign_in(phone, "nurse")
    assert phone.get(f"/groups/{cast.group}").status_code == 403
    assert 'href="/emergency"' in shown(phone, "/home")
    assert 'name="code"' in shown(phone, "/emergency")
    wrong = {"code": "00000-00000", "reason": "避難所にいる"}
    assert phone.post("/emergency", wrong).status_code == 422
    without = phone.post("/emergency", {"code": numbers[0], "reason": ""})
    assert without.status_code == 422  # and the number is not spent
    full_width = numbers[0].translate(str.maketrans("0123456789-", "０１２３４５６７８９－"))
    sent = {"code": full_width, "reason": "避難所にいる"}
    assert phone.post("/emergency", sent)["Location"] == "/home"
    assert phone.get(f"/groups/{cast.group}").status_code == 200
    use = EmergencyUse.objects.get()
    assert use.browser == "Safari, iPhone" and use.session == session_of(phone).pk
    assert phone.post("/emergency", sent).status_code == 200  # there is nothing more to enter
    assert EmergencyUse.objects.count() == 1


@pytest.mark.clause("A20")
def test_the_second_step_can_be_the_card_when_the_phone_with_the_app_is_lost(cast: Cast) -> None:
    numbers = card(cast, "nurse")
    old = browser(cast)
    sign_in(old, "nurse")
    set_up_app(old)
    phone = browser(cast)
    assert sign_in(phone, "nurse")["Location"] == "/sign-in/second-step"
    sent = {"code": numbers[0], "reason": "携帯が流された"}
    assert phone.post("/sign-in/card", sent).status_code == 200  # nothing is declared
    assert phone.get("/home").status_code == 302
    declare(cast)
    assert 'href="/sign-in/card"' in shown(phone, "/sign-in/second-step")
    assert phone.post("/sign-in/card", {**sent, "code": "1234567890"}).status_code == 422
    assert phone.get("/home").status_code == 302
    assert phone.post("/sign-in/card", sent).status_code == 302
    assert phone.get(f"/groups/{cast.group}").status_code == 200
    session = session_of(phone)
    assert session.second_factor == "card" and session.emergency_id is not None
    # it is no second factor for anything lasting
    assert phone.get("/me/second-step/app/remove")["Location"].startswith("/again/")
    assert phone.get("/me/card").status_code == 403


def test_whom_the_card_lets_past_the_second_step_and_nothing_lets_in_is_signed_out(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = card(cast, "nurse")
    old = browser(cast)
    sign_in(old, "nurse")
    set_up_app(old)
    declared = declare(cast)
    phone = browser(cast)
    sign_in(phone, "nurse")
    spend = emergency.spend_card

    def spend_and_end(*given: object) -> object:  # it is ended at this very moment
        spent = spend(*given)  # type: ignore[arg-type]
        end_disaster(cast["operator"], declared)
        return spent

    monkeypatch.setattr(emergency, "spend_card", spend_and_end)
    sent = {"code": numbers[0], "reason": "携帯が流された"}
    assert phone.post("/sign-in/card", sent).status_code == 422
    assert phone.get("/home")["Location"].startswith("/sign-in")


def test_without_the_password_the_card_is_worth_nothing(cast: Cast) -> None:
    numbers = card(cast, "nurse")
    declare(cast)
    phone = browser(cast)
    sent = {"code": numbers[0], "reason": "避難所にいる"}
    assert phone.post("/sign-in/card", sent)["Location"].startswith("/sign-in")
    assert phone.post("/emergency", sent)["Location"].startswith("/sign-in")
    assert not EmergencyUse.objects.exists()


def test_guessing_on_the_page_has_to_wait(cast: Cast) -> None:
    numbers = card(cast, "nurse")
    declare(cast)
    phone = browser(cast)
    sign_in(phone, "nurse")
    for guess in range(6):
        phone.post("/emergency", {"code": f"{guess:010}", "reason": "避難所"})
    assert phone.post("/emergency", {"code": numbers[0], "reason": "避難所"}).status_code == 422
    assert phone.get(f"/groups/{cast.group}").status_code == 403


def test_who_showed_a_second_factor_only_says_why(cast: Cast) -> None:
    had_an_app(cast, "nurse")
    declare(cast)
    elsewhere(cast, "nurse", "totp")
    phone = browser(cast, "nurse")
    assert 'name="code"' not in shown(phone, "/emergency")
    assert phone.post("/emergency", {"reason": "息子の電話"}).status_code == 302
    assert phone.get(f"/groups/{cast.group}").status_code == 200


# ── The board ────────────────────────────────────────────────────────────────────────────────────


def typed(cast: Cast, *rows: tuple[str, str, str, str], **more: str) -> dict[str, object]:
    lists = {name: [row[at] for row in rows] for at, name in enumerate("gspn")}
    return {**lists, **more}


@pytest.mark.clause("A20")
@pytest.mark.parametrize("address", ["/safety", "/safety/text"])
def test_several_patients_oneself_and_the_organization_in_one_go(cast: Cast, address: str) -> None:
    _, second = group_about(cast, "station", {"manager": True})
    declare(cast)
    client = browser(cast, "manager")
    sent = typed(
        cast,
        (cast.group.hex, "safe", "小学校", "家族と"),
        (second.hex, "help", "", "酸素 残り2時間"),
        me="safe", doors="limited", doors_note="緊急のみ",
    )  # fmt: skip
    assert client.post(address, sent)["Location"] == f"{address}?saved=4"
    page = shown(client, address + "?saved=4")
    assert "酸素 残り2時間" in page and "小学校" in page and "緊急のみ" in page
    assert client.post(address, sent)["Location"] == f"{address}?saved=0"  # sent twice, kept once
    counts = [one.objects.count() for one in (SafetyReport, StaffReport, PlaceReport)]
    assert counts == [2, 1, 1]


def test_what_a_colleague_reported_meanwhile_is_not_undone_by_an_empty_row(cast: Cast) -> None:
    declare(cast)
    nurse, manager = browser(cast, "nurse"), browser(cast, "manager")
    nurse.post("/safety", typed(cast, (cast.group.hex, "help", "自宅2階", "水が来ている")))
    manager.post("/safety", typed(cast, (cast.group.hex, "", "", "")))
    assert SafetyReport.objects.count() == 1


def test_what_was_typed_stays_when_something_is_wrong(cast: Cast) -> None:
    declare(cast)
    nurse = browser(cast, "nurse")
    row = (cast.group.hex, "safe", "い" * 61, "歩いて避難")
    response = nurse.post("/safety/text", typed(cast, row))
    assert response.status_code == 422
    page = response.content.decode()
    assert "歩いて避難" in page and "い" * 61 in page
    assert not SafetyReport.objects.exists()


def test_a_row_of_a_group_one_is_not_in_reports_nothing(cast: Cast) -> None:
    declare(cast)
    stranger = browser(cast, "stranger")
    sent = typed(cast, (cast.group.hex, "safe", "", ""), ("x", "safe", "", ""))
    assert stranger.post("/safety", sent).status_code == 302
    assert not SafetyReport.objects.exists()


@pytest.mark.clause("A20")
def test_forty_patients_as_text_are_under_thirty_kilobytes(cast: Cast) -> None:
    for _ in range(39):
        group_about(cast, "station", {"manager": True})
    declare(cast)
    client = browser(cast, "manager")
    first = client.get("/safety/text").content
    assert first.count(b"name=g") == 40 and len(first) < 30_000
    for not_wanted in (b"<script", b"<img", b"<svg", b"<style"):
        assert not_wanted not in first
    assert first.count(b"<form") == 1
    assert first.index(b"<link") > first.index(b"</form>")  # the words do not wait for it
    rows = re.findall(rb"name=g value=([0-9a-f]{32})", first)
    sent = typed(cast, *((one.decode(), "safe", "みどり野小学校", "家族と") for one in rows))
    assert client.post("/safety/text", sent)["Location"].endswith("saved=40")
    again = client.get("/safety/text").content
    assert len(again) < 30_000, len(again)


def test_markup_in_a_note_stays_text(cast: Cast) -> None:
    declare(cast)
    nurse = browser(cast, "nurse")
    nurse.post("/safety", typed(cast, (cast.group.hex, "safe", "", "<b onclick=x>")))
    for address in ("/safety", "/safety/text", f"/safety/patients/{cast.group}"):
        assert "<b onclick" not in shown(nurse, address)


# ── Afterwards ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A20")
def test_the_report_is_a_page_and_a_file_and_a_drill_says_so(cast: Cast) -> None:
    numbers = card(cast, "nurse")
    declared = declare(cast, drill=True)
    phone = browser(cast)
    sign_in(phone, "nurse")
    phone.post("/emergency", {"code": numbers[0], "reason": "=避難所"})
    operator = browser(cast, "operator")
    assert "nurse さん" in shown(operator, f"/disasters/{declared}")
    found = operator.get(f"/disasters/{declared}?csv")
    text = found.content.decode("utf-8-sig")
    header, line = list(csv.reader(io.StringIO(text)))
    assert len(header) == len(line) == 10
    assert line[0] and line[2] == "nurse さん" and line[4] == "'=避難所"
    assert browser(cast, "nurse").get(f"/disasters/{declared}?csv").status_code == 403


def test_its_organization_decides_on_its_own_page(cast: Cast) -> None:
    numbers = card(cast, "nurse")
    declare(cast)
    phone = browser(cast)
    sign_in(phone, "nurse")
    phone.post("/emergency", {"code": numbers[0], "reason": "避難所"})
    use = EmergencyUse.objects.get()
    administrator = browser(cast, "administrator_other")
    assert str(use.pk) in shown(administrator, "/emergencies")
    assert str(use.pk) not in shown(browser(cast, "administrator_same"), "/emergencies")
    address = f"/emergencies/{use.pk}"
    assert administrator.post(address, {"outcome": "pardoned"}).status_code == 404
    assert administrator.post(address, {"outcome": "closed"}).status_code == 302
    assert phone.get("/home").status_code == 302  # signed out
    assert not Session.objects.filter(pk=use.session).exists()


def test_numbers_are_published_for_everybody(cast: Cast) -> None:
    declared = declare(cast)
    end_disaster(cast["operator"], declared)
    browser(cast, "operator").post(f"/disasters/{declared}/publish")
    assert "nurse" not in shown(browser(cast), "/disasters/results")
    assert DisasterUse.objects.get(pk=declared).published_at is not None
