"""The group with the family: opened beside the patient's, with the patient's agreement (A11.5)."""

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from renkei.audit.models import AuditEvent
from renkei.communication.models import Communication
from renkei.communication.reading import read_timeline
from renkei.communication.services import send_communication
from renkei.enrollment.models import Paper
from renkei.enrollment.papers import file_scan, make_code
from renkei.enrollment.staffing import add_person
from renkei.group import family, family_ways_in
from renkei.group.family_desk import see_family, see_family_link
from renkei.group.family_sheet import FORM, link_sheet
from renkei.group.family_ways_in import Agreement, Relation
from renkei.group.home import see_home
from renkei.group.models import FamilyAgreement, Group, Member
from renkei.group.services import leave_group, release_member
from renkei.incident.stops import suspend_person
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.patient.changing import ChangeForm, change_consent
from renkei.patient.models import Consent, Patient, RelatedPerson
from renkei.patient.printing import print_form
from renkei.patient.services import withdraw_consent
from renkei.people.access import Given, Identified
from renkei.people.begin import begin
from renkei.people.joining import NewStaff, answer_registration
from renkei.people.models import Account
from renkei.policy.loading import load
from renkei.policy.rules import may
from tests.cast import Cast, group_of_kind, paper_of, visible
from tests.disclosure.test_pages import browser
from tests.disclosure.world import scan

pytestmark = pytest.mark.clause("A11.5")
WORD = "ひみつのことば"
PASSWORD = "correct horse battery staple 7"


def agreed() -> Agreement:
    return Agreement("森田 キヨ", "本人", "paper", clock.today())


def daughter(cast: Cast) -> UUID:
    patient = Patient.objects.get(pk=cast.patient)
    one = RelatedPerson(patient=patient, key_id=patient.key_id)
    one.seal("person_sealed", {"name": "森田 花子", "relationship": "長女", "kana": "もりた はなこ",
                               "phones": []})  # fmt: skip
    one.save(force_insert=True)
    return one.id


def opened(cast: Cast, *names: str) -> Group:
    members = [cast.members[name] for name in names]
    return family.open_family_group(cast["manager"], cast.group, members=members)


def let_in(cast: Cast, group: UUID, who: UUID | None, email: str, **more: object) -> Given | None:
    given: dict[str, object] = {"way": "paper", "word": WORD, "agreement": agreed()} | more
    return family_ways_in.invite_family(
        cast["manager"],
        group,
        who=Relation(who, "", email),
        **given,  # type: ignore[arg-type]
    )


def events(group: UUID) -> list[str]:
    return list(
        Communication.objects.filter(group=group).order_by("seq").values_list("event", flat=True)
    )


def test_it_is_opened_beside_the_patients_with_those_who_were_picked(cast: Cast) -> None:
    group = opened(cast, "nurse")
    assert (group.kind, group.patient_id, group.organization_id) == (
        "family", cast.patient, cast.organizations["station"],
    )  # fmt: skip
    inside = {one.account_id: one.manager for one in group.members.all()}
    assert inside == {cast.account("manager"): True, cast.account("nurse"): False}
    assert events(group.id) == ["opened", "joined", "joined"]
    assert events(cast.group)[-1] == "beside"
    assert not may(load(cast["physician"], "group", group.id), "group.see")
    assert may(load(cast["nurse"], "group", group.id), "communication.send")
    with pytest.raises(Problem, match="already"):
        opened(cast)
    assert family.add_professionals(
        cast["manager"], group.id, members=[cast.members["physician"], cast.members["nurse"]]
    ) == 1  # fmt: skip
    physician = group.members.get(account=cast.account("physician"))
    assert not physician.manager  # manages the patient's by delegation, and not the family's
    assert events(group.id)[-1] == "joined"


def test_nobody_picks_who_is_not_in_the_patients_group(cast: Cast) -> None:
    group = opened(cast)
    _, members = group_of_kind(cast, "free", {"stranger": True})
    for one in (members["stranger"], uuid4(), cast.members["former"]):
        with pytest.raises(Problem):
            family.add_professionals(cast["manager"], group.id, members=[one])
    assert not group.members.exclude(account=cast.account("manager")).exists()


