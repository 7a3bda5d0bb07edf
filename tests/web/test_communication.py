"""The timeline and writing as a browser meets them: with scripts and without."""

from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.test import Client

from renkei.communication.guard import emergency
from renkei.communication.guard.check import Finding
from renkei.communication.models import Communication, Draft
from renkei.web.environment import marked
from tests.cast import group_of_kind, post

JSON = {"HTTP_ACCEPT": "application/json"}


def client(cast, name):
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return browser


def text_of(answer):
    return answer.content.decode()


def said(**more):
    return {"text": "体重は48.1kgです。", "kind": "report", "importance": "normal"} | more


def ready(**more):
    return said(key=str(uuid4()), confirmed="yes", **more)


def test_the_timeline_shows_what_was_said_with_name_profession_and_place(cast):
    post(cast, "nurse", "夜はよく眠れたそうです。\n\n<b>太字</b>")
    shown = text_of(client(cast, "manager").get(f"/groups/{cast.group}"))
    assert "夜はよく眠れたそうです。</p><p>&lt;b&gt;太字&lt;/b&gt;" in shown
    assert "看護師・" in shown


def test_everybody_gets_the_same_markup_of_a_message(cast):
    seq = Communication.objects.get(pk=post(cast, "nurse", "同じ見え方")).seq
    rendered = set()
    for name in ("nurse", "manager"):
        address = f"/groups/{cast.group}/entries?after={seq - 1}&live=1"
        rendered.add(text_of(client(cast, name).get(address)))
    assert len(rendered) == 1


@pytest.mark.clause("A11.5")
def test_what_sends_to_the_family_has_the_familys_colour_and_nothing_else_has(cast):
    """The writing box, its confirmation and a correction alike; the settings are no sending."""
    family, _ = group_of_kind(cast, "family", {"manager": True, "nurse": False, "family": False})
    browser = client(cast, "nurse")
    for group, colour in ((family, "btn--family"), (cast.group, "btn--primary")):
        box = text_of(browser.get(f"/groups/{group}"))
        sheet = text_of(browser.post(f"/groups/{group}/confirm", said()))
        message = post(cast, "nurse", "よく眠れたそうです。", group)
        again = text_of(browser.get(f"/messages/{message}/correct"))
        assert f'<button class="btn {colour}" data-check>' in box
        assert f'<button class="btn {colour} btn--big" form="send" data-go>' in sheet
        assert f'<button class="btn {colour} btn--big" form="correct">' in again
    settings_page = text_of(client(cast, "manager").get(f"/groups/{cast.group}/manage"))
    assert "btn--family" not in settings_page


@pytest.mark.clause("N3.8")
def test_the_confirmation_shows_the_patient_the_text_and_every_reader(cast):
    before = Communication.objects.count()
    shown = text_of(client(cast, "nurse").post(f"/groups/{cast.group}/confirm", said()))
    assert "髙橋 節子" in shown
    assert "体重は48.1kgです。" in shown
    assert all(f"{name} さん" in shown for name in ("manager", "nurse", "physician"))
    assert 'name="confirmed" value="yes"' in shown
    assert Communication.objects.count() == before


@pytest.mark.clause("N3.8")
def test_who_is_alone_in_a_group_is_told_so(cast):
    alone, _ = group_of_kind(cast, "free", {"manager": True})
    shared, _ = group_of_kind(cast, "free", {"manager": True, "nurse": False})
    browser = client(cast, "manager")
    for group, said_so in ((alone, True), (shared, False)):
        box = text_of(browser.get(f"/groups/{group}"))
        sheet = text_of(browser.post(f"/groups/{group}/confirm", said()))
        assert ("いまは、あなただけのグループです" in box) == said_so
        assert ("いまはあなただけ" in sheet) == said_so


@pytest.mark.clause("N4.9")
def test_a_sentence_worded_as_an_emergency_is_quoted_marked_and_said_why(cast, monkeypatch):
    text = "靴下をはかせました。右手も握れません。\n10時20分です。"
    end = text.index("10")
    monkeypatch.setattr(emergency, "alarms", lambda _: [(text.index("右"), end, "wording")])
    shown = text_of(client(cast, "nurse").post(f"/groups/{cast.group}/confirm", said(text=text)))
    assert "「右手も握れません」と書かれています。急変を知らせる書き方のようです。" in shown
    assert "<mark>右手も握れません。</mark><br>10時20分です。" in shown


def test_a_mark_ends_with_its_line():
    found = Finding("emergency", 2, 6, "wording")
    assert marked("朝。苦しい\n\n昼。", [found]) == "<p>朝。<mark>苦しい</mark></p><p>昼。</p>"


def test_nothing_is_sent_without_the_confirmation(cast):
    browser = client(cast, "nurse")
    answer = browser.post(f"/groups/{cast.group}/messages", said(key=str(uuid4())), **JSON)
    assert answer.status_code == 422
    assert answer.json()["message"]


def test_posting_twice_with_one_key_posts_once(cast):
    browser, form = client(cast, "nurse"), ready()
    first = browser.post(f"/groups/{cast.group}/messages", form, **JSON).json()
    second = browser.post(f"/groups/{cast.group}/messages", form, **JSON).json()
    assert (first["again"], second["again"]) == (False, True)
    assert first["seq"] == second["seq"]


def test_without_scripts_sending_leads_to_the_message(cast):
    answer = client(cast, "nurse").post(f"/groups/{cast.group}/messages", ready())
    assert answer.status_code == 303
    assert answer["Location"].startswith(f"/groups/{cast.group}#m")


