"""The same person, registered by two organizations: noticed, and put right, unseen (A4)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from renkei.communication.models import Communication
from renkei.config.rounds import make_round
from renkei.group.home import see_home
from renkei.group.models import Group
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.kernel.japanese import sounding
from renkei.patient import hand_overs, same_person
from renkei.patient.handing_over import Acceptance, Proposal, accept_hand_over, propose_hand_over
from renkei.patient.likeness import mark
from renkei.patient.models import Basics, Identity, Likeness, Patient, SamePerson
from renkei.patient.services import change_identity, record_consent, register_patient
from renkei.region.models import Region
from tests.cast import LOADER, Cast, given, group_about, identity, loading

AtOnce = Callable[..., list[Any]]


def register(cast: Cast, who: Identity | None = None, name: str = "administrator_other") -> UUID:
    organization = cast.people[name].organization
    return register_patient(
        cast[name], organization, identity=who or identity(), basics=Basics()
    ).id


def twice(cast: Cast) -> tuple[UUID, UUID]:
    """The cast's patient registered by the clinic as well: the record, and the pair."""
    other = register(cast)
    return other, SamePerson.objects.get().id


def both_say_same(cast: Cast, other: UUID, pair: UUID) -> None:
    same_person.ask_both(cast["operator"], None, pair=pair)
    same_person.answer_question(cast["administrator_same"], cast.patient, pair=pair, answer="same")
    same_person.answer_question(cast["administrator_other"], other, pair=pair, answer="same")


@pytest.mark.clause("A4")
@pytest.mark.parametrize(
    "written",
    [
        identity(),
        identity(kana="タカハシ　セツコ"),
        identity(kana="ﾀｶﾊｼ ｾﾂｺ"),
        identity(name="高橋 せつ子", address="別の町"),
    ],
    ids=["alike", "katakana", "half width", "other characters"],
)
def test_it_is_noticed_at_registration_however_it_is_written(cast: Cast, written: Identity) -> None:
    other = register(cast, written)
    pair = SamePerson.objects.get()
    assert {pair.one_id, pair.other_id} == {cast.patient, other}


@pytest.mark.clause("A4")
@pytest.mark.parametrize(
    "written",
    [
        identity(kana="たかばし せつこ"),
        identity(birth_date="1942-03-04"),
        identity(sex="男"),
        identity(kana="たかはし せつ"),
    ],
    ids=["voiced", "birth date", "sex", "shorter"],
)
def test_others_are_not(cast: Cast, written: Identity) -> None:
    register(cast, written)
    assert not SamePerson.objects.exists()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("おおの ゆうこ", "オーノ ユーコ"),
        ("こうの けいじ", "コーノ・ケージ"),
        ("まつもと しょう", "まつもと しよう"),
        ("みづき", "みずき"),
        ("ｶﾞｯﾄｳ", "がつとう"),
    ],
)
def test_long_vowels_width_and_small_letters_make_no_difference(one: str, other: str) -> None:
    assert sounding(one) == sounding(other)


@pytest.mark.clause("A4")
def test_within_one_organization_it_is_the_form_that_warns_and_not_the_operator(
    cast: Cast,
) -> None:
    register(cast, name="administrator_same")
    assert not SamePerson.objects.exists()


@pytest.mark.clause("A4")
def test_a_corrected_identity_is_compared_anew_and_what_is_unlike_is_forgotten(
    cast: Cast,
) -> None:
    other = register(cast, identity(birth_date="1942-03-30"))
    assert not SamePerson.objects.exists()
    change_identity(cast["administrator_other"], other, identity=identity())
    assert SamePerson.objects.count() == 1
    change_identity(cast["administrator_other"], other, identity=identity(sex="男"))
    assert not SamePerson.objects.exists()


@pytest.mark.clause("A4")
def test_of_two_who_register_at_once_the_later_notices(committed: Cast, at_once: AtOnce) -> None:
    who = identity("林 梅", "はやし うめ")
    found = at_once(
        lambda: register(committed, who),
        lambda: register(committed, who, "sole"),
        lambda: register(committed, who, "administrator_same"),
    )
    assert all(isinstance(one, UUID) for one in found), found
    assert SamePerson.objects.count() == 3
    assert len(set(Likeness.objects.filter(patient__in=found).values_list("mark", flat=True))) == 1


