"""Searching as a browser meets it: words in no address and no log, found again on going back."""

import logging
from html import unescape
from io import StringIO

import pytest
from django.conf import settings
from django.test import Client

from renkei.communication.index.keeping import Indexing
from renkei.communication.models import Bookmark, Communication, Pin
from renkei.config.logs import JsonLine
from tests.cast import post


def client(cast, name):
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return browser


def text_of(answer):
    return unescape(answer.content.decode())


def searched(browser, **sent):
    return text_of(browser.post("/search", sent, follow=True))


def test_what_is_found_leads_to_its_place_in_the_timeline(cast):
    seq = Communication.objects.get(pk=post(cast, "nurse", "夜間に<発熱>あり")).seq
    Indexing().follow()
    shown = searched(client(cast, "manager"), words="発熱")
    assert "夜間に<<mark>発熱</mark>>あり" in shown
    assert f"/groups/{cast.group}?before={seq + 25}#m{seq}" in shown
    assert "髙橋 節子" in shown
    there = text_of(client(cast, "manager").get(f"/groups/{cast.group}?before={seq + 25}"))
    assert f'id="m{seq}"' in there


def test_the_words_stand_in_no_address_no_log_and_no_cookie(cast):
    logged = StringIO()
    handler = logging.StreamHandler(logged)
    handler.setFormatter(JsonLine())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        browser = client(cast, "manager")
        answer = browser.post("/search", {"words": "himitsuno kotoba"})
        shown = browser.get(answer["Location"])
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert (answer.status_code, answer["Location"]) == (303, "/search/found")
    kept = answer.cookies["found"]
    assert kept["httponly"] and kept["samesite"] == "Strict" and kept["path"] == "/search"
    assert "himitsu" not in kept.value + logged.getvalue()
    assert "himitsuno kotoba" in text_of(shown)
    assert "no-store" in shown["Cache-Control"]


def test_what_one_person_looked_for_opens_to_nobody_else(cast):
    answer = client(cast, "manager").post("/search", {"words": "発熱"})
    other = client(cast, "nurse")
    other.cookies["found"] = answer.cookies["found"].value
    assert other.get("/search/found").status_code == 302
    for forged in ("", "x", "AAAA", answer.cookies["found"].value[:-4] + "AAAA"):
        mine = client(cast, "manager")
        mine.cookies["found"] = forged
        assert mine.get("/search/found").status_code == 302


@pytest.mark.parametrize(
    "sent",
    [{"words": ""}, {"words": "熱"}, {"words": "発熱", "kind": "x"},
     {"words": "発熱", "since": "2026-11-02", "until": "2026-11-01"}],
)  # fmt: skip
def test_what_cannot_be_looked_for_is_said_and_kept(cast, sent):
    answer = client(cast, "manager").post("/search", sent)
    assert answer.status_code == 422
    assert 'class="error"' in text_of(answer)
    assert f'value="{sent["words"]}"' in text_of(answer)


def test_a_group_that_is_not_theirs_leads_back_to_the_question(cast):
    sent = {"words": "発熱", "group": "00000000000070008000000000000000"}
    answer = client(cast, "manager").post("/search", sent, follow=True)
    assert answer.redirect_chain == [("/search/found", 303), ("/search", 302)]


def test_the_next_page_begins_where_the_last_ended(cast):
    for number in range(25):
        post(cast, "nurse", f"往診{number}回目")
    Indexing().follow()
    browser = client(cast, "manager")
    first = searched(browser, words="往診")
    assert "24回目" in first and "5回目" in first and "4回目の" not in first
    before = first.split('name="before" value="')[1].split('"')[0]
    second = searched(browser, words="往診", before=before)
    assert second.count('class="row hit"') == 5
    assert 'name="before"' not in second


def test_from_a_group_one_searches_that_group(cast):
    shown = text_of(client(cast, "manager").get(f"/search?group={cast.group}"))
    assert f'value="{cast.group.hex}" selected' in shown
    assert client(cast, "former").get(f"/search?group={cast.group}").status_code == 404
    assert client(cast, "operator").get(f"/search?group={cast.group}").status_code == 404


