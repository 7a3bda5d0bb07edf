"""What somebody was shown is on record, by whichever way they looked at it; once."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.communication.models import Communication
from renkei.communication.services import withdraw_communication
from renkei.group.home import see_home
from renkei.group.models import Member
from tests.cast import Cast, group_about, post

JSON = {"Accept": "application/json"}


def browser(cast: Cast, name: str) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def lines(cast: Cast, name: str, action: str) -> list[dict[str, Any]]:
    found = AuditEvent.objects.filter(
        stream=f"account:{cast.account(name).hex}", action=action, outcome="done"
    )
    return [json.loads(one.detail) for one in found.order_by("seq")]


def seq_of(message: UUID) -> int:
    return Communication.objects.get(pk=message).seq


@pytest.mark.parametrize("page", ["", "/receipts", "/versions", "/correct"])
def test_a_message_seen_on_its_own_page_is_on_record_once(cast: Cast, page: str) -> None:
    message = post(cast, "nurse", "別の入口から読む")
    seq, reader = seq_of(message), browser(cast, "manager")
    for _ in range(2):
        shown = reader.get(f"/messages/{message}{page}", headers=JSON)
        if page == "/correct":
            assert shown.status_code == 404
            reader.get(f"/messages/{message}", headers=JSON)
    assert [one["read"] for one in lines(cast, "manager", "group.see")] == [[[seq, seq]]]


def test_ones_own_and_withdrawn_messages_leave_no_line(cast: Cast) -> None:
    message = post(cast, "nurse", "自分の文")
    browser(cast, "nurse").get(f"/messages/{message}")
    assert lines(cast, "nurse", "group.see") == []
    withdraw_communication(cast["nurse"], message, reason="間違い")
    browser(cast, "manager").get(f"/messages/{message}")
    assert lines(cast, "manager", "group.see") == []


def test_looking_again_at_a_message_writes_nothing(cast: Cast) -> None:
    message, reader = post(cast, "nurse", "二度見る"), browser(cast, "manager")
    reader.get(f"/messages/{message}")
    with CaptureQueriesContext(connection) as asked:
        reader.get(f"/messages/{message}")
    assert not [one for one in asked if one["sql"].startswith(("INSERT", "UPDATE", "SAVEPOINT"))]


# ── Home ─────────────────────────────────────────────────────────────────────────────────────────


def previewed(cast: Cast, name: str) -> list[Any]:
    return [one["previewed"] for one in lines(cast, name, "home.see")]


def test_first_words_on_home_are_on_record_once_for_each_new_message(cast: Cast) -> None:
    see_home(cast["manager"], None)
    first = seq_of(cast.message)
    assert previewed(cast, "manager") == [[[cast.group.hex, first]]]
    see_home(cast["manager"], None)
    assert len(previewed(cast, "manager")) == 1
    seq = seq_of(post(cast, "nurse", "つづき"))
    see_home(cast["manager"], None)
    assert previewed(cast, "manager")[1:] == [[[cast.group.hex, seq]]]
    assert trail.verify()[1] == []


def test_all_groups_with_news_are_one_line_and_one_statement(cast: Cast) -> None:
    groups = {cast.group}
    for _ in range(3):
        _, group = group_about(cast, "station", {"manager": True, "nurse": False})
        post(cast, "nurse", "新しいこと", group)
        groups.add(group)
    see_home(cast["manager"], None)
    [line] = previewed(cast, "manager")
    assert {UUID(digits) for digits, _ in line} == groups
    for digits, seq in line:
        kept = Member.objects.get(group=UUID(digits), account=cast.account("manager"))
        assert kept.previewed_seq == seq


def test_home_without_news_writes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from renkei.group import home
    from renkei.group.to_do import password

    everybody = ("manager", "physician", "nurse", "stranger", "former", "operator", "family")
    for name in everybody:
        see_home(cast[name], None)

    def never(*args: object) -> None:
        raise AssertionError("it began to write")

    for one in (home, password):
        monkeypatch.setattr(one, "own_record", never)
    for name in everybody:
        see_home(cast[name], None)


def test_what_home_does_not_show_is_not_on_record(cast: Cast) -> None:
    """Neither an event nor a withdrawn message shows words; nor is a preview a reading."""
    message = post(cast, "nurse", "取り消す文")
    withdraw_communication(cast["nurse"], message, reason="間違い")
    see_home(cast["manager"], None)
    assert previewed(cast, "manager") == []
    post(cast, "nurse", "見出しだけ")
    before = Member.objects.get(pk=cast.members["manager"]).read_seq
    see_home(cast["manager"], None)
    assert Member.objects.get(pk=cast.members["manager"]).read_seq == before
    assert lines(cast, "manager", "group.see") == []


def test_home_in_two_windows_at_once_is_on_record_once(
    committed: Cast, at_once: Callable[..., list[Any]]
) -> None:
    for result in at_once(*[lambda: see_home(committed["manager"], None)] * 4):
        assert not isinstance(result, BaseException), result
    assert len(previewed(committed, "manager")) == 1
    assert trail.verify()[1] == []
