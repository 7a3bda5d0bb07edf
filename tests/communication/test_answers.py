"""What is found in a draft is held back, asked or answered at the server, whoever sends it how."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID, uuid4

import pytest

from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.communication import holding
from renkei.communication.answering import answer_consent
from renkei.communication.answers import Answers
from renkei.communication.guard import writings
from renkei.communication.message import see_confirmation
from renkei.communication.models import Communication, Draft
from renkei.communication.moving_draft import add_to_draft
from renkei.communication.reading import read_timeline
from renkei.communication.services import (
    correct_communication,
    hide_communication,
    save_draft,
    send_communication,
)
from renkei.group import direct, free
from renkei.group.archiving import archive_group
from renkei.group.charters import write_charter
from renkei.group.models import Group
from renkei.group.network import open_network
from renkei.group.services import close_group, leave_group
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.patient.models import Patient
from renkei.patient.services import change_identity
from tests.cast import Cast, group_about, identity
from tests.communication import attached

MEANT = Answers(named="meant")
CALLED = Answers(phone="called", whom="森 主治医")
URGENT = "SpO2 82%、意識もうろうです"
OTHER = "佐藤一郎さんのお薬が混ざっていました"


def send(cast: Cast, text: str, name: str = "manager", **facts):
    group = facts.pop("group", cast.group)
    facts = {"key": uuid4(), "confirmed": True} | facts
    return send_communication(cast[name], group, text=text, **facts)


def newest(cast: Cast, group: UUID | None = None):
    return trail.history(f"group:{(group or cast.group).hex}")[-1]


def said(cast: Cast) -> str:
    return read_timeline(cast["manager"], cast.group).entries[-1].text


def group_of(cast: Cast, name: str, kana: str, *team: str, **facts: str) -> UUID:
    """A patient of the managing organization with a group in which these people are."""
    patient, group = group_about(cast, "station", {"manager": True, **dict.fromkeys(team, False)})
    change_identity(cast["administrator_same"], patient, identity=identity(name, kana, **facts))
    return group


@pytest.fixture
def other(cast: Cast) -> UUID:
    """A second patient of the manager's, with a group of their own."""
    known = {"birth_date": "1945-08-01", "phone": "0000-00-2046"}
    return group_of(cast, "佐藤 一郎", "さとう いちろう", **known)


def network(cast: Cast) -> UUID:
    return open_network(cast["operator"], None).id


@pytest.mark.clause("N3.3")
def test_another_patient_is_asked_about_and_the_answer_kept(cast: Cast, other: UUID) -> None:
    with pytest.raises(Problem) as asked:
        send(cast, OTHER)
    assert asked.value.field == "named"
    send(cast, OTHER, answers=MEANT)
    detail = json.loads(newest(cast).detail)
    assert (detail["named"], detail["found"]) == ("meant", "name:1")
    assert "佐藤" not in newest(cast).detail


@pytest.mark.clause("N3.3")
def test_the_groups_own_patient_is_not_asked_about(cast: Cast, other: UUID) -> None:
    own = Patient.objects.get(pk=cast.patient).identity
    send(cast, f"{own.name}さん、{own.birth_date}生、変わりありません")
    assert "named" not in newest(cast).detail
    with pytest.raises(Problem):
        send(cast, f"{own.name}さんの分も", group=other)


@pytest.mark.clause("N3.3")
def test_who_does_not_know_the_other_patient_learns_nothing_of_them(
    cast: Cast, other: UUID
) -> None:
    send(cast, OTHER, "nurse")  # of another organization, in this group alone
    shown = see_confirmation(cast["nurse"], cast.group, text=OTHER)
    assert not shown.checked.verdict.findings and not shown.checked.others


@pytest.mark.clause("A12.2")
@pytest.mark.parametrize(
    "text",
    [
        "佐藤 一郎さんの件",
        "さとういちろう様",
        "S20.8.1の方",
        "0000-00-2046へ",
        "昭和8年10月3日生の方",
    ],
)
def test_where_everybody_reads_a_patient_is_never_posted(
    cast: Cast, other: UUID, text: str
) -> None:
    place = network(cast)
    before = Communication.objects.count()
    for answers in (Answers(), MEANT, CALLED):
        with pytest.raises(Problem, match="cannot be sent here"):
            send(cast, text, group=place, answers=answers)
    assert Communication.objects.count() == before
    line = newest(cast, place)
    assert json.loads(line.detail)["held_back"] and line.outcome == "failed"
    assert text not in line.detail
    send(cast, "2026年12月24日に忘年会をします", group=place)