def test_an_administrator_who_is_no_member_needs_a_manager_in_it(cast: Cast) -> None:
    with pytest.raises(Problem, match="managing organization"):
        family.open_family_group(
            cast["administrator_same"], cast.group, members=[cast.members["nurse"]]
        )
    group = family.open_family_group(
        cast["administrator_same"], cast.group, members=[cast.members["manager"]]
    )
    assert not group.members.filter(account=cast.account("administrator_same")).exists()


def test_a_relative_comes_in_with_the_agreement_on_record_and_signs_in(cast: Cast) -> None:
    group, who = opened(cast), daughter(cast)
    given = let_in(cast, group.id, who, "Hanako@Example.jp")
    assert given is not None and given.name == "森田 花子"
    account = Account.objects.get(email="hanako@example.jp")
    assert account.family and not account.has_usable_password()
    member = group.members.get(account=account)
    assert (member.relation, member.related_person_id, member.role) == ("relative", who, None)
    kept = FamilyAgreement.objects.get(member=member)
    assert kept.unseal("said_sealed") == {"by": "森田 キヨ", "relationship": "本人"}
    assert (kept.how, kept.recorded_by_id) == ("paper", cast.account("manager"))
    assert events(group.id)[-1] == "family_in"
    line = AuditEvent.objects.filter(action="family.invite").latest("id")
    assert '"how":"paper"' in line.detail.replace(" ", "") and "花子" not in line.detail
    (inside,) = see_family(cast["manager"], group.id).people
    assert (inside.relationship, inside.begun) == ("長女", False)
    with pytest.raises(Problem):
        begin(given.token, word="ちがうことば", password=PASSWORD)
    begin(given.token, word=WORD, password=PASSWORD)
    (inside,) = see_family(cast["manager"], group.id).people
    assert inside.begun and inside.agreed is not None and inside.agreed.by == "森田 キヨ"


def test_the_patient_comes_in_as_such_and_once(cast: Cast) -> None:
    group = opened(cast)
    let_in(cast, group.id, None, "kiyo@example.jp")
    assert group.members.get(account__email="kiyo@example.jp").relation == "patient"
    with pytest.raises(Problem, match="already"):
        let_in(cast, group.id, None, "other@example.jp")
    assert None not in {one.id for one in see_family(cast["manager"], group.id).choices}


def test_who_works_here_needs_another_address(cast: Cast) -> None:
    group = opened(cast)
    colleague = Account.objects.get(pk=cast.account("stranger")).email
    other = Account.objects.get(pk=cast.account("family")).email  # of another family
    for email in (colleague, other, "info@example.jp"):  # one answer: it tells nothing of whose
        with pytest.raises(Problem) as refused:
            let_in(cast, group.id, None, email)
        assert (refused.value.message, refused.value.field) == (
            family_ways_in.NOT_THIS_ADDRESS,
            "email",
        )
    assert not group.members.exclude(relation="").exists()


@pytest.mark.parametrize(
    "wrong",
    [{"by": " "}, {"relationship": "隣人"}, {"how": "email"},
     {"agreed_on": clock.today() + timedelta(days=1)}],
)  # fmt: skip
def test_without_the_agreement_nobody_comes_in(cast: Cast, wrong: dict[str, object]) -> None:
    group = opened(cast)
    with pytest.raises(Problem):
        let_in(cast, group.id, None, "kiyo@example.jp", agreement=replace(agreed(), **wrong))  # type: ignore[arg-type]
    assert not Account.objects.filter(email="kiyo@example.jp").exists()


def test_the_link_on_paper_needs_the_persons_own_word(cast: Cast) -> None:
    group = opened(cast)
    with pytest.raises(Problem, match="word"):
        let_in(cast, group.id, None, "kiyo@example.jp", word="")
    assert let_in(cast, group.id, None, "kiyo@example.jp", way="mail", word="") is not None


