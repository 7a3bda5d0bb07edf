"""The pages of reuse: asking, answering, opening, the register and the fax, in a browser."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from renkei.audit.models import AuditEvent
from renkei.disclosure.answering import permit_outside, permit_reuse
from renkei.disclosure.faxing import see_faxes
from renkei.disclosure.models import Fax, ReuseItem, ReuseOpening, ReuseRequest
from renkei.kernel import clock
from renkei.patient.models import Consent
from tests.cast import Cast, post
from tests.disclosure.test_extracting import study
from tests.disclosure.test_reuse import ask

STATIC = Path(__file__).parents[2] / "src/renkei/web/static"


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def sent(cast: Cast, **facts: str) -> dict[str, object]:
    until = (clock.today() + timedelta(days=5)).isoformat()
    return {"m": [str(cast.message)], "purpose": "record", "detail": "記録に", "users": "本人",
            "until": until, **facts}  # fmt: skip


def permitted(cast: Cast) -> ReuseRequest:
    request = ask(cast)
    permit_reuse(cast["nurse"], request.id)
    return request


@pytest.mark.clause("A16.b")
def test_from_the_timeline_to_the_copy(cast: Cast) -> None:
    manager, nurse = browser(cast, "manager"), browser(cast, "nurse")
    timeline = manager.get(f"/groups/{cast.group}").content.decode()
    assert f'data-address="/groups/{cast.group}/reuse"' in timeline
    form = manager.get(f"/groups/{cast.group}/reuse?m={cast.message}").content.decode()
    assert "130/80" in form
    asked = manager.post(f"/groups/{cast.group}/reuse", sent(cast))
    assert asked.status_code == 303
    address = asked.headers["Location"]
    assert "tool asked" in nurse.get(f"/groups/{cast.group}").content.decode()
    assert address in nurse.get("/home").content.decode()
    assert f"{address}/permit" in nurse.get(address).content.decode()
    assert nurse.post(f"{address}/permit", {"condition": ""}).status_code == 303
    assert "tool asked" not in nurse.get(f"/groups/{cast.group}").content.decode()
    page = manager.get(address).content.decode()
    assert f"{address}/copy" in page
    copy = manager.post(f"{address}/copy", {"way": "pdf"})
    assert copy.headers["Content-Type"] == "application/pdf"
    assert copy.content.startswith(b"%PDF")
    assert ReuseOpening.objects.count() == 1


@pytest.mark.clause("A16.b")
def test_the_text_says_where_it_is_from_and_until_when(cast: Cast) -> None:
    request = permitted(cast)
    client = browser(cast, "manager")
    text = client.post(f"/reuse/{request.id}/copy", {"way": "text"}).content.decode()
    number = f"{request.number[:5]}-{request.number[5:]}"
    asker = "manager さん（station事業所）"
    author = "nurse さん　看護師・clinic事業所"
    for said in (number, "130/80", author, asker, "髙橋 節子 様", "まで"):
        assert said in text
    record = client.post(f"/reuse/{request.id}/copy", {"way": "record"}).content.decode()
    pasted = record.split("data-copied>")[1].split("</textarea>")[0]
    assert "nurse さん　看護師・clinic事業所" in pasted
    assert "130/80" in pasted and number in pasted
    assert re.search(r"令和\d+年\d+月\d+日 \d+:\d\d", pasted)
    assert "髙橋" not in pasted
    assert client.post(f"/reuse/{request.id}/copy", {"way": "all"}).status_code == 422
    assert [one.way for one in ReuseOpening.objects.order_by("at")] == ["text", "record"]


@pytest.mark.clause("A16.d")
def test_a_use_the_patient_declined_is_refused_on_the_page_with_the_reason(cast: Cast) -> None:
    Consent.objects.update(declined="8")
    client = browser(cast, "manager")
    asked = client.post(f"/groups/{cast.group}/reuse", sent(cast, purpose="outside"))
    page = client.get(asked.headers["Location"]).content.decode()
    assert "患者さんが、この目的での利用に同意していません。" in page
    assert f"/groups/{cast.group}/reuse?m={cast.message}" in page  # to ask again later
    assert "/copy" not in page and "/anonymise" not in page


def test_what_was_typed_is_kept_when_something_is_wrong(cast: Cast) -> None:
    client = browser(cast, "manager")
    late = (clock.today() + timedelta(days=90)).isoformat()
    answer = client.post(f"/groups/{cast.group}/reuse", sent(cast, until=late, detail="退院の前に"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "退院の前に" in page and str(cast.message) in page
    empty = client.get(f"/groups/{cast.group}/reuse?m=nonsense")
    assert empty.status_code == 200 and "130/80" not in empty.content.decode()


@pytest.mark.clause("A16.d")
def test_the_editor_shows_before_and_after_and_keeps_what_was_decided(cast: Cast) -> None:
    request = study(cast)
    client, address = browser(cast, "manager"), f"/reuse/{request.id}/anonymise"
    page = client.get(address).content.decode()
    names = re.findall(r'name="(do-[0-9a-f]+-\d+-\d+)" value="take"', page)
    assert len(names) == 6
    assert page.count('value="leave"') == 4  # neither the name nor the birth date
    half = {name: "take" for name in names[:2]} | {"do": "keep", "read": "1"}
    answer = client.post(address, half)
    assert answer.status_code == 422
    assert answer.content.decode().count('value="take" checked') == 2
    look = client.post(address, {name: "take" for name in names} | {"do": "look"})
    assert look.status_code == 200 and "「A」にする" in look.content.decode()
    assert ReuseItem.objects.get(request=request).extract_sealed is None
    done = client.post(address, {name: "take" for name in names} | {"do": "keep", "read": "1"})
    assert done.status_code == 303
    assert "Aさん" in client.get(f"/reuse/{request.id}").content.decode()
    text = client.post(f"/reuse/{request.id}/copy", {"way": "text"}).content.decode()
    for secret in ("髙橋", "節子", "nurse", "clinic", "S17", "84歳", "11月3日", "星見"):
        assert secret not in text


# ── Fax ──────────────────────────────────────────────────────────────────────────────────────────

FAX = {
    "organization": "星見市民病院", "person": "地域連携室 林", "number": "0000-00-2061",
    "again": "0000002061", "subject": "往診の件", "reply": "受け取ったら電話", "called": "on",
}  # fmt: skip


@pytest.mark.clause("A15.5", "A16.b")
def test_a_fax_is_noted_with_to_whom_and_how_many_pages(cast: Cast) -> None:
    request = permitted(cast)
    client, address = browser(cast, "manager"), f"/reuse/{request.id}/fax"
    assert client.get(address).status_code == 200
    sheets = client.post(address, FAX)
    assert sheets.headers["Content-Type"] == "application/pdf"
    fax = Fax.objects.get()
    assert (fax.pages, fax.items, fax.number) == (2, 1, request.number)
    (line,) = see_faxes(cast["administrator_same"], cast.organizations["station"])
    assert (line.to.organization, line.to.number, line.pages) == (
        "星見市民病院", "0000-00-2061", 2
    )  # fmt: skip
    assert [one.way for one in ReuseOpening.objects.all()] == ["fax"]
    page = browser(cast, "administrator_same").get("/reuse/register").content.decode()
    page = page.replace("<wbr>", "")  # where a long name may go on in the next line
    assert "0000-00-2061" in page and "星見市民病院" in page and "130/80" not in page
    others = browser(cast, "administrator_other").get("/reuse/register").content.decode()
    assert "0000-00-2061" not in others


@pytest.mark.clause("A15.5")
@pytest.mark.parametrize(
    ("field", "value"),
    [("again", "0000-00-2062"), ("again", ""), ("number", "12"), ("called", ""), ("person", ""),
     ("subject", ""), ("reply", "すぐに")],
)  # fmt: skip
def test_a_fax_goes_nowhere_when_something_is_not_right(cast: Cast, field: str, value: str) -> None:
    request = permitted(cast)
    answer = browser(cast, "manager").post(f"/reuse/{request.id}/fax", FAX | {field: value})
    assert answer.status_code == 422
    assert "星見市民病院" in answer.content.decode()
    assert not Fax.objects.exists() and not ReuseOpening.objects.exists()


@pytest.mark.clause("A15.5", "A16.d")
def test_only_permitted_content_of_care_is_faxed_and_only_by_who_asked(cast: Cast) -> None:
    waiting, outside = ask(cast), study(cast)
    for request, name in ((waiting, "manager"), (outside, "manager"), (permitted(cast), "nurse")):
        client = browser(cast, name)
        assert client.get(f"/reuse/{request.id}/fax").status_code == 403
        assert client.post(f"/reuse/{request.id}/fax", FAX).status_code == 403
    assert not Fax.objects.exists()


# ── Register ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A16.b")
def test_the_register_as_a_list_holds_facts_only(cast: Cast) -> None:
    request = permitted(cast)
    browser(cast, "manager").post(f"/reuse/{request.id}/copy", {"way": "text"})
    answer = browser(cast, "administrator_other").get("/reuse/register.csv")
    head, line = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    found = dict(zip(head, line, strict=True))
    assert found["許可番号"] == f"{request.number[:5]}-{request.number[5:]}"
    assert (found["状態"], found["開いた回数"], found["目的"]) == (
        "許可",
        "1",
        "自事業所の記録に残す",
    )
    for secret in ("血圧", "髙橋", "節子", "訪問看護記録に"):
        assert secret not in answer.content.decode("utf-8-sig")


@pytest.mark.clause("A16.b")
@pytest.mark.parametrize("name", ["manager", "nurse", "operator", "stranger"])
def test_nobody_else_takes_the_register(cast: Cast, name: str) -> None:
    for address in ("/reuse/register", "/reuse/register.csv"):
        assert browser(cast, name).get(address).status_code in (403, 404)


# ── Printing, and what there is no link for ──────────────────────────────────────────────────────


@pytest.mark.clause("A15.5", "A16.a")
def test_printing_what_others_wrote_gives_a_page_that_says_how_to_ask(cast: Cast) -> None:
    request = permitted(cast)
    client = browser(cast, "manager")
    for address in (f"/groups/{cast.group}", f"/messages/{cast.message}", f"/reuse/{request.id}",
                    f"/groups/{cast.group}/reuse?m={cast.message}"):  # fmt: skip
        page = client.get(address).content.decode()
        assert page.count('class="print-words"') == 1, address
        assert " download" not in page and "data-print" not in page, address
    style = (STATIC / "group.css").read_text()
    assert "body:has(.print-words) :not(:has(.print-words), .print-words, .print-words *)" in style


@pytest.mark.clause("A16.a")
def test_there_is_no_way_to_save_a_timeline(cast: Cast) -> None:
    """Nothing a member can ask for is handed over as a file, but what was permitted."""
    from renkei.config.routes import routes

    post(cast, "nurse", "もう一つ")
    client = browser(cast, "manager")
    for one in routes():
        if (
            one["route"].startswith(("groups/<uuid:group>", "messages/"))
            and "pdf" not in one["route"]
        ):
            address = "/" + one["route"].replace("<uuid:group>", str(cast.group)).replace(
                "<uuid:message>", str(cast.message)
            )
            answer = client.get(address)
            assert "Content-Disposition" not in answer.headers, address
            assert answer.headers["Content-Type"].split(";")[0] in (
                "text/html", "application/json"
            ), address  # fmt: skip


def test_lists_of_ones_own(cast: Cast) -> None:
    request = study(cast)
    for name in ("manager", "nurse"):
        page = browser(cast, name).get("/reuse").content.decode()
        assert f"/reuse/{request.id}" in page
    assert browser(cast, "stranger").get("/reuse").status_code == 200
    permit_outside(cast["physician"], request.id)
    assert AuditEvent.objects.filter(action="reuse.permit_outside").count() == 1


def test_ones_own_answer_is_what_the_list_says_and_in_its_colour(cast: Cast) -> None:
    """Somebody else permitted their part already; the rest waits, and looks like it."""
    request = ask(cast, cast.message, post(cast, "physician", "薬を減らします。"))
    permit_reuse(cast["nurse"], request.id)
    for name, tone, word in (("physician", "attend", "返事待ち"), ("nurse", "done", "許可")):
        page = browser(cast, name).get("/reuse").content.decode()
        assert f'<span class="chip" data-tone="{tone}">{word}</span>' in page