@pytest.mark.clause("A12.2")
def test_whom_one_called_names_no_patient_either(cast: Cast, other: UUID) -> None:
    place = network(cast)
    called = Answers(phone="called", whom="佐藤一郎さん 0000-00-2046")
    with pytest.raises(Problem, match="cannot be sent here"):
        send(cast, URGENT, group=place, answers=called)
    with pytest.raises(Problem) as asked:
        send(cast, URGENT, answers=called)
    assert asked.value.field == "named"
    send(cast, URGENT, group=place, answers=CALLED)


@pytest.mark.clause("A12.2")
def test_in_a_free_group_no_patient_is_named_and_events_and_colleagues_are(
    cast: Cast, other: UUID
) -> None:
    about = {"name": "食支援を学ぶ会", "purpose": "工夫を学びます。", "use": "月に一度。"}
    place = free.found_group(cast["manager"], None, **about, entry="open").id
    for text in ("佐藤一郎さんの食形態", "Sato Ichiro 様", "被保険者番号0099887766"):
        with pytest.raises(Problem, match="cannot be sent here"):
            send(cast, text, group=place, answers=MEANT)
    send(cast, "佐藤さん、2026年12月24日の会場をお願いします", group=place)


@pytest.mark.clause("A12.2")
def test_nor_beside_its_messages(cast: Cast, other: UUID) -> None:
    """What it is for, how it is used, wishes and reasons are read by everybody as well."""
    about = {"name": "食支援を学ぶ会", "purpose": "工夫を学びます。", "use": "月に一度。"}
    place = free.found_group(cast["manager"], None, **about, entry="request").id
    wish = free.ask_to_join(cast["nurse"], place, words="学びたいです", agreed=True)
    named = "佐藤一郎さんのことを話します"
    deeds: dict[str, Callable[[], object]] = {
        field: partial(free.found_group, cast["manager"], None, **{**about, field: named[:20]},
                       entry="open") for field in about
    }  # fmt: skip
    for field, deed in deeds.items():
        with pytest.raises(Problem, match="cannot stand in a free group") as refused:
            deed()
        assert (refused.value.field, refused.value.values) == (field, {"words": "佐藤一郎"})
    no = {"request": wish.id, "reason": named}
    for deed in (
        lambda: free.describe_group(cast["manager"], place, **about | {"use": named}, entry="open"),
        lambda: free.decline_request(cast["manager"], place, **no),
        lambda: write_charter(cast["manager"], place, text=named, reuse=(), number=0),
        lambda: archive_group(cast["manager"], place, reason=named),
        lambda: close_group(cast["manager"], place, reason=named),
        lambda: leave_group(cast["manager"], place, reason=named),
    ):  # fmt: skip
        with pytest.raises(Problem, match="cannot stand in a free group"):
            deed()
    line = AuditEvent.objects.filter(outcome="failed").latest("id")
    assert json.loads(line.detail)["found"] == "name:1" and "佐藤" not in line.detail
    assert free.accept_request(cast["manager"], place, request=wish.id)
    said = send(cast, "ありがとうございます", "nurse", group=place)
    with pytest.raises(Problem, match="cannot stand in a free group"):
        hide_communication(cast["manager"], said.id, reason=named)
    close_group(cast["manager"], place, reason="佐藤さんが異動するため")


@pytest.mark.clause("A13.2")
def test_between_two_people_a_patient_is_asked_about(cast: Cast, other: UUID) -> None:
    asked_for = direct.ask_to_connect(cast["manager"], cast.role("nurse"))
    place = direct.accept_connection(cast["nurse"], None, connection=asked_for.id)
    assert place is not None
    with pytest.raises(Problem) as asked:
        send(cast, OTHER, group=place)
    assert asked.value.field == "named"
    shown = see_confirmation(cast["manager"], place, text=OTHER).checked
    assert [one.group for one in shown.others] == [other]  # where it is better written
    send(cast, OTHER, group=place, answers=MEANT)
    assert json.loads(newest(cast, place).detail)["named"] == "meant"
    send(cast, OTHER, "nurse", group=place)  # who does not know the patient


