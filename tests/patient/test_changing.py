"""Changing single purposes: at once, under the same words, and nobody else can do it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.patient.changing import ChangeForm, change_consent, see_change_desk
from renkei.patient.models import Consent
from renkei.patient.services import withdraw_consent
from renkei.policy.loading import load
from renkei.policy.rules import may
from tests.cast import NAMES, Cast, post

LINE = [[[100, 100], [900, 600]]]
FORM = ChangeForm(
    declined=(8,),
    changed_on=date(2026, 11, 1),
    how="meeting",
    signer="髙橋 節子",
    relationship="本人",
)


def form(**facts: object) -> ChangeForm:
    return replace(FORM, changed_on=clock.today(), **facts)  # type: ignore[arg-type]


def change(cast: Cast, name: str = "administrator_same", **facts: object) -> Consent:
    return change_consent(cast[name], cast.patient, form=form(**facts))


def sees(cast: Cast, name: str) -> bool:
    return may(load(cast[name], "group", cast.group), "group.see")


@pytest.mark.clause("P4", "A6")
def test_a_purpose_is_given_up_and_taken_up_again(cast: Cast) -> None:
    before = Consent.objects.get(patient=cast.patient, ended_at=None)
    first = change(cast, declined=(3, 8))
    assert (first.declined, first.signature.changed) == ("3,8", "3:no,8:no")
    second = change(cast, declined=(8,))
    assert second.signature.changed == "3:yes"
    kept = Consent.objects.filter(patient=cast.patient)
    assert [one.id for one in kept.filter(ended_at=None)] == [second.id]
    assert kept.get(pk=before.pk).declined == ""
    assert second.text_number == before.text_number
    assert second.original_kept_by_id == before.original_kept_by_id
    assert sees(cast, "nurse")


@pytest.mark.clause("P4", "A6")
@pytest.mark.parametrize("number", [1, 2, 5])
def test_without_1_2_or_5_the_others_are_out_at_once(cast: Cast, number: int) -> None:
    assert sees(cast, "nurse")
    change(cast, declined=(number,), declined_reason="紙で伝えてほしい")
    assert not sees(cast, "nurse")
    assert sees(cast, "manager")
    with pytest.raises(Refused):
        post(cast, "nurse", "訪問しました")
    change(cast, declined=())
    assert sees(cast, "nurse")


@pytest.mark.clause("P4")
def test_whom_it_touches_is_said_before(cast: Cast) -> None:
    desk = see_change_desk(cast["administrator_same"], cast.patient)
    touched = {one.organization for one in desk.affected}
    assert touched == {"clinic事業所"}
    assert len(desk.affected) == 2  # nurse and physician


@pytest.mark.clause("P4")
@pytest.mark.parametrize("name", NAMES)
def test_nobody_changes_it_but_who_keeps_the_record(cast: Cast, name: str) -> None:
    if name in ("administrator_same", "self_inviting"):
        assert change(cast, name).declined == "8"
        return
    with pytest.raises((Refused, SignedOut, Unknown)):
        change(cast, name)
    with pytest.raises((Refused, SignedOut, Unknown)):
        see_change_desk(cast[name], cast.patient)
    assert Consent.objects.get(patient=cast.patient, ended_at=None).declined == ""


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"declined": ()}, ""),
        ({"declined": (6,)}, "declined"),
        ({"declined": (9,)}, "declined"),
        ({"how": "dream"}, "how"),
        ({"signer": " "}, "signer"),
        ({"relationship": "隣人"}, "relationship"),
        ({"relationship": "子"}, "wish_confirmed"),
        ({"declined": (1,)}, "declined_reason"),
        ({"receipt_on": date(2020, 1, 1)}, "receipt_on"),
    ],
)
def test_what_cannot_be_is_said(cast: Cast, facts: dict[str, object], field: str) -> None:
    with pytest.raises(Problem) as found:
        change(cast, **facts)
    assert found.value.field == field
    assert Consent.objects.filter(patient=cast.patient).count() == 1


@pytest.mark.parametrize(
    ("on", "why"), [(timedelta(days=1), "future"), (timedelta(days=-9999), "before the consent")]
)
def test_it_was_neither_before_the_consent_nor_will_be(cast: Cast, on: timedelta, why: str) -> None:
    with pytest.raises(Problem, match=why):
        change_consent(
            cast["administrator_same"],
            cast.patient,
            form=replace(FORM, changed_on=clock.today() + on),
        )


def test_what_was_withdrawn_is_not_changed(cast: Cast) -> None:
    withdraw_consent(
        cast["administrator_same"], cast.patient, reason="", withdrawn_on=clock.today()
    )
    with pytest.raises(Problem, match="no signed consent"):
        change(cast)


@pytest.mark.clause("P4")
def test_a_drawn_signature_lies_sealed_with_the_patient(cast: Cast) -> None:
    made = change(cast, drawing=LINE)
    kept = Consent.objects.get(pk=made.pk)
    assert kept.unseal("drawing_sealed") == LINE
    assert b"900" not in bytes(kept.drawing_sealed)
    assert kept.signature.way == "screen"


@pytest.mark.slow
def test_two_changes_at_once_leave_one_consent_in_force(committed: Cast, at_once) -> None:  # type: ignore[no-untyped-def]
    def one(number: int):  # type: ignore[no-untyped-def]
        return lambda: change(committed, declined=(number,))

    results = at_once(one(3), one(4), one(8))
    assert all(isinstance(result, Consent) for result in results)
    assert Consent.objects.filter(patient=committed.patient, ended_at=None).count() == 1