@pytest.mark.clause("A4")
def test_patients_from_before_are_marked_in_the_rounds(cast: Cast) -> None:
    other, _ = twice(cast)
    SamePerson.objects.all().delete()
    Likeness.objects.all().delete()
    make_round()
    assert Likeness.objects.count() == Patient.objects.count()
    pair = SamePerson.objects.get()
    assert {pair.one_id, pair.other_id} == {cast.patient, other}
    make_round()
    assert SamePerson.objects.count() == 1


@pytest.mark.clause("A4", "N2.3")
def test_without_the_regions_key_for_it_nothing_can_be_tried_out(cast: Cast) -> None:
    twice(cast)
    region = Region.objects.get(pk=cast.region)
    assert region.likeness_key not in (None, region.key_id)
    marks = set(Likeness.objects.values_list("mark", flat=True))
    assert marks == {mark(region.likeness_key, identity())}
    assert mark(region.key_id, identity()) not in marks


@pytest.mark.clause("A4", "N2.3")
def test_the_operator_learns_organizations_and_days_and_nothing_else(cast: Cast) -> None:
    other, _ = twice(cast)
    found = same_person.see_pairs(cast["operator"], None)
    (line,) = found.lines
    assert {line.one, line.other} == {"station事業所", "clinic事業所"}
    shown = repr(line)
    assert not any(one in shown for one in ("髙橋", "たかはし", "た・せ", "1942", cast.patient.hex))
    assert other.hex not in shown and str(other) not in shown and str(cast.patient) not in shown
    assert ("same", 1) in [(one.kind, one.count) for one in see_home(cast["operator"], None).tasks]


@pytest.mark.clause("A4")
@pytest.mark.parametrize("name", ["administrator_same", "manager", "physician", "sole"])
def test_nobody_but_the_operator_sees_or_arranges(cast: Cast, name: str) -> None:
    _, pair = twice(cast)
    with pytest.raises(Refused):
        same_person.see_pairs(cast[name], None)
    with pytest.raises(Refused):
        same_person.ask_both(cast[name], None, pair=pair)
    with pytest.raises(Refused):
        same_person.ask_to_hand_over(cast[name], None, pair=pair, side="one")


@pytest.mark.clause("A4", "N2.3")
def test_each_organization_looks_at_its_own_patient_and_learns_the_others_name_if_it_is_one(
    cast: Cast,
) -> None:
    other, pair = twice(cast)
    assert not same_person.see_questions(cast["administrator_same"], cast.patient).asked
    same_person.ask_both(cast["operator"], None, pair=pair)
    seen = same_person.see_questions(cast["administrator_same"], cast.patient)
    assert [one.other for one in seen.asked] == [""]
    assert other not in [seen.patient] and str(other) not in repr(seen.asked)
    same_person.answer_question(cast["administrator_same"], cast.patient, pair=pair, answer="same")
    (asked,) = same_person.see_questions(cast["administrator_same"], cast.patient).asked
    assert asked.other == "" and "clinic" not in repr(asked)  # one who tries out says so, too
    for stranger, patient in (
        ("administrator_same", other),
        ("administrator_other", cast.patient),
        ("manager", cast.patient),
        ("operator", cast.patient),
    ):
        with pytest.raises(Refused):
            same_person.see_questions(cast[stranger], patient)
        with pytest.raises(Refused):
            same_person.answer_question(cast[stranger], patient, pair=pair, answer="same")
    kinds = [(one.kind, one.id) for one in see_home(cast["administrator_other"], None).tasks]
    assert ("same_asked", other) in kinds
    same_person.answer_question(cast["administrator_other"], other, pair=pair, answer="same")
    (asked,) = same_person.see_questions(cast["administrator_same"], cast.patient).asked
    assert asked.other == "clinic事業所"


@pytest.mark.clause("A4", "N2.3")
def test_whoever_tries_out_identities_is_seen_by_the_operator(cast: Cast) -> None:
    other, pair = twice(cast)
    same_person.ask_both(cast["operator"], None, pair=pair)
    change_identity(cast["administrator_other"], other, identity=identity(kana="べつの ひと"))
    kept = SamePerson.objects.get()
    assert kept.closed_at is not None and "different" in (kept.one_answer, kept.other_answer)
    (line,) = same_person.see_pairs(cast["operator"], None).lines
    assert (line.state, line.often) == ("different", "")
    for day in range(1, 5):
        who = identity(birth_date=f"1950-01-0{day}")
        register(cast, who, "administrator_same")
        register(cast, who)
    seen = same_person.see_pairs(cast["operator"], None).lines
    assert {(one.often, one.times) for one in seen} == {("clinic事業所", 5)}