@pytest.mark.clause("N3.3")
def test_the_name_of_a_file_is_judged_like_the_text(cast: Cast, other: UUID) -> None:
    file = attached.bring(cast["manager"], cast.group, attached.photo(), "佐藤一郎_採血.jpg")
    answer_consent(cast["manager"], file, shows=False)
    shown = see_confirmation(cast["manager"], cast.group, text="", attachments=(file,)).checked
    assert [name for name, _ in shown.files] == ["佐藤一郎_採血.jpg"] and not shown.nothing
    with pytest.raises(Problem) as asked:
        send(cast, "見てください", attachments=(file,))
    assert asked.value.field == "named"
    send(cast, "見てください", attachments=(file,), answers=MEANT)
    assert "佐藤" not in newest(cast).detail


@pytest.mark.clause("N4.9")
def test_an_emergency_is_not_posted_before_it_is_said_who_was_called(cast: Cast) -> None:
    for answers, field in (
        (Answers(), "phone"),
        (Answers(phone="called"), "whom"),
        (Answers(phone="not_needed"), "reason"),
        (Answers(phone="not_needed", reason="なんとなく"), "reason"),
        (Answers(phone="later"), "phone"),
        (MEANT, "phone"),
    ):
        with pytest.raises(Problem) as asked:
            send(cast, URGENT, answers=answers)
        assert asked.value.field == field
    send(cast, URGENT, answers=CALLED)
    assert said(cast).startswith(URGENT) and "森 主治医" in said(cast)
    detail = json.loads(newest(cast).detail)
    assert detail["phone"] == "called" and detail["found"].startswith("emergency:")
    assert "森" not in newest(cast).detail


@pytest.mark.clause("N4.9")
def test_that_no_call_was_needed_is_said_with_the_reason(cast: Cast) -> None:
    send(cast, URGENT, answers=Answers(phone="not_needed", reason="settled"))
    detail = json.loads(newest(cast).detail)
    assert (detail["phone"], detail["phone_reason"]) == ("not_needed", "settled")
    assert said(cast) != URGENT


@pytest.mark.clause("N4.9")
def test_what_is_no_emergency_goes_without_a_word(cast: Cast) -> None:
    send(cast, "けいれんなし。急変時の対応を長女さまと確認しました")
    assert "phone" not in newest(cast).detail
    send(cast, "SpO2 97%", answers=CALLED)  # an answer nobody asked for changes nothing
    assert said(cast) == "SpO2 97%" and "phone" not in newest(cast).detail


@pytest.mark.clause("N4.9")
def test_who_was_called_cannot_smuggle_in_a_page(cast: Cast) -> None:
    send(cast, URGENT, answers=Answers(phone="called", whom="森\n\n" + "x" * 500))
    assert said(cast).count("\n") == 2 and len(said(cast)) < 200


def test_sending_again_keeps_the_answer_whatever_has_changed_since(cast: Cast, other: UUID) -> None:
    key = uuid4()
    first = send(cast, OTHER, key=key, answers=MEANT)
    again = send(cast, OTHER, key=key)  # the answer was lost on the way
    assert again.again and again.id == first.id
    text = "鈴木三郎さんという方から"
    key = uuid4()
    send(cast, text, key=key)
    group_of(cast, "鈴木 三郎", "すずき さぶろう")
    assert send(cast, text, key=key).again


def test_a_correction_is_asked_only_about_what_is_new(cast: Cast, other: UUID) -> None:
    posted = send(cast, OTHER, answers=MEANT)
    correct_communication(cast["manager"], posted.id, text=OTHER + "。返しました", version=1)
    with pytest.raises(Problem) as asked:
        correct_communication(cast["manager"], posted.id, text=f"{OTHER}。{URGENT}", version=2)
    assert asked.value.field == "phone"
    plain = send(cast, "変わりありません")
    with pytest.raises(Problem) as asked:
        correct_communication(cast["manager"], plain.id, text=OTHER, version=1)
    assert asked.value.field == "named"
    correct_communication(cast["manager"], plain.id, text=OTHER, version=1, answers=MEANT)
    assert json.loads(newest(cast).detail)["named"] == "meant"
    with pytest.raises(Problem) as asked:  # the name was answered for, the telephone number not
        correct_communication(
            cast["manager"], plain.id, text=f"{OTHER}。電話は0000-00-2046です", version=2
        )
    assert asked.value.field == "named"


