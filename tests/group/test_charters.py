"""How a group is used: written by a manager, read by each, in editions (A11.8, A16.e)."""

from typing import Any

import pytest

from renkei.communication.models import Communication
from renkei.communication.reading import read_timeline
from renkei.group.archiving import archive_group
from renkei.group.charters import (
    default_text,
    read_charter,
    see_charter,
    see_charter_desk,
    standing_permission,
    write_charter,
)
from renkei.group.home import see_home
from renkei.group.models import Charter, CharterReading
from renkei.kernel.errors import Problem, Refused
from renkei.kernel.vault import destroy
from renkei.patient.services import withdraw_consent
from tests.cast import Cast, group_about

TEXT = "報告はその日のうちに。急ぎは電話で。"


def write(cast: Cast, name: str = "manager", number: int = 0, **facts: Any) -> Charter:
    given = {"text": TEXT, "reuse": ["record", "explaining"], "number": number} | facts
    return write_charter(cast[name], cast.group, **given)


def waits(cast: Cast, name: str) -> bool:
    return any(one.kind == "charter" for one in see_home(cast[name], None).tasks)


@pytest.mark.clause("A11.8", "A16.e")
def test_it_is_pinned_for_every_member_and_folds_once_read(cast: Cast) -> None:
    assert read_timeline(cast["nurse"], cast.group).charter is None
    charter = write(cast)
    pinned = read_timeline(cast["nurse"], cast.group).charter
    assert pinned is not None
    assert (pinned.text, pinned.reuse, pinned.read) == (TEXT, ["record", "explaining"], False)
    assert waits(cast, "nurse")
    assert not waits(cast, "manager")  # who wrote it has read it
    read_charter(cast["nurse"], cast.group, charter=charter.id)
    pinned = read_timeline(cast["nurse"], cast.group).charter
    assert pinned is not None and pinned.read
    assert not waits(cast, "nurse")
    assert Communication.objects.get(group=cast.group, event="charter").sender_id == cast.account(
        "manager"
    )


@pytest.mark.clause("A11.8")
def test_who_has_read_it_and_who_not_is_seen_in_the_group(cast: Cast) -> None:
    charter = write(cast)
    read_charter(cast["nurse"], cast.group, charter=charter.id)
    read_charter(cast["nurse"], cast.group, charter=charter.id)  # twice is once
    page = see_charter(cast["physician"], cast.group)
    assert {one.account for one, _ in page.read} == {cast.account("manager"), cast.account("nurse")}
    assert [one.account for one in page.unread] == [cast.account("physician")]


@pytest.mark.clause("A11.8")
def test_a_new_edition_is_read_anew_and_the_one_before_stays(cast: Cast) -> None:
    first = write(cast)
    read_charter(cast["nurse"], cast.group, charter=first.id)
    second = write(cast, number=1, text="写真は三枚まで。", reuse=[])
    assert waits(cast, "nurse")
    with pytest.raises(Problem):  # one agrees to what one has read
        read_charter(cast["physician"], cast.group, charter=first.id)
    read_charter(cast["nurse"], cast.group, charter=second.id)
    page = see_charter(cast["nurse"], cast.group)
    assert page.current is not None and page.current.number == 2
    assert [(one.number, one.text) for one in page.before] == [(1, TEXT)]


@pytest.mark.clause("A11.8")
def test_of_two_who_write_at_once_the_later_one_looks_first(cast: Cast) -> None:
    write(cast)
    with pytest.raises(Problem, match="meanwhile"):
        write(cast, "physician", number=0, text="別の取決め")
    with pytest.raises(Problem, match="Nothing"):
        write(cast, number=1)
    assert Charter.objects.filter(group=cast.group).count() == 1


