"""After something was sent, the next page says that it is done; the one after it does not."""

import pytest

from renkei.config.routes import LIVE, routes
from renkei.group.archiving import archive_group
from renkei.web import toast
from tests.cast import Cast, group_of_kind
from tests.web.test_routes import browser

LOOK = {"text_size": "large", "contrast": "standard", "language": "ja"}


def test_every_route_says_one_of_the_words_or_nothing() -> None:
    said = toast.toasts()
    assert set(said) == {one["name"] for one in routes()} - {LIVE["name"]}
    assert set(said.values()) == {*toast.WORDS, toast.SILENT}
    assert said["me_appearance"] == toast.SAVED and said["messages"] == toast.SILENT


def test_the_next_page_says_it_and_the_one_after_does_not(cast: Cast) -> None:
    client = browser(cast, "nurse")
    sent = client.post("/me/appearance", LOOK)
    assert sent.status_code == 302
    assert "保存しました。" in client.get(sent.headers["Location"]).content.decode()
    assert "保存しました。" not in client.get(sent.headers["Location"]).content.decode()


def test_what_was_not_accepted_is_not_said_to_be_done(cast: Cast) -> None:
    client = browser(cast, "nurse")
    assert client.post("/me", {"name": "", "kana": ""}).status_code == 422
    assert toast.COOKIE not in client.cookies


def test_a_script_hears_it_by_its_answer_alone(cast: Cast) -> None:
    client = browser(cast, "nurse")
    client.post("/me/appearance", LOOK, headers={"Renkei-By": "script"})
    assert toast.COOKIE not in client.cookies


@pytest.mark.parametrize("words", ["<b>x</b>", "type-your-password-again", "saved2"])
def test_nobody_else_puts_words_there(cast: Cast, words: str) -> None:
    client = browser(cast, "nurse")
    client.cookies[toast.COOKIE] = words
    page = client.get("/home").content.decode()
    assert "toast--once" not in page and words not in page


def test_a_free_group_is_put_away_and_brought_back_by_its_name(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "free", {"manager": True, "nurse": False})
    client = browser(cast, "manager")
    assert "食支援を学ぶ会" in client.get(f"/groups/{group}/archive").content.decode()
    archive_group(cast["manager"], group, reason="")
    assert "食支援を学ぶ会" in client.get(f"/groups/{group}/archive/back").content.decode()
