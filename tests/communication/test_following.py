"""Following the logs: everything once and in order, whenever the follower dies."""

import os
import signal
import threading
from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

import pytest
from django.db import connections

from renkei.communication.following import AT_ONCE, Follower, News, Overtaken, Stuck, alone
from renkei.communication.models import Alteration, Communication, Cursor
from renkei.communication.services import (
    correct_communication,
    understand_communication,
    withdraw_communication,
)
from renkei.kernel.database import execute, rows
from tests.cast import Cast, group_about, post


class Told(Follower):
    """Writes down in a table of the main database what it was told."""

    name = "told"

    def take(self, news: Sequence[News]) -> None:
        for one in news:
            for seq in range(one.after + 1, one.last + 1):
                self.note(one.group, seq, "new")
            for seq, what in one.altered:
                self.note(one.group, seq, what)

    def note(self, group: UUID, seq: int, what: str) -> None:
        execute("INSERT INTO told VALUES (%s, %s, %s)", [group.hex, seq, what])


class FromNow(Told):
    name = "from_now"
    from_now = True


@pytest.fixture
def told(cast: Cast) -> None:
    execute("CREATE TABLE told (grp VARCHAR(32), seq BIGINT, what VARCHAR(20))", [])


def heard(group: UUID) -> list[tuple[int, str]]:
    found = rows("SELECT seq, what FROM told WHERE grp = %s", [group.hex])
    return sorted((seq, what) for seq, what in found)


def another_group(cast: Cast) -> UUID:
    """A group of other people about another patient, in which something was said."""
    _, group = group_about(cast, "station", {"manager": True, "nurse": False})
    post(cast, "nurse", "はじめまして", group)
    return group


def said(group: UUID) -> list[tuple[int, str]]:
    """What a follower of the group has to have been told, once each."""
    entries = Communication.objects.filter(group_id=group).values_list("seq", flat=True)
    altered = Alteration.objects.filter(group_id=group).values_list("seq", "what")
    return sorted([(seq, "new") for seq in entries] + list(altered))


def test_each_entry_and_each_alteration_is_taken_once(cast: Cast, told: None) -> None:
    follower = Told()
    follower.follow()
    assert heard(cast.group) == said(cast.group)
    assert len(heard(cast.group)) > 1
    message = post(cast, "nurse", "体温37.2度")
    understand_communication(cast["manager"], message)  # nothing was altered by it
    correct_communication(cast["nurse"], message, text="体温37.8度", version=1)
    correct_communication(cast["nurse"], message, text="体温38.7度", version=2)
    withdraw_communication(cast["nurse"], message, reason="別の方でした")
    seq = Communication.objects.get(pk=message).seq
    assert follower.follow() == 4
    new = [(seq, "new"), (seq, "corrected"), (seq, "corrected"), (seq, "withdrawn")]
    assert [one for one in heard(cast.group) if one[0] == seq] == sorted(new)
    assert follower.follow() == 0
    assert heard(cast.group) == said(cast.group)


def test_a_correction_that_changes_nothing_alters_nothing(cast: Cast) -> None:
    message = post(cast, "nurse", "変わりません")
    before = Alteration.objects.count()
    correct_communication(cast["nurse"], message, text="変わりません", version=1)
    assert Alteration.objects.count() == before


def test_only_the_groups_a_hint_tells_of_are_looked_at(cast: Cast, told: None) -> None:
    other = another_group(cast)
    post(cast, "nurse", "ここ")
    Told().follow([cast.group])
    assert heard(cast.group) == said(cast.group)
    assert heard(other) == []
    Told().follow([])
    assert heard(other) == []
    Told().follow()
    assert heard(other) == said(other) != []


def test_who_follows_from_now_leaves_the_past_alone(cast: Cast, told: None) -> None:
    follower = FromNow()
    follower.follow()
    assert heard(cast.group) == []
    post(cast, "nurse", "これから")
    opened_later = another_group(cast)
    follower.follow()
    assert [what for _, what in heard(cast.group)] == ["new"]
    assert heard(opened_later) == said(opened_later)


