"""Attacks on joining: the application, lists of people, who decides, and what is written where."""

import time
import zipfile
import zlib
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.test import Client

from renkei.enrollment import applying, joining_papers, receiving, scans
from renkei.enrollment.applying import APPLICANT
from renkei.enrollment.pledging import see_pledge
from renkei.enrollment.roster import read
from renkei.enrollment.staffing import add_person, give_note, take_back_registration
from renkei.enrollment.taking_in import CHANGE, REFUSED, see_plan, take_in
from renkei.incident.stops import suspend_person
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people import organizations
from renkei.people.access import Identified, give_access
from renkei.people.begin import begin as begin_with
from renkei.people.changes import appoint_administrator
from renkei.people.joining import NewStaff, answer_registration
from renkei.people.models import Account, Organization, PractitionerRole, Registration
from renkei.people.staff import StaffLine, _roles, see_staff
from renkei.policy.standing import Actor
from renkei.region.editions import enact, see_draft
from renkei.web.texts import form_text
from tests.cast import LOADER, Cast, loading, person, set_parameters
from tests.enrollment.test_application import PEOPLE, approve, begin, fill, sent, trained
from tests.region.world import at, second_operator, write

HEAD = "氏名\tふりがな\t職種\tメール\t誓約日\t研修日\t連携管理者\n"
LINE = "{name}\t{kana}\t事務\t{email}\t{pledged}\t{trained}\t{administrator}"


def listed(email: str, **said: str) -> str:
    """A list of one person."""
    empty = dict.fromkeys(("pledged", "trained", "administrator"), "")
    known = {"name": f"{email.partition('@')[0]} さん", "kana": "さん", "email": email}
    return HEAD + LINE.format(**(empty | known | said))


def station(cast: Cast) -> tuple[Actor, UUID]:
    return cast["administrator_same"], cast.organizations["station"]


# ── A list of people: what may not be done one by one is not done by a list either ───────────────


@pytest.mark.clause("A9", "F2")
@pytest.mark.parametrize("said", [{"pledged": "2026-04-01"}, {"name": "別人 花"}])
def test_no_administrator_pledges_for_or_renames_themselves_by_a_list(
    cast: Cast, said: dict[str, str]
) -> None:
    actor, place = station(cast)
    PractitionerRole.objects.filter(pk=cast.role("administrator_same")).update(pledged_on=None)
    lines = read(listed("administrator_same@example.org", **said)).lines
    plan = see_plan(actor, place, lines=lines)
    assert [step.what for step in plan.steps] == [REFUSED]
    with pytest.raises(Problem):
        take_in(actor, place, lines=lines, seen=plan.seen)
    role = PractitionerRole.objects.get(pk=cast.role("administrator_same"))
    assert role.pledged_on is None
    assert role.account.profile.name == "administrator_same さん"


@pytest.mark.clause("A9", "F1")
def test_nobody_is_trained_because_a_list_says_so(cast: Cast) -> None:
    """Where each person has to be trained, an administrator could let everybody in."""
    actor, place = station(cast)
    set_parameters(cast, training_before_use="person")
    PractitionerRole.objects.update(trained_on=None)
    for email in ("manager@example.org", "new@hoshimi.example"):
        lines = read(listed(email, trained="2026-04-01", pledged="2026-04-02")).lines
        plan = see_plan(actor, place, lines=lines)
        take_in(actor, place, lines=lines, seen=plan.seen)
        role = PractitionerRole.objects.get(account__email=email, ended_at=None)
        assert (role.trained_on, role.pledged_on) == (None, date(2026, 4, 2)), email


@pytest.mark.clause("A9", "A3")
def test_nobody_is_trained_because_an_application_says_so(cast: Cast) -> None:
    set_parameters(cast, training_before_use="person")
    people = tuple(replace(one, trained_on="2026-04-01") for one in PEOPLE)
    made = approve(cast, trained(cast, sent(people)))
    roles = PractitionerRole.objects.filter(organization=made.organization)
    assert set(roles.values_list("trained_on", flat=True)) == {None}


@pytest.mark.clause("A9", "A8.5")
def test_what_somebody_completed_elsewhere_counts_when_they_come_to_another_organization(
    cast: Cast,
) -> None:
    """The other side of it: nobody has to be believed who can be looked up."""
    day = date(2026, 5, 1)
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(trained_on=day)
    actor, place = station(cast)
    wish = NewStaff("成瀬 律", "なるせ りつ", "看護師", "nurse@example.org")
    question = add_person(actor, place, one=wish, one_person=True)
    answer_registration(cast["nurse"], None, registration=question, right=True)
    role = PractitionerRole.objects.get(account=cast.account("nurse"), organization=place)
    assert role.trained_on == day


