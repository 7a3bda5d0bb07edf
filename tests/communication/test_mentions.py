"""Who is meant by a message is settled when it is posted, and never is somebody outside."""

from uuid import UUID, uuid4

import pytest
from django.db import connection

from renkei.audit import trail
from renkei.communication import proof
from renkei.communication.addressed import see_addressed
from renkei.communication.mentions import Person, roles_of
from renkei.communication.message import see_message
from renkei.communication.models import Communication, Mention
from renkei.communication.reading import read_timeline
from renkei.communication.selectors import mentioned
from renkei.communication.services import (
    correct_communication,
    save_draft,
    send_communication,
    withdraw_communication,
)
from renkei.communication.whom import see_whom
from renkei.group.home import see_home
from renkei.group.services import leave_group
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.notification.waking import said_in
from tests.cast import Cast, group_of_kind, post

pytestmark = pytest.mark.clause("N3.8")


def say(cast: Cast, name: str, *mentions: str, text: str = "見てください", **more: object) -> UUID:
    group = more.pop("group", cast.group)
    return send_communication(
        cast[name], group, text=text, mentions=mentions, key=uuid4(), confirmed=True, **more
    ).id  # fmt: skip


def meant(message: UUID) -> list[tuple[str, UUID | None]]:
    found = Mention.objects.filter(communication=message).order_by("number")
    return [(one.what, one.account_id) for one in found]


@pytest.mark.once
def test_a_role_means_who_is_called_so_and_else_whose_work_it_is() -> None:
    first, second, nurse, daughter = (uuid7() for _ in range(4))
    team = [
        Person(first, "医師", "主治医", ""),
        Person(second, "医師", "皮膚科", ""),
        Person(nurse, "看護師", "", ""),
        Person(daughter, "", "", "relative"),
    ]
    roles = roles_of(team)
    assert roles["主治医"] == [first] and roles["訪問看護"] == [nurse]
    assert roles["ご家族"] == [daughter] and roles["皮膚科"] == [second]
    assert "ケアマネ" not in roles
    assert roles_of(team[1:])["主治医"] == [second]


def test_whom_a_role_means_is_settled_when_it_is_posted(cast: Cast) -> None:
    message = say(cast, "nurse", "role:主治医", cast.account("manager").hex)
    assert meant(message) == [
        ("role", cast.account("physician")), ("person", cast.account("manager")),
    ]  # fmt: skip
    leave_group(cast["physician"], cast.group, reason="担当が替わりました")
    assert meant(message)[0] == ("role", cast.account("physician"))
    with pytest.raises(Problem):  # nobody has that role any more
        say(cast, "nurse", "role:主治医")
    named = see_message(cast["manager"], message).entry.meant
    assert [(one.word, one.faces[0].name) for one in named] == [
        ("主治医", "physician さん"), ("", "manager さん"),
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["stranger", "former", "administrator_same", "self"])
def test_nobody_outside_the_group_is_meant_nor_oneself(cast: Cast, who: str) -> None:
    before = Communication.objects.count()
    token = cast.account("nurse" if who == "self" else who).hex
    with pytest.raises(Problem):
        say(cast, "nurse", token)
    with pytest.raises(Problem):
        say(cast, "nurse", "role:" + token)
    assert Communication.objects.count() == before
    assert token not in {one.token for one in see_whom(cast["nurse"], cast.group).offers}


@pytest.mark.clause("A11.5")
def test_a_relative_means_those_of_the_family_group_alone(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "family", {"manager": True, "family": False})
    offered = {one.token for one in see_whom(cast["family"], group).offers}
    assert cast.account("manager").hex in offered and cast.account("nurse").hex not in offered
    with pytest.raises(Problem):
        say(cast, "family", cast.account("nurse").hex, group=group)
    message = say(cast, "manager", "role:ご家族", group=group)
    assert meant(message) == [("role", cast.account("family"))]
    _, mine = see_addressed(cast["family"])
    assert [one.hit.id for one in mine] == [message]


