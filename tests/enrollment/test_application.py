"""An organization applies, and takes part from the day of its approval (A3, F1, P1, P2)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import orjson
import pytest

from renkei.audit.models import AuditEvent
from renkei.enrollment import applying, approving, receiving
from renkei.enrollment.applying import APPLICANT, Begun
from renkei.enrollment.form_1 import Applicant
from renkei.enrollment.models import Application, Pledge
from renkei.group.network import open_network
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.people.models import (
    Account,
    OneTimeLink,
    Organization,
    PractitionerRole,
    Registration,
)
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import Actor
from renkei.training.lectures import record_training
from tests.cast import NAMES, Cast, set_parameters

PEOPLE = (
    Applicant("宵待 草", "よいまち そう", "事務", "", "sou@yoimachi.example", administrator=True),
    Applicant("月野 輪", "つきの りん", "看護師", "女", "rin@yoimachi.example"),
)
ORGANIZATION = {"kind": "訪問看護", "name": "宵待訪問看護ステーション", "head": "宵待 草",
                "kana": "よいまちほうもんかんごすてーしょん", "number": "1360000001"}  # fmt: skip
PLACE = {"postal_code": "105-0011", "address": "東京都港区芝公園4-2-8", "phone": "03-0000-1001",
         "fax": "", "email": "info@yoimachi.example"}  # fmt: skip
SETTINGS = {"documents_policy": "ask", "training": "lecture", "listed": True}


def begin(email: str = "sou@yoimachi.example") -> Begun:
    return applying.begin_application(APPLICANT, None, email=email, name=ORGANIZATION["name"])


def fill(token: str, people: tuple[Applicant, ...] = PEOPLE) -> None:
    for step, facts in (("organization", ORGANIZATION), ("place", PLACE), ("settings", SETTINGS)):
        applying.write_facts(APPLICANT, None, token=token, step=step, facts=facts)
    applying.write_people(APPLICANT, None, token=token, people=people)
    applying.sign_pledge(APPLICANT, None, token=token, name="宵待草", number=0)


def sent(people: tuple[Applicant, ...] = PEOPLE) -> UUID:
    begun = begin()
    fill(begun.token, people)
    applying.send_application(APPLICANT, None, token=begun.token, by_mail=False)
    return begun.id


def trained(cast: Cast, application: UUID) -> UUID:
    receiving.record_training(
        cast["operator"], None, application=application, on=clock.today(), way="lecture"
    )
    return application


def approve(cast: Cast, application: UUID, by_mail: bool = True) -> approving.Approved:
    return approving.approve_application(
        cast["operator"], None, application=application, by_mail=by_mail
    )


# ── Who may do what ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A3", "F1")
def test_nobody_but_the_operator_sees_or_decides_an_application(cast: Cast) -> None:
    one = trained(cast, sent())
    for name in NAMES:
        if name == "operator":
            continue
        for act in (
            lambda actor: receiving.see_applications(actor, None),
            lambda actor: receiving.see_case(actor, None, application=one),
            lambda actor: receiving.return_application(actor, None, application=one, note="x"),
            lambda actor: receiving.refuse_application(actor, None, application=one, note="x"),
            lambda actor: receiving.key_in(actor, None, name="x"),
            lambda actor: approving.approve_application(
                actor, None, application=one, by_mail=False
            ),
        ):
            with pytest.raises((Refused, SignedOut)):
                act(cast[name])
    assert Application.objects.get(pk=one).state == "sent"


@pytest.mark.clause("A3", "P1")
def test_the_page_of_an_application_opens_nothing_else() -> None:
    from renkei.policy.rules import RULES
    from renkei.policy.standing import Standing, Who

    page = Standing(Who(account=None, region=None, system="applicant"))
    assert {name for name in RULES if may(page, name)} == {"application.write"}


@pytest.mark.clause("A3", "P1")
def test_without_its_secret_an_application_is_not_there(cast: Cast) -> None:
    begun = begin()
    fill(begun.token)
    for guess in ("", "A" * 20, str(begun.id), begun.token[:-1] + "Z", begun.token + "0"):
        for act in (
            lambda token: applying.see_application(APPLICANT, None, token=token),
            lambda token: applying.write_people(APPLICANT, None, token=token, people=()),
            lambda token: applying.send_application(APPLICANT, None, token=token, by_mail=False),
            lambda token: applying.confirm_address(APPLICANT, None, token=token),
        ):
            if guess == begun.token:
                continue
            with pytest.raises(Unknown):
                act(guess)
    with pytest.raises(Refused):
        applying.see_application(Actor(system="report"), None, token=begun.token)


def test_an_address_that_is_known_here_gets_the_same_answer(cast: Cast) -> None:
    known, other = begin("nurse@example.org"), begin("nobody-knows@example.org")
    for begun in (known, other):
        draft = applying.see_application(APPLICANT, None, token=begun.token)
        assert (draft.state, draft.note, draft.confirmed) == ("draft", "", False)
    fill(known.token, (replace(PEOPLE[0], email="nurse@example.org"),))
    applying.send_application(APPLICANT, None, token=known.token, by_mail=False)


@pytest.mark.clause("P1")
def test_nothing_of_it_lies_readable_and_audit_lines_hold_no_names(cast: Cast) -> None:
    application = Application.objects.get(pk=sent())
    stored = bytes(application.content)
    assert "宵待".encode() not in stored and b"yoimachi" not in stored
    lines = AuditEvent.objects.filter(stream=f"application:{application.id.hex}")
    assert lines.count() >= 6
    for line in lines:
        assert "宵待" not in line.detail and "yoimachi" not in line.detail


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("F1")
def test_it_cannot_be_sent_in_while_something_is_missing(cast: Cast) -> None:
    begun = begin()
    draft = applying.see_application(APPLICANT, None, token=begun.token)
    assert draft.form.missing == ["organization", "place", "people", "settings", "pledge"]
    fill(begun.token, (PEOPLE[1],))  # nobody is an administrator
    draft = applying.see_application(APPLICANT, None, token=begun.token)
    assert draft.form.missing == ["people"]
    with pytest.raises(Problem, match="missing"):
        applying.send_application(APPLICANT, None, token=begun.token, by_mail=False)
    applying.write_people(
        APPLICANT, None, token=begun.token, people=(replace(PEOPLE[0], own=False),)
    )
    with pytest.raises(Problem, match="missing"):  # a desk's address, of which nothing was said
        applying.send_application(APPLICANT, None, token=begun.token, by_mail=False)


def test_where_mail_can_be_sent_the_address_has_to_be_shown_to_be_good(cast: Cast) -> None:
    begun = begin()
    fill(begun.token)
    applying.confirm_address(APPLICANT, None, token=begun.token)  # not the link in the mail
    with pytest.raises(Problem, match="mail"):
        applying.send_application(APPLICANT, None, token=begun.token, by_mail=True)
    applying.confirm_address(APPLICANT, None, token=begun.mail_token)
    applying.send_application(APPLICANT, None, token=begun.mail_token, by_mail=True)


def test_what_was_sent_in_is_changed_by_nobody(cast: Cast) -> None:
    begun = begin()
    fill(begun.token)
    applying.send_application(APPLICANT, None, token=begun.token, by_mail=False)
    for act in (
        lambda: applying.write_people(APPLICANT, None, token=begun.token, people=()),
        lambda: applying.write_facts(
            APPLICANT, None, token=begun.token, step="place", facts={"phone": "0"}
        ),
        lambda: applying.send_application(APPLICANT, None, token=begun.token, by_mail=False),
        lambda: receiving.key_people(cast["operator"], None, application=begun.id, people=()),
    ):
        with pytest.raises(Problem):
            act()


@pytest.mark.clause("P2")
def test_the_pledge_is_the_heads_own_under_the_words_in_force(cast: Cast) -> None:
    begun = begin()
    applying.write_facts(
        APPLICANT, None, token=begun.token, step="organization", facts=ORGANIZATION
    )
    with pytest.raises(Problem, match="name of the head"):
        applying.sign_pledge(APPLICANT, None, token=begun.token, name="別の人", number=0)
    with pytest.raises(Problem, match="words have changed"):
        applying.sign_pledge(APPLICANT, None, token=begun.token, name="宵待 草", number=7)
    applying.sign_pledge(APPLICANT, None, token=begun.token, name="宵待　草", number=0)
    assert applying.see_application(APPLICANT, None, token=begun.token).form.pledge is not None
    other_head = {**ORGANIZATION, "head": "月野 輪"}
    applying.write_facts(APPLICANT, None, token=begun.token, step="organization", facts=other_head)
    assert applying.see_application(APPLICANT, None, token=begun.token).form.pledge is None


@pytest.mark.clause("A19.1")
def test_off_the_public_list_only_where_the_region_lets_one(cast: Cast) -> None:
    begun = begin()
    for opt_out, listed in ((False, True), (True, False)):
        set_parameters(cast, public_list_opt_out=opt_out)
        applying.write_facts(
            APPLICANT, None, token=begun.token, step="settings", facts={**SETTINGS, "listed": False}
        )
        draft = applying.see_application(APPLICANT, None, token=begun.token)
        assert draft.form.listed is listed


@pytest.mark.parametrize(
    ("step", "facts"),
    [
        ("organization", {"kind": "無免許"}),
        ("organization", {"name": "あ" * 101}),
        ("settings", {"documents_policy": "perhaps"}),
        ("settings", {"training": "never"}),
        ("place", {"address": "あ" * 201}),
    ],
)
def test_what_does_not_fit_is_not_taken(cast: Cast, step: str, facts: dict[str, str]) -> None:
    with pytest.raises(Problem):
        applying.write_facts(APPLICANT, None, token=begin().token, step=step, facts=facts)


def test_what_was_never_sent_in_is_forgotten_after_a_month(cast: Cast) -> None:
    begun = begin()
    with clock.shifted(timedelta(days=31)):
        with pytest.raises(Unknown):
            applying.see_application(APPLICANT, None, token=begun.token)
        begin("another@example.org")
    assert not Application.objects.filter(pk=begun.id).exists()


def test_a_flood_of_applications_is_dammed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "MOST_DRAFTS", 2)
    begin()
    begin()
    with pytest.raises(Problem, match="call"):
        begin()


# ── The operator's desk ──────────────────────────────────────────────────────────────────────────


def test_what_an_applicant_is_still_writing_is_theirs_alone(cast: Cast) -> None:
    begun = begin()
    assert receiving.see_applications(cast["operator"], None) == []
    with pytest.raises(Unknown):
        receiving.see_case(cast["operator"], None, application=begun.id)
    with pytest.raises(Unknown):
        receiving.see_case(cast["operator"], None, application=uuid4())


@pytest.mark.clause("F1")
def test_it_is_returned_with_a_note_and_a_new_link(cast: Cast) -> None:
    begun = begin()
    fill(begun.token)
    applying.send_application(APPLICANT, None, token=begun.token, by_mail=False)
    email, token = receiving.return_application(
        cast["operator"], None, application=begun.id, note="電話番号をお確かめください。"
    )
    assert email == "sou@yoimachi.example"
    for old in (begun.token, begun.mail_token):
        with pytest.raises(Unknown):
            applying.see_application(APPLICANT, None, token=old)
    draft = applying.see_application(APPLICANT, None, token=token)
    assert (draft.state, draft.note) == ("returned", "電話番号をお確かめください。")
    facts = {**PLACE, "phone": "03-0000-1002"}
    applying.write_facts(APPLICANT, None, token=token, step="place", facts=facts)
    applying.send_application(APPLICANT, None, token=token, by_mail=False)
    [line] = receiving.see_applications(cast["operator"], None)
    assert (line.state, line.missing) == ("sent", ("training",))


@pytest.mark.clause("A3", "F1")
def test_it_is_not_approved_before_the_training_nor_twice(cast: Cast) -> None:
    one = sent()
    with pytest.raises(Problem, match="training"):
        approve(cast, one)
    assert not Organization.objects.filter(name=ORGANIZATION["name"]).exists()
    approve(cast, trained(cast, one))
    with pytest.raises(Problem):
        approve(cast, one)
    assert Organization.objects.filter(name=ORGANIZATION["name"]).count() == 1


@pytest.mark.clause("A3", "P2")
def test_it_is_not_approved_without_the_pledge(cast: Cast) -> None:
    one = trained(cast, sent())
    application = Application.objects.get(pk=one)
    content = application.unseal("content")
    application.seal("content", content | {"pledge": None})
    application.save()
    with pytest.raises(Problem, match="form 2"):
        approve(cast, one)


@pytest.mark.clause("F1")
def test_where_each_person_trains_the_organization_need_not(cast: Cast) -> None:
    set_parameters(cast, training_before_use="person")
    made = approve(cast, sent())
    assert Organization.objects.get(pk=made.organization).trained_on is None


def test_a_refused_one_stays_refused_and_its_applicant_sees_why(cast: Cast) -> None:
    begun = begin()
    fill(begun.token)
    applying.send_application(APPLICANT, None, token=begun.token, by_mail=False)
    receiving.refuse_application(cast["operator"], None, application=begun.id, note="地域外です。")
    draft = applying.see_application(APPLICANT, None, token=begun.token)
    assert (draft.state, draft.note, draft.open) == ("refused", "地域外です。", False)
    with pytest.raises(Problem):
        approve(cast, begun.id)


@pytest.mark.clause("A3")
def test_what_came_on_paper_is_keyed_in_with_the_name_of_who_did_it(cast: Cast) -> None:
    operator = cast["operator"]
    one = receiving.key_in(operator, None, name=ORGANIZATION["name"])
    for step, facts in (("organization", ORGANIZATION), ("place", PLACE), ("settings", SETTINGS)):
        receiving.key_facts(operator, None, application=one, step=step, facts=facts)
    receiving.key_people(operator, None, application=one, people=PEOPLE)
    with pytest.raises(Problem, match="future"):
        receiving.key_pledge(operator, None, application=one, name="宵待 草", number=0,
                             on=clock.today() + timedelta(days=1))  # fmt: skip
    receiving.key_pledge(
        operator, None, application=one, name="宵待 草", number=0, on=clock.today()
    )
    receiving.key_done(operator, None, application=one)
    case = receiving.see_case(operator, None, application=one)
    assert case.line.keyed and case.keyed_by == "operator さん"
    made = approve(cast, trained(cast, one), by_mail=False)
    pledge = Pledge.objects.get(organization=made.organization)
    assert pledge.way == "paper"
    assert [name for _, name in made.by_hand] == ["宵待 草", "月野 輪"]
    assert not OneTimeLink.objects.filter(account__roles__organization=made.organization).exists()


# ── At the approval ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A3", "F1", "P1", "P2")
def test_at_the_approval_everything_is_there_at_once(cast: Cast) -> None:
    network = open_network(cast["operator"], None)
    made = approve(cast, trained(cast, sent()))
    organization = Organization.objects.get(pk=made.organization)
    today = clock.today()
    assert (organization.approved_on, organization.applied_on, organization.pledged_on,
            organization.trained_on) == (today, today, today, today)  # fmt: skip
    assert (organization.code, organization.name) == ("1360000001", ORGANIZATION["name"])
    assert organization.unseal("head") == "宵待 草"
    pledge = Pledge.objects.get(organization=organization)
    assert (pledge.form, pledge.way, pledge.text_number) == (applying.PLEDGE, "screen", 0)
    roles = PractitionerRole.objects.filter(organization=organization)
    assert {(one.account.email, one.administrator) for one in roles} == {
        ("sou@yoimachi.example", True),
        ("rin@yoimachi.example", False),
    }
    assert {one.email for one in made.links} == {one.email for one in PEOPLE}
    assert network.members.filter(account__roles__in=roles, ended_at=None).count() == 2
    line = AuditEvent.objects.get(action="application.approve")
    assert orjson.loads(line.detail)["organization"] == made.organization.hex


@pytest.mark.clause("A3")
def test_who_has_an_account_keeps_it_and_is_asked(cast: Cast) -> None:
    before = Account.objects.get(email="nurse@example.org").profile
    people = (*PEOPLE, Applicant("別の 名", "べつの な", "医師", "", "nurse@example.org", True))
    made = approve(cast, trained(cast, sent(people)))
    account = Account.objects.get(email="nurse@example.org")
    assert account.profile == before and made.asked == 1
    assert not account.roles.filter(organization=made.organization).exists()
    assert Registration.objects.get(account=account).organization_id == made.organization
    assert "nurse@example.org" not in {one.email for one in made.links}


def test_a_number_that_is_taken_does_not_stop_the_approval(cast: Cast) -> None:
    Organization.objects.filter(pk=cast.organizations["clinic"]).update(code="1360000001")
    one = trained(cast, sent())
    case = receiving.see_case(cast["operator"], None, application=one)
    assert case.same_name == ["clinic事業所"]
    made = approve(cast, one)
    assert Organization.objects.get(pk=made.organization).code.startswith("A")


def test_if_anything_of_the_approval_fails_nothing_of_it_is_kept(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trained(cast, sent())

    def fail(*args: object, **options: object) -> None:
        raise Problem("no")

    monkeypatch.setattr(approving, "issue_link", fail)
    with pytest.raises(Problem):
        approve(cast, one)
    assert not Organization.objects.filter(name=ORGANIZATION["name"]).exists()
    assert not Account.objects.filter(email=PEOPLE[0].email).exists()
    assert Application.objects.get(pk=one).state == "sent"


@pytest.mark.clause("A3", "A9")
def test_after_the_approval_each_person_still_gives_their_own_pledge(cast: Cast) -> None:
    from tests.cast import person, sign_in

    made = approve(cast, trained(cast, sent()))
    account = Account.objects.get(email="rin@yoimachi.example")
    role = account.roles.get()
    account.password_changed_at, account.acknowledged_id = clock.now(), cast.policy
    account.save()
    assert sign_in(account)
    actor = person("rin", account, role).actor
    who = load(actor, "region").who
    assert who.organization == made.organization
    assert who.joined.missing == ("pledged",)


@pytest.mark.clause("F1")
def test_the_operator_notes_the_training_of_one_that_takes_part_already(cast: Cast) -> None:
    clinic = cast.organizations["clinic"]
    Organization.objects.filter(pk=clinic).update(trained_on=None)
    today, tomorrow = clock.today(), clock.today() + timedelta(days=1)
    with pytest.raises(Refused):
        record_training(cast["administrator_other"], clinic, on=today, way="paper")
    with pytest.raises(Problem):
        record_training(cast["operator"], clinic, on=tomorrow, way="paper")
    record_training(cast["operator"], clinic, on=today, way="paper")
    assert may(load(cast["nurse"], "group", cast.group), "group.see")