@pytest.mark.parametrize("text", ["", " \n ", "あ" * 10_001])
def test_what_was_typed_stays_when_it_cannot_be_sent(cast, text):
    answer = client(cast, "nurse").post(f"/groups/{cast.group}/confirm", said(text=text))
    assert answer.status_code == 422
    assert text.strip() in text_of(answer)


def test_a_draft_is_kept_restored_and_gone_after_posting(cast):
    browser = client(cast, "nurse")
    address = f"/groups/{cast.group}"
    assert browser.post(f"{address}/draft", said(text="書きかけ")).status_code == 204
    assert "書きかけ" in text_of(browser.get(address))
    browser.post(f"{address}/messages", ready(), **JSON)
    assert not Draft.objects.filter(account=cast.account("nurse")).exists()


@pytest.mark.parametrize(
    "query", ["before=x", "after=-1", "on=2026-13-45", "on=2026-02-29", "reply=a"]
)
def test_nonsense_in_the_address_shows_the_timeline(cast, query):
    assert client(cast, "nurse").get(f"/groups/{cast.group}?{query}").status_code == 200


def test_a_correction_shows_that_there_was_another_wording(cast):
    message = post(cast, "nurse", "飲み残しが2回")
    browser = client(cast, "nurse")
    form = {"text": "飲み残しが1回", "version": "1"}
    done = browser.post(f"/messages/{message}/correct", form, **JSON).json()
    assert "飲み残しが1回" in done["article"]
    assert f"/messages/{message}/versions" in done["article"]
    assert "飲み残しが2回" in text_of(client(cast, "manager").get(f"/messages/{message}/versions"))


def test_a_correction_that_comes_second_keeps_what_was_typed(cast):
    message, browser = post(cast, "nurse", "一番目"), client(cast, "nurse")
    browser.post(f"/messages/{message}/correct", {"text": "二番目", "version": "1"})
    answer = browser.post(f"/messages/{message}/correct", {"text": "三番目", "version": "1"})
    assert answer.status_code == 422
    assert "二番目" in text_of(answer)
    assert "三番目" in text_of(answer)
    assert 'name="version" value="2"' in text_of(answer)


def test_a_withdrawn_message_says_who_and_why_but_not_what(cast):
    message, browser = post(cast, "nurse", "別の方の内容"), client(cast, "nurse")
    answer = browser.post(f"/messages/{message}/withdraw", {"reason": ""})
    assert answer.status_code == 422
    browser.post(f"/messages/{message}/withdraw", {"reason": "書く場所を間違えました"})
    shown = text_of(client(cast, "manager").get(f"/groups/{cast.group}"))
    assert "書く場所を間違えました" in shown
    assert "別の方の内容" not in shown


@pytest.mark.clause("N3.9")
def test_another_persons_message_cannot_be_corrected_or_withdrawn(cast):
    message, browser = post(cast, "nurse", "看護師の投稿"), client(cast, "manager")
    for action in ("correct", "withdraw"):
        assert browser.get(f"/messages/{message}/{action}").status_code == 404
        assert browser.post(f"/messages/{message}/{action}", {"reason": "x"}).status_code == 403


def test_understanding_is_named_under_the_message(cast):
    message = post(cast, "nurse", "了解をお願いします")
    done = client(cast, "manager").post(f"/messages/{message}/understand", **JSON).json()
    assert cast.account("manager").hex in done["article"]


def test_read_takes_note_of_a_range_and_of_nonsense_nothing(cast):
    post(cast, "nurse", "読まれる投稿")
    browser, address = client(cast, "manager"), f"/groups/{cast.group}/read"
    for form in ({}, {"first": "2", "last": "1"}, {"first": "x", "last": "9" * 20}):
        assert browser.post(address, form).status_code == 204
    assert browser.post(address, {"first": "1", "last": "999999"}).status_code == 204


@pytest.mark.parametrize("name", ["stranger"])
def test_a_stranger_finds_nothing_at_any_address_of_a_message(cast, name):
    message = post(cast, "nurse", "見えない投稿")
    browser = client(cast, name)
    for page in (f"/groups/{cast.group}", f"/messages/{message}", f"/messages/{message}/receipts"):
        answer = browser.get(page)
        assert answer.status_code in (403, 404)
        assert "見えない投稿" not in text_of(answer)


def test_a_wrong_id_in_an_address_is_nothing_to_see(cast):
    assert client(cast, "nurse").get(f"/messages/{UUID(int=7)}").status_code == 404


@pytest.mark.parametrize("query", ["before=99999", "after=99999"])
def test_beyond_the_end_of_the_log_there_is_its_end(cast, query):
    newest = Communication.objects.get(pk=post(cast, "nurse", "最後の投稿")).seq
    part = client(cast, "nurse").get(f"/groups/{cast.group}/entries?{query}", **JSON).json()
    assert part["last"] == newest
    assert part["end"] == newest


def test_a_script_sends_its_form_as_json(cast):
    browser, address = client(cast, "nurse"), f"/groups/{cast.group}/messages"
    sent = browser.post(address, ready(), content_type="application/json", **JSON)
    assert sent.status_code == 201
    shown = text_of(browser.get(f"/messages/{sent.json()['id']}"))
    assert "体重は48.1kgです。" in shown


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', '{"text": ["a"]}', '{"text": {"a": 1}}'])
def test_json_that_is_no_form_says_nothing(cast, body):
    browser, before = client(cast, "nurse"), Communication.objects.count()
    address = f"/groups/{cast.group}/messages"
    answer = browser.post(address, body, content_type="application/json", **JSON)
    assert answer.status_code == 422
    assert Communication.objects.count() == before
