"""What is said: once, confirmed, corrected in the open, taken back with a reason."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from renkei.communication.message import see_receipts, see_versions
from renkei.communication.models import Acknowledgement, Communication, Draft, Version
from renkei.communication.reading import read_timeline
from renkei.communication.services import (
    correct_communication,
    save_draft,
    send_communication,
    understand_communication,
    withdraw_communication,
)
from renkei.group.models import Group
from renkei.group.services import leave_group
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.kernel.japanese import MESSAGE_MAX
from tests.cast import Cast, group_about, post


def send(cast: Cast, text: str, name: str = "nurse", **facts: Any) -> Any:
    facts = {"key": uuid4(), "confirmed": True} | facts
    return send_communication(cast[name], cast.group, text=text, **facts)


def last_text(cast: Cast) -> str:
    return read_timeline(cast["manager"], cast.group).entries[-1].text


@pytest.mark.clause("N3.8")
def test_nothing_is_sent_before_it_is_confirmed(cast: Cast) -> None:
    before = Communication.objects.count()
    with pytest.raises(Problem, match="who will read this"):
        send(cast, "まだ確かめていません", confirmed=False)
    assert Communication.objects.count() == before


@pytest.mark.clause("N3.8")
def test_who_confirmed_and_when_is_kept(cast: Cast) -> None:
    from renkei.audit import trail

    posted = send(cast, "確かめました")
    line = trail.history(f"group:{cast.group.hex}")[-1]
    assert '"confirmed":true' in line.detail
    assert line.actor == cast.account("nurse")
    assert line.at == Communication.objects.get(pk=posted.id).posted_at


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u202e\u200f", "\x00\x07"])
def test_an_empty_message_is_not_sent(cast: Cast, text: str) -> None:
    with pytest.raises(Problem, match="write something first") as problem:
        send(cast, text)
    assert problem.value.field == "text"


def test_ten_thousand_characters_are_sent_and_one_more_is_not(cast: Cast) -> None:
    send(cast, "あ" * MESSAGE_MAX)
    assert last_text(cast) == "あ" * 10_000
    with pytest.raises(Problem, match="Too long") as problem:
        send(cast, "𠮷" * 10_001)
    assert problem.value.values == {"n": 10_001, "most": "10,000"}
    with pytest.raises(Problem):
        correct_communication(cast["nurse"], cast.message, text="あ" * 10_001, version=1)


@pytest.mark.parametrize(
    "typed, kept",
    [
        ("a\x00b\x07c\x1b", "abc"),
        ("一\r\n二\r三\tq", "一\n二\n三\tq"),
        ("\u202e逆から\u2066 x\u2069", "逆から x"),
        ("半分\ud83d", "半分"),
        ("🇯🇵", "🇯🇵"),
        ("👨‍👩‍👧‍👦 と 👍🏽", "👨‍👩‍👧‍👦 と 👍🏽"),
        ("葛\U000e0100飾区", "葛\U000e0100飾区"),
    ],
)
def test_what_misleads_goes_and_what_one_meant_stays(cast: Cast, typed: str, kept: str) -> None:
    send(cast, typed)
    assert last_text(cast) == kept


def test_posting_twice_with_one_key_posts_once(cast: Cast) -> None:
    key = uuid4()
    first, second = send(cast, "一度だけ", key=key), send(cast, "一度だけ", key=key)
    assert (second.id, second.seq, second.again) == (first.id, first.seq, True)
    assert Communication.objects.filter(idempotency_key=key).count() == 1
    other = send(cast, "別の人", "manager", key=key)
    assert not other.again


@pytest.mark.clause("N3.9")
def test_posting_to_a_group_left_a_second_ago_is_refused(cast: Cast) -> None:
    leave_group(cast["nurse"], cast.group, reason="担当を外れました")
    before = Communication.objects.count()
    with pytest.raises(Refused):
        send(cast, "追記です")
    assert Communication.objects.count() == before


def test_numbers_of_entries_have_no_gaps(cast: Cast) -> None:
    for _ in range(5):
        send(cast, "次")
    found = Communication.objects.filter(group=cast.group).order_by("seq")
    assert list(found.values_list("seq", flat=True)) == list(range(1, found.count() + 1))
    assert Group.objects.get(pk=cast.group).last_seq == found.count()
    with pytest.raises(IntegrityError), transaction.atomic():
        found.filter(seq=1).update(seq=2)


def test_an_answer_hangs_under_what_it_answers_one_level_deep(cast: Cast) -> None:
    first = send(cast, "どうしましょう")
    answer = send(cast, "様子を見ます", reply_to=first.seq)
    deeper = send(cast, "はい", reply_to=answer.seq)
    assert Communication.objects.get(pk=deeper.id).reply_to == first.seq
    with pytest.raises(Problem, match="not there any more"):
        send(cast, "何への返事", reply_to=999)


# ── Correcting and taking back ───────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.8")
@pytest.mark.parametrize(
    "name", ["manager", "physician", "administrator_same", "stranger", "operator"]
)
def test_nobody_corrects_or_takes_back_what_another_said(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        correct_communication(cast[name], cast.message, text="書き換え", version=1)
    with pytest.raises(Refused):
        withdraw_communication(cast[name], cast.message, reason="消したい")
    assert last_text(cast).startswith("朝の血圧")


@pytest.mark.clause("N3.8")
def test_a_correction_keeps_the_earlier_wording(cast: Cast) -> None:
    assert correct_communication(cast["nurse"], cast.message, text="120/70でした。", version=1) == 2
    assert correct_communication(cast["nurse"], cast.message, text="121/71でした。", version=2) == 3
    wordings = see_versions(cast["manager"], cast.message)
    assert [one.text for one in wordings] == [
        "朝の血圧は130/80でした。", "120/70でした。", "121/71でした。",
    ]  # fmt: skip


def test_of_two_corrections_at_once_the_second_is_told(cast: Cast) -> None:
    correct_communication(cast["nurse"], cast.message, text="一台目から", version=1)
    with pytest.raises(Problem, match="just now"):
        correct_communication(cast["nurse"], cast.message, text="二台目から", version=1)
    assert last_text(cast) == "一台目から"
    assert Version.objects.filter(communication=cast.message).count() == 1


@pytest.mark.clause("N3.8")
def test_taking_back_takes_a_reason_and_hides_the_text(cast: Cast) -> None:
    with pytest.raises(Problem, match="reason"):
        withdraw_communication(cast["nurse"], cast.message, reason="\n")
    withdraw_communication(cast["nurse"], cast.message, reason="別の方のことでした")
    entry = read_timeline(cast["manager"], cast.group).entries[-1]
    assert (entry.text, entry.withdrawal_reason) == ("", "別の方のことでした")
    assert entry.withdrawn_at is not None
    with pytest.raises(Unknown):
        see_versions(cast["manager"], cast.message)
    for action in (
        lambda: correct_communication(cast["nurse"], cast.message, text="やはり", version=1),
        lambda: withdraw_communication(cast["nurse"], cast.message, reason="二度"),
        lambda: understand_communication(cast["manager"], cast.message),
    ):
        with pytest.raises(Refused):
            action()


def test_understanding_twice_is_understanding_once(cast: Cast) -> None:
    understand_communication(cast["manager"], cast.message)
    understand_communication(cast["manager"], cast.message)
    assert Acknowledgement.objects.count() == 1
    (face,) = read_timeline(cast["nurse"], cast.group).entries[-1].understood
    assert face.account == cast.account("manager")


def test_an_event_is_no_message_to_correct(cast: Cast) -> None:
    event = Communication.objects.get(group=cast.group, event="left")
    with pytest.raises(Refused):
        correct_communication(cast["former"], event.id, text="残ります", version=1)
    with pytest.raises(Refused):
        understand_communication(cast["manager"], event.id)


# ── Drafts ───────────────────────────────────────────────────────────────────────────────────────


def test_a_draft_is_kept_for_oneself_until_it_is_sent(cast: Cast) -> None:
    save_draft(cast["nurse"], cast.group, text="書きかけ", kind="consult", importance="urgent")
    draft = read_timeline(cast["nurse"], cast.group).draft
    assert draft is not None
    assert (draft.text, draft.kind, draft.importance) == ("書きかけ", "consult", "urgent")
    assert read_timeline(cast["manager"], cast.group).draft is None
    send(cast, "書きあげた")
    assert not Draft.objects.exists()


def test_a_draft_outlives_the_session(cast: Cast) -> None:
    from renkei.people.models import Account, Session
    from tests.cast import person

    save_draft(cast["nurse"], cast.group, text="途中で切れました")
    Session.objects.filter(account=cast.account("nurse")).delete()
    again = person("nurse", Account.objects.get(pk=cast.account("nurse"))).actor
    draft = read_timeline(again, cast.group).draft
    assert draft is not None
    assert draft.text == "途中で切れました"


@pytest.mark.parametrize("text", ["\ud83d 半分", "あ" * 20_000, "\u202e逆"])
def test_a_draft_takes_what_is_typed(cast: Cast, text: str) -> None:
    save_draft(cast["nurse"], cast.group, text=text)
    assert Draft.objects.count() == 1


def test_a_draft_that_could_never_be_a_message_is_not_kept(cast: Cast) -> None:
    with pytest.raises(Problem, match="Too long"):
        save_draft(cast["nurse"], cast.group, text="あ" * 20_001)
    save_draft(cast["nurse"], cast.group, text="消すつもり")
    save_draft(cast["nurse"], cast.group, text="  ")
    assert not Draft.objects.exists()


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


def test_reading_is_recorded_once_per_new_range(cast: Cast) -> None:
    from renkei.audit import trail

    stream = f"account:{cast.account('nurse').hex}"

    def readings() -> list[list[list[int]]]:
        lines = [line for line in trail.history(stream) if line.action == "group.see"]
        return [json.loads(line.detail)["read"] for line in lines]

    for _ in range(3):
        send(cast, "知らせ", "manager")
    last = Group.objects.get(pk=cast.group).last_seq
    read_timeline(cast["nurse"], cast.group)
    read_timeline(cast["nurse"], cast.group)
    assert readings() == [[[1, last]]]
    send(cast, "また", "manager")
    read_timeline(cast["nurse"], cast.group)
    assert readings()[1:] == [[[last + 1, last + 1]]]


def test_receipts_say_who_has_read_and_who_has_not(cast: Cast) -> None:
    posted = send(cast, "読みましたか", "manager").id
    read_timeline(cast["nurse"], cast.group)
    read, unread = see_receipts(cast["manager"], posted)
    assert {one.face.account for one in read} == {cast.account("manager"), cast.account("nurse")}
    assert [one.face.account for one in unread] == [cast.account("physician")]
    assert [one.read_at is not None for one in read].count(True) == 1


@pytest.mark.parametrize(
    "where", [{"after": 10_000}, {"before": 1}, {"before": -5}, {"before": 10_000}, {"after": -9}]
)
def test_a_page_beyond_the_log_marks_nothing_as_read_that_was_not_shown(
    cast: Cast, where: Any
) -> None:
    for _ in range(70):
        send(cast, "次々に", "manager")
    page = read_timeline(cast["physician"], cast.group, **where)
    shown = {entry.seq for entry in page.entries}
    _, unread = see_receipts(
        cast["manager"], Communication.objects.get(group=cast.group, seq=60).id
    )
    read_to = read_timeline(cast["physician"], cast.group, before=1).head.read_seq
    assert read_to == 0 or read_to in shown
    assert (cast.account("physician") in {one.face.account for one in unread}) is (60 not in shown)


@pytest.mark.parametrize("first, last", [(0, 3), (-7, 3), (1, 10_000), (9, 2)])
def test_a_browser_cannot_say_to_have_read_what_is_not_there(
    cast: Cast, first: int, last: int
) -> None:
    from renkei.communication.models import Reading
    from renkei.communication.reading import record_reading

    end = Group.objects.get(pk=cast.group).last_seq
    record_reading(cast["physician"], cast.group, first, last)
    for reading in Reading.objects.all():
        assert 1 <= reading.first_seq <= reading.last_seq <= end


def test_the_cursor_does_not_jump_over_what_was_not_read(cast: Cast) -> None:
    from renkei.communication.reading import record_reading

    for _ in range(10):
        send(cast, "次", "manager")
    assert record_reading(cast["physician"], cast.group, 8, 10) == 0
    assert record_reading(cast["physician"], cast.group, 1, 7) == 7
    assert record_reading(cast["physician"], cast.group, 8, 12) == 12


def test_a_page_opens_at_the_first_unread_entry(cast: Cast) -> None:
    for _ in range(100):
        send(cast, "次", "manager")
    page = read_timeline(cast["nurse"], cast.group)
    assert (page.first_seq, page.last_seq, page.first_unread, page.has_newer) == (1, 50, 1, True)
    page = read_timeline(cast["nurse"], cast.group)
    assert (page.first_unread, page.first_seq) == (51, 41)


def test_messages_of_one_group_never_stand_in_another(cast: Cast) -> None:
    _, other = group_about(cast, "station", {"manager": True, "nurse": False})
    post(cast, "nurse", "別の患者のこと", group=other)
    texts = [entry.text for entry in read_timeline(cast["physician"], cast.group).entries]
    assert "別の患者のこと" not in texts
    with pytest.raises(Refused):
        read_timeline(cast["physician"], other)