def test_what_means_me_is_marked_on_home_and_in_a_list_until_it_is_taken_back(cast: Cast) -> None:
    mine = say(cast, "nurse", cast.account("manager").hex)
    everybody = say(cast, "nurse", "all", text="みなさんへ")
    post(cast, "nurse", "だれあてでもない")
    assert see_home(cast["manager"], None).meant == {cast.group: 2}
    assert see_home(cast["nurse"], None).meant == {}
    assert Mention.objects.count() == 2  # an ordinary post writes nothing for anybody
    _, found = see_addressed(cast["manager"])
    assert [(one.hit.id, one.unread, one.everybody) for one in found] == [
        (everybody, True, True), (mine, True, False),
    ]  # fmt: skip
    seqs = [Communication.objects.get(pk=one).seq for one in (mine, everybody)]
    assert mentioned(cast.group, *seqs) == {seqs[0]: {cast.account("manager")}, seqs[1]: {None}}
    said = said_in(cast.group, seqs[0] - 1, seqs[1])  # and notifications know of it
    assert [one.names for one in said] == [{cast.account("manager")}, {None}]
    read_timeline(cast["manager"], cast.group)
    assert see_home(cast["manager"], None).meant == {}
    withdraw_communication(cast["nurse"], mine, reason="誤り")
    assert [one.hit.id for one in see_addressed(cast["manager"])[1]] == [everybody]
    assert see_addressed(cast["former"])[1] == []  # has left: nothing of it any more


def test_a_correction_means_others_and_keeps_who_was_meant(cast: Cast) -> None:
    manager, physician = cast.account("manager").hex, cast.account("physician").hex
    message = say(cast, "nurse", manager)
    version = correct_communication(
        cast["nurse"], message, text="見てください", version=1, mentions=(manager, physician)
    )
    assert version == 2 and [str(who.hex) for _, who in meant(message)] == [manager, physician]
    leave_group(cast["physician"], cast.group, reason="担当が替わりました")
    text = "やはり見てください"
    correct_communication(
        cast["nurse"], message, text=text, version=2, mentions=(manager, physician)
    )  # who has left stays meant by what was said to them
    correct_communication(cast["nurse"], message, text=text, version=3, mentions=())
    assert meant(message) == [] and Communication.objects.get(pk=message).meant == 0
    assert proof.verify()[1] == []


def test_the_line_says_who_was_meant_by_ids_alone_and_the_proof_holds_it(cast: Cast) -> None:
    message = say(cast, "nurse", "role:主治医", "all")
    line = trail.history(f"group:{cast.group.hex}")[-1]
    assert cast.account("physician").hex in line.detail and "主治医" not in line.detail
    assert proof.verify()[1] == []
    with connection.cursor() as cursor:
        for change, back in (
            ("account_id = %s", "account_id = %s"), ("number = number + 5", "number = number - 5"),
        ):  # fmt: skip
            other, first = cast.account("manager").hex, cast.account("physician").hex
            where = " WHERE what = 'role'"
            cursor.execute(
                f"UPDATE communication_mention SET {change}{where}",
                [other] if "%s" in change else [],
            )
            assert [one.why for one in proof.verify()[1]] == [proof.NAMED]
            cursor.execute(
                f"UPDATE communication_mention SET {back}{where}", [first] if "%s" in back else []
            )
        cursor.execute("DELETE FROM communication_mention WHERE what = 'all'")
    assert [one.why for one in proof.verify()[1]] == [proof.NAMED]
    assert str(message) in {str(one.pk) for one in Communication.objects.filter(meant=2)}


def test_the_draft_keeps_who_is_meant_and_what_stands_in_a_form(cast: Cast) -> None:
    save_draft(
        cast["nurse"], cast.group, text="", mentions=("all",), template="visit-nurse",
        values={"change": "発赤あり"},
    )  # fmt: skip
    draft = read_timeline(cast["nurse"], cast.group).draft
    assert draft is not None
    assert (draft.mentions, draft.template) == (["all"], "visit-nurse")
    assert draft.values == {"change": "発赤あり"}
