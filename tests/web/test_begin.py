"""Coming for the first time, and after a reset, as a browser meets it; and getting round it."""

import logging
import re
import statistics
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client

from renkei.kernel import clock
from renkei.people.access import Identified, give_access
from renkei.people.models import Account, CardCode, OneTimeLink, Session
from tests.cast import PASSWORD, Cast, set_parameters
from tests.web.test_second_step import gets_in, new_browser, set_up_app, sign_in

WORD = "さくらもち七"
NEW = "kabe-yane-427"


def given(cast: Cast, name="nurse", by="administrator_other", way="paper"):
    return give_access(
        cast[by], cast.role(name), purpose="reset", way=way, word=WORD,
        identified=Identified("in_person", one_person=True),
    )  # fmt: skip


def sent(token, word=WORD, first=NEW, second=NEW):
    return {"number": token, "word": word, "password1": first, "password2": second}


def browser_of(cast: Cast, name):
    browser = new_browser()
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return browser


# ── The way in ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.1")
def test_the_first_way_in_password_card_policy_home(cast):
    token = given(cast).token
    set_parameters(cast)
    Account.objects.update(acknowledged=None)
    browser = new_browser()
    page = browser.get("/begin?paper").content.decode()
    assert "運用ポリシー" in page
    assert browser.post("/begin?paper", sent(token))["Location"] == "/me/card"
    assert browser.get("/me/card").status_code == 200
    assert not CardCode.objects.exists(), "looking makes none"
    numbers = re.findall(r"<li>(\d{5}-\d{5})</li>", browser.post("/me/card").content.decode())
    assert len(numbers) == 10
    assert browser.get("/home")["Location"] == "/policy/confirm"
    browser.post("/policy/confirm", {"policy": str(Account.objects.first().region.policy_id)})
    assert gets_in(browser)
    assert sign_in_with(new_browser(), "nurse", NEW)["Location"] == "/home"


def sign_in_with(browser, name, password):
    return browser.post("/sign-in", {"login": f"{name}@example.org", "password": password})


@pytest.mark.clause("A14.1", "A14.3")
def test_an_administrator_sets_up_the_second_step_in_between(cast):
    token = given(cast, "administrator_same", "operator").token
    browser = new_browser()
    assert browser.post("/begin?paper", sent(token))["Location"] == "/me/card"
    assert browser.get("/me/card")["Location"] == "/me/second-step?next=/me/card"
    set_up_app(browser)
    page = browser.get("/me/second-step/recovery").content.decode()
    assert 'href="/me/card"' in page
    assert browser.get("/me/card").status_code == 200


# ── Getting round it ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.1")
def test_looking_at_a_link_uses_nothing_up(cast):
    token = given(cast, way="mail").token
    for method in ("get", "head", "options"):
        for address in ("/begin", "/begin?paper", f"/begin?number={token}", f"/begin/{token}"):
            getattr(new_browser(), method)(address)
    assert OneTimeLink.objects.get().used_at is None
    assert new_browser().post("/begin", sent(token, word=""))["Location"] == "/me/card"


def test_a_link_is_in_no_log_and_goes_to_no_other_page(cast, caplog, client):
    with caplog.at_level(logging.DEBUG):
        page = browser_of(cast, "administrator_other").post(
            f"/staff/{cast.role('nurse')}/access",
            {"checked": "in_person", "way": "paper", "word": WORD, "one_person": "on"},
        )
        token = re.search(r'translate="no">([0-9A-Z-]{23})<', page.content.decode())[1]
        answer = new_browser().get("/begin?paper")
        new_browser().post("/begin?paper", sent(token, word="nonsense"))
        new_browser().post("/begin?paper", sent(token))
    assert answer["Referrer-Policy"] == page["Referrer-Policy"] == "strict-origin"
    assert answer["Cache-Control"] == page["Cache-Control"] == "no-store"
    written = caplog.text + "".join(repr(record.__dict__) for record in caplog.records)
    assert token not in written and token.replace("-", "") not in written
    assert WORD not in written and NEW not in written


def test_the_number_stands_behind_the_hash_which_no_server_sees(cast, client):
    page = browser_of(cast, "administrator_other").post(
        f"/staff/{cast.role('nurse')}/access",
        {"checked": "in_person", "way": "paper", "word": WORD, "one_person": "on"},
    ).content.decode()  # fmt: skip
    from renkei.web.begin import link_address

    assert link_address(None, "ABC", on_paper=True).endswith("/begin?paper#ABC")
    assert "/begin?paper" in page and WORD not in page