def test_nothing_found_says_what_to_try(cast):
    shown = searched(client(cast, "manager"), words="縞馬麒麟")
    assert "見つかりませんでした" in shown
    assert 'class="row hit"' not in shown


def test_a_name_that_nobody_wrote_is_offered_as_the_name_of_who_wrote(cast):
    post(cast, "nurse", "夜間に発熱あり")
    Indexing().follow()
    name = cast.people["nurse"].name.split()[0]
    shown = searched(client(cast, "manager"), words=name)
    assert f'name="author" value="{name}"' in shown and f"「{name}」さんが書いたもの" in shown
    shown = searched(client(cast, "manager"), author=name)
    assert "夜間に発熱あり" in shown and f'data-tone="action">{name}</span>' in shown
    assert "さんが書いたもの" not in searched(client(cast, "manager"), words=name, kind="request")


def test_what_the_search_was_narrowed_to_stands_above_what_was_found(cast):
    post(cast, "nurse", "夜間に発熱あり")
    Indexing().follow()
    shown = searched(client(cast, "manager"), words="発熱", kind="report", since="2000-01-01")
    assert "夜間に<mark>発熱</mark>あり" in shown and "search-more" in shown
    chosen = shown.split('data-tone="action">')[1].split("</span>")[0]
    assert chosen.startswith("報告") and chosen.endswith("〜")


def test_marks_are_set_and_taken_away_without_scripts(cast):
    browser = client(cast, "manager")
    address = f"/messages/{cast.message}"
    assert "しおりをはさむ" in text_of(browser.get(address))
    assert browser.post(f"{address}/bookmark", {"kept": "yes"}).status_code == 303
    assert browser.post(f"{address}/pin", {"pinned": "yes"}).status_code == 303
    assert (Bookmark.objects.count(), Pin.objects.count()) == (1, 1)
    shown = text_of(browser.get(address))
    assert "しおりをはずす" in shown and "ピン留めをはずす" in shown
    assert "朝の血圧" in text_of(browser.get("/bookmarks"))
    assert "manager さんがピン留め" in text_of(browser.get(f"/groups/{cast.group}/pins"))
    timeline = text_of(browser.get(f"/groups/{cast.group}"))
    seq = Communication.objects.get(pk=cast.message).seq
    assert f'data-pinned="{seq}" data-kept="{seq}"' in timeline
    gone = browser.post(f"{address}/bookmark", {"kept": "no", "back": "bookmarks"})
    assert gone["Location"] == "/bookmarks"
    gone = browser.post(f"{address}/pin", {"pinned": "no", "back": "pins"})
    assert gone["Location"] == f"/groups/{cast.group}/pins"
    assert (Bookmark.objects.count(), Pin.objects.count()) == (0, 0)


def test_a_script_hears_of_the_marks(cast):
    browser = client(cast, "manager")
    sent = browser.post(
        f"/messages/{cast.message}/pin", {"pinned": "yes"}, HTTP_ACCEPT="application/json"
    )
    assert sent.json()["marks"] == {"pinned": True, "kept": False}
    assert sent.json()["said"] == "ピン留めしました。"


def test_who_finds_nothing_because_it_stopped_is_not_told_to_ask_for_more(cast, monkeypatch):
    post(cast, "nurse", "訪問しました")
    nothing = searched(client(cast, "manager"), words="訪問", author="manager")
    assert "言葉を短くする" in nothing and "絞り込んでください" not in nothing
    monkeypatch.setattr("renkei.communication.search.MOST", 0)
    stopped = searched(client(cast, "manager"), words="訪問", author="manager")
    assert "言葉を短くする" not in stopped and "絞り込んでください" in stopped


def test_what_was_found_before_it_stopped_is_not_called_all_of_it(cast, monkeypatch):
    post(cast, "nurse", "訪問しました")
    assert "1件、新しい順" in searched(client(cast, "manager"), words="訪問")
    monkeypatch.setattr("renkei.communication.search.MOST", 0)
    stopped = searched(client(cast, "manager"), words="訪問")
    assert "新しい順、このページに1件" in stopped and "絞り込んでください" in stopped
