"""A message is opened once for all who read it, and only as long as nothing of it has changed."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import translation

from renkei.communication import log, recent
from renkei.communication.entries import Entry
from renkei.communication.models import Communication
from renkei.communication.reading import read_timeline
from renkei.communication.rendering import Rendering
from renkei.communication.services import (
    correct_communication,
    send_communication,
    understand_communication,
    withdraw_communication,
)
from renkei.group.models import Group
from renkei.kernel import vault
from renkei.kernel.errors import Erased, Tampered
from renkei.people.models import Account
from tests.cast import Cast, post


@pytest.fixture(autouse=True)
def _nothing_at_hand() -> None:
    recent.forget()


def last(cast: Cast, name: str = "manager") -> Entry:
    return read_timeline(cast[name], cast.group).entries[-1]


def html(cast: Cast, name: str = "manager") -> str:
    shown = read_timeline(cast[name], cast.group)
    return str(Rendering(shown.cursors).html(shown.entries))


def test_what_one_has_opened_another_is_shown(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    message = post(cast, "nurse", "血圧が高めです")
    before = html(cast)
    opened: list[UUID] = []
    unseal = log.unseal

    def noting(key: UUID, one: UUID, version: int, sealed: bytes) -> str:
        opened.append(one)
        return unseal(key, one, version, sealed)

    monkeypatch.setattr(log, "unseal", noting)
    assert last(cast, "nurse").text == "血圧が高めです"
    assert html(cast) == before
    assert message not in opened


def test_it_looks_the_same_as_when_it_is_opened_anew(cast: Cast) -> None:
    post(cast, "nurse", "<b>一</b>\n\n二 & 三")
    seq = Communication.objects.get(pk=post(cast, "nurse", "お願い")).seq
    kept: list[str] = []
    for language in ("ja", "en", "ja"):
        with translation.override(language):
            kept.append(html(cast))
            for _ in range(2):
                assert html(cast) == kept[-1]
            recent.forget()
            assert html(cast) == kept[-1]
    assert kept[0] == kept[2] != kept[1]
    before = html(cast)
    understand_communication(cast["manager"], last(cast).id)
    _answer(cast, seq)
    after = html(cast)
    recent.forget()
    assert html(cast) == after != before


def _answer(cast: Cast, seq: int) -> None:
    send_communication(
        cast["manager"], cast.group, text="しました", reply_to=seq, key=uuid4(), confirmed=True
    )


def test_what_has_changed_is_shown_as_it_is(cast: Cast) -> None:
    message = post(cast, "nurse", "三錠")
    html(cast)
    correct_communication(cast["nurse"], message, text="二錠", version=1)
    assert last(cast).text == "二錠"
    assert "三錠" not in html(cast)
    account = Account.objects.get(pk=cast.account("nurse"))
    account.seal("profile_sealed", {"name": "新しい 名前", "kana": "あたらしい なまえ"})
    account.save(update_fields=["profile_sealed"])
    assert "新しい 名前" in html(cast)
    withdraw_communication(cast["nurse"], message, reason="別の方のことでした")
    assert last(cast).text == ""
    assert "二錠" not in html(cast)


def test_what_was_changed_in_the_database_is_not_hidden(cast: Cast) -> None:
    message = post(cast, "nurse", "三錠")
    html(cast)
    stored = Communication.objects.get(pk=message)
    sealed = bytes(stored.text)
    Communication.objects.filter(pk=message).update(text=sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert last(cast).damaged
    with pytest.raises(Tampered):
        log.unseal(stored.key_id, message, 1, Communication.objects.get(pk=message).text)
    Communication.objects.filter(pk=message).update(text=sealed)
    assert last(cast).text == "三錠"


def test_it_is_gone_with_its_key(cast: Cast) -> None:
    post(cast, "nurse", "血圧が高めです")
    html(cast)
    vault.destroy([Group.objects.get(pk=cast.group).key_id])
    with pytest.raises(Erased):
        last(cast)
    assert not recent._late
    assert not recent._before


def test_what_was_opened_before_the_keys_were_let_go_of_is_not_kept(cast: Cast) -> None:
    turn = recent.let_go()
    entry = last(cast)
    vault.forget_everything()
    recent.let_go()
    recent.keep(_row(entry), entry, turn)
    assert not recent._late


def _row(entry: Entry) -> tuple[Any, ...]:
    return (entry.id.hex, *[None] * 8, b"sealed")


def test_what_is_asked_for_no_more_is_let_go(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    message = post(cast, "nurse", "血圧が高めです")
    html(cast)

    def kept() -> bool:
        both = (*recent._late.values(), *recent._before.values())
        return any(entry.id == message for _, entry in both)

    now = recent.monotonic()
    for passed, here in ((1.0, True), (1.5, True), (2.6, False)):
        moment = now + passed * recent.UNASKED_SECONDS + 1
        monkeypatch.setattr(recent, "monotonic", lambda moment=moment: moment)
        recent.age()
        assert kept() is here


def test_no_more_is_kept_than_there_is_room_for(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "MOST", 2)
    for _ in range(5):
        post(cast, "nurse")
    html(cast)
    assert len(recent._late) <= 2
    assert len(recent._before) <= 2
    monkeypatch.setattr(recent, "LONGEST", 10)
    recent.forget()
    html(cast)
    assert not recent._late
