"""Every address, walked by the whole cast, and compared with the one matrix of the policy."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from renkei.config.routes import LIVE, PUBLIC, SIGNED_IN, routes
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.region.services import publish_notice
from tests.cast import NAMES, NOBODY, Cast
from tests.policy.test_rules import MATRIX

WALKED = [one for one in routes() if one["route"] != LIVE["route"]]
# A picture is there or not; without one the answer is 404 to everybody who may see pictures.
NOT_THERE = {"face"}
# Enough that a form goes through to the use case behind it.
SENT = {
    "reason": "担当ではないため",
    "choice": "other",
    "words": "担当ではないため",
    "refuse-choice": "other",
    "refuse-words": "担当ではないため",
    "first": "1",
    "last": "1",
    "role": "00000000-0000-7000-8000-000000000000",
    "key": "00000000-0000-7000-8000-000000000001",
    "name": "林 一",
    "kana": "はやし はじめ",
    "birth_date": "1940-01-01",
    "sex": "女",
}
# These addresses name no organization: they are about the one the person acts for.
ABOUT_ONES_OWN = {"consents", "patient_new"}


def visit(cast: Cast, name: str, address: str) -> HttpResponse:
    """Look at a page; where only sending makes sense, send nothing."""
    client = Client(raise_request_exception=False)
    if name != NOBODY:
        client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    response = client.get(address)
    if response.status_code == 405:
        response = client.post(address, SENT)
    elif response.headers.get("Location") == "/me":  # a page that only takes what is sent
        response = client.get("/me")
    return response  # type: ignore[return-value]


def address_of(cast: Cast, name: str, one: dict[str, Any], notice: str) -> str:
    asked = name if name in cast.invitations else "invited"
    parts = {
        "group": cast.group,
        "patient": cast.patient,
        "message": cast.message,
        "member": cast.members["nurse"],
        "invitation": cast.invitations[asked],
        "account": cast.account("nurse"),
        "notice": notice,
    }
    return "/" + re.sub(r"<\w+:(\w+)>", lambda part: str(parts[part[1]]), one["route"])


def may_in_matrix(permission: str, name: str) -> bool:
    """Whether the matrix says yes of the person when consent is recorded."""
    if permission == PUBLIC:
        return True
    if permission == SIGNED_IN:
        return name != NOBODY
    _, cells = MATRIX[permission]
    return "c" in cells.split()[NAMES.index(name)]


def verdict(response: HttpResponse) -> str:
    """What the answer means: "in", "out" or "sign in"; anything else is a fault."""
    status = response.status_code
    if status == 401 or response.headers.get("Location", "").startswith("/sign-in"):
        return "sign in"
    if status in (403, 404):
        return "out"
    return "in" if status < 500 and status != 405 else f"fault {status}"


def may_at_ones_own(cast: Cast, permission: str, name: str) -> bool:
    own = cast.people[name].organization
    return own is not None and may(load(cast[name], "organization", own), permission)


def expected(cast: Cast, one: dict[str, Any], name: str) -> str:
    if one["name"] in ABOUT_ONES_OWN:
        yes = may_at_ones_own(cast, one["permission"], name)
    else:
        yes = may_in_matrix(one["permission"], name)
    if yes:
        return "in"
    return "sign in" if name == NOBODY else "out"


@pytest.mark.clause("N3.9", "N2.3")
@pytest.mark.parametrize("one", WALKED, ids=lambda one: str(one["name"]))
def test_who_gets_in_where(cast: Cast, one: dict[str, Any]) -> None:
    from django.db import transaction

    notice = publish_notice(cast["operator"], None, title="停電", body="点検", acknowledge=True).id
    found = {}
    for name in NAMES:
        mark = transaction.savepoint()  # what one person does is undone before the next comes
        found[name] = verdict(visit(cast, name, address_of(cast, name, one, str(notice))))
        transaction.savepoint_rollback(mark)
    wanted = {name: expected(cast, one, name) for name in NAMES}
    if one["name"] in NOT_THERE:
        wanted = {name: "out" if what == "in" else what for name, what in wanted.items()}
    assert found == wanted


@pytest.mark.clause("N3.9")
@pytest.mark.parametrize("one", WALKED, ids=lambda one: str(one["name"]))
def test_who_does_not_get_in_does_not_send_anything_either(cast: Cast, one: dict[str, Any]) -> None:
    notice = publish_notice(cast["operator"], None, title="停電", body="点検", acknowledge=True).id
    for name in NAMES:
        if expected(cast, one, name) == "in":
            continue
        client = Client(raise_request_exception=False)
        if name != NOBODY:
            client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
        response = client.post(address_of(cast, name, one, str(notice)), SENT)
        assert response.status_code == 405 or verdict(response) in ("out", "sign in"), name  # type: ignore[arg-type]