def test_what_is_too_much_for_one_step_is_taken_in_several(
    cast: Cast, told: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renkei.communication.following.AT_ONCE", 3)
    steps = []

    class Counting(Told):
        def take(self, news: Sequence[News]) -> None:
            steps.append(sum(one.last - one.after + len(one.altered) for one in news))
            super().take(news)

    message = post(cast, "nurse", "一")
    for number in range(7):
        post(cast, "nurse", f"続き{number}")
    withdraw_communication(cast["nurse"], message, reason="間違い")
    Counting().follow()
    assert heard(cast.group) == said(cast.group)
    assert len(steps) > 3
    assert max(steps) < AT_ONCE


def test_a_step_that_was_overtaken_leaves_nothing(cast: Cast, told: None) -> None:
    class Overtaking(Told):
        def take(self, news: Sequence[News]) -> None:
            super().take(news)
            for one in news:
                self.cursors.move(one)

    with pytest.raises(Stuck) as stuck:
        Overtaking().follow()
    assert isinstance(stuck.value.__cause__, Overtaken)
    assert heard(cast.group) == []
    assert not Cursor.objects.exists()


def test_what_cannot_be_taken_holds_up_nothing_else(cast: Cast, told: None) -> None:
    other = another_group(cast)
    broken = {cast.group}

    class Stumbling(Told):
        def note(self, group: UUID, seq: int, what: str) -> None:
            super().note(group, seq, what)
            if group in broken:
                raise ValueError("cannot be read")

    with pytest.raises(Stuck):
        Stumbling().follow()
    assert heard(cast.group) == []
    assert heard(other) == said(other)
    broken.clear()
    Stumbling().follow()
    assert heard(cast.group) == said(cast.group)
    assert heard(other) == said(other)


def test_the_entries_to_look_at_are_named_once(cast: Cast) -> None:
    altered = ((2, "corrected"), (9, "corrected"), (2, "withdrawn"), (0, "erased"))
    news = News(cast.group, 5, 9, altered, 1, 5)
    assert news.seqs == [2, 6, 7, 8, 9]
    assert news.erased
    assert not News(cast.group, 5, 9, altered[:3], 1, 4).erased


def test_one_at_a_time_follows_under_a_name(committed: Cast) -> None:
    execute("CREATE TABLE told (grp VARCHAR(32), seq BIGINT, what VARCHAR(20))", [])
    inside, over = threading.Event(), threading.Event()

    def hold() -> None:
        with alone("told") as ours:
            assert ours
            inside.set()
            over.wait(30)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert inside.wait(30)
        assert Told().follow() is None
        assert FromNow().follow() == 0  # another name is another follower
    finally:
        over.set()
        holder.join(30)
    assert Told().follow()
    assert heard(committed.group) == said(committed.group)


def test_several_at_once_do_everything_once(committed: Cast, at_once) -> None:
    execute("CREATE TABLE told (grp VARCHAR(32), seq BIGINT, what VARCHAR(20))", [])
    for number in range(10):
        post(committed, "nurse", f"報告{number}")
    results = at_once(*[Told().follow] * 4)
    assert not [one for one in results if isinstance(one, BaseException)]
    Told().follow()
    assert heard(committed.group) == said(committed.group)


class Dying(Told):
    """Dies like ``kill -9`` at a step of its work."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left, keeping = at, self.cursors
        self.cursors = self  # type: ignore[assignment]
        self._keeping = keeping

    def _step_of_life(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def note(self, group: UUID, seq: int, what: str) -> None:
        self._step_of_life()
        super().note(group, seq, what)

    def begin(self) -> None:
        self._keeping.begin()
        self._step_of_life()

    def behind(self, groups: Collection[UUID] | None) -> list:
        self._step_of_life()
        return self._keeping.behind(groups)

    def step(self) -> Iterator[None]:
        return self._keeping.step()

    def move(self, news: News) -> None:
        self._step_of_life()
        self._keeping.move(news)
        self._step_of_life()


def _die(at: int) -> bool:
    """Follow in a process that dies at a step; whether it was done before."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            Dying(at).follow()
            os._exit(0)
        except BaseException:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or status == 0
    return status == 0


def test_whenever_it_is_killed_nothing_is_lost_and_nothing_done_twice(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renkei.communication.following.AT_ONCE", 4)
    execute("CREATE TABLE told (grp VARCHAR(32), seq BIGINT, what VARCHAR(20))", [])
    at, done, more = 0, False, 6
    while not done:
        at += 1
        if more:
            more -= 1
            message = post(committed, "nurse", f"報告{more}")
            if more % 2:
                correct_communication(committed["nurse"], message, text="訂正", version=1)
        done = _die(at)
        now = heard(committed.group)
        assert len(now) == len(set(now))  # each message was corrected at most once
    assert at > 10  # it had many occasions to die
    assert heard(committed.group) == said(committed.group)
