"""A message is opened once for all who read it, and only as long as nothing of it has changed."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import translation

from renkei.communication import log, recent
from renkei.communication.entries import Entry
from renkei.communication.models import Communication
from renkei.communication.reading import read_timeline
from renkei.communication.recent import Row
from renkei.communication.rendering import Rendering
from renkei.communication.services import (
    correct_communication,
    send_communication,
    understand_communication,
    withdraw_communication,
)
from renkei.group.models import Group
from renkei.kernel import keyring, vault
from renkei.kernel.database import id_of
from renkei.kernel.errors import Erased, Tampered
from renkei.people.faces import Face
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
    cleared = recent.let_go()
    entry = last(cast)
    vault.forget_everything()
    recent.let_go()
    recent.keep(_row(entry), entry, cleared)
    assert not recent._late


class Between:
    """A lock that lets somebody else do something each time it is given back."""

    def __init__(self, does: Callable[[], None]) -> None:
        self.does, self.busy = does, False

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        if not self.busy:
            self.busy = True
            self.does()
            self.busy = False


def test_what_was_opened_before_an_erasure_began_is_not_kept(cast: Cast) -> None:
    cleared, entry = recent.let_go(), last(cast)
    recent.forget()
    recent.keep(_row(entry), entry, cleared)
    assert not recent._late


def test_who_is_slow_keeps_nothing_while_all_is_let_go_of(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened before, and kept in the very moment in which all of them are let go of."""
    cleared, entry = recent.let_go(), last(cast)
    vault.forget_everything()
    monkeypatch.setattr(recent, "_lock", Between(lambda: recent.keep(_row(entry), entry, cleared)))
    recent.let_go()
    assert not recent._late
    assert recent._turn == keyring.turn()


def test_what_was_found_while_all_is_let_go_of_is_not_kept_anew(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = post(cast, "nurse", "血圧が高めです")
    html(cast)
    recent._age()  # now they are among those of before
    find = recent.find

    class Slow:
        """A face at which one looks until the keys are gone."""

        def __init__(self, face: Face) -> None:
            self.face = face

        def __ne__(self, other: object) -> bool:
            vault.destroy([Group.objects.get(pk=cast.group).key_id])
            recent.let_go()
            return self.face != other

    def slowly(found: Row, sender: Face, *rest: Any) -> Entry | None:
        return find(found, Slow(sender) if id_of(found[0]) == message else sender, *rest)

    monkeypatch.setattr("renkei.communication.recent.find", slowly)
    with suppress(Erased):
        last(cast)
    monkeypatch.undo()
    assert message not in map(id_of, recent._late)
    with pytest.raises(Erased):
        last(cast)


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
