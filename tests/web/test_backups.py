"""The operator's page about copies, in every state it can be in."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.test import Client

from renkei.backup.models import Why
from tests.backup.runs import all_in_order, failed, ran
from tests.cast import NAMES, NOBODY, Cast

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def browser(cast: Cast, name: str = "operator") -> Client:
    client = Client(raise_request_exception=False)
    if name != NOBODY:
        client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def shown(cast: Cast, address: str = "/backups") -> str:
    response = browser(cast).get(address)
    assert response.status_code == 200
    return re.sub(r"<time[^>]*>|</time>", "", response.content.decode())


def commands(page: str) -> list[str]:
    found = re.findall(r'<code class="command">(.*?)</code>', page)
    return [unescape(re.sub(r"<[^>]+>", "", one)) for one in found]


def test_nobody_but_the_operator_gets_to_the_page_or_a_link_to_it(cast: Cast) -> None:
    for name in NAMES:
        response = browser(cast, name).get("/backups")
        if name == "operator":
            assert response.status_code == 200
        elif name == NOBODY:
            assert response.headers["Location"].startswith("/sign-in")
        else:
            assert response.status_code == 403
            assert 'href="/backups"' not in browser(cast, name).get("/menu").content.decode()
    assert 'href="/backups"' in shown(cast, "/menu")
    assert browser(cast).post("/backups").status_code == 405


def test_before_the_first_copy_it_says_what_would_be_lost_and_what_to_do(cast: Cast) -> None:
    page = shown(cast)
    assert "すべて失われます" in page
    assert commands(page) == ["renkei backup 保管場所 --keys 鍵の保管場所"]


def test_in_order_it_says_so_and_asks_for_nothing(cast: Cast) -> None:
    all_in_order()
    page = shown(cast)
    assert page.count("問題ありません") == 3
    assert "3か所" in page and "ネットワークから切り離した所があります" in page
    assert 'data-tone="danger"' not in page and 'data-tone="attend"' not in page
    assert commands(page) == []


def test_what_is_old_is_red_with_the_command_at_the_place_used_last(cast: Cast) -> None:
    ran("content", 27 * HOUR, "/mnt/控え の箱/a'b")
    ran("keys", 27 * HOUR, "/mnt/keys")
    ran("verify", 36 * DAY)
    page = shown(cast)
    assert page.count("古くなっています") >= 3
    made = "renkei backup '/mnt/控え の箱/a'\"'\"'b' --keys /mnt/keys"
    tried = made.replace("backup", "backup verify", 1) + " --identity 鍵のファイル"
    assert commands(page) == [made, made, tried]


def test_a_copy_that_cannot_be_brought_back_is_to_be_made_again_where_it_broke(cast: Cast) -> None:
    all_in_order()
    failed("verify", place="/media/disk", why="damaged")
    page = shown(cast)
    assert "バックアップから戻せませんでした" in page
    assert commands(page) == [
        "renkei backup /media/disk --keys /mnt/keys",
        "renkei backup verify /media/disk --keys /mnt/keys --identity 鍵のファイル",
    ]


@pytest.mark.parametrize("why", Why)
def test_every_reason_has_its_words(cast: Cast, why: Why) -> None:
    failed("content", why=why)
    failed("verify", place="/x", why=why)
    ran("content", place="/x")
    page = shown(cast)
    assert page.count("失敗") >= 3
    assert str(why) not in re.sub(r'(class|data-[a-z]+|href|id)="[^"]*"', "", page)


def test_a_place_is_text_whatever_it_is_called(cast: Cast) -> None:
    ran("content", 30 * HOUR, "/mnt/<script>alert(1)</script>")
    page = shown(cast)
    assert "<script>alert" not in page
    assert "/mnt/&lt;script&gt;" in page


def test_of_a_place_known_only_in_part_no_command_is_made(cast: Cast) -> None:
    ran("content", 30 * HOUR, "/long" * 60)
    assert commands(shown(cast))[0] == "renkei backup 保管場所 --keys 鍵の保管場所"


def test_the_command_names_the_keys_beside_the_copy_before_others(cast: Cast) -> None:
    ran("content", 30 * HOUR, "/mnt/one")
    ran("keys", 31 * HOUR, "/mnt/one-keys")
    ran("keys", 30 * HOUR, "/mnt/two-keys")
    assert commands(shown(cast))[0] == "renkei backup /mnt/one --keys /mnt/one-keys"


def test_one_place_alone_gets_a_calm_word(cast: Cast) -> None:
    ran("content")
    page = shown(cast)
    assert "1つの場所にあります" in page and 'data-tone="attend"' in page


@pytest.mark.parametrize("make", [lambda: None, all_in_order, lambda: failed("content")])
def test_the_page_shows_nothing_of_a_patient_or_a_group(cast: Cast, make) -> None:
    make()
    page = shown(cast)
    for words in ("髙橋", "たかはし", str(cast.patient), cast.patient.hex, str(cast.group)):
        assert words not in page


def test_home_sends_the_operator_to_the_page_until_it_is_done(cast: Cast) -> None:
    page = shown(cast, "/home")
    assert "バックアップがまだありません" in page and 'href="/backups"' in page.split("<main")[1]
    all_in_order()
    page = shown(cast, "/home")
    assert "バックアップ" not in page.split("<main")[1]
