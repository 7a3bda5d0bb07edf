"""Pages for everybody, and the policy that is confirmed before going on."""

import re
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from tinyhtml5.parser import HTMLParser

from renkei.audit.models import AuditEvent
from renkei.kernel.clock import now
from renkei.people.models import Account, Organization
from renkei.region.models import News, PolicyVersion, Region
from renkei.web.assets import OURS

PAGES = ["/", "/?ja=easy", "/policy", "/organizations", "/help", "/join", "/signed-out",
         "/password/forgotten", "/sign-in"]  # fmt: skip


@pytest.fixture
def browser(cast):
    return Client(HTTP_HOST="localhost")


def client(cast, name):
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return browser


@pytest.mark.parametrize("address", PAGES)
def test_needs_no_sign_in_and_no_script(browser, address):
    answer = browser.get(address)
    page = answer.content.decode()
    assert answer.status_code == 200
    scripts = re.findall(r"<script[^>]*>", page)
    assert all('type="module"' in one for one in scripts)  # a help where there is one, no need
    assert not scripts or address in ("/sign-in", "/signed-out")
    assert " style=" not in page
    assert 'href="/policy"' in page
    assert 'href="/report"' in page


def test_the_start_page_weighs_less_than_100_kb_with_all_it_needs(browser):
    page = browser.get("/").content
    styles = re.findall(r"/static/\w+/([\w.]+\.css)", page.decode())
    files = [OURS / name for name in (*styles, "img/icons.svg", "img/mark.svg", "img/chevron.svg")]
    assert len(page) + sum(file.stat().st_size for file in files) < 100_000


def test_organizations_are_found_by_name_kind_and_number(cast, browser):
    Organization.objects.filter(code="clinic").update(name="星見坂診療所", phone="0000-00-1001")
    for query in ("q=星見", "q=00001001", "kind=診療所", "q=００００－００－１００１"):
        page = browser.get(f"/organizations?{query}").content.decode()
        assert "星見坂診療所" in page, query
        assert "pharmacy事業所" not in page, query
    assert "見つかりませんでした" in browser.get("/organizations?q=zzz").content.decode()


def test_an_organization_that_is_not_listed_is_not_shown(cast, browser):
    Organization.objects.filter(code="clinic").update(listed=False)
    assert "clinic事業所" not in browser.get("/organizations").content.decode()


@pytest.mark.clause("A1")
def test_the_policy_shows_its_edition_its_day_and_an_anchor_for_each_provision(cast, browser):
    PolicyVersion.objects.filter(pk=cast.policy).update(
        text="# x\n\n## 第1章\n\n### 第2条\n<!-- clause: A2 -->\n1　守る。<script>x</script>"
    )
    page = browser.get("/policy").content.decode()
    assert 'id="A2"' in page
    assert "第1版" in page
    assert "令和8年4月1日" in page
    assert "<script" not in page
    assert "clause:" not in page


@pytest.mark.clause("A2")
def test_a_new_edition_is_confirmed_before_anything_else(cast):
    region = Region.objects.get(pk=cast.region)
    new = PolicyVersion(
        region=region, number=2, effective_on="2026-06-01", text="## 新", made_at=region.opened_at
    )
    new.save(force_insert=True)
    Region.objects.update(policy=new)
    browser = client(cast, "nurse")
    assert browser.get("/home")["Location"] == "/policy/confirm"
    assert "第2版" in browser.get("/policy/confirm").content.decode()
    assert browser.post("/policy/confirm", {"policy": str(cast.policy)}).status_code == 422
    assert browser.post("/policy/confirm", {"policy": str(new.id)})["Location"] == "/home"
    assert browser.get("/home").status_code == 200
    assert Account.objects.get(pk=cast.account("nurse")).acknowledged_id == new.id


def test_help_names_ones_own_administrators_and_works_before_the_policy_is_confirmed(cast):
    Account.objects.filter(pk=cast.account("nurse")).update(acknowledged=None)
    page = client(cast, "nurse").get("/help").content.decode()
    assert "administrator_other さん" in page
    assert "administrator_same" not in page


