"""Coming and changing: one by one and as a roster, nothing before it was seen (A8.5)."""

import time
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from renkei.audit.models import AuditEvent
from renkei.enrollment.models import Pledge
from renkei.enrollment.roster import read
from renkei.enrollment.staffing import (
    HERE_ALREADY,
    add_person,
    change_profession,
    give_note,
    take_back_registration,
)
from renkei.enrollment.taking_in import CHANGE, CREATE, REFUSED, SAME, see_plan, take_in
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.access import Identified, give_access
from renkei.people.begin import begin
from renkei.people.changes import rename_staff
from renkei.people.joining import NewStaff, answer_registration
from renkei.people.models import (
    Account,
    AdministratorChange,
    OneTimeLink,
    PractitionerRole,
    Registration,
)
from renkei.people.staff import see_colleague, see_staff
from renkei.policy.loading import load
from tests.cast import Cast, visible

ONE = NewStaff("佐藤 花", "さとう はな", "看護師", "hana@hoshimi.example")
HEAD = "氏名\tふりがな\t職種\tメール\t連携管理者\t誓約日\n"


def place(cast: Cast) -> UUID:
    return cast.organizations["station"]


def count() -> tuple[int, ...]:
    models = (Account, PractitionerRole, Registration, AuditEvent)
    return tuple(model.objects.count() for model in models)


