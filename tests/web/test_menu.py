"""The menu says where to look, and a page is called what its line in the menu is called."""

import re

import pytest

from renkei.people.models import Account
from renkei.web import own_mail
from tests.cast import Cast
from tests.web.test_routes import browser


def menu(cast: Cast, name: str = "nurse") -> dict[str, list[tuple[str, str]]]:
    """Each part of the menu with its lines: address and word."""
    page = browser(cast, name).get("/menu").content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    found = {}
    for part in main.split('<h2 class="menu-part">')[1:]:
        heading, _, rest = part.partition("</h2>")
        lines = re.findall(r'href="([^"]+)"[^>]*>(.*?)</a>', rest, re.DOTALL)
        found[heading] = [(to, re.sub(r"<[^>]+>", "", word).strip()) for to, word in lines]
    return found


PARTS = ("記録の保管と利用", "自分のIDとログイン", "端末・通知・見やすさ")


def test_what_is_alike_stands_together(cast: Cast) -> None:
    found = menu(cast)
    words = [[word for _, word in found[part]] for part in PARTS]
    assert words == [
        ["保管したグループ", "以前参加していたグループ", "二次利用", "自分の控え"],
        ["ログイン中の端末", "パスワードを変える", "二つ目の確認", "災害カード"],
        ["この端末の登録", "通知", "文字の大きさ・見やすさ"],
    ]


def test_a_page_is_called_as_in_the_menu(cast: Cast) -> None:
    found, client = menu(cast), browser(cast, "nurse")
    for part in PARTS:
        for address, word in found[part]:
            page = client.get(address, follow=True).content.decode()
            heading = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
            assert heading, address
            assert re.sub(r"<[^>]+>", "", heading[1]).strip() == word, address


def test_what_a_text_calls_a_line_of_the_menu_is_one(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = {word for part in menu(cast).values() for _, word in part}
    told = [browser(cast, "nurse").get("/device/enter").content.decode()]
    monkeypatch.setattr(own_mail, "_tell", lambda _account, _subject, *said: told.extend(said[1:]))
    own_mail.tell_of_sign_in(Account.objects.get(pk=cast.account("nurse")))
    for text in told:
        named = re.findall("メニューの「([^」]+)」", text)
        assert named and set(named) <= lines