@pytest.mark.clause("N2.2")
def test_no_list_changes_anything_about_somebody_who_is_stopped(cast: Cast) -> None:
    actor, place = station(cast)
    PractitionerRole.objects.filter(pk=cast.role("manager")).update(restriction="suspended")
    lines = read(listed("manager@example.org", administrator="1")).lines
    plan = see_plan(actor, place, lines=lines)
    assert [step.what for step in plan.steps] == [REFUSED]
    with pytest.raises(Problem):
        take_in(actor, place, lines=lines, seen=plan.seen)
    assert not PractitionerRole.objects.get(pk=cast.role("manager")).administrator


@pytest.mark.clause("A8.5", "A14.2")
def test_no_list_renames_somebody_who_works_for_the_operator_too(cast: Cast) -> None:
    from renkei.people.services import appoint_operator

    actor, place = station(cast)
    with loading():
        account = Account.objects.get(pk=cast.account("manager"))
        appoint_operator(LOADER, None, account=account)
    lines = read(listed("manager@example.org", name="別人 花")).lines
    plan = see_plan(actor, place, lines=lines)
    assert [step.what for step in plan.steps] == [REFUSED]


def test_a_list_still_changes_what_it_may(cast: Cast) -> None:
    actor, place = station(cast)
    lines = read(listed("self_inviting@example.org", pledged="2026-04-02")).lines
    assert [step.what for step in see_plan(actor, place, lines=lines).steps] == [CHANGE]


# ── Whose account it is ──────────────────────────────────────────────────────────────────────────

NURSE = NewStaff("成瀬 律", "なるせ りつ", "看護師", "nurse@example.org", administrator=True)
SEEN = Identified("in_person", one_person=True)


def asked(cast: Cast) -> UUID:
    actor, place = station(cast)
    return add_person(actor, place, one=NURSE, one_person=True)


def taken_over(cast: Cast) -> Actor:
    """An administrator of the nurse's organization makes the access anew, and uses it."""
    given = give_access(
        cast["administrator_other"], cast.role("nurse"), purpose="reset", way="paper",
        word="さくらもち七", identified=SEEN,
    )  # fmt: skip
    account = begin_with(given.token, word="さくらもち七", password="kabe-yane-427")
    return person("nurse", account).actor


@pytest.mark.clause("A8.5", "A14.2")
def test_an_administrator_who_takes_an_id_over_answers_no_question_in_it(cast: Cast) -> None:
    question = asked(cast)
    thief = taken_over(cast)
    with pytest.raises(Problem):
        answer_registration(thief, None, registration=question, right=True)
    place = cast.organizations["station"]
    assert not PractitionerRole.objects.filter(
        account=cast.account("nurse"), organization=place
    ).exists()
    answer_registration(thief, None, registration=question, right=False)  # which is no use to them


@pytest.mark.clause("A8.5")
def test_asked_once_more_the_person_can_answer(cast: Cast) -> None:
    question = asked(cast)
    actor = taken_over(cast)
    me, place = station(cast)
    take_back_registration(me, place, registration=question)
    answer_registration(actor, None, registration=asked(cast), right=True)
    assert PractitionerRole.objects.filter(
        account=cast.account("nurse"), organization=place, ended_at=None
    ).exists()


@pytest.mark.clause("A7", "A8.5")
def test_nobody_becomes_an_administrator_by_answering(cast: Cast) -> None:
    """The account may be one that somebody else made, long ago, for this very moment."""
    question = asked(cast)
    answer_registration(cast["nurse"], None, registration=question, right=True)
    me, place = station(cast)
    role = PractitionerRole.objects.get(account=cast.account("nurse"), organization=place)
    assert not role.administrator
    appoint_administrator(me, role.id)  # by who knows the person
    role.refresh_from_db()
    assert role.administrator


@pytest.mark.clause("A8.5")
def test_one_organization_does_not_learn_that_another_has_registered_its_person(
    cast: Cast,
) -> None:
    def line() -> StaffLine:
        found = see_staff(cast["administrator_other"], cast.organizations["clinic"])
        return next(one for one in found if one.role == cast.role("nurse"))

    before = line()
    me, place = station(cast)
    give_note(me, place, registration=asked(cast), way="mail", word="", one_person=True)
    assert line() == before
    with at(clock.now() + timedelta(days=4)):  # nor when it has run out
        found = list(_roles().filter(pk=cast.role("nurse")))
        assert [one.link_over for one in found] == [False]