def test_declining_purpose_4_refuses_closes_and_tells(cast: Cast) -> None:
    group = opened(cast, "nurse")
    let_in(cast, group.id, None, "kiyo@example.jp")
    member = group.members.get(relation="patient")
    form = ChangeForm(
        declined=(4,), changed_on=clock.today(), how="meeting", signer="森田 キヨ",
        relationship="本人",
    )  # fmt: skip
    change_consent(cast["administrator_same"], cast.patient, form=form)
    assert events(group.id)[-1] == events(cast.group)[-1] == "family_off"
    assert may(load(cast["manager"], "group", cast.group), "group.see")
    for name in ("manager", "nurse"):
        assert not may(load(cast[name], "group", group.id), "group.see")
    told = [one.id for one in see_home(cast["manager"], None).tasks if one.kind == "family_off"]
    assert told == [group.id]
    assert "family_off" not in [one.kind for one in see_home(cast["nurse"], None).tasks]
    desk = see_family(cast["manager"], group.id)
    assert desk.refused == "purpose" and not desk.can & {"family.invite", "family.add"}
    with pytest.raises(Refused):
        let_in(cast, group.id, daughter(cast), "hanako@example.jp")
    with pytest.raises(Refused):
        see_family_link(cast["manager"], member.id)
    release_member(cast["manager"], member.id, reason="同意の取り消し")
    change_consent(cast["administrator_same"], cast.patient, form=replace(form, declined=()))
    assert events(group.id)[-1] == "family_on"
    assert "family_off" not in [one.kind for one in see_home(cast["manager"], None).tasks]
    assert may(load(cast["manager"], "group", group.id), "group.see")


def test_it_is_not_opened_against_the_patients_wish(cast: Cast) -> None:
    Consent.objects.filter(patient=cast.patient).update(declined="4")
    assert see_family(cast["manager"], cast.group).refused == "purpose"
    with pytest.raises(Refused):
        opened(cast)
    withdraw_consent(
        cast["administrator_same"], cast.patient, reason="", withdrawn_on=clock.today()
    )
    assert see_family(cast["manager"], cast.group).refused == "sharing"


def test_a_relative_leaves_or_is_released_and_the_timeline_names_them(cast: Cast) -> None:
    group, members = group_of_kind(
        cast, "family", {"manager": True, "nurse": False, "family": False}
    )
    leave_group(cast["family"], group, reason="もう使わないため")
    left = Communication.objects.get(group=group, event="left")
    assert left.sender_id == cast.account("family")
    with pytest.raises(Refused):
        read_timeline(cast["family"], group)
    assert group not in visible(cast["family"])
    again, members = _another(cast, group)
    release_member(cast["manager"], members["family"], reason="支援の終わり")
    seen = read_timeline(cast["nurse"], again)
    told = next(one for one in seen.entries if one.event == "released")
    assert told.text == Account.objects.get(pk=cast.account("family")).profile.name


def _another(cast: Cast, before: UUID) -> tuple[UUID, dict[str, UUID]]:
    Group.objects.filter(pk=before).update(closed_at=clock.now())
    return group_of_kind(cast, "family", {"manager": True, "nurse": False, "family": False})


# ── New links ────────────────────────────────────────────────────────────────────────────────────


def renewed(cast: Cast, name: str, member: UUID, **more: object) -> Given:
    given: dict[str, object] = {"way": "paper", "word": WORD, "identified": Identified("in_person")}
    return family_ways_in.renew_family_access(cast[name], member, **(given | more))  # type: ignore[arg-type]


def test_a_new_link_ends_what_they_signed_in_with(cast: Cast) -> None:
    group, members = group_of_kind(cast, "family", {"manager": True, "family": False})
    with pytest.raises(Problem, match="made sure"):
        renewed(cast, "manager", members["family"], identified=Identified())
    assert may(load(cast["family"], "group", group), "group.see")
    given = renewed(cast, "manager", members["family"])
    assert given.account == cast.account("family")
    assert not Account.objects.get(pk=given.account).has_usable_password()
    assert group not in _seen(cast)


