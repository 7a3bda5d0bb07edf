"""The patient's record and consent, kept by the managing organization."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.communication.models import Communication
from renkei.communication.reading import read_timeline
from renkei.group.head import see_head
from renkei.group.models import Group
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.patient.consents import see_register
from renkei.patient.disclosures import see_patients, see_record
from renkei.patient.models import Basics, Consent, Patient, RelatedPerson, Relative, Signature
from renkei.patient.services import (
    ConsentForm,
    change_basics,
    change_basics_in_group,
    change_identity,
    record_consent,
    register_patient,
    withdraw_consent,
)
from tests.cast import Cast, given, identity, post, visible

OUTSIDERS = ["manager", "nurse", "physician", "administrator_other", "sole", "operator", "family"]


def consent(cast: Cast, form: ConsentForm, name: str = "administrator_same") -> Consent:
    return record_consent(cast[name], cast.patient, form=form)


def reads(cast: Cast, name: str) -> bool:
    listed = cast.group in visible(cast[name])
    try:
        see_head(cast[name], cast.group)
    except Refused:
        assert not listed
        return False
    assert listed
    return True


# ── The record ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A4")
@pytest.mark.parametrize("name", OUTSIDERS)
def test_only_the_managing_organization_keeps_the_record(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        register_patient(
            cast[name], cast.organizations["station"], identity=identity(), basics=Basics()
        )
    with pytest.raises(Refused):
        change_identity(cast[name], cast.patient, identity=identity("別の 人"))
    with pytest.raises(Refused):
        change_basics(cast[name], cast.patient, basics=Basics(), relatives=[])
    assert Patient.objects.get(pk=cast.patient).identity.name == "髙橋 節子"


@pytest.mark.clause("A4")
def test_a_patient_belongs_to_the_organization_that_registered_them(cast: Cast) -> None:
    patient = register_patient(
        cast["administrator_other"],
        cast.organizations["clinic"],
        identity=identity(),
        basics=Basics(),
    )
    assert patient.organization_id == cast.organizations["clinic"]
    with pytest.raises(Refused):
        see_record(cast["administrator_same"], patient.id)
    with pytest.raises(IntegrityError), transaction.atomic():
        Patient.objects.filter(pk=patient.id).update(organization=None)


@pytest.mark.clause("N3.9")
@pytest.mark.parametrize("name", OUTSIDERS)
def test_the_record_and_the_register_are_the_managing_organizations(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        see_record(cast[name], cast.patient)
    with pytest.raises(Refused):
        see_register(cast[name], cast.organizations["station"])


@pytest.mark.clause("A11.3")
def test_a_patient_without_a_group_is_normal(cast: Cast) -> None:
    patient = register_patient(
        cast["administrator_same"],
        cast.organizations["station"],
        identity=identity("林", "はやし"),
        basics=Basics(),
    )
    record = see_record(cast["administrator_same"], patient.id)
    assert record.group is None
    listed = {line.patient for line in see_patients(cast["administrator_same"], None).lines}
    assert patient.id in listed


@pytest.mark.parametrize(
    "facts, field",
    [
        ({"name": " "}, "name"),
        ({"kana": ""}, "kana"),
        ({"birth_date": (clock.today() + timedelta(days=1)).isoformat()}, "birth_date"),
    ],
)
def test_a_patient_who_cannot_be_is_not_registered(cast: Cast, facts: Any, field: str) -> None:
    before = Patient.objects.count()
    with pytest.raises(Problem) as problem:
        register_patient(
            cast["administrator_same"],
            cast.organizations["station"],
            identity=replace(identity(), **facts),
            basics=Basics(),
        )
    assert problem.value.field == field
    assert Patient.objects.count() == before
    with pytest.raises(Problem):
        change_identity(
            cast["administrator_same"], cast.patient, identity=replace(identity(), **facts)
        )


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "林", "kana": "り"},
        {"name": "𠮷", "kana": "よし"},
        {"birth_date": clock.today().isoformat()},
        {"birth_date": "1936-02-29"},
        {"birth_date": "1989-01-07"},
        {"birth_date": "1989-01-08"},
    ],
)
def test_a_name_of_one_character_and_rare_days_are_taken(cast: Cast, facts: Any) -> None:
    patient = register_patient(
        cast["administrator_same"],
        cast.organizations["station"],
        identity=replace(identity(), **facts),
        basics=Basics(),
    )
    kept = Patient.objects.get(pk=patient.id).identity
    assert {name: getattr(kept, name) for name in facts} == facts


def test_a_member_of_the_managing_organization_changes_the_basics_from_within(cast: Cast) -> None:
    relative = {"person": Relative("髙橋 一郎", "子", phones=["09012345678"]), "proxy": True}
    basics = Basics(allergies="ペニシリン", power_dependent=True)
    change_basics_in_group(cast["manager"], cast.group, basics=basics, relatives=[relative])
    seen = see_head(cast["nurse"], cast.group)
    assert (seen.basics, seen.relatives[0].name) == (basics, "髙橋 一郎")
    with pytest.raises(Refused):
        change_basics_in_group(cast["nurse"], cast.group, basics=Basics(), relatives=[])
    assert RelatedPerson.objects.filter(patient=cast.patient).count() == 1


# ── Consent ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A6", "F3", "P4")
@pytest.mark.parametrize("name", OUTSIDERS)
def test_only_the_managing_organization_records_and_withdraws_consent(
    cast: Cast, name: str
) -> None:
    with pytest.raises(Refused):
        consent(cast, given(cast.organizations["clinic"]), name)
    with pytest.raises(Refused):
        withdraw_consent(cast[name], cast.patient, reason="もう", withdrawn_on=clock.today())


@pytest.mark.clause("A6")
def test_without_consent_the_group_is_closed_to_other_organizations(cast: Cast) -> None:
    Consent.objects.all().delete()
    assert reads(cast, "manager")
    for name in ("nurse", "physician"):
        assert not reads(cast, name)
        with pytest.raises(Refused):
            post(cast, name)
        with pytest.raises(Refused):
            read_timeline(cast[name], cast.group)


@pytest.mark.clause("A6", "F3")
@pytest.mark.parametrize(
    "facts, open_to_others",
    [
        ({}, True),
        ({"copy_given_on": None}, False),
        ({"declined": (2,)}, False),
        ({"declined": (1,)}, False),
        ({"declined": (5,)}, False),
        ({"declined": (3, 8)}, True),
        ({"declined": (4,)}, True),
        ({"declined": (2, 3, 8)}, False),
    ],
)
def test_the_group_opens_once_everything_of_the_consent_is_there(
    cast: Cast, facts: Any, open_to_others: bool
) -> None:
    signature = Signature("髙橋 節子", "本人", declined_reason="考えたい")
    consent(cast, given(cast.organizations["clinic"], signature=signature, **facts))
    assert reads(cast, "manager")
    assert reads(cast, "nurse") is open_to_others


@pytest.mark.clause("A6", "F3")
@pytest.mark.parametrize("keeper", ["nobody", "of another region"])
def test_who_keeps_the_original_has_to_be_said(cast: Cast, keeper: str) -> None:
    from tests.cast import loading, make_organization, make_region

    other = None
    if keeper == "of another region":
        with loading():
            other = make_organization(make_region("隣")[0], "tonari", "診療所").id
    with pytest.raises(Problem, match="who keeps the original"):
        consent(cast, given(other))
    assert reads(cast, "nurse"), "the consent recorded before stands"


TODAY = clock.today()


@pytest.mark.clause("P4")
@pytest.mark.parametrize(
    "facts, field",
    [
        ({"signed_on": None}, "signed_on"),
        ({"signed_on": TODAY + timedelta(days=1)}, "signed_on"),
        ({"signed_on": date(1942, 3, 2)}, "signed_on"),
        ({"signature": Signature("", "本人")}, "signer"),
        ({"signature": Signature("髙橋", "隣人")}, "relationship"),
        ({"copy_given_on": date(2026, 4, 30)}, "copy_given_on"),
        ({"copy_given_on": TODAY + timedelta(days=1)}, "copy_given_on"),
        ({"declined": (1,)}, "declined_reason"),
        ({"declined": (5,)}, "declined_reason"),
        ({"declined": (6,)}, "declined"),
        ({"declined": (7,)}, "declined"),
        ({"declined": (9,)}, "declined"),
        ({"state": "exempt_before"}, "exemption_reason"),
        ({"state": "exempt_life"}, "exemption_reason"),
        ({"state": "somehow"}, "state"),
        ({"state": "exempt_life", "signature": Signature(exemption_reason="意識なし")}, "seek_by"),
        ({"signature": Signature("髙橋 一郎", "子")}, "proxy_reason"),
        ({"signature": Signature("髙橋 一郎", "子", "認知症")}, "wish_confirmed"),
    ],
)
def test_a_form_that_cannot_be_is_not_recorded(cast: Cast, facts: Any, field: str) -> None:
    before = Consent.objects.get(ended_at=None)
    with pytest.raises(Problem) as problem:
        consent(cast, given(cast.organizations["clinic"], **facts))
    assert problem.value.field == field
    assert Consent.objects.get(ended_at=None) == before


@pytest.mark.clause("A6")
@pytest.mark.parametrize("state", ["exempt_before", "exempt_life"])
def test_an_exemption_with_its_reason_opens_the_group(cast: Cast, state: str) -> None:
    Consent.objects.all().delete()
    form = ConsentForm(
        state=state,
        signature=Signature(exemption_reason="以前から利用"),
        seek_by=TODAY + timedelta(days=14),
    )
    consent(cast, form)
    assert reads(cast, "nurse")
    register = see_register(cast["administrator_same"], cast.organizations["station"])
    assert "以前から利用" in repr(register)


@pytest.mark.clause("A6", "P4")
def test_withdrawing_closes_the_group_at_once_and_it_stands_in_the_timeline(cast: Cast) -> None:
    withdraw_consent(
        cast["administrator_same"], cast.patient, reason="ご本人の希望", withdrawn_on=TODAY
    )
    assert reads(cast, "manager")
    assert not reads(cast, "nurse")
    assert read_timeline(cast["manager"], cast.group).entries[-1].event == "withdrawn"
    withdrawn = Consent.objects.get(patient=cast.patient)
    assert withdrawn.signature.withdrawal_reason == "ご本人の希望"
    assert (withdrawn.withdrawn_on, withdrawn.ended_at is not None) == (TODAY, True)
    with pytest.raises(Problem, match="no consent to withdraw"):
        withdraw_consent(
            cast["administrator_same"], cast.patient, reason="もう一度", withdrawn_on=TODAY
        )
    consent(cast, given(cast.organizations["clinic"]))
    assert reads(cast, "nurse")


@pytest.mark.clause("A6")
def test_withdrawing_tomorrow_is_not_possible(cast: Cast) -> None:
    with pytest.raises(Problem) as problem:
        withdraw_consent(
            cast["administrator_same"],
            cast.patient,
            reason="明日",
            withdrawn_on=TODAY + timedelta(days=1),
        )
    assert problem.value.field == "withdrawn_on"
    assert reads(cast, "nurse")


@pytest.mark.clause("A6")
def test_there_is_one_consent_in_force_and_the_earlier_ones_are_kept(cast: Cast) -> None:
    consent(cast, given(cast.organizations["station"], declined=(8,)))
    found = Consent.objects.filter(patient=cast.patient).order_by("recorded_at")
    assert [one.declined for one in found] == ["", "8"]
    assert [one.ended_at is None for one in found] == [False, True]
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.update(ended_at=None)


@pytest.mark.clause("A6")
def test_the_register_names_those_without_consent(cast: Cast) -> None:
    register_patient(
        cast["administrator_same"],
        cast.organizations["station"],
        identity=identity("林 一", "はやし はじめ"),
        basics=Basics(),
    )
    register = see_register(cast["administrator_same"], cast.organizations["station"])
    assert "林 一" in repr(register)


def test_withdrawing_says_it_in_every_group_of_the_patient(cast: Cast) -> None:
    before = Group.objects.get(pk=cast.group).last_seq
    withdraw_consent(
        cast["administrator_same"], cast.patient, reason="ご本人の希望", withdrawn_on=TODAY
    )
    assert Group.objects.get(pk=cast.group).last_seq == before + 1
    assert Communication.objects.get(group=cast.group, seq=before + 1).event == "withdrawn"