@pytest.mark.clause("N2.2")
def test_who_writes_the_facts_of_an_organization_undoes_nothing_the_operator_did_meanwhile(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL both go on at once: a suspension would be written over."""
    me, place = station(cast)
    mine = Organization.objects.filter(pk=place)
    kept = organizations._head

    def meanwhile(organization: Organization) -> str:
        mine.update(suspended_at=clock.now(), trained_on=None)
        return kept(organization)

    monkeypatch.setattr(organizations, "_head", meanwhile)
    facts = {name: getattr(mine.get(), name) for name in organizations.FACTS} | {
        "fax": "0312340009"
    }
    organizations.change_facts(me, place, head="所長", documents="ask", listed=True, **facts)
    after = mine.get()
    assert after.suspended_at is not None and after.trained_on is None
    assert after.fax == "0312340009"


@pytest.mark.clause("A3", "A8.5")
def test_between_approval_and_answer_only_the_operator_gives_access(cast: Cast) -> None:
    people = (replace(PEOPLE[0], email="nurse@example.org"), PEOPLE[1])
    application = trained(cast, sent(people))
    case = receiving.see_case(cast["operator"], None, application=application)
    assert case.known == [("宵待 草", "clinic事業所")]  # so that the operator asks before
    made = approve(cast, application)
    with pytest.raises(Refused):
        taken_over(cast)
    given = give_access(
        cast["operator"], cast.role("nurse"), purpose="reset", way="mail", word="", identified=SEEN
    )
    account = begin_with(given.token, word="", password="kabe-yane-427")
    question = Registration.objects.get(organization=made.organization)
    actor = person("nurse", account).actor
    answer_registration(actor, None, registration=question.id, right=True)
    role = PractitionerRole.objects.get(account=account, organization=made.organization)
    assert role.administrator


# ── Files that are larger than they look ─────────────────────────────────────────────────────────


def book(sheet: str, strings: str = "") -> bytes:
    """A workbook with this sheet."""
    made = BytesIO()
    relation = '<Relationships><Relationship Id="r1" Target="worksheets/s.xml"/></Relationships>'
    parts = {
        "xl/_rels/workbook.xml.rels": relation,
        "xl/workbook.xml": '<workbook xmlns:r="x"><sheets><sheet r:id="r1"/></sheets></workbook>',
        "xl/worksheets/s.xml": sheet,
    } | ({"xl/sharedStrings.xml": strings} if strings else {})
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


SMALL, HUGE = 7_500_000, 24_000_000  # bytes unpacked; the smaller still passes for its size
CELL, TEXT, ROW = "<c><v>1</v></c>", "<si><t>a</t></si>", "<row><c><v>1</v></c></row>"


@pytest.mark.parametrize(
    "data",
    [
        book(
            f"<worksheet>{ROW * (SMALL // len(ROW))}</worksheet>",
            f"<sst>{TEXT * (SMALL // len(TEXT))}</sst>",
        ),
        book(f"<worksheet><row>{CELL * (HUGE // len(CELL))}</row></worksheet>"),
        book("<worksheet/>", f"<sst>{TEXT * (HUGE // len(TEXT))}</sst>"),
        book(f"<worksheet>{ROW * (HUGE // len(ROW))}</worksheet>"),
        "\n" * 2_000_000,
        "a\tb\n" * 400_000,
        "a\t" * 1_000_000,
        "\r" * 2_000_000,
    ],
    ids=["both", "cells", "texts", "rows", "empty lines", "lines", "one line", "returns"],
)
def test_a_small_file_does_not_keep_the_server_busy(data: bytes | str) -> None:
    """Anybody can hand one in who has begun an application."""
    assert len(data) <= 2 * 1024 * 1024
    began = time.process_time()
    found = read(data)
    took = time.process_time() - began
    assert found.faults and not found.lines
    assert took < 2.5, f"{took:.1f} s"


def test_papers_of_an_application_are_not_set_without_end(cast: Cast) -> None:
    """A roster of a thousand takes seconds to set."""
    client = Client(HTTP_HOST="localhost")
    answers = [client.post("/join/paper/form-1-application").status_code for _ in range(21)]
    assert answers[:20] == [302] * 20 and answers[20] == 429


def packed(objects: bytes, facts: bytes = b"/Type/ObjStm", how: bytes = b"/FlateDecode") -> bytes:
    """A PDF whose objects lie compressed, as many programs write them."""
    stream = zlib.compress(objects)
    head = b"%%PDF-1.7\n1 0 obj <<%s/N 1/First 4/Filter%s/Length %d>>stream\n"
    return head % (facts, how, len(stream)) + stream + b"\nendstream endobj\nstartxref\n9\n%%EOF\n"


SCRIPT = b"2 0 <</S/JavaScript/JS(app.alert(1))>>"


@pytest.mark.parametrize(
    "content",
    [
        packed(SCRIPT),
        packed(SCRIPT, b"/Type/Obj#53tm"),
        packed(SCRIPT, how=b"[/FlateDecode/ASCIIHexDecode]"),
        packed(SCRIPT, how=b"/FlateDecode/DecodeParms<</Predictor 12>>"),
        packed(b"2 0 " + b" " * 30_000_000),
        packed(SCRIPT).replace(zlib.compress(SCRIPT), b"torn"),
    ],
    ids=["script", "escaped", "twice", "predicted", "bomb", "torn"],
)
def test_a_scan_hides_nothing_in_compressed_objects(content: bytes) -> None:
    with pytest.raises(Problem):
        scans.kept(content)


def test_a_scan_with_compressed_objects_is_kept() -> None:
    plain = packed(b"2 0 <</Type/Page/MediaBox[0 0 595 842]>>")
    assert scans.kept(plain) == plain


# ── The application ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("P1", "A3")
def test_the_operator_prints_no_application_that_is_still_being_written(cast: Cast) -> None:
    begun = begin()
    fill(begun.token)
    with pytest.raises(Unknown):
        joining_papers.print_application(
            cast["operator"], begun.id, "form-1-application", origin=""
        )


@pytest.mark.clause("A3", "P1")
def test_a_flood_of_beginnings_keeps_nobody_out_for_long(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "MOST_DRAFTS", 4)
    written = begin("written@hoshimi.example")
    fill(written.token)
    for at_once in range(3):
        begin(f"flood{at_once}@elsewhere.example")
    with pytest.raises(Problem):
        begin()
    with at(clock.now() + timedelta(hours=25)):
        begin()
        assert applying.see_application(APPLICANT, None, token=written.token).form.people


@pytest.mark.clause("P1")
def test_nobody_sends_words_of_their_own_to_others_by_applying(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from renkei.web import mail as post

    monkeypatch.setattr(post, "is_set_up", lambda: True)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    lure = "当選しました https://evil.example"
    client = Client(HTTP_HOST="localhost")
    answer = client.post("/join", {"name": lure, "email": "victim@hoshimi.example"})
    assert answer.status_code == 200
    sent_to = mail.outbox[-1]
    assert sent_to.to == ["victim@hoshimi.example"]
    assert "evil" not in f"{sent_to.subject} {sent_to.body}"


# ── Words within words ───────────────────────────────────────────────────────────────────────────

LURE = "[誓約はいりません](https://evil.example) **無効** <b>x</b> ![p](https://evil.example/p.png)"


@pytest.mark.clause("P3", "F2")
def test_a_name_is_no_markup_in_the_pledge_that_others_sign(cast: Cast) -> None:
    place = Organization.objects.get(pk=cast.organizations["clinic"])
    place.name = LURE
    place.seal("head", LURE)
    place.save()
    seen = see_pledge(cast["nurse"], cast.role("nurse"))
    assert "\\[誓約はいりません\\]" in seen.text
    shown = form_text("{{ name }} と {{ head }}", {"name": LURE, "head": "{{ name }}"})
    for mark in ("<a", "<strong", "<b>", "<img"):
        assert mark not in shown, mark
    assert "[誓約はいりません](https://evil.example)" in shown and "{{ name }}" in shown


# ── Two pairs of eyes ────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A22")
def test_who_suspends_the_second_person_confirms_no_own_edition_with_that(cast: Cast) -> None:
    second_operator(cast)
    second = Account.objects.get(email="second@example.org")
    draft = write(cast, clock.today() + timedelta(days=30), idle_minutes_pc=5)
    suspend_person(cast["operator"], second.id, reason="いない間に")
    assert not see_draft(cast["operator"], None).may_confirm
    with pytest.raises(Refused):
        enact(cast["operator"], draft.id, revision=draft.revision)
    with at(clock.now() + timedelta(days=8)):
        Account.objects.update(password_changed_at=clock.now())
        assert see_draft_or_none(cast)


def see_draft_or_none(cast: Cast) -> bool:
    """Whether the writer may go on alone, as the rule counts; the session of the cast is over."""
    from renkei.kernel.database import row
    from renkei.region.editions import _SECOND
    from renkei.region.models import PolicyDraft

    draft = PolicyDraft.objects.get()
    found = row(_SECOND, [draft.region_id.hex, draft.changed_by.hex, clock.to_us(clock.now())])
    return found is not None and found[0] == 1


# ── After the decision ───────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("P1")
@pytest.mark.parametrize("do", ["approve", "refuse"])
def test_the_link_of_an_application_ends_a_month_after_its_decision(cast: Cast, do: str) -> None:
    begun = begin()
    fill(begun.token)
    applying.send_application(APPLICANT, None, token=begun.token, by_mail=False)
    if do == "approve":
        approve(cast, trained(cast, begun.id))
    else:
        receiving.refuse_application(cast["operator"], None, application=begun.id, note="x")
    assert applying.see_application(APPLICANT, None, token=begun.token).form.people
    with at(clock.now() + timedelta(days=31)), pytest.raises(Unknown):
        applying.see_application(APPLICANT, None, token=begun.token)
