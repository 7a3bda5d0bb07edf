"""What is new since one was here stands by profession, what matters first, and on record."""

from uuid import uuid4

import pytest

from renkei.audit import trail
from renkei.communication.models import Reading
from renkei.communication.reading import read_timeline
from renkei.communication.services import send_communication
from renkei.communication.since import see_since
from renkei.kernel.errors import Refused
from tests.cast import Cast, post

pytestmark = pytest.mark.clause("N3.11")


def test_it_stands_by_profession_with_what_matters_first(cast: Cast) -> None:
    after = read_timeline(cast["manager"], cast.group).last_seq
    post(cast, "nurse", "夜はよく眠れました")
    post(cast, "physician", "診察しました")
    send_communication(
        cast["physician"], cast.group, text="利尿薬を増やしました", importance="important",
        key=uuid4(), confirmed=True,
    )  # fmt: skip
    post(cast, "manager", "自分のもの")
    overview = see_since(cast["manager"], cast.group, after=after)
    assert overview.count == 3
    assert [
        (part.profession, ["".join(p.text for p in hit.pieces) for hit in part.hits])
        for part in overview.parts
    ] == [
        ("医師", ["利尿薬を増やしました", "診察しました"]), ("看護師", ["夜はよく眠れました"]),
    ]  # fmt: skip
    assert overview.parts[0].matters == 1


def test_what_of_it_was_shown_is_on_record_and_what_was_cut_is_not_yet_read(cast: Cast) -> None:
    after = read_timeline(cast["manager"], cast.group).last_seq
    post(cast, "nurse", "短い")
    post(cast, "nurse", "長い" * 200)
    see_since(cast["manager"], cast.group, after=after)
    line = trail.history(f"account:{cast.account('manager').hex}")[-1]
    assert line.action == "since.see" and str(after + 1) in line.detail
    read = Reading.objects.filter(member=cast.members["manager"], first_seq__gt=after)
    assert [(one.first_seq, one.last_seq) for one in read] == [(after + 1, after + 1)]
    before = len(trail.history(f"account:{cast.account('manager').hex}"))
    page = read_timeline(cast["manager"], cast.group)
    assert page.first_unread == after + 1  # the cursor has not moved
    assert len(trail.history(f"account:{cast.account('manager').hex}")) == before + 1


def test_nobody_looks_in_from_outside(cast: Cast) -> None:
    for name in ("former", "stranger", "administrator_same", "family"):
        with pytest.raises(Refused):
            see_since(cast[name], cast.group, after=0)