def test_what_is_not_there_and_what_is_not_for_one_look_the_same(cast):
    browser = client(cast, "stranger")
    missing = browser.get("/notices/00000000-0000-0000-0000-000000000000")
    assert missing.status_code == 404
    assert 'href="/home"' in missing.content.decode()
    assert "ログイン" in Client(HTTP_HOST="localhost").get("/nothing").content.decode()


# ── News, towns, search engines ──────────────────────────────────────────────────────────────────


def test_organizations_are_found_by_town(cast, browser):
    Organization.objects.filter(code="clinic").update(address="みどり野市若葉町二丁目1番")
    Organization.objects.exclude(code="clinic").update(address="みどり野市鈴音11番2")
    page = browser.get("/organizations?town=みどり野市若葉町").content.decode()
    assert "clinic事業所" in page and "pharmacy事業所" not in page
    assert '<option selected="selected">' in page or "<option selected>みどり野市若葉町" in page
    assert "<option>みどり野市鈴音" in page


@pytest.mark.clause("A19.2")
def test_the_operator_looks_before_news_goes_out_and_everybody_reads_it(cast, browser):
    operator = client(cast, "operator")
    text = {"title": "公開講座", "body": "どなたでも。\n<b>無料</b>です。"}
    looked = operator.post("/news/new", text).content.decode()
    assert "公開ページに載せる" in looked and "&lt;b&gt;無料" in looked
    assert "公開講座" not in browser.get("/").content.decode()
    back = operator.post("/news/new", {**text, "edit": "1"}).content.decode()
    assert "&lt;b&gt;無料" in back and "textarea" in back
    assert operator.post("/news/new", {**text, "publish": "1"})["Location"] == "/news/desk"
    news = News.objects.get()
    for address in ("/", "/news", f"/news/{news.id}"):
        assert "公開講座" in browser.get(address).content.decode()
    assert f"/news/{news.id}</loc>" in browser.get("/sitemap.xml").content.decode()
    assert operator.post(f"/news/{news.id}/withdraw").status_code == 302
    assert "公開講座" not in browser.get("/").content.decode()
    assert browser.get(f"/news/{news.id}").status_code == 404
    assert operator.post(f"/news/{news.id}/withdraw").status_code == 302  # twice is no harm
    lines = AuditEvent.objects.filter(entity=f"News/{news.id.hex}")
    assert [one.action for one in lines.order_by("seq")] == ["news.publish", "news.withdraw"]


def test_news_without_a_text_keeps_what_was_typed(cast):
    answer = client(cast, "operator").post("/news/new", {"title": "題", "publish": "1"})
    assert answer.status_code == 422 and 'value="題"' in answer.content.decode()
    assert not News.objects.exists()


@pytest.mark.parametrize("name", ["nurse", "administrator_same", "family"])
def test_nobody_but_the_operator_publishes_or_withdraws_news(cast, name):
    news = News.objects.create(
        region_id=cast.region, title="題", body="文", published_at=now(), published_by=uuid4()
    )
    outsider = client(cast, name)
    text = {"title": "x", "body": "x", "publish": "1"}
    assert outsider.get("/news/desk").status_code == 403
    assert outsider.post("/news/new", text).status_code == 403
    assert outsider.post(f"/news/{news.id}/withdraw").status_code == 403
    assert News.objects.get().withdrawn_at is None


def test_search_engines_find_what_is_public_and_are_kept_from_the_rest(cast, browser):
    assert 'name="robots"' not in browser.get("/").content.decode()
    for address in ("/sign-in", "/help", "/report"):
        assert 'content="noindex"' in browser.get(address).content.decode()
    rules = browser.get("/robots.txt").content.decode()
    assert "Disallow: /\n" in rules and "Sitemap: http" in rules
    sitemap = browser.get("/sitemap.xml")
    assert sitemap["Content-Type"] == "application/xml"
    places = re.findall(r"<loc>http://localhost(/[^<]*)</loc>", sitemap.content.decode())
    assert {"/", "/policy", "/organizations", "/news"} <= set(places)
    assert all(browser.get(place).status_code == 200 for place in places)


@pytest.mark.clause("A19.1")
@pytest.mark.parametrize("address", [*PAGES, "/news"])
def test_the_public_pages_are_valid_html(browser, address):
    parser = HTMLParser()
    parser.parse(browser.get(address).content.decode())
    assert parser.errors == []