@pytest.mark.clause("A11.8", "A16.e")
@pytest.mark.parametrize(
    "name", ["nurse", "former", "stranger", "administrator_same", "administrator_other", "operator"]
)
def test_nobody_but_a_manager_writes_it(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        write(cast, name)
    with pytest.raises(Refused):
        see_charter_desk(cast[name], cast.group)


@pytest.mark.clause("A11.8", "A16.e")
@pytest.mark.parametrize("name", ["former", "stranger", "administrator_same", "operator"])
def test_nobody_else_sees_or_ticks_it(cast: Cast, name: str) -> None:
    charter = write(cast)
    with pytest.raises(Refused):
        see_charter(cast[name], cast.group)
    with pytest.raises(Refused):
        read_charter(cast[name], cast.group, charter=charter.id)
    assert CharterReading.objects.filter(charter=charter).count() == 1


@pytest.mark.clause("A11.8")
def test_the_charter_of_another_group_is_not_ticked_here(cast: Cast) -> None:
    _, other = group_about(cast, "station", {"manager": True})
    elsewhere = write_charter(cast["manager"], other, text="別", reuse=[], number=0)
    write(cast)
    with pytest.raises(Problem):
        read_charter(cast["nurse"], cast.group, charter=elsewhere.id)
    assert not CharterReading.objects.filter(account=cast.account("nurse")).exists()


@pytest.mark.clause("A16.e")
def test_it_permits_reuse_only_of_what_those_write_who_have_read_it(cast: Cast) -> None:
    nurse = cast.account("nurse")
    assert standing_permission(cast.group, nurse) == frozenset()
    charter = write(cast)
    assert standing_permission(cast.group, nurse) == frozenset()
    read_charter(cast["nurse"], cast.group, charter=charter.id)
    assert standing_permission(cast.group, nurse) == {"record", "explaining"}
    write(cast, number=1, reuse=["colleagues"])
    assert standing_permission(cast.group, nurse) == frozenset()
    assert standing_permission(cast.group, cast.account("manager")) == {"colleagues"}


@pytest.mark.clause("A16.e")
@pytest.mark.parametrize("reuse", [["study"], ["record", "everything"]])
def test_no_other_reuse_can_be_agreed(cast: Cast, reuse: list[str]) -> None:
    with pytest.raises(Problem):
        write(cast, reuse=reuse)


@pytest.mark.clause("A11.8")
@pytest.mark.parametrize("text", ["", " \n ", "あ" * 4001])
def test_it_says_something_and_not_too_much(cast: Cast, text: str) -> None:
    with pytest.raises(Problem):
        write(cast, text=text)


@pytest.mark.clause("A11.8")
def test_in_the_archive_and_without_consent_nobody_writes_or_ticks(cast: Cast) -> None:
    charter = write(cast)
    archive_group(cast["manager"], cast.group)
    with pytest.raises(Refused):
        write(cast, number=1, text="新しい")
    with pytest.raises(Refused):
        read_charter(cast["nurse"], cast.group, charter=charter.id)
    assert see_charter(cast["nurse"], cast.group).current is not None  # reading stays


@pytest.mark.clause("A11.8")
def test_without_consent_it_is_hidden_from_other_organizations(cast: Cast) -> None:
    write(cast)
    withdraw_consent(
        cast["administrator_same"],
        cast.patient,
        reason="",
        withdrawn_on=Charter.objects.get().written_at.date(),
    )
    with pytest.raises(Refused):
        see_charter(cast["nurse"], cast.group)


def test_where_the_key_is_destroyed_it_says_so(cast: Cast) -> None:
    charter = write(cast)
    destroy([charter.key_id])
    pinned = see_charter(cast["manager"], cast.group).current
    assert pinned is not None and TEXT not in pinned.text


@pytest.mark.clause("A11.8")
def test_one_begins_with_the_default_wording_for_the_kind(cast: Cast) -> None:
    desk = see_charter_desk(cast["manager"], cast.group)
    assert desk.text == default_text("patient") and "二次利用" in desk.text
    assert all(default_text(kind) for kind in ("family", "free"))
    assert default_text("direct") == ""
