"""The next edition of the policy on the operator's pages (A1, A22)."""

import re
from html import unescape

import pytest

from tests.cast import Cast
from tests.web.test_patient import client


def typed(page: str) -> dict[str, str]:
    """What stands in the form of the page: fields, choices and the text."""
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page))
    for name, inside in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        fields[name] = chosen[1] if chosen else ""
    for name, inside in re.findall(
        r'<textarea name="(\w+)"[^>]*>\r?\n?(.*?)</textarea>', page, re.S
    ):
        fields[name] = inside
    return {name: unescape(value) for name, value in fields.items()}


@pytest.mark.clause("A1")
def test_a_figure_that_changes_is_shown_before_and_after_and_by_its_article(cast: Cast) -> None:
    operator = client(cast, "operator")
    written = typed(operator.get("/policy/draft").content.decode())
    assert written["password_min_length"] == "8"
    sent = operator.post("/policy/draft", written | {"password_min_length": "11"})
    assert sent.headers["Location"] == "/policy/draft/preview"
    shown = operator.get("/policy/draft/preview")
    page = shown.content.decode()
    assert shown.status_code == 200
    assert re.search(r"<del>\D*8\D.*?</del>.*?<ins>\D*11\D.*?</ins>", page, re.S)
    assert "A14.3" not in page.partition("<details")[0]  # people say an article, not an id


def test_a_figure_out_of_its_range_is_refused_and_stays_in_the_field(cast: Cast) -> None:
    operator = client(cast, "operator")
    written = typed(operator.get("/policy/draft").content.decode())
    refused = operator.post("/policy/draft", written | {"password_min_length": "99"})
    assert refused.status_code == 422
    assert typed(refused.content.decode())["password_min_length"] == "99"