def _seen(cast: Cast) -> set[UUID]:
    try:
        return set(visible(cast["family"]))
    except Exception:  # signed out
        return set()


def test_managing_one_group_opens_no_other_familys(cast: Cast) -> None:
    """Whoever manages one could else make a link on paper and come in as the relative elsewhere."""
    _, members = group_of_kind(cast, "family", {"manager": True, "family": False})
    elsewhere = Patient.objects.get(pk=cast.patient)
    elsewhere.pk = uuid4()
    elsewhere.save(force_insert=True)
    other = Group.objects.filter(kind="family").get()
    other.pk, other.patient = uuid4(), elsewhere
    other.save(force_insert=True)
    Member.objects.create(
        group=other, key_id=other.key_id, account_id=cast.account("family"), relation="relative",
        origin="family", joined_at=clock.now(),
    )  # fmt: skip
    with pytest.raises(Problem, match="own address"):
        renewed(cast, "manager", members["family"])
    assert renewed(cast, "manager", members["family"], way="mail", word="")


def test_inviting_who_has_not_signed_in_yet_opens_no_other_familys(cast: Cast) -> None:
    """The address and the name of a relative are enough to invite them, and not to be them."""
    group, _ = group_of_kind(cast, "family", {"manager": True})
    who = daughter(cast)
    let_in(cast, group, who, "hanako@example.jp")
    taken = Member.objects.get(related_person=who)
    elsewhere = Patient.objects.get(pk=cast.patient)
    elsewhere.pk = uuid4()
    elsewhere.save(force_insert=True)
    Group.objects.filter(pk=group).update(patient=elsewhere)
    beside, _ = group_of_kind(cast, "family", {"manager": True})
    with pytest.raises(Problem, match="own address"):
        let_in(cast, beside, who, "hanako@example.jp")
    assert not Member.objects.filter(group=beside, account=taken.account_id).exists()
    assert let_in(cast, beside, who, "hanako@example.jp", way="mail", word="")


def test_an_address_taken_on_paper_opens_no_other_familys(cast: Cast) -> None:
    """Whoever begins the account of a relative themself is not that relative to other patients."""
    group, _ = group_of_kind(cast, "family", {"manager": True})
    who = daughter(cast)
    first = let_in(cast, group, who, "hanako@example.jp")
    assert first is not None
    begin(first.token, word=WORD, password=PASSWORD)
    elsewhere = Patient.objects.get(pk=cast.patient)
    elsewhere.pk = uuid4()
    elsewhere.save(force_insert=True)
    Group.objects.filter(pk=group).update(patient=elsewhere)
    beside, _ = group_of_kind(cast, "family", {"manager": True})
    with pytest.raises(Problem, match="by mail"):
        let_in(cast, beside, who, "hanako@example.jp")
    mailed = let_in(cast, beside, who, "hanako@example.jp", way="mail", word="")
    assert mailed is not None
    assert not Account.objects.get(email="hanako@example.jp").has_usable_password()
    begin(mailed.token, word="", password=f"{PASSWORD} again")
    Member.objects.filter(group=beside, related_person=who).update(ended_at=clock.now())
    assert let_in(cast, beside, who, "hanako@example.jp") is None  # the address is theirs by now


def test_a_reset_on_paper_takes_the_proof_of_the_address_away(cast: Cast) -> None:
    """Who manages the first group may make it, and would be the relative to other patients too."""
    group, _ = group_of_kind(cast, "family", {"manager": True})
    who = daughter(cast)
    first = let_in(cast, group, who, "hanako@example.jp", way="mail", word="")
    assert first is not None
    begin(first.token, word="", password=PASSWORD)
    again = renewed(cast, "manager", Member.objects.get(related_person=who).id)
    begin(again.token, word=WORD, password=f"{PASSWORD} of the manager")
    elsewhere = Patient.objects.get(pk=cast.patient)
    elsewhere.pk = uuid4()
    elsewhere.save(force_insert=True)
    Group.objects.filter(pk=group).update(patient=elsewhere)
    beside, _ = group_of_kind(cast, "family", {"manager": True})
    with pytest.raises(Problem, match="by mail"):
        let_in(cast, beside, who, "hanako@example.jp")
    assert let_in(cast, beside, who, "hanako@example.jp", way="mail", word="")
    assert not Account.objects.get(email="hanako@example.jp").has_usable_password()


