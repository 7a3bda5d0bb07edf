"""Vital signs: with a message, asked about, corrected in the open, sealed, seen by the team."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from django.db import connection

from renkei.audit import trail
from renkei.communication import observations, proof
from renkei.communication.answers import Answers
from renkei.communication.guard.check import check
from renkei.communication.guard.roster import make_ready
from renkei.communication.measuring import fields_of, measured, typed
from renkei.communication.message import see_checked, see_confirmation, see_versions
from renkei.communication.models import Communication, Version
from renkei.communication.observations import Observed, together, told
from renkei.communication.observing import see_vitals
from renkei.communication.query import Query
from renkei.communication.reading import read_timeline
from renkei.communication.search import search
from renkei.communication.services import (
    correct_communication,
    save_draft,
    send_communication,
    withdraw_communication,
)
from renkei.group.ranges import in_force, set_ranges
from renkei.group.services import leave_group
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.patient.models import ReferenceRange
from renkei.region.vitals import SIGNS, Range
from tests.cast import Cast, group_of_kind

USUAL = {"temperature": "36.5", "systolic": "132", "diastolic": "74", "spo2": "96"}


def observed(**fields: str) -> Observed:
    found = measured({"by": "author", **(fields or USUAL)}, clock.now())
    assert found is not None
    return found


def send(cast: Cast, name: str = "nurse", group: UUID | None = None, **facts: Any) -> UUID:
    facts = {"text": "訪問しました。", "key": uuid4(), "confirmed": True} | facts
    return send_communication(cast[name], group or cast.group, **facts).id


def entry(cast: Cast, name: str = "manager") -> Any:
    return read_timeline(cast[name], cast.group).entries[-1]


# ── As it is typed (no database) ─────────────────────────────────────────────────────────────────


@pytest.mark.once
def test_what_cannot_be_is_refused_with_the_field_to_mend() -> None:
    wrong: dict[str, Mapping[str, str]] = {
        "v_spo2": {"spo2": "101"},
        "v_temperature": {"temperature": "20"},
        "v_pulse": {"pulse": "速い"},
        "v_weight": {"weight": "46.123"},
        "v_diastolic": {"systolic": "74", "diastolic": "132"},
        "v_systolic": {"diastolic": "74"},
        "v_flow": {"spo2": "96", "oxygen": "flow"},
        "v_glucose": {"pulse": "80", "meal": "after"},
        "v_at": {"pulse": "80", "at": "2099-01-01T10:00"},
    }
    for field, fields in wrong.items():
        with pytest.raises(Problem) as problem:
            measured(fields, clock.now())
        assert problem.value.field == field, fields


@pytest.mark.once
def test_a_number_is_read_as_people_type_it_and_nothing_typed_is_nothing_measured() -> None:
    form = {
        "v_by": "family", "v_temperature": "３６．５", "v_weight": " 46,25 ", "v_oxygen": "flow",
        "v_flow": "0.5", "v_spo2": "95",
    }  # fmt: skip
    found = measured(typed(form), clock.now())
    assert found is not None
    assert found.values == {"temperature": 36.5, "spo2": 95.0, "weight": 46.25}
    assert (found.oxygen, found.by) == (0.5, "family")
    assert observations.same(found, measured(fields_of(found), clock.now()) or found)
    assert typed({"v_by": "author", "v_at": "", "v_spo2": " "}) == {}
    assert measured({}, clock.now()) is None


@pytest.mark.once
@pytest.mark.clause("N4.9")
def test_the_line_in_the_text_rings_the_guard_exactly_where_a_value_is_dangerous() -> None:
    now, roster = clock.now(), make_ready([], [])
    for kind, sign in SIGNS.items():
        if sign.danger is None or kind == "diastolic":
            continue
        step = 1 / 10**sign.decimals
        below, above = sign.danger
        values = {below - step: True, below: False, above - step: False, above: True}
        for value, danger in values.items():
            if sign.possible.side(value):
                continue
            with_it = {kind: round(value, 1), "weight": 46.2}
            if kind == "systolic":
                with_it["diastolic"] = 40
            line = told(Observed(now, with_it, "family", 2.0), now).line
            text = together("訪問しました。普段どおりです。", Observed(now, {}, line=line))
            assert check(text, "p", roster, clock.today()).phone is danger, line


# ── With a message ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.8")
def test_values_go_with_a_message_and_its_text_tells_them(cast: Cast) -> None:
    message = send(cast, observed=observed(**USUAL, oxygen="air", by="family"))
    seen = entry(cast)
    assert seen.words == "訪問しました。"
    assert "体温 36.5℃、血圧 132/74mmHg、SpO2 96%（室内気）、ご家族が測定" in seen.text
    assert seen.observed.values == {
        "temperature": 36.5, "systolic": 132.0, "diastolic": 74.0, "spo2": 96.0,
    }  # fmt: skip
    line = trail.history(f"group:{cast.group.hex}")[-1].detail
    assert "measured" in line and "36.5" not in line and "spo2" not in line
    assert b"36.5" not in bytes(Communication.objects.get(pk=message).measured or b"")
    alone = send(cast, text="", observed=observed(weight="46.2"))
    assert entry(cast).id == alone and entry(cast).words == ""


@pytest.mark.clause("N3.8")
def test_unusual_values_are_asked_about_and_the_answer_is_kept(cast: Cast) -> None:
    cold = observed(temperature="34.1", spo2="96")
    asked = see_confirmation(cast["nurse"], cast.group, text="", observed=cold)
    assert len(asked.unusual) == 1 and "34.1" in asked.unusual[0]
    with pytest.raises(Problem, match="Really") as problem:
        send(cast, observed=cold)
    assert problem.value.field == "sure"
    send(cast, observed=cold, answers=Answers(sure="meant"))
    said = orjson.loads(trail.history(f"group:{cast.group.hex}")[-1].detail)
    assert said["unusual"] == 1
    assert entry(cast).observed.outside == {"temperature": "low"}


@pytest.mark.clause("N4.9")
def test_dangerous_values_want_the_telephone_first(cast: Cast) -> None:
    low = observed(spo2="82")
    shown = see_confirmation(cast["nurse"], cast.group, text="", observed=low)
    assert shown.checked.verdict.phone and not shown.unusual
    with pytest.raises(Problem, match="call first"):
        send(cast, observed=low)
    send(cast, observed=low, answers=Answers(phone="called", whom="主治医"))
    assert entry(cast).text.startswith("訪問しました。")
    assert entry(cast).observed.values == {"spo2": 82.0}


def test_values_that_no_form_would_bring_are_refused_too(cast: Cast) -> None:
    before = Communication.objects.count()
    for values in ({"spo2": 101.0}, {"temperature": 20.0}, {"systolic": 80.0, "diastolic": 90.0}):
        with pytest.raises(Problem):
            send(cast, observed=Observed(clock.now(), values))
    assert Communication.objects.count() == before


@pytest.mark.clause("A11.5")
def test_with_the_family_there_are_words_and_no_numbers(cast: Cast) -> None:
    family, _ = group_of_kind(cast, "family", {"manager": True})
    free, _ = group_of_kind(cast, "free", {"manager": True})
    with pytest.raises(Problem, match="patient's own group"):
        send(cast, "manager", family, observed=observed())
    for group in (family, free):
        with pytest.raises(Refused):
            see_vitals(cast["manager"], group, days=14)


@pytest.mark.clause("N3.8")
def test_a_correction_corrects_the_values_and_the_earlier_ones_stay(cast: Cast) -> None:
    message = send(cast, observed=observed(weight="64.2"))
    now = Communication.objects.get(pk=message)
    right = replace(observed(weight="46.2"), at=now.sent_at)
    assert correct_communication(
        cast["nurse"], message, text="訪問しました。", observed=right, version=1
    ) == 2  # fmt: skip
    assert entry(cast).observed.values == {"weight": 46.2}
    assert [one.text.rpartition(" ")[2] for one in see_versions(cast["manager"], message)] == [
        "64.2kg", "46.2kg",
    ]  # fmt: skip
    assert Version.objects.get(communication=message).measured is not None
    assert [one.observed.values for one in see_vitals(cast["manager"], cast.group, days=14).taken] \
        == [{"weight": 46.2}]  # fmt: skip
    again = entry(cast)
    assert correct_communication(
        cast["nurse"], message, text=again.words, observed=again.observed, version=2
    ) == 2  # fmt: skip
    correct_communication(cast["nurse"], message, text="数字は別の方のでした。", version=2)
    assert entry(cast).observed is None and "kg" not in entry(cast).text
    assert proof.verify()[1] == []


def test_an_unusual_value_that_stood_there_is_not_asked_about_again(cast: Cast) -> None:
    message = send(cast, observed=observed(pulse="48"), answers=Answers(sure="meant"))
    kept = entry(cast).observed
    see_checked(cast["nurse"], message, text="追記", observed=kept)
    assert correct_communication(
        cast["nurse"], message, text="追記", observed=kept, version=1
    ) == 2  # fmt: skip
    with pytest.raises(Problem, match="Really"):
        other = replace(kept, values={"pulse": 47.0})
        correct_communication(cast["nurse"], message, text="追記", observed=other, version=2)


def test_a_weight_far_from_the_one_before_is_asked_about(cast: Cast) -> None:
    first = send(cast, observed=observed(weight="64.2"))
    with pytest.raises(Problem, match="Really"):
        send(cast, observed=observed(weight="46.2"))
    posted = Communication.objects.get(pk=first).sent_at
    right = replace(observed(weight="46.2"), at=posted)  # there was none before the first
    correct_communication(cast["nurse"], first, text="訪問しました。", observed=right, version=1)
    send(cast, observed=observed(weight="46.8"))


# ── Seen over some weeks ─────────────────────────────────────────────────────────────────────────


def test_graph_and_table_show_what_stands_now_and_nothing_withdrawn(cast: Cast) -> None:
    hours = clock.now() - timedelta(hours=5)
    send(cast, observed=replace(observed(spo2="95"), at=hours))
    gone = send(cast, observed=observed(spo2="97"))
    send(cast, observed=replace(observed(spo2="96"), at=clock.now() - timedelta(days=20)))
    withdraw_communication(cast["nurse"], gone, reason="別の方の値でした")
    seen = see_vitals(cast["physician"], cast.group, days=14)
    assert [one.observed.values for one in seen.taken] == [{"spo2": 95.0}]
    assert len(see_vitals(cast["physician"], cast.group, days=92).taken) == 2
    found = [hit.seq for hit in search(cast["manager"], Query(words="95%", group=cast.group)).hits]
    assert len(found) == 1
    with pytest.raises(Refused):
        see_vitals(cast["former"], cast.group, days=14)
    leave_group(cast["nurse"], cast.group, reason="担当を外れました")
    with pytest.raises(Refused):
        see_vitals(cast["nurse"], cast.group, days=14)


def test_opening_the_page_stands_in_the_readers_own_stream(cast: Cast) -> None:
    see_vitals(cast["manager"], cast.group, days=14)
    line = trail.history(f"account:{cast.account('manager').hex}")[-1]
    assert line.action == "page.see" and '"opened":"vitals"' in line.detail


@pytest.mark.clause("N3.9")
def test_the_physician_sets_what_is_usual_and_it_stands_in_the_timeline(cast: Cast) -> None:
    set_ranges(cast["physician"], cast.group, ranges={"spo2": Range(88, 94)})
    event = entry(cast)
    assert (event.event, event.text) == ("ranges", "SpO2 88〜94%")
    send(cast, observed=observed(spo2="92"))  # below what is usual for anybody, and not asked
    with pytest.raises(Problem, match="Really"):
        send(cast, observed=observed(spo2="97"))
    with pytest.raises(Problem, match="call first"):  # an emergency is one, whatever is usual
        send(cast, observed=observed(spo2="89"))
    with pytest.raises(Problem, match="not below"):
        set_ranges(cast["physician"], cast.group, ranges={"spo2": Range(94, 88)})
    with pytest.raises(Problem, match="Nothing has been changed"):
        set_ranges(cast["physician"], cast.group, ranges={"spo2": Range(88, 94)})
    set_ranges(cast["physician"], cast.group, ranges={})
    assert ReferenceRange.objects.filter(patient=cast.patient).count() == 2
    now = in_force(cast.patient)
    assert now is not None and now.ranges == {}
    with pytest.raises(Refused):
        set_ranges(cast["manager"], cast.group, ranges={"spo2": Range(88, 94)})
    assert proof.verify()[1] == []


# ── Kept and proved ──────────────────────────────────────────────────────────────────────────────


def test_changed_values_are_named_by_the_proof(cast: Cast) -> None:
    message = send(cast, observed=observed(spo2="96"))
    other = send(cast, observed=observed(spo2="95"))
    assert proof.verify()[1] == []
    of_other = bytes(Communication.objects.get(pk=other).measured or b"")
    for put in (of_other, None):
        Communication.objects.filter(pk=message).update(measured=put)
        assert [one.why for one in proof.verify()[1]] == [proof.MEASURED]
    assert entry(cast).observed is not None
    Communication.objects.filter(pk=message).update(measured=of_other)
    seen = see_vitals(cast["manager"], cast.group, days=14)
    assert seen.damaged == 1 and len(seen.taken) == 1
    shown = read_timeline(cast["manager"], cast.group).entries[-2]
    assert shown.observed is None and "SpO2 96%" in shown.text  # the words are still there


def test_what_was_typed_stays_in_the_draft(cast: Cast) -> None:
    save_draft(cast["nurse"], cast.group, text="", vitals={"spo2": "101", "by": "author"})
    draft = read_timeline(cast["nurse"], cast.group).draft
    assert draft is not None and draft.vitals == {"spo2": "101", "by": "author"}
    send(cast, observed=observed())
    assert read_timeline(cast["nurse"], cast.group).draft is None


def test_a_message_without_vital_signs_asks_the_database_nothing_more(cast: Cast) -> None:
    from django.test.utils import CaptureQueriesContext

    send(cast)  # what is kept in memory is there
    with CaptureQueriesContext(connection) as asked:
        send(cast)
    assert not [one for one in asked.captured_queries if "referencerange" in one["sql"]]
