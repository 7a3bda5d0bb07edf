"""Bookmarks are one's own, pins are the team's; nothing that was taken back bears one."""

import pytest

from renkei.audit import trail
from renkei.communication.marks import (
    bookmark_communication,
    pin_communication,
    see_bookmarks,
    see_pins,
    unbookmark_communication,
    unpin_communication,
)
from renkei.communication.message import see_message
from renkei.communication.models import Bookmark, Communication, Pin
from renkei.communication.reading import read_timeline
from renkei.communication.services import withdraw_communication
from renkei.group.services import close_group, leave_group
from renkei.kernel.errors import Refused
from tests.cast import Cast, post


def bookmarked(cast: Cast, name: str) -> list[str]:
    _, marked = see_bookmarks(cast[name])
    return ["".join(piece.text for piece in one.hit.pieces) for one in marked]


def pinned(cast: Cast, name: str) -> list[tuple[str, str]]:
    return [(str(one.hit.id), one.by) for one in see_pins(cast[name], cast.group).pins]


def test_a_bookmark_is_ones_own(cast: Cast) -> None:
    message = post(cast, "nurse", "次回の訪問で確かめる")
    bookmark_communication(cast["manager"], message)
    bookmark_communication(cast["manager"], message)
    assert bookmarked(cast, "manager") == ["次回の訪問で確かめる"]
    assert bookmarked(cast, "nurse") == []
    assert see_message(cast["manager"], message).kept
    assert not see_message(cast["nurse"], message).kept
    seq = Communication.objects.get(pk=message).seq
    assert read_timeline(cast["manager"], cast.group).marks.kept == {seq}
    assert not read_timeline(cast["nurse"], cast.group).marks.kept
    unbookmark_communication(cast["nurse"], message)  # takes nobody else's away
    assert bookmarked(cast, "manager") == ["次回の訪問で確かめる"]
    unbookmark_communication(cast["manager"], message)
    assert bookmarked(cast, "manager") == []


def test_nobody_else_learns_of_a_bookmark(cast: Cast) -> None:
    before = len(trail.history(f"group:{cast.group.hex}"))
    bookmark_communication(cast["manager"], cast.message)
    assert len(trail.history(f"group:{cast.group.hex}")) == before
    line = trail.history(f"account:{cast.account('manager').hex}")[-1]
    assert line.action == "communication.bookmark"
    assert '"kept":true' in line.detail


def test_a_pin_is_the_teams_and_says_who_pinned(cast: Cast) -> None:
    pin_communication(cast["physician"], cast.message)
    pin_communication(cast["nurse"], cast.message)  # it is pinned already
    for name in ("manager", "nurse", "physician"):
        assert pinned(cast, name) == [(str(cast.message), "physician さん")]
        assert read_timeline(cast[name], cast.group).marks.pins == 1
    assert see_message(cast["nurse"], cast.message).pinned == "physician さん"
    line = trail.history(f"group:{cast.group.hex}")[-1]
    assert (line.action, line.actor) == ("communication.pin", cast.account("physician"))
    unpin_communication(cast["nurse"], cast.message)
    assert pinned(cast, "manager") == []
    assert '"pinned":false' in trail.history(f"group:{cast.group.hex}")[-1].detail


@pytest.mark.parametrize("name", ["former", "administrator_same", "stranger", "operator"])
def test_who_is_not_in_the_group_marks_and_sees_nothing(cast: Cast, name: str) -> None:
    pin_communication(cast["manager"], cast.message)
    for attempt in (
        lambda: unpin_communication(cast[name], cast.message),
        lambda: bookmark_communication(cast[name], cast.message),
        lambda: see_pins(cast[name], cast.group),
    ):
        with pytest.raises(Refused):
            attempt()
    assert Pin.objects.count() == 1
    assert not Bookmark.objects.exists()


def test_who_left_finds_no_bookmark_of_the_group_any_more(cast: Cast) -> None:
    bookmark_communication(cast["physician"], cast.message)
    assert len(bookmarked(cast, "physician")) == 1
    leave_group(cast["physician"], cast.group, reason="担当を外れます")
    assert bookmarked(cast, "physician") == []


def test_in_an_ended_group_one_bookmarks_but_pins_nothing(cast: Cast) -> None:
    close_group(cast["manager"], cast.group, reason="施設に移られました")
    bookmark_communication(cast["nurse"], cast.message)
    assert len(bookmarked(cast, "nurse")) == 1
    with pytest.raises(Refused):
        pin_communication(cast["nurse"], cast.message)


def test_what_was_taken_back_bears_no_mark(cast: Cast) -> None:
    pin_communication(cast["manager"], cast.message)
    bookmark_communication(cast["manager"], cast.message)
    withdraw_communication(cast["nurse"], cast.message, reason="別の方でした")
    assert pinned(cast, "manager") == []
    assert bookmarked(cast, "manager") == []
    marks = read_timeline(cast["manager"], cast.group).marks
    assert not marks.pinned and not marks.kept and not marks.pins
    with pytest.raises(Refused):
        unpin_communication(cast["manager"], cast.message)


def test_what_a_page_of_marks_shows_for_the_first_time_is_on_record(cast: Cast) -> None:
    message = Communication.objects.get(pk=post(cast, "nurse", "まだ読まれていない"))
    pin_communication(cast["nurse"], message.id)
    see_pins(cast["physician"], cast.group)
    line = trail.history(f"account:{cast.account('physician').hex}")[-1]
    assert line.action == "pins.see"
    assert f'"found":[["{cast.group.hex}",{message.seq}]]' in line.detail
    see_pins(cast["physician"], cast.group)
    assert trail.history(f"account:{cast.account('physician').hex}")[-1] == line