def test_a_used_link_an_old_one_and_none_at_all_get_the_same_answer(cast):
    used, ended = given(cast).token, None
    new_browser().post("/begin?paper", sent(used))
    ended, newest = given(cast).token, given(cast).token
    pages = set()
    for token in (used, ended, "ABCDE-FGHJK-MNPQR-STVWX", newest):
        answer = new_browser().post("/begin?paper", sent(token, word="まちがい七つ"))
        assert answer.status_code == 422
        pages.add(
            re.sub(
                r"csrfmiddlewaretoken\S+ value=\S+|value=\"[0-9A-Z-]{23}\"",
                "",
                answer.content.decode(),
            )
        )
    assert len(pages) == 1


def test_guessing_numbers_of_links_is_limited(cast):
    browser = new_browser()
    answers = [browser.post("/begin", sent("ABCDE", word="")).status_code for _ in range(32)]
    assert answers[:30] == [422] * 30
    assert answers[-1] == 429


def test_a_session_fixed_before_is_not_the_one_after(cast):
    browser = new_browser()
    sign_in(browser, "physician")  # whoever used this browser before
    before = browser.cookies[settings.SESSION_COOKIE_NAME].value
    browser.post("/begin?paper", sent(given(cast).token))
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != before
    stolen = new_browser()
    stolen.cookies[settings.SESSION_COOKIE_NAME] = before
    assert not gets_in(stolen)
    latest = Session.objects.filter(account__isnull=False).latest("started_at")
    assert latest.account_id == cast.account("nurse")


def test_no_other_page_can_send_the_form(cast):
    browser = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    for address in (
        "/begin",
        "/me/card",
        "/sign-in",
        "/sign-in/passkey",
        f"/staff/{cast.role('nurse')}/access",
    ):
        assert browser.post(address, sent("x")).status_code == 403, address


@pytest.mark.clause("A14.1")
def test_what_the_administrator_is_shown_is_no_password_and_no_word(cast):
    browser = browser_of(cast, "administrator_other")
    address = f"/staff/{cast.role('nurse')}/access"
    page = browser.get(address).content.decode()
    assert re.search(r'<input type="password" name="word"', page)
    answer = browser.post(
        address, {"checked": "", "way": "paper", "word": WORD, "one_person": "on"}
    )
    assert answer.status_code == 422
    assert WORD not in answer.content.decode()
    assert 'name="password' not in page


# ── Mail ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def by_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ORIGIN = "https://renkei.example"


def test_the_link_goes_by_mail_and_the_person_is_told_of_the_reset(cast, by_mail):
    page = browser_of(cast, "administrator_other").post(
        f"/staff/{cast.role('nurse')}/access",
        {"checked": "called_back", "way": "mail", "one_person": "on"},
    ).content.decode()  # fmt: skip
    told, link = mail.outbox
    assert told.to == link.to == ["nurse@example.org"]
    address = re.search(r"https://renkei\.example/begin#\S+", link.body)[0]
    token = address.partition("#")[2]
    assert token not in page and token not in told.body
    assert new_browser().post("/begin", sent(token, word=""))["Location"] == "/me/card"