def lines(count: int, **change: str) -> str:
    kana = "あいうえおかきくけこさしすせそたちつてとなにぬねの"
    row = "職員 {at}\tしょくいん {kana}\t看護師\tstaff{at}@hoshimi.example\t0\t2026-04-01"
    return HEAD + "\n".join(
        row.format(at=at, kana=kana[at % 25] + kana[at // 25 % 25]) for at in range(count)
    )


# ── Who may not ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.5", "A8.1")
@pytest.mark.parametrize(
    "name", ["manager", "nurse", "physician", "former", "administrator_other", "sole", "operator"]
)
def test_nobody_but_its_own_administrators_touches_an_organizations_list(
    cast: Cast, name: str
) -> None:
    found = read(lines(1)).lines
    before = Account.objects.count()
    with pytest.raises(Refused):
        add_person(cast[name], place(cast), one=ONE)
    with pytest.raises(Refused):
        see_plan(cast[name], place(cast), lines=found)
    with pytest.raises(Refused):
        take_in(cast[name], place(cast), lines=found, seen="")
    with pytest.raises(Refused):
        change_profession(cast[name], cast.role("administrator_same"), profession="医師")
    assert Account.objects.count() == before


# ── One person ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.5", "A8.3")
def test_a_new_person_works_here_at_once_and_needs_a_link_to_come_in(cast: Cast) -> None:
    added = add_person(cast["administrator_same"], place(cast), one=ONE)
    found = see_colleague(cast["administrator_same"], added)
    assert found is not None and not found.begun and found.may_give
    assert (found.face.name, found.face.profession) == ("佐藤 花", "看護師")
    given = give_access(
        cast["administrator_same"], added, purpose="first", way="mail", word="",
        identified=Identified(),
    )  # fmt: skip
    begin(given.token, word="", password="kabe-yane-427")
    assert Account.objects.get(email=ONE.email).check_password("kabe-yane-427")


def test_an_address_here_already_and_a_desks_are_not_taken(cast: Cast) -> None:
    with pytest.raises(Problem, match=HERE_ALREADY):
        add_person(
            cast["administrator_same"], place(cast), one=replace(ONE, email="manager@example.org"),
            one_person=True,
        )  # fmt: skip
    desk = replace(ONE, email="info@hoshimi.example")
    with pytest.raises(Problem):
        add_person(cast["administrator_same"], place(cast), one=desk)
    assert add_person(cast["administrator_same"], place(cast), one=desk, one_person=True)


@pytest.mark.clause("A8.5", "A14.2")
def test_who_has_an_account_is_asked_and_shows_nothing_of_it_before_they_say_yes(
    cast: Cast,
) -> None:
    wish = replace(ONE, email="nurse@example.org")
    asked = add_person(cast["administrator_same"], place(cast), one=wish, one_person=True)
    line = next(
        one for one in see_staff(cast["administrator_same"], place(cast)) if one.role == asked
    )
    assert (line.face.name, line.face.kana, line.begun) == ("佐藤 花", "さとう はな", False)
    assert (line.last_sign_in, line.factor, line.card, line.face.photo) == (None, False, False, 0)
    assert not PractitionerRole.objects.filter(pk=asked).exists()
    with pytest.raises(Unknown):  # nobody else answers
        answer_registration(cast["manager"], None, registration=asked, right=True)
    answer_registration(cast["nurse"], None, registration=asked, right=True)
    role = PractitionerRole.objects.get(account=cast.account("nurse"), organization=place(cast))
    assert role.ended_at is None
    assert visible(cast["nurse"]) == [cast.group]  # through the clinic, as before
    with pytest.raises(Unknown):
        answer_registration(cast["nurse"], None, registration=asked, right=True)


@pytest.mark.clause("A9", "F2")
def test_a_pledge_held_already_stands_with_its_day_once_the_person_works_here(cast: Cast) -> None:
    wish = replace(ONE, email="nurse@example.org", pledged_on=date(2024, 4, 1))
    asked = add_person(cast["administrator_same"], place(cast), one=wish, one_person=True)
    assert not Pledge.objects.exists()
    answer_registration(cast["nurse"], None, registration=asked, right=True)
    pledge = Pledge.objects.get()
    assert (pledge.way, pledge.signed_on) == ("held", date(2024, 4, 1))
    assert pledge.organization_id == place(cast)


def test_who_says_that_it_is_wrong_works_nowhere_new(cast: Cast) -> None:
    wish = replace(ONE, email="nurse@example.org")
    asked = add_person(cast["administrator_same"], place(cast), one=wish, one_person=True)
    answer_registration(cast["nurse"], None, registration=asked, right=False)
    assert not PractitionerRole.objects.filter(
        account=cast.account("nurse"), organization=place(cast)
    ).exists()
    assert asked not in {one.role for one in see_staff(cast["administrator_same"], place(cast))}


@pytest.mark.clause("A14.1")
def test_a_link_for_who_has_an_account_never_sets_a_password(cast: Cast) -> None:
    wish = replace(ONE, email="nurse@example.org")
    asked = add_person(cast["administrator_same"], place(cast), one=wish, one_person=True)
    before = Account.objects.get(pk=cast.account("nurse")).password
    note = give_note(
        cast["administrator_same"], place(cast), registration=asked, way="paper",
        word="さくらもち七", one_person=True,
    )  # fmt: skip
    for word in ("さくらもち七", "wrong"):
        with pytest.raises(Problem):
            begin(note.token, word=word, password="kabe-yane-427")
    assert Account.objects.get(pk=cast.account("nurse")).password == before
    assert load(cast["nurse"], "region").who.account is not None  # still signed in


def test_a_note_ends_no_link_that_somebody_else_made(cast: Cast) -> None:
    given = give_access(
        cast["administrator_other"], cast.role("nurse"), purpose="reset", way="mail", word="",
        identified=Identified("in_person", one_person=True),
    )  # fmt: skip
    wish = replace(ONE, email="nurse@example.org")
    asked = add_person(cast["administrator_same"], place(cast), one=wish, one_person=True)
    give_note(
        cast["administrator_same"], place(cast), registration=asked, way="mail", word="",
        one_person=True,
    )  # fmt: skip
    assert OneTimeLink.objects.filter(purpose="reset", ended_at=None).exists()
    begin(given.token, word="", password="kabe-yane-427")


def test_another_organization_neither_takes_back_nor_sees_a_registration(cast: Cast) -> None:
    wish = replace(ONE, email="nurse@example.org")
    asked = add_person(cast["administrator_same"], place(cast), one=wish, one_person=True)
    with pytest.raises(Unknown):
        take_back_registration(
            cast["administrator_other"], cast.organizations["clinic"], registration=asked
        )
    take_back_registration(cast["administrator_same"], place(cast), registration=asked)
    with pytest.raises(Unknown):
        answer_registration(cast["nurse"], None, registration=asked, right=True)


def test_an_account_whose_access_is_being_made_anew_is_asked_like_any_other(cast: Cast) -> None:
    give_access(
        cast["administrator_other"], cast.role("nurse"), purpose="reset", way="mail", word="",
        identified=Identified("in_person", one_person=True),
    )  # fmt: skip
    Account.objects.filter(pk=cast.account("nurse")).update(last_login=clock.now())
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(ended_at=clock.now())
    wish = replace(ONE, email="nurse@example.org")
    add_person(cast["administrator_same"], place(cast), one=wish, one_person=True)
    assert Registration.objects.filter(account=cast.account("nurse"), answer="").exists()
    assert Account.objects.get(pk=cast.account("nurse")).profile.name == "nurse さん"


def test_an_account_that_nobody_ever_used_may_be_registered_anew(cast: Cast) -> None:
    added = add_person(cast["administrator_same"], place(cast), one=ONE)
    PractitionerRole.objects.filter(pk=added).update(ended_at=clock.now())
    again = add_person(
        cast["administrator_other"], cast.organizations["clinic"], one=replace(ONE, name="佐藤 華")
    )
    found = see_colleague(cast["administrator_other"], again)
    assert found is not None and found.face.name == "佐藤 華"


# ── A roster ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.5")
def test_a_roster_of_three_hundred_lines_with_ten_faults_then_mended(cast: Cast) -> None:
    me = cast["administrator_same"]
    good = lines(300).split("\n")
    bad = list(good)
    for at, (old, new) in enumerate(
        [
            ("職員 0\t", "\t"), ("しょくいん いあ", "職員"), ("看護師", "宇宙飛行士"),
            ("@hoshimi", "hoshimi"), ("staff4@", "staff5@"), ("\t0\t", "\tたぶん\t"),
            ("2026-04-01", "2026-02-30"), ("2026-04-01", "2099-04-01"),
            ("2026-04-01", "2026-04-01\t\t\t余り"), ("職員 9\t", '"職員 9\t'),
        ],
        start=1,
    ):  # fmt: skip
        assert old in bad[at], (at, old)
        bad[at] = bad[at].replace(old, new, 1)
    before = count()
    found = read("\n".join(bad).encode("cp932"), today=clock.today())
    assert [fault.line for fault in found.faults] == [2, 3, 4, 5, 7, 7, 8, 9, 10, 11]
    assert len({fault.message for fault in found.faults}) == 10
    assert count() == before
    began = time.perf_counter()
    mended = read("\n".join(good).encode("cp932"), today=clock.today())
    plan = see_plan(me, place(cast), lines=mended.lines)
    assert (plan.count(CREATE), count()) == (300, before)
    take_in(me, place(cast), lines=mended.lines, seen=plan.seen)
    took = time.perf_counter() - began
    print(f"300 lines read, shown and taken in: {took:.2f} s")
    assert took < 5
    assert PractitionerRole.objects.filter(organization=place(cast)).count() >= 300
    assert Pledge.objects.filter(organization=place(cast), way="held").count() == 300
    again = see_plan(me, place(cast), lines=mended.lines)
    assert again.count(SAME) == 300
    after = count()
    take_in(me, place(cast), lines=mended.lines, seen=again.seen)
    assert count() == after  # not even a line in the trail


@pytest.mark.clause("A8.5")
def test_what_was_not_seen_is_not_done(cast: Cast) -> None:
    me = cast["administrator_same"]
    found = read(lines(3)).lines
    plan = see_plan(me, place(cast), lines=found)
    add_person(me, place(cast), one=ONE)
    before = PractitionerRole.objects.count()
    for seen in (plan.seen, "", "0" * 64):
        with pytest.raises(Problem):
            take_in(me, place(cast), lines=found, seen=seen)
    with pytest.raises(Problem):
        take_in(me, place(cast), lines=found[:2], seen=plan.seen)
    assert PractitionerRole.objects.count() == before


def test_a_plan_says_what_changes_who_is_missing_and_what_is_refused(cast: Cast) -> None:
    me = cast["administrator_same"]
    text = (
        "氏名,かな,職種,メール,連携管理者\n"
        "manager さん,さん,保健師,manager@example.org,\n"
        "administrator_same さん,さん,事務,administrator_same@example.org,0\n"
        "佐藤 花,さとう はな,看護師,hana@hoshimi.example,\n"
    )
    plan = see_plan(me, place(cast), lines=read(text).lines)
    assert [step.what for step in plan.steps] == [CHANGE, REFUSED, CREATE]
    assert plan.steps[0].columns == ("profession",)
    assert plan.missing == ("self_inviting さん",)
    with pytest.raises(Problem):
        take_in(me, place(cast), lines=read(text).lines, seen=plan.seen)


@pytest.mark.clause("A8.5")
def test_all_or_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from renkei.enrollment import taking_in

    me = cast["administrator_same"]
    found = read(lines(3)).lines
    plan = see_plan(me, place(cast), lines=found)

    def breaks(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        raise Problem("no")

    real = taking_in.register_all
    monkeypatch.setattr(taking_in, "register_all", breaks)
    before = PractitionerRole.objects.count()
    with pytest.raises(Problem):
        take_in(me, place(cast), lines=found, seen=plan.seen)
    assert PractitionerRole.objects.count() == before


def test_a_roster_shows_nothing_of_who_works_elsewhere(cast: Cast) -> None:
    me = cast["administrator_same"]
    text = "佐藤 花,さとう はな,看護師,nurse@example.org"
    plan = see_plan(me, place(cast), lines=read(text).lines)
    assert plan.steps[0].what == CREATE
    take_in(me, place(cast), lines=read(text).lines, seen=plan.seen)
    assert Account.objects.get(pk=cast.account("nurse")).profile.name == "nurse さん"
    again = see_plan(me, place(cast), lines=read(text).lines)
    assert again.steps[0].what == SAME
    changed = see_plan(me, place(cast), lines=read(text.replace("看護師", "保健師")).lines)
    assert changed.steps[0].what == CHANGE
    assert Registration.objects.get().account_id == cast.account("nurse")


# ── Changes ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A8.5")
def test_what_was_written_keeps_the_profession_of_its_time(cast: Cast) -> None:
    from renkei.communication.models import Communication

    begun = change_profession(cast["administrator_other"], cast.role("nurse"), profession="保健師")
    assert Communication.objects.get(pk=cast.message).role.profession == "看護師"
    assert load(cast["nurse"], "region").who.profession == "保健師"
    assert visible(cast["nurse"]) == [cast.group]
    assert change_profession(cast["administrator_other"], begun, profession="保健師") == begun
    with pytest.raises(Refused):  # that role is over
        change_profession(cast["administrator_other"], cast.role("nurse"), profession="医師")


def test_a_name_is_corrected_and_the_person_is_told(cast: Cast) -> None:
    rename_staff(
        cast["administrator_other"], cast.role("nurse"), name="成瀬　律", kana="ナルセ リツ"
    )
    profile = Account.objects.get(pk=cast.account("nurse")).profile
    assert (profile.name, profile.kana, bool(profile.corrected)) == ("成瀬 律", "なるせ りつ", True)


@pytest.mark.clause("A7")
def test_every_administrator_named_is_told_to_the_operator(cast: Cast) -> None:
    add_person(cast["administrator_same"], place(cast), one=replace(ONE, administrator=True))
    change = AdministratorChange.objects.get()
    assert change.became and change.organization_id == place(cast)