@pytest.mark.clause("A4")
def test_a_question_about_somebody_else_is_not_answered(cast: Cast) -> None:
    _, pair = twice(cast)
    with pytest.raises(Unknown):  # nobody was asked yet
        same_person.answer_question(
            cast["administrator_same"], cast.patient, pair=pair, answer="same"
        )
    same_person.ask_both(cast["operator"], None, pair=pair)
    third, _ = group_about(cast, "station", {"manager": True})
    with pytest.raises(Unknown):
        same_person.answer_question(cast["administrator_same"], third, pair=pair, answer="same")
    with pytest.raises(Problem):
        same_person.answer_question(
            cast["administrator_same"], cast.patient, pair=pair, answer="perhaps"
        )


@pytest.mark.clause("A4")
def test_said_to_be_different_it_is_settled(cast: Cast) -> None:
    other, pair = twice(cast)
    same_person.ask_both(cast["operator"], None, pair=pair)
    same_person.answer_question(cast["administrator_other"], other, pair=pair, answer="different")
    assert [one.state for one in same_person.see_pairs(cast["operator"], None).lines] == [
        "different"
    ]
    with pytest.raises(Unknown):
        same_person.ask_to_hand_over(cast["operator"], None, pair=pair, side="one")
    change_identity(cast["administrator_other"], other, identity=identity(address="新しい町"))
    assert SamePerson.objects.get().closed_at is not None  # and not asked again


@pytest.mark.clause("A4")
def test_a_hand_over_is_asked_for_only_once_both_said_it_is_one_person(cast: Cast) -> None:
    other, pair = twice(cast)
    same_person.ask_both(cast["operator"], None, pair=pair)
    same_person.answer_question(cast["administrator_other"], other, pair=pair, answer="same")
    with pytest.raises(Problem):
        same_person.ask_to_hand_over(cast["operator"], None, pair=pair, side="one")
    same_person.answer_question(cast["administrator_same"], cast.patient, pair=pair, answer="same")
    with pytest.raises(Problem):
        same_person.ask_to_hand_over(cast["operator"], None, pair=pair, side="both")


@pytest.mark.clause("A4")
@pytest.mark.parametrize("keeps", ["handed", "own"])
def test_of_the_two_records_one_goes_on_and_the_group_of_the_other_rests(
    cast: Cast, keeps: str
) -> None:
    with loading():
        other = register_patient(
            LOADER, cast.organizations["clinic"], identity=identity(), basics=Basics()
        ).id
        record_consent(LOADER, other, form=given(cast.organizations["clinic"]))
    own_group = Group.objects.create(
        key_id=Patient.objects.get(pk=other).key_id,
        region_id=cast.region,
        kind="patient",
        patient_id=other,
        organization_id=cast.organizations["clinic"],
        opened_at=clock.now(),
    ).id
    pair = SamePerson.objects.get().id
    both_say_same(cast, other, pair)
    one_id = SamePerson.objects.get().one_id
    side = "one" if one_id == cast.patient else "other"
    same_person.ask_to_hand_over(cast["operator"], None, pair=pair, side=side)
    kinds = [(one.kind, one.id) for one in see_home(cast["administrator_same"], None).tasks]
    assert ("hand_asked", cast.patient) in kinds
    desk = hand_overs.see_proposal_desk(cast["administrator_same"], cast.patient)
    assert desk.asked == cast.organizations["clinic"]
    proposal = Proposal(cast.organizations["clinic"], "登録の重なり", clock.today())
    proposed = propose_hand_over(cast["administrator_same"], cast.patient, proposal=proposal).id
    page = hand_overs.see_hand_over(cast["administrator_other"], proposed)
    assert page.own is not None and page.patient is None
    terms = {"original": "stays", "contact_on": clock.today()}
    with pytest.raises(Problem):
        accept_hand_over(cast["administrator_other"], proposed, acceptance=Acceptance(**terms))
    accept_hand_over(
        cast["administrator_other"], proposed, acceptance=Acceptance(**terms, keeps=keeps)
    )
    resting = own_group if keeps == "handed" else cast.group
    assert [one.id for one in Group.objects.exclude(archived_at=None)] == [resting]
    assert Communication.objects.filter(group=resting, event="archived").exists()
    assert [one.state for one in same_person.see_pairs(cast["operator"], None).lines] == ["joined"]
    assert "same" not in [one.kind for one in see_home(cast["operator"], None).tasks]
