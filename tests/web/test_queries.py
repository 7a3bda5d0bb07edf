"""A page asks the database as often for thirty people, groups or messages as for three."""

from collections.abc import Sequence
from contextlib import ExitStack

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.kernel import database
from tests.cast import (
    Cast,
    group_about,
    make_account,
    make_device,
    make_organization,
    make_role,
    post,
)

# Lists that grow with the people, the organizations and what they have sent.
PAGES = {
    "administrator_same": (
        "/home", "/staff", "/training/staff", "/devices", "/safety/staff", "/papers",
    ),
    "operator": (
        "/home", "/operator", "/operator/organizations", "/operator/missing", "/administrators",
        "/training/all", "/training/lectures", "/applications", "/notices", "/papers",
        "/stops", "/devices/first", "/incidents", "/organizations", "/safety/organizations",
    ),
}  # fmt: skip


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def asked(cast: Cast, name: str, address: str) -> int:
    """How often the page asks, at least: now and then a request also notes that one is there."""
    client = browser(cast, name)
    return min(_asked_once(client, address) for _ in range(3))


def _asked_once(client: Client, address: str) -> int:
    with ExitStack() as stack:
        found = [
            stack.enter_context(CaptureQueriesContext(connections[alias]))
            for alias in ("default", "keys")
        ]
        answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return sum(len(one) for one in found)


def grow(cast: Cast, codes: range) -> None:
    """More organizations, each with somebody who works for the cast's own as well."""
    for one in codes:
        place = make_organization(cast.region, f"G{one}", "薬局")
        account = make_account(cast.region, f"g{one}@example.jp", f"森 {one}", "もり")
        make_role(account, place.id, administrator=True)
        make_role(account, cast.organizations["station"], administrator=one % 2 == 0)
        make_device(place.id, f"G-{one}")


def test_a_list_asks_as_often_for_many_as_for_few(cast: Cast) -> None:
    grow(cast, range(2))
    few = {(name, one): asked(cast, name, one) for name in PAGES for one in PAGES[name]}
    grow(cast, range(2, 12))
    many = {(name, one): asked(cast, name, one) for name in PAGES for one in PAGES[name]}
    more = {where: (few[where], now) for where, now in many.items() if now > few[where]}
    assert not more, more


def counted(cast: Cast, name: str, address: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the page asks, with what goes past Django's cursors as well."""
    asked_for: list[str] = []
    run = database._run

    def counting(sql: str, params: Sequence[object]) -> object:
        asked_for.append(sql)
        return run(sql, params)

    client, least = browser(cast, name), 1_000
    with monkeypatch.context() as patched:
        patched.setattr(database, "_run", counting)
        for _ in range(3):  # the first time shows something new, and records it
            asked_for.clear()
            least = min(least, _asked_once(client, address) + len(asked_for))
    return least


def test_home_asks_as_often_in_many_groups_as_in_few(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def join(count: int) -> int:
        for _ in range(count):
            _, group = group_about(cast, "station", {"manager": True, "nurse": False})
            post(cast, "nurse", group=group)
        return max(counted(cast, name, "/home", monkeypatch) for name in ("manager", "nurse"))

    assert join(2) == join(12)


def test_a_group_asks_as_often_with_many_messages_as_with_few(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(count: int) -> int:
        for _ in range(count):
            post(cast, "nurse")
            post(cast, "manager")
        return counted(cast, "nurse", f"/groups/{cast.group}", monkeypatch)

    assert write(2) == write(20)