@pytest.mark.parametrize("name", ["nurse", "physician", "stranger", "administrator_other",
                                  "operator", "family", "sole"])  # fmt: skip
def test_others_neither_open_nor_invite_nor_make_links(cast: Cast, name: str) -> None:
    group, members = group_of_kind(
        cast, "family", {"manager": True, "nurse": False, "family": False}
    )
    for action in (
        lambda: renewed(cast, name, members["family"]),
        lambda: family.add_professionals(cast[name], group, members=[cast.members["nurse"]]),
        lambda: family_ways_in.invite_family(
            cast[name], group, who=Relation(None, "", "kiyo@example.jp"), agreement=agreed(),
            way="paper", word=WORD,
        ),
        lambda: see_family(cast[name], group),
    ):  # fmt: skip
        with pytest.raises((Refused, Unknown)):
            action()


def test_a_colleague_is_given_no_link_here(cast: Cast) -> None:
    _, members = group_of_kind(cast, "family", {"manager": True, "nurse": False})
    with pytest.raises(Problem):
        renewed(cast, "manager", members["nurse"])
    assert Account.objects.get(pk=cast.account("nurse")).has_usable_password()


def test_the_operator_stops_an_account(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "family", {"manager": True, "family": False})
    suspend_person(cast["operator"], cast.account("family"), reason="調べるため")
    assert group not in _seen(cast)


def test_both_write_and_read_in_it(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "family", {"manager": True, "family": False})
    said = {"key": uuid4(), "confirmed": True}
    send_communication(cast["family"], group, text="昨夜はよく眠れました", **said)
    seen = read_timeline(cast["manager"], group)
    assert [one.text for one in seen.entries] == ["昨夜はよく眠れました"]
    assert seen.entries[0].sender.profession == "ご本人・ご家族"


def test_an_organization_that_registers_a_relatives_address_does_not_get_that_account(
    cast: Cast,
) -> None:
    """They are told to use another address for work; the account stays what it is."""
    email = Account.objects.get(pk=cast.account("family")).email
    one = NewStaff("森田 花子", "もりた はなこ", "看護師", email)
    add_person(cast["administrator_same"], cast.organizations["station"], one=one)
    (task,) = [one for one in see_home(cast["family"], None).tasks if one.kind == "two_addresses"]
    assert task.organization
    assert task.id is not None
    with pytest.raises(Refused):
        answer_registration(cast["family"], None, registration=task.id, right=True)
    assert not Account.objects.get(pk=cast.account("family")).roles.exists()


# ── The signed sheet (A11.5) ─────────────────────────────────────────────────────────────────────


def printed_sheet(cast: Cast) -> Paper:
    print_form(cast["administrator_same"], cast.patient, FORM, origin="")
    return Paper.objects.filter(form=FORM).latest("issued_at")


def test_the_agreement_knows_its_signed_sheet_and_the_scan_of_it(cast: Cast) -> None:
    group, who = opened(cast), daughter(cast)
    first, second = printed_sheet(cast), printed_sheet(cast)
    assert first.code != second.code  # each of the family signs one of their own
    typed = f"{first.code[:5]}-{first.code[5:]}".lower()
    let_in(cast, group.id, who, "h@example.jp", agreement=replace(agreed(), sheet=typed))
    kept = FamilyAgreement.objects.get()
    assert kept.paper == first
    (inside,) = see_family(cast["manager"], group.id).people
    assert inside.agreed is not None
    assert (inside.agreed.sheet, inside.agreed.filed) == (first.code, False)
    file_scan(cast["administrator_same"], first.code, content=scan())
    (inside,) = see_family(cast["manager"], group.id).people
    assert inside.agreed is not None and inside.agreed.filed
    line = AuditEvent.objects.filter(action="family.invite").latest("seq")
    assert first.id.hex in line.detail


