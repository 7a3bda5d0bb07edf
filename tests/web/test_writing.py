"""Who is meant, forms and tasks as a browser meets them: with scripts and without."""

from datetime import timedelta
from uuid import uuid4

import pytest

from renkei.communication.models import Communication, Draft, Mention, Task
from renkei.communication.services import send_communication
from renkei.kernel import clock
from tests.cast import Cast, post
from tests.web.test_communication import JSON, client, said, text_of

FORM = {"template": "visit-care", "t:mood": "元気", "t:toilet:1": "排便あり"}


@pytest.mark.clause("N3.3", "N3.8")
def test_without_scripts_a_form_is_chosen_filled_in_and_confirmed_as_plain_text(cast: Cast) -> None:
    browser, here = client(cast, "nurse"), f"/groups/{cast.group}"
    listed = text_of(browser.post(f"{here}/templates", said(**{"to:all": "yes"})))
    assert 'name="choose" value="visit-nurse"' in listed
    assert 'name="to:all" value="yes"' in listed and "体重は48.1kgです。" in listed
    chosen = text_of(browser.post(f"{here}/confirm", said(choose="visit-care")))
    assert 'name="t:mood" value="元気"' in chosen and "体重は48.1kgです。" in chosen
    missing = browser.post(f"{here}/confirm", said(template="visit-care"))
    assert missing.status_code == 422 and "様子" in text_of(missing)
    sheet = text_of(browser.post(f"{here}/confirm", said(**FORM, **{"to:all": "yes"})))
    assert "【訪問報告（介護）】" in sheet and "トイレ：排便あり" in sheet and "食事" not in sheet
    text = "【訪問報告（介護）】\n様子：元気\nトイレ：排便あり\n\n体重は48.1kgです。"
    assert f'name="text" value="{text}"' in sheet
    dropped = text_of(browser.post(f"{here}/confirm", said(**FORM, drop="1")))
    assert 'name="t:mood"' not in dropped


@pytest.mark.clause("N3.8")
def test_a_script_sends_who_is_meant_and_the_page_marks_it(cast: Cast) -> None:
    browser, here = client(cast, "nurse"), f"/groups/{cast.group}"
    offers = browser.get(f"{here}/whom", **JSON).json()["offers"]
    assert {"all", "role:主治医", cast.account("manager").hex} <= {one["token"] for one in offers}
    fields = said(key=str(uuid4()), confirmed="yes", **{"to:role:主治医": "yes"})
    sent = browser.post(f"{here}/messages", fields, content_type="application/json", **JSON)
    assert sent.status_code == 201
    assert Mention.objects.get().account_id == cast.account("physician")
    shown = text_of(client(cast, "physician").get(here))
    assert f'data-meant="{cast.account("physician").hex}"' in shown and "@主治医" in shown
    bad = said(key=str(uuid4()), confirmed="yes", **{f"to:{cast.account('stranger').hex}": "yes"})
    refused = browser.post(f"{here}/messages", bad, content_type="application/json", **JSON)
    assert refused.status_code == 422
    message = Communication.objects.latest("posted_at").id
    page = text_of(browser.get(f"/messages/{message}/correct"))
    assert 'name="to:role:主治医" value="yes" checked' in page
    browser.post(f"/messages/{message}/correct", {"text": "体重は48.1kgです。", "version": "1"})
    assert not Mention.objects.exists()


def test_what_stands_in_a_form_and_who_is_meant_comes_back_with_the_draft(cast: Cast) -> None:
    browser, here = client(cast, "nurse"), f"/groups/{cast.group}"
    kept = browser.post(f"{here}/draft", said(text="", **FORM, **{"to:all": "yes"}))
    assert kept.status_code == 204 and Draft.objects.count() == 1
    shown = text_of(browser.get(here))
    assert 'name="t:mood" value="元気" checked' in shown and 'data-token="all"' in shown
    assert 'name="t:toilet:1" value="排便あり" checked' in shown


@pytest.mark.clause("N3.8")
def test_a_task_is_made_done_and_seen_without_scripts(cast: Cast) -> None:
    message = post(cast, "nurse", "【訪問報告】\nクッションの位置を見る")
    browser = client(cast, "nurse")
    assert 'value="クッションの位置を見る"' in text_of(browser.get(f"/messages/{message}/task"))
    due = (clock.today() + timedelta(days=1)).isoformat()
    facts = {"what": "位置を見る", "account": cast.account("manager").hex, "due": due}
    wrong = browser.post(f"/messages/{message}/task", facts | {"due": "2020-01-01"})
    assert wrong.status_code == 422 and 'value="位置を見る"' in text_of(wrong)
    assert browser.post(f"/messages/{message}/task", facts).status_code == 303
    home = text_of(client(cast, "manager").get("/home"))
    assert f"/groups/{cast.group}/tasks" in home
    task = Task.objects.get().id
    assert client(cast, "stranger").post(f"/tasks/{task}/finish").status_code in (403, 404)
    assert client(cast, "manager").post(f"/tasks/{task}/finish").status_code == 303
    assert "manager さん" in text_of(browser.get(f"/groups/{cast.group}/tasks"))


def test_a_task_of_a_soap_message_is_what_is_planned_and_not_what_was_said(cast: Cast) -> None:
    text = "【SOAP】\nS 本人・家族の言葉：「足がつる」\nA 考え：脱水\nP これから：水をすすめる"
    page = text_of(client(cast, "nurse").get(f"/messages/{post(cast, 'nurse', text)}/task"))
    assert 'value="水をすすめる"' in page


@pytest.mark.clause("A11.8")
def test_the_author_tells_again_from_the_page_of_who_has_read_it(cast: Cast) -> None:
    message = send_communication(
        cast["nurse"], cast.group, text="ガーゼが届きません", importance="urgent", key=uuid4(),
        confirmed=True,
    ).id  # fmt: skip
    address = f"/messages/{message}/again"
    assert address in text_of(client(cast, "nurse").get(f"/messages/{message}/receipts"))
    assert address not in text_of(client(cast, "manager").get(f"/messages/{message}/receipts"))
    assert "2人" in text_of(client(cast, "nurse").post(address))
    home = text_of(client(cast, "physician").get("/home"))  # who has not looked at it
    assert "まず読んでください" in home and "酸素が" not in home.split('id="unread"')[0]


@pytest.mark.clause("N3.3")
def test_an_administrator_writes_a_form_without_scripts(cast: Cast) -> None:
    browser = client(cast, "administrator_same")
    assert browser.get("/organization/templates").status_code == 200
    sent = {
        "title": "フットケア", "kind": "report", "groups": "patient", "professions": "看護師",
        "label-0": "爪", "type-0": "choice", "options-0": "よい\n巻き爪", "example-0": "",
        "label-1": "", "type-1": "text", "options-1": "", "example-1": "",
    }  # fmt: skip
    assert browser.post("/organization/templates/new", sent).status_code == 302
    assert "フットケア" in text_of(client(cast, "manager").get(f"/groups/{cast.group}/templates"))
    wrong = browser.post("/organization/templates/new", sent | {"options-0": "よい"})
    assert wrong.status_code == 422 and "巻き爪" not in text_of(wrong)
    assert 'value="爪"' in text_of(wrong)
