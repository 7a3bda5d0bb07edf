"""Signing out by somebody who never signed in must cost nobody anything."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client

from renkei.kernel.bus import Hint, bus
from renkei.kernel.database import row
from tests.cast import Cast


def epoch() -> int:
    found = row("SELECT SUM(standing_epoch) FROM region_region", [])
    assert found is not None
    return int(found[0])


@pytest.fixture
def heard() -> Iterator[list[Hint]]:
    hints: list[Hint] = []
    stop = bus().subscribe(hints.append)
    yield hints
    stop()


@pytest.mark.parametrize("cookie", ["", "nobodys"])
def test_who_is_not_signed_in_makes_no_stream_be_asked_about(
    cast: Cast, heard: list[Hint], cookie: str
) -> None:
    before = epoch()
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert browser.post("/sign-out").status_code == 302
    assert epoch() == before
    assert heard == []


def test_signing_out_ends_the_streams_of_that_account_alone(cast: Cast, heard: list[Hint]) -> None:
    before = epoch()
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people["nurse"].cookie
    browser.post("/sign-out")
    assert epoch() > before
    assert [(hint.kind, hint.account) for hint in heard] == [("standing", cast.account("nurse"))]
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people["nurse"].cookie
    assert browser.get("/home").headers["Location"].startswith("/sign-in")
