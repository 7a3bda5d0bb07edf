"""What a person runs into has its page, its sentence and its status, and tells nothing else."""

import errno
import logging
import sqlite3

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.utils import translation

from renkei.kernel.errors import Erased, Problem, Tampered, Unknown
from renkei.web import health, public
from tests.cast import Cast
from tests.web.test_patient import client

SECRET = "髙橋 節子さんの熱"
NOT_OPENED = "This page cannot be opened at the moment. What is stored is not affected."


def _full() -> OperationalError:
    """As SQLite's own error comes through Django."""
    error, cause = OperationalError("database or disk is full"), sqlite3.OperationalError()
    cause.sqlite_errorcode = sqlite3.SQLITE_FULL
    error.__cause__ = cause
    return error


CASES = [
    (Unknown(SECRET), 404, "見ることのできないページ"),
    (Problem("Please give a reason."), 422, "理由"),
    (Erased(SECRET), 410, "消去"),
    (Tampered(SECRET), 500, "書き換え"),
    (OperationalError("database is locked"), 503, NOT_OPENED),
    (InterfaceError("connection already closed"), 503, NOT_OPENED),
    (_full(), 503, "いっぱい"),
    (OSError(errno.ENOSPC, "No space left on device"), 503, "いっぱい"),
    (RuntimeError(SECRET), 500, NOT_OPENED),
]


@pytest.mark.parametrize(
    ("error", "status", "words"), CASES, ids=[f"{type(one[0]).__name__}-{one[1]}" for one in CASES]
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_error_has_its_page_and_its_sentence(
    cast: Cast,
    error: Exception,
    status: int,
    words: str,
    accept: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("renkei.web.home.see_home", fail)
    with caplog.at_level(logging.INFO):
        answer = client(cast, "nurse").get("/home", headers={"accept": accept})
    said = answer.content.decode() if accept == "text/html" else answer.json()["message"]
    assert answer.status_code == status
    with translation.override("ja"):
        assert translation.gettext(words) in said
    assert SECRET not in said
    assert SECRET not in " ".join(record.getMessage() for record in caplog.records)
    assert answer["Cache-Control"] == "no-store"


def test_what_could_not_be_saved_stands_on_the_page(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("renkei.web.communication.send_communication", locked)
    typed = {"text": "熱は<38度です", "confirmed": "yes"}
    answer = client(cast, "nurse").post(f"/groups/{cast.group}/messages", typed)
    assert answer.status_code == 503
    assert "保存できませんでした" in answer.content.decode()
    assert "熱は&lt;38度です</textarea>" in answer.content.decode()


def test_a_post_from_elsewhere_is_refused_with_a_sentence(cast: Cast) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = client(cast, "nurse").cookies
    answer = browser.post(f"/groups/{cast.group}/messages", {"text": "外から", "confirmed": "yes"})
    assert answer.status_code == 403
    assert "開" in answer.content.decode()


def test_a_script_whose_session_has_ended_is_told_where_to_go(cast: Cast) -> None:
    browser = Client()
    told = browser.post(f"/groups/{cast.group}/draft", headers={"accept": "application/json"})
    assert told.status_code == 401
    assert told.json()["go"] == "/sign-in"
    assert "下書き" in told.json()["message"]
    asked = browser.get("/home", headers={"hx-request": "true"})
    assert asked.headers["HX-Redirect"] == "/sign-in"


def test_not_ready_without_a_database(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("gone")

    assert Client().get("/readyz").status_code == 200
    monkeypatch.setattr(health, "row", away)
    assert Client().get("/readyz").status_code == 503
    assert Client().get("/healthz").status_code == 200


def test_a_public_page_says_so_when_the_database_is_away(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(public, "public_region", away)
    assert Client().get("/help").status_code in (200, 503)


@pytest.mark.once
def test_a_form_of_far_too_many_fields_is_answered_in_words_of_ours(cast: Cast) -> None:
    fields = {f"field{number}": "x" for number in range(400)}
    answer = Client(raise_request_exception=False).post("/sign-in", fields)
    assert answer.status_code == 400
    assert "Bad Request" not in answer.content.decode()
    assert "うまくいきませんでした" in answer.content.decode()