def test_a_mail_that_cannot_be_sent_is_said(cast, by_mail, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1
    page = browser_of(cast, "administrator_other").post(
        f"/staff/{cast.role('nurse')}/access",
        {"checked": "called_back", "way": "mail", "one_person": "on"},
    ).content.decode()  # fmt: skip
    assert "could not be sent" in page or "送れません" in page


# ── The staff page ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.3")
def test_the_staff_page_shows_who_has_what_and_as_a_file_for_excel(cast):
    browser = browser_of(cast, "administrator_other")
    page = browser.get("/staff").content.decode()
    assert "nurse@example.org" in page and "manager@example.org" not in page
    answer = browser.get("/staff?csv=1")
    text = answer.content.decode("utf-8-sig")
    assert answer.content.startswith("\ufeff".encode())
    assert len(text.splitlines()) == 5
    assert browser.get("/staff?q=管理栄養士&csv=1").content.decode().count("@") == 1
    assert browser.get("/staff?state=factor").status_code == 200


def test_no_cell_of_the_file_is_a_formula(cast):
    account = Account.objects.get(pk=cast.account("nurse"))
    account.seal(
        "profile_sealed", {"name": '=HYPERLINK("x")', "kana": "@さん", "sex": "", "phone": ""}
    )
    account.save()
    text = browser_of(cast, "administrator_other").get("/staff?csv=1").content.decode()
    assert "'=HYPERLINK" in text and "'@さん" in text


@pytest.mark.clause("A8.3")
def test_the_operator_sees_the_administrators_and_the_regions_way(cast):
    page = browser_of(cast, "operator").get("/administrators").content.decode()
    for name in ("administrator_same", "administrator_other", "self_inviting", "sole"):
        assert f"{name}@example.org" in page
    assert "nurse@example.org" not in page
    assert 'id="password-rule"' in page


# ── Slow down, and no enumeration ────────────────────────────────────────────────────────────────


def test_who_guesses_does_not_shut_the_person_out_of_their_own_browser(cast):
    hers = new_browser()
    sign_in(hers, "nurse")
    hers.post("/sign-out")
    attacker = new_browser()
    for _ in range(6):
        sign_in_with(attacker, "nurse", "wrong-0000")
    assert "0312345678" in sign_in(new_browser(), "nurse").content.decode(), "unknown places wait"
    assert sign_in(hers, "nurse")["Location"] == "/home"


def test_a_forged_or_borrowed_known_browser_is_none(cast):
    physician = new_browser()
    sign_in(physician, "physician")
    cookie = physician.cookies["known"].value
    attacker = new_browser()
    for _ in range(6):
        sign_in_with(attacker, "nurse", "wrong-0000")
    for value in (cookie, cookie[:-2] + "xx", "nurse", ""):
        attacker.cookies["known"] = value
        assert "0312345678" in sign_in(attacker, "nurse").content.decode()


def test_a_known_browser_guesses_no_faster(cast):
    hers = new_browser()
    sign_in(hers, "nurse")
    hers.post("/sign-out")
    for _ in range(5):
        sign_in_with(hers, "nurse", "wrong-0000")
    assert "0312345678" in sign_in(hers, "nurse").content.decode()


def test_the_wait_is_the_same_for_an_address_nobody_has(cast):
    for name in ("nurse", "nobody-at-all"):
        browser = new_browser()
        pages = [sign_in_with(browser, name, "wrong-0000").content.decode() for _ in range(7)]
        assert ["0312345678" in page for page in pages] == [False] * 5 + [True] * 2, name


@pytest.mark.slow
def test_unknown_wrong_suspended_and_unset_take_the_same_time(cast):
    """Medians within noise: nobody learns by the clock who has an account."""
    Account.objects.filter(pk=cast.account("physician")).update(suspended_at=clock.now())
    unset = Account.objects.get(pk=cast.account("manager"))
    unset.set_unusable_password()
    unset.save()
    names = ["nurse", "physician", "manager", "nobody-at-all"]
    taken: dict[str, list[float]] = {name: [] for name in names}
    answers = set()
    browser = new_browser()
    for _ in range(25):
        for name in names:
            cache.clear()
            began = time.perf_counter()
            answer = sign_in_with(browser, name, "wrong-0000")
            taken[name].append(time.perf_counter() - began)
            answers.add((answer.status_code, re.sub(r"value=\S+", "", answer.content.decode())))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    print({name: round(median * 1000, 1) for name, median in medians.items()})
    assert len(answers) == 1
    assert max(medians.values()) < 1.35 * min(medians.values()), medians


@pytest.mark.clause("A14.3")
def test_what_was_typed_is_still_there_after_the_forced_change(cast):
    browser = browser_of(cast, "manager")
    Account.objects.filter(pk=cast.account("manager")).update(
        password_changed_at=clock.now() - timedelta(days=61)
    )
    group = f"/groups/{cast.group}"
    typed = {
        "text": "夜間の巡視で、少しむせがありました。",
        "kind": "report",
        "importance": "normal",
    }
    answer = browser.post(f"{group}/messages", {**typed, "confirmed": "yes"})
    assert answer["Location"] == "/password/change"
    saved = browser.post(
        f"{group}/draft", {"text": typed["text"] + "朝は"}, HTTP_ACCEPT="application/json"
    )
    assert saved.status_code == 204
    assert browser.get(group)["Location"] == f"/password/change?next={group}"
    changed = browser.post(
        f"/password/change?next={group}",
        {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW},
    )
    assert changed["Location"] == group
    assert typed["text"] + "朝は" in browser.get(group).content.decode()


def test_the_draft_kept_meanwhile_is_ones_own_and_where_one_takes_part(cast):
    Account.objects.update(password_changed_at=clock.now() - timedelta(days=61))
    for name in ("stranger", "former", "administrator_same"):
        answer = browser_of(cast, name).post(f"/groups/{cast.group}/draft", {"text": "x"})
        assert answer.status_code != 204, name