def test_the_sheet_names_the_other_patient_to_the_author_and_where_it_belongs(
    cast: Cast, other: UUID
) -> None:
    shown = see_confirmation(cast["manager"], cast.group, text=OTHER).checked
    (one,) = shown.others
    assert one.identity is not None and one.identity.name == "佐藤 一郎" and one.group == other
    found = shown.given_away[0]
    assert shown.text[found.start : found.end] == "佐藤一郎"


@pytest.mark.clause("A13.2")
def test_a_draft_moves_to_the_patients_group_below_what_stands_there(
    cast: Cast, other: UUID
) -> None:
    save_draft(cast["manager"], other, text="書きかけ")
    add_to_draft(cast["manager"], other, text=OTHER)
    draft = Draft.objects.get(group_id=other, account_id=cast.account("manager"))
    assert draft.unseal("content")["text"] == f"書きかけ\n\n{OTHER}"
    with pytest.raises(Problem, match="Too long"):
        add_to_draft(cast["manager"], other, text="あ" * 20_000)
    with pytest.raises((Unknown, Refused)):
        add_to_draft(cast["nurse"], other, text=OTHER)
    with pytest.raises((Unknown, Refused)):
        add_to_draft(cast["former"], cast.group, text=OTHER)


def test_a_name_that_was_corrected_is_known_at_once(cast: Cast, other: UUID) -> None:
    send(cast, "山本花子さんの件")
    patient = Group.objects.get(pk=other).patient_id
    new = identity("山本 花子", "やまもと はなこ")
    change_identity(cast["administrator_same"], patient, identity=new)
    with pytest.raises(Problem):
        send(cast, "山本花子さんの件")
    send(cast, OTHER)  # and the old one is known no more


def test_who_has_left_is_held_against_what_they_know_now(cast: Cast) -> None:
    other = group_of(cast, "佐藤 一郎", "さとう いちろう", "nurse")
    with pytest.raises(Problem):
        send(cast, OTHER, "nurse")
    leave_group(cast["nurse"], other, reason="担当を外れました")
    send(cast, OTHER, "nurse")


def test_nothing_is_read_again_while_nothing_has_changed(cast: Cast, other: UUID) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    send(cast, "おはようございます")
    before = dict(holding._held)
    send(cast, "こんにちは")
    assert dict(holding._held) == before and len(before) == 1
    with CaptureQueriesContext(connection) as asked:
        see_confirmation(cast["manager"], cast.group, text="こんばんは")
    assert not any("profile_sealed" in one["sql"] and "MIN(" in one["sql"] for one in asked)


def test_memory_stays_within_bounds(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("manager", "nurse"):
        send(cast, "おはようございます", name)
    both = sum(len(one.roster.patterns) for one in holding._held.values())
    monkeypatch.setattr(holding, "MOST_STRINGS", both)
    send(cast, "おはようございます", "physician")
    assert 1 <= len(holding._held) < 3
    assert sum(len(one.roster.patterns) for one in holding._held.values()) <= both
    holding.forget()
    monkeypatch.setattr(holding, "_UNASKED_SECONDS", -1)  # who asked before has not asked for long
    for name in ("manager", "nurse"):
        send(cast, "おはようございます", name)
        assert len(holding._held) == 1
    assert holding._strings == sum(len(one.roster.patterns) for one in holding._held.values())


def test_what_is_let_go_leaves_no_name_behind(cast: Cast) -> None:
    send(cast, "おはようございます")
    assert writings.of_patient.cache_info().currsize and writings.of_staff.cache_info().currsize
    holding.forget()
    assert not holding._held
    assert not writings.of_patient.cache_info().currsize + writings.of_staff.cache_info().currsize


def test_two_at_once_share_one_roster(committed: Cast) -> None:
    cast = committed
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda n: see_confirmation(cast["manager"], cast.group, text=f"{n}"), range(8))
        )
    assert len(found) == 8