def test_the_page_prints_the_sheet_and_takes_its_number_later(cast: Cast) -> None:
    group, who = opened(cast), daughter(cast)
    let_in(cast, group.id, who, "h@example.jp", agreement=replace(agreed(), how="words"))
    client, member = browser(cast, "administrator_same"), FamilyAgreement.objects.get().member_id
    page = client.get(f"/groups/{group.id}/family").content.decode()
    address = f"/patients/{cast.patient}/forms/{FORM}"
    assert f'method="post" action="{address}"' in page
    assert client.post(address).headers["Content-Type"] == "application/pdf"
    sheet = Paper.objects.get(form=FORM)
    assert client.post(f"/members/{member}/sheet", {"sheet": "nonsense"}).status_code == 422
    assert client.post(f"/members/{member}/sheet", {"sheet": sheet.code}).status_code == 303
    assert sheet.code in client.get(f"/groups/{group.id}/family").content.decode()


def test_only_a_sheet_of_this_patient_and_for_one_agreement(cast: Cast) -> None:
    group, who = opened(cast), daughter(cast)
    sheet, other = printed_sheet(cast), paper_of(cast, form="form-4-patient-consent")
    for typed in ("nonsense", make_code(), other.code):
        with pytest.raises(Problem) as problem:
            let_in(cast, group.id, who, "h@example.jp", agreement=replace(agreed(), sheet=typed))
        assert problem.value.field == "sheet"
    in_words = replace(agreed(), how="words", sheet=sheet.code)
    with pytest.raises(Problem):
        let_in(cast, group.id, who, "h@example.jp", agreement=in_words)
    let_in(cast, group.id, who, "h@example.jp", agreement=replace(agreed(), how="words"))
    member = FamilyAgreement.objects.get().member_id
    link_sheet(cast["manager"], member, typed=sheet.code)
    kept = FamilyAgreement.objects.get()
    assert (kept.paper, kept.how) == (sheet, "paper")
    with pytest.raises(Problem, match="another"):
        let_in(cast, group.id, None, "k@example.jp", agreement=replace(agreed(), sheet=sheet.code))
    for name in ("nurse", "stranger", "operator", "administrator_other"):
        with pytest.raises((Refused, Unknown)):
            link_sheet(cast[name], member, typed=printed_sheet(cast).code)


def test_a_wrong_number_is_put_right_on_record_until_the_scan_is_filed(cast: Cast) -> None:
    group, who = opened(cast), daughter(cast)
    wrong, right = printed_sheet(cast), printed_sheet(cast)
    let_in(cast, group.id, who, "h@example.jp", agreement=replace(agreed(), sheet=wrong.code))
    member, client = FamilyAgreement.objects.get().member_id, browser(cast, "administrator_same")
    assert "別の用紙に結び付け直す" in client.get(f"/groups/{group.id}/family").content.decode()
    link_sheet(cast["manager"], member, typed=right.code)
    lines = AuditEvent.objects.filter(action="family.link", outcome="done")
    detail = json.loads(lines.latest("seq").detail)
    assert (detail["paper"], detail["before"]) == (right.id.hex, wrong.id.hex)
    link_sheet(cast["manager"], member, typed=right.code)  # it is this one's already
    assert lines.count() == 1
    file_scan(cast["administrator_same"], right.code, content=scan())
    for other in (wrong, printed_sheet(cast)):
        with pytest.raises(Problem, match="stays") as refused:
            link_sheet(cast["manager"], member, typed=other.code)
        assert refused.value.field == "sheet"
    assert FamilyAgreement.objects.get().paper == right
    assert "別の用紙に結び付け直す" not in client.get(f"/groups/{group.id}/family").content.decode()
